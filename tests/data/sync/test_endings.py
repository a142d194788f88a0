"""Endings of several runs are written together: calls always, the rest where no newer run has taken over."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from fleet import locks
from fleet.aws.meter import Tally
from fleet.errors import AwsError, FleetError, Unavailable
from fleet.models import Account, CallTally, Shard
from fleet.sync.outcome import Ending, end, error_document
from stack.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 21, 10, 0, 20, tzinfo=UTC)
LATER = NOW + timedelta(minutes=7)


@pytest.fixture
def shards(db: None) -> list[Shard]:
    """Three whose runs have begun."""
    account = Account.objects.create(account_id="111122223333", alias="test")
    rows = [Shard.objects.create(account=account, region=r) for r in ("us-east-1", "eu-west-1", "us-west-2")]
    return [locks.fenced(row.pk) for row in rows]


def ending(shard: Shard, *, is_ok: bool = True, calls: int = 2, **told: Any) -> Ending:
    tally = Tally()
    tally.add("sagemaker:ListEndpoints", calls=calls)
    tally.add("sagemaker:DescribeEndpoint", calls=1, throttles=1)
    records = {"inventory": {"ok_at": NOW.isoformat()}}
    known = {"now": NOW, "duration_ms": 40, "is_ok": is_ok, "has_failed": not is_ok, "due_at": None, **told}
    return Ending(shard, records, tally, **known)


def calls() -> dict[int, int]:
    rows = CallTally.objects.filter(action="sagemaker:ListEndpoints")
    return dict(rows.values_list("shard", "calls"))


def test_each_shard_is_told_how_its_own_run_went(shards: list[Shard]) -> None:
    Shard.objects.update(failures=3, inventory_due_at=NOW, sections={"metrics": {"ok_at": "then"}})
    well, badly, held = shards
    end(
        [
            ending(well),
            ending(badly, is_ok=False, due_at=LATER),
            ending(held, is_ok=False, has_failed=False, calls=5),
        ]
    )
    end([ending(well)])
    found = Shard.objects.order_by("pk").values_list(
        "inventory_ok_at", "failures", "inventory_due_at", "inventory_unfinished", "last_duration_ms"
    )
    assert list(found) == [(NOW, 0, NOW, 0, 40), (None, 4, LATER, 0, 40), (None, 3, NOW, 0, 40)]
    assert all(set(shard.sections) == {"metrics", "inventory"} for shard in Shard.objects.all())
    assert calls() == {well.pk: 4, badly.pk: 2, held.pk: 5}
    assert set(CallTally.objects.filter(throttles=1).values_list("shard", flat=True)) == {badly.pk, held.pk}


def test_a_newer_run_keeps_what_it_wrote_and_the_older_ones_calls_count(shards: list[Shard]) -> None:
    first, second, third = shards
    newer = locks.fenced(second.pk)
    end([ending(newer, duration_ms=9)])
    end([ending(shard) for shard in shards])
    assert list(Shard.objects.order_by("pk").values_list("last_duration_ms", flat=True)) == [40, 9, 40]
    assert calls() == {first.pk: 2, second.pk: 4, third.pk: 2}


@pytest.fixture
def held(shards: list[Shard]) -> Iterator[Event]:
    """Set to let go of the second shard's row, which somebody else has."""
    has, let_go = Event(), Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Shard.objects.select_for_update(no_key=True).get(pk=shards[1].pk)
                has.set()
                let_go.wait(20)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(hold)
        assert has.wait(10)
        yield let_go
        let_go.set()
        other.result(20)


def test_a_row_that_somebody_has_is_waited_for_after_the_others_were_written(
    shards: list[Shard], held: Event
) -> None:
    def write() -> None:
        try:
            end([ending(shard) for shard in shards])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(write)
        others = Shard.objects.filter(inventory_unfinished=0)
        assert wait_until(lambda: others.count() == 2, 20, 0.05)
        assert not run.done()
        held.set()
        run.result(20)
    assert Shard.objects.filter(inventory_unfinished=0).count() == 3
    assert set(calls().values()) == {2}


def test_runs_that_nobody_worked_on_are_taken_back(shards: list[Shard]) -> None:
    first, second, third = shards
    newer = locks.fenced(second.pk)
    locks.unfenced([first, second])
    assert list(Shard.objects.order_by("pk").values_list("inventory_unfinished", flat=True)) == [0, 2, 1]
    locks.unfenced([newer, third])
    assert list(Shard.objects.order_by("pk").values_list("inventory_unfinished", flat=True)) == [0, 1, 0]


@pytest.mark.parametrize("said", ["cut \x00 off", "half \ud83d"])
def test_words_that_postgresql_cannot_store_spoil_no_others_ending(shards: list[Shard], said: str) -> None:
    error: FleetError = Unavailable(
        account="1", region="r", action="sagemaker:ListEndpoints", code="X", message=said
    )
    assert isinstance(error, AwsError)
    odd = ending(shards[0], is_ok=False)
    odd.records["inventory"] = {"error": error_document(error, None, NOW)}
    end([odd, ending(shards[1])])
    shards[0].refresh_from_db()
    assert shards[0].sections["inventory"]["error"]["message"].startswith(said.split()[0])
    assert Shard.objects.filter(inventory_unfinished=0).count() == 2
