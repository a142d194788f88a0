"""What is due is rung once: not per tick that was missed, not per beat that asks."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fleet import locks
from fleet.models import Account, AlertRule, Endpoint, Incident, Shard, VariantStatus
from fleet.sync import due, prices

NOW = datetime(2026, 11, 21, 10, 0, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Bell:
    """Collects what is rung."""

    def __init__(self) -> None:
        self.inventory: list[int] = []
        self.metrics: list[int] = []
        self.backfill: list[int] = []
        self.prices = 0

    def ring(self, now: datetime) -> None:
        due.ring(
            now,
            inventory=lambda *ids: self.inventory.extend(ids),
            metrics=self.metrics.append,
            backfill=self.backfill.append,
            prices=self._price,
        )

    def _price(self) -> None:
        self.prices += 1


@pytest.fixture
def shards(db: None) -> list[Shard]:
    account = Account.objects.create(account_id="111122223333", alias="test")
    return [Shard.objects.create(account=account, region=r) for r in ("us-east-1", "eu-west-1", "us-west-2")]


@pytest.mark.django_db
def test_new_shards_are_rung_at_once_and_then_every_interval(shards: list[Shard]) -> None:
    bell, ids = Bell(), [shard.pk for shard in shards]
    bell.ring(NOW)
    assert (bell.inventory, bell.metrics) == (ids, ids)
    bell.ring(NOW + timedelta(milliseconds=1))
    assert bell.inventory == ids
    for minute in range(1, 11):
        bell.ring(NOW + minute * MINUTE)
    assert sorted(bell.inventory) == sorted(ids * 11)


@pytest.mark.django_db
def test_shard_that_is_hours_late_is_rung_once(shards: list[Shard]) -> None:
    Shard.objects.update(inventory_due_at=NOW - timedelta(hours=5))
    bell = Bell()
    bell.ring(NOW)
    bell.ring(NOW + timedelta(milliseconds=1))
    assert sorted(bell.inventory) == sorted(shard.pk for shard in shards)


@pytest.mark.django_db
def test_shards_that_wait_longest_are_rung_first(shards: list[Shard]) -> None:
    first, second, third = shards
    Shard.objects.filter(pk=first.pk).update(inventory_ok_at=NOW - MINUTE)
    Shard.objects.filter(pk=second.pk).update(inventory_ok_at=NOW - 2 * MINUTE)
    bell = Bell()
    bell.ring(NOW)
    assert bell.inventory == [third.pk, second.pk, first.pk]


@pytest.mark.django_db
def test_many_shards_are_claimed_and_rung_with_the_same_few_statements(
    shards: list[Shard], django_assert_num_queries: Any
) -> None:
    account = shards[0].account
    Shard.objects.bulk_create(Shard(account=account, region=f"made-up-{n}") for n in range(200))
    rings: list[tuple[int, ...]] = []
    with django_assert_num_queries(
        2 + 2
    ):  # BEGIN and COMMIT or their savepoints, the claim and the new due times
        claimed = due._claim("inventory", NOW)
    assert len(claimed) == 203
    Shard.objects.update(inventory_due_at=None)
    due.ring(
        NOW,
        inventory=lambda *ids: rings.append(ids),
        metrics=lambda _: None,
        backfill=lambda _: None,
        prices=lambda: None,
    )
    assert [len(ring) for ring in rings] == [due.TOGETHER] * 10 + [3]


def quiet(shards: list[Shard]) -> VariantStatus:
    """Every shard was read a minute ago and is due; one variant in the first, whose turn is in an hour."""
    Shard.objects.update(metrics_ok_at=NOW, metrics_due_at=NOW, inventory_due_at=NOW + 60 * MINUTE)
    old = NOW - 60 * 24 * MINUTE
    endpoint = Endpoint.objects.create(
        shard=shards[0], name="idle", arn="idle", kind="real-time", status="InService", created_at=old,
        modified_at=old, first_seen_at=old,
    )  # fmt: skip
    return VariantStatus.objects.create(
        endpoint=endpoint, name="v", metrics_why="idle", metrics_until=NOW, metrics_due_at=NOW + 60 * MINUTE
    )


@pytest.mark.django_db
def test_metrics_are_rung_only_where_a_variants_turn_has_come(shards: list[Shard]) -> None:
    variant = quiet(shards)
    bell = Bell()
    bell.ring(NOW + MINUTE)
    assert bell.metrics == []
    assert set(Shard.objects.values_list("metrics_ok_at", flat=True)) == {NOW + MINUTE}, (
        "nothing is out of date"
    )
    VariantStatus.objects.filter(pk=variant.pk).update(metrics_due_at=NOW + MINUTE)
    bell.ring(NOW + 2 * MINUTE)
    assert bell.metrics == [shards[0].pk]


@pytest.mark.django_db
@pytest.mark.parametrize("moving", ["changed", "incident", "new"])
def test_metrics_are_rung_early_for_what_begins_to_move(shards: list[Shard], moving: str) -> None:
    variant = quiet(shards)
    if moving == "changed":
        Endpoint.objects.update(modified_at=NOW + MINUTE)
    elif moving == "new":
        VariantStatus.objects.create(endpoint=variant.endpoint, name="w")
    else:
        rule = AlertRule.objects.create(key="made-up", name="Made up", severity="critical")
        Incident.objects.create(
            rule=rule, subject="idle", endpoint=variant.endpoint, severity="critical", title="t", summary="s",
            opened_at=NOW, condition_since=NOW, last_true_at=NOW,
        )  # fmt: skip
    bell = Bell()
    bell.ring(NOW + MINUTE)
    assert bell.metrics == [shards[0].pk]


@pytest.mark.django_db
def test_metrics_of_quiet_shards_are_rung_when_probes_have_their_turn_or_the_last_run_failed(
    shards: list[Shard],
) -> None:
    quiet(shards)
    failed = {"metrics": {"tried_at": NOW.isoformat(), "ok_at": None, "error": {"code": "AccessDenied"}}}
    Shard.objects.filter(pk=shards[1].pk).update(sections=failed)
    bell = Bell()
    bell.ring(NOW + MINUTE)
    assert bell.metrics == [shards[1].pk]
    later = Bell()
    later.ring(NOW + 5 * MINUTE)
    assert sorted(later.metrics) == sorted(shard.pk for shard in shards)


@pytest.mark.django_db
def test_a_variant_that_is_gone_and_read_to_its_end_rings_nothing(shards: list[Shard]) -> None:
    variant = quiet(shards)
    VariantStatus.objects.update(metrics_why="gone", metrics_due_at=NOW)
    Endpoint.objects.update(closed_at=NOW - 120 * MINUTE)
    bell = Bell()
    bell.ring(NOW + MINUTE)
    assert bell.metrics == []
    VariantStatus.objects.filter(pk=variant.pk).update(metrics_until=NOW - 119 * MINUTE)
    bell.ring(NOW + 2 * MINUTE)
    assert bell.metrics == [shards[0].pk]


@pytest.mark.django_db
def test_two_thousand_quiet_shards_cost_as_many_statements_as_one(shards: list[Shard]) -> None:
    quiet(shards)
    made = []
    for size in (0, 2000):
        Shard.objects.bulk_create(
            Shard(account=shards[0].account, region=f"made-up-{n}", metrics_ok_at=NOW, metrics_due_at=NOW)
            for n in range(size)
        )
        Shard.objects.update(metrics_ok_at=NOW, metrics_due_at=NOW)
        with CaptureQueriesContext(connection) as seen:
            assert due._claim_metrics(NOW + MINUTE) == []
        made.append(len(seen))
    assert made[0] == made[1] < 12


@pytest.mark.django_db
def test_disabled_shards_and_accounts_are_left_alone(shards: list[Shard]) -> None:
    Shard.objects.filter(pk=shards[0].pk).update(enabled=False)
    bell = Bell()
    bell.ring(NOW)
    assert shards[0].pk not in bell.inventory
    Account.objects.update(enabled=False)
    silent = Bell()
    silent.ring(NOW + timedelta(hours=1))
    assert (silent.inventory, silent.metrics, silent.backfill, silent.prices) == ([], [], [], 0)


@pytest.mark.django_db
def test_due_times_of_shards_are_spread_over_the_interval(shards: list[Shard]) -> None:
    Bell().ring(NOW)
    assert len(set(Shard.objects.values_list("inventory_due_at", flat=True))) == len(shards)


@pytest.mark.django_db
def test_backfill_waits_for_an_inventory_and_for_its_own_lease(shards: list[Shard]) -> None:
    shard = shards[0]
    bell = Bell()
    bell.ring(NOW)
    assert bell.backfill == []
    Shard.objects.filter(pk=shard.pk).update(inventory_ok_at=NOW)
    with locks.lease(f"backfill:{shard.pk}"):
        assert due.backfills(NOW) == []
    assert due.backfills(NOW) == [shard.pk]
    Shard.objects.filter(pk=shard.pk).update(backfill_until=NOW, backfill_done_until=NOW - MINUTE)
    assert due.backfills(NOW) == [shard.pk]
    Shard.objects.filter(pk=shard.pk).update(backfill_done_until=NOW)
    assert due.backfills(NOW) == []


@pytest.mark.django_db
def test_prices_are_rung_daily_and_hourly_after_a_failure(shards: list[Shard]) -> None:
    bell = Bell()
    bell.ring(NOW)
    bell.ring(NOW)
    assert bell.prices == 1, "the claim holds while the task runs"
    good = {"prices": {"tried_at": NOW.isoformat(), "ok_at": NOW.isoformat(), "error": None}}
    Shard.objects.update(sections=good)
    assert prices.due_regions(NOW + timedelta(hours=23)) == {}
    assert set(prices.due_regions(NOW + timedelta(hours=25))) == {"us-east-1", "eu-west-1", "us-west-2"}
    bad = {"prices": {"tried_at": NOW.isoformat(), "ok_at": None, "error": {"code": "AccessDenied"}}}
    Shard.objects.filter(pk=shards[1].pk).update(sections=bad)
    assert prices.due_regions(NOW + timedelta(minutes=59)) == {}
    assert set(prices.due_regions(NOW + timedelta(minutes=61))) == {"eu-west-1"}


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_ring_each_shard_once(shards: list[Shard]) -> None:
    bells = [Bell() for _ in range(4)]
    gate = threading.Barrier(len(bells))

    def tick(bell: Bell) -> None:
        gate.wait()
        try:
            bell.ring(NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=tick, args=(bell,)) for bell in bells]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(pk for bell in bells for pk in bell.inventory) == sorted(s.pk for s in shards)
    assert sorted(pk for bell in bells for pk in bell.metrics) == sorted(s.pk for s in shards)
    assert sum(bell.prices for bell in bells) == 1
