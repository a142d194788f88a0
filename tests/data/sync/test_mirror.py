"""Writing readings into the mirror: unknown words are kept, only differences are written, capacity has no gaps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fleet.access import ownership
from fleet.access.ownership import Labels
from fleet.errors import AccessDenied
from fleet.models import (
    Account,
    CapacityPeriod,
    ChangeEvent,
    Endpoint,
    EndpointConfig,
    HostedModel,
    Operation,
    Ownership,
    Shard,
    User,
    VariantStatus,
)
from fleet.sync import mirror
from fleet.sync.reading import Reading
from fleet.sync.roster import Roster
from fleet.sync.stock import Stock
from fleet.types import EndpointState, EndpointSummary, ServerlessCapacity, VariantState

pytestmark = pytest.mark.django_db

CREATED = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CONFIG: dict[str, Any] = {
    "EndpointConfigName": "c-1",
    "EndpointConfigArn": "arn:c-1",
    "CreationTime": CREATED.isoformat(),
    "ProductionVariants": [
        {"VariantName": "main", "ModelName": "m", "ServerlessConfig": {"MemorySizeInMB": 1024}}
    ],
}
CONFIG["ProductionVariants"][0]["ServerlessConfig"]["MaxConcurrency"] = 5


@pytest.fixture
def shard() -> Shard:
    account = Account.objects.create(account_id="111122223333", alias="test")
    return Shard.objects.create(account=account, region="us-east-1", inventory_ok_at=CREATED - MINUTE)


def reading(
    *,
    status: str = "InService",
    modified_at: datetime = CREATED,
    config: dict[str, Any] | None = CONFIG,
    variants: tuple[VariantState, ...] | None = None,
    **fields: Any,
) -> Reading:
    """An endpoint "e" as AWS would report it."""
    live = variants
    if live is None:
        live = (VariantState("main", current_serverless=ServerlessCapacity(1024, 5)),)
    name = config["EndpointConfigName"] if config else "c-1"
    state = EndpointState("e", "arn:e", status, name, CREATED, modified_at, variants=live)
    summary = EndpointSummary("e", "arn:e", status, CREATED, modified_at)
    return Reading(summary, state, has_config=config is not None, config=config, **fields)


def test_status_that_nobody_knows_is_kept_and_told_as_it_came(shard: Shard) -> None:
    mirror.write(shard, [reading()], now=NOW)
    mirror.write(shard, [reading(status="Hibernating", modified_at=NOW, config=None)], now=NOW + MINUTE)
    row = Endpoint.objects.get()
    assert row.status == "Hibernating"
    assert row.status_since == NOW
    event = ChangeEvent.objects.get(category="status")
    assert (event.summary, event.at) == ("Status InService → Hibernating", NOW)


def test_same_reading_twice_changes_no_row(shard: Shard) -> None:
    assert mirror.write(shard, [reading()], now=NOW) == 1
    events = ChangeEvent.objects.count()
    assert mirror.write(shard, [reading()], now=NOW + MINUTE) == 0
    assert ChangeEvent.objects.count() == events == 1
    assert CapacityPeriod.objects.count() == 1


def test_listing_alone_does_not_wipe_what_was_known(shard: Shard) -> None:
    mirror.write(shard, [reading()], now=NOW)
    error = AccessDenied(
        account="111122223333",
        region="us-east-1",
        action="sagemaker:DescribeEndpoint",
        code="AccessDenied",
        message="no",
    )
    bare = Reading(EndpointSummary("e", "arn:e", "Updating", CREATED, NOW), error=error)
    mirror.write(shard, [bare], now=NOW)
    row = Endpoint.objects.get()
    assert (row.status, row.kind, row.config_name) == ("Updating", "serverless", "c-1")
    assert row.variants.get().max_concurrency == 5
    assert row.unreadable == {
        "code": "AccessDenied",
        "message": "no",
        "action": "sagemaker:DescribeEndpoint",
        "since": NOW.isoformat(),
        "tried_at": NOW.isoformat(),
    }
    mirror.write(shard, [bare], now=NOW + MINUTE)
    row.refresh_from_db()
    assert row.unreadable["since"] == NOW.isoformat(), "the same refusal keeps its since"
    assert row.unreadable["tried_at"] == (NOW + MINUTE).isoformat()


def test_capacity_periods_touch_without_gap_or_overlap(shard: Shard) -> None:
    mirror.write(shard, [reading()], now=NOW)
    steps = [(7, NOW + MINUTE), (9, NOW + 2 * MINUTE), (9, NOW + 3 * MINUTE), (None, NOW + 4 * MINUTE)]
    for provisioned, at in steps:
        live = VariantState("main", current_serverless=ServerlessCapacity(1024, 20, provisioned))
        mirror.write(shard, [reading(variants=(live,), modified_at=at, config=None)], now=at + MINUTE / 2)
    periods = list(CapacityPeriod.objects.order_by("start"))
    assert [p.provisioned_concurrency for p in periods] == [None, 7, 9, None]
    assert [p.start for p in periods] == [CREATED, NOW + MINUTE, NOW + 2 * MINUTE, NOW + 4 * MINUTE]
    assert [p.end for p in periods] == [*[p.start for p in periods[1:]], None]


def test_variant_that_goes_is_kept_with_its_end(shard: Shard) -> None:
    two = tuple(VariantState(name, current_instance_count=1) for name in ("a", "b"))
    mirror.write(shard, [reading(variants=two)], now=NOW)
    mirror.write(shard, [reading(variants=two[:1], modified_at=NOW, config=None)], now=NOW)
    gone = VariantStatus.objects.get(name="b")
    assert gone.removed_at == NOW
    assert not CapacityPeriod.objects.filter(variant=gone, end=None).exists()
    mirror.write(shard, [reading(variants=two, modified_at=NOW + MINUTE, config=None)], now=NOW + MINUTE)
    gone.refresh_from_db()
    assert gone.removed_at is None
    assert CapacityPeriod.objects.filter(variant=gone, end=None).count() == 1


def test_creating_endpoint_shows_what_its_config_wishes(shard: Shard) -> None:
    mirror.write(shard, [reading(status="Creating", variants=())], now=NOW)
    variant = VariantStatus.objects.get()
    assert (variant.desired_max_concurrency, variant.max_concurrency) == (5, None)
    assert not CapacityPeriod.objects.exists()


def test_deleted_config_leaves_the_endpoint_told_by_its_own_state(shard: Shard) -> None:
    gone = Reading(reading().summary, reading().state, has_config=True)
    mirror.write(shard, [gone], now=NOW)
    row = Endpoint.objects.get()
    assert (row.config, row.config_name, row.kind, row.unreadable) == (None, "c-1", "serverless", None)


def test_change_made_by_an_operation_is_linked_to_it(shard: Shard) -> None:
    mirror.write(shard, [reading()], now=NOW)
    operation = Operation.objects.create(
        form_token="t",
        kind="set-max-concurrency",
        endpoint=Endpoint.objects.get(),
        state="running",
        planned_at=NOW,
    )
    live = VariantState("main", current_serverless=ServerlessCapacity(1024, 50))
    mirror.write(shard, [reading(variants=(live,), modified_at=NOW, config=None)], now=NOW)
    assert ChangeEvent.objects.get(category="capacity").operation == operation
    assert ChangeEvent.objects.get(category="created").operation is None


def test_long_failure_reason_fits_the_timeline_and_stays_whole_on_the_endpoint(shard: Shard) -> None:
    mirror.write(shard, [reading()], now=NOW)
    reason = "x" * 5000
    state = EndpointState(
        "e",
        "arn:e",
        "Failed",
        "c-1",
        CREATED,
        NOW,
        failure_reason=reason,
        variants=reading().state.variants,  # type: ignore[union-attr]
    )
    mirror.write(shard, [Reading(EndpointSummary("e", "arn:e", "Failed", CREATED, NOW), state)], now=NOW)
    assert Endpoint.objects.get().failure_reason == reason
    assert len(ChangeEvent.objects.get(category="status").summary) == 512


def recreated(at: datetime) -> Reading:
    """The endpoint "e" deleted and made again at `at`."""
    found = reading(modified_at=at)
    assert found.state is not None
    return replace(
        found,
        summary=replace(found.summary, created_at=at),
        state=replace(found.state, created_at=at),
    )


def set_by_hand(endpoint: Endpoint, labels: Labels, now: datetime = NOW) -> User:
    actor, _ = User.objects.get_or_create(username="olga", role="operator")
    ownership.set_by_hand(endpoint, labels, actor=actor, reason="", now=now)
    return actor


def test_what_was_set_by_hand_survives_an_endpoint_deleted_and_made_again(shard: Shard) -> None:
    mirror.write(shard, [reading()], now=NOW)
    labels = Labels(owner="ben", application="checkout", expires_on=date(2027, 1, 31))
    actor = set_by_hand(Endpoint.objects.get(), labels)
    mirror.write(shard, [recreated(NOW + MINUTE)], now=NOW + 2 * MINUTE)
    fresh = Endpoint.objects.get(created_at=NOW + MINUTE)
    assert (fresh.owner, fresh.team, fresh.application) == ("ben", "", "checkout")
    assert fresh.expires_on == date(2027, 1, 31)
    assert (fresh.ownership.set_by, fresh.ownership.set_at) == (actor, NOW), "who said so stays known"
    event = fresh.changes.get(category="tags")
    assert event.at == NOW + 2 * MINUTE
    assert event.summary == (
        "Kept from the deleted endpoint of the same name, where it was set by hand: owner ben, application checkout, "
        "expires on 2027-01-31"
    )
    mirror.write(shard, [recreated(NOW + MINUTE)], now=NOW + 3 * MINUTE)
    assert fresh.changes.filter(category="tags").count() == 1
    mirror.write(shard, [recreated(NOW + 5 * MINUTE)], now=NOW + 6 * MINUTE)
    assert Endpoint.objects.get(created_at=NOW + 5 * MINUTE).owner == "ben", "the one after it keeps it too"


def test_what_was_given_back_or_meant_another_endpoint_is_not_kept(shard: Shard) -> None:
    mirror.write(shard, [reading()], now=NOW)
    first = Endpoint.objects.get()
    set_by_hand(first, Labels(owner="ben", expires_on=NOW.date() + timedelta(days=1)))
    elsewhere = Shard.objects.create(account=shard.account, region="eu-west-1", inventory_ok_at=CREATED)
    mirror.write(elsewhere, [reading()], now=NOW)
    assert Endpoint.objects.get(shard=elsewhere).owner == ""
    later = NOW + timedelta(days=2)
    mirror.write(shard, [recreated(later)], now=later)
    second = Endpoint.objects.get(created_at=later)
    assert (second.owner, second.expires_on) == ("ben", None), "a date that has passed was the old one's"
    set_by_hand(second, Labels(), later)
    mirror.write(shard, [recreated(later + MINUTE)], now=later + MINUTE)
    third = Endpoint.objects.get(created_at=later + MINUTE)
    assert third.owner == ""
    assert not Ownership.objects.filter(endpoint=third).exists()


def test_a_config_two_portions_of_a_first_look_share_is_stored_once(shard: Shard) -> None:
    roster = Roster(shard, Stock({Endpoint, EndpointConfig, HostedModel, Ownership}))
    first = reading()
    summary = replace(first.summary, name="f", arn="arn:f")
    assert first.state is not None
    second = replace(first, summary=summary, state=replace(first.state, name="f", arn="arn:f"))

    for portion in ([first], [second]):
        assert mirror.write(shard, portion, now=NOW, roster=roster) == 1

    config = EndpointConfig.objects.get()
    assert {row.config for row in Endpoint.objects.all()} == {config}
    assert [row.name for row in roster.rows()] == ["e", "f"]


def as_stored(rows: list[Endpoint]) -> list[dict[str, Any]]:
    names = [f.attname for f in Endpoint._meta.concrete_fields if f.name not in ("document", "search_text")]
    return [{name: getattr(row, name) for name in names} for row in rows]


def test_a_run_knows_what_it_wrote_without_reading_it_again(shard: Shard) -> None:
    mirror.write(shard, [reading()], now=NOW)
    roster = Roster(shard)
    roster.rows()
    more = (VariantState("main", current_serverless=ServerlessCapacity(1024, 9)),)
    moved = reading(status="Updating", modified_at=NOW, config=None, variants=more)
    assert mirror.write(shard, [moved, recreated(NOW)], now=NOW + MINUTE, roster=roster) == 2
    with CaptureQueriesContext(connection) as asked:
        known = sorted(roster.rows(), key=lambda row: row.pk)
    assert len(asked) == 0
    assert as_stored(known) == as_stored(list(Endpoint.objects.order_by("pk")))
    roster.went(known[:1])
    assert [row.pk for row in roster.rows()] == [known[1].pk]


def test_only_what_is_new_or_names_something_else_is_judged_anew(shard: Shard) -> None:
    def is_rebuilt_by(change: Reading) -> bool:
        roster = Roster(shard)
        assert mirror.write(shard, [change], now=NOW, roster=roster) == 1
        assert roster.is_changed
        return roster.is_rebuilt

    assert is_rebuilt_by(reading())
    assert not is_rebuilt_by(reading(modified_at=CREATED + MINUTE, config=None))
    later = {**CONFIG, "EndpointConfigName": "c-2", "EndpointConfigArn": "arn:c-2"}
    assert is_rebuilt_by(reading(modified_at=CREATED + 2 * MINUTE, config=later))
    refused = AccessDenied(account="1", region="r", action="a", code="AccessDenied", message="no")
    seen = reading(modified_at=CREATED + 3 * MINUTE)
    assert is_rebuilt_by(Reading(seen.summary, error=refused))
    assert is_rebuilt_by(reading(modified_at=CREATED + 4 * MINUTE, config=None))
    Endpoint.objects.update(closed_at=NOW)
    assert is_rebuilt_by(reading(modified_at=CREATED + 4 * MINUTE, config=None))


def test_what_was_set_by_hand_and_the_search_text_survive_every_change(shard: Shard) -> None:
    mirror.write(shard, [reading()], now=NOW)
    set_by_hand(Endpoint.objects.get(), Labels(owner="ben"))
    text = Endpoint.objects.get().search_text
    assert text
    later = {**CONFIG, "EndpointConfigName": "c-2", "EndpointConfigArn": "arn:c-2"}
    for minute, config in ((1, None), (2, later)):
        roster = Roster(shard)
        roster.rows()
        change = reading(modified_at=CREATED + minute * MINUTE, config=config)
        assert mirror.write(shard, [change], now=NOW, roster=roster) == 1
        stored = Endpoint.objects.get()
        assert (stored.owner, stored.search_text) == ("ben", text)
        assert [row.owner for row in roster.rows()] == ["ben"]
    assert Endpoint.objects.get().config_name == "c-2"
    event = ChangeEvent.objects.get(category="config")
    assert event.summary == "Config c-1 → c-2: no setting differs"
