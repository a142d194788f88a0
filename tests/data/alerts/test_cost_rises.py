"""Rises of cost through the evaluation: found, with their cause from the mirror, and ended."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from fleet.alerts.evaluate import evaluate
from fleet.cost_rises import judged_day
from fleet.models import (
    ChangeEvent,
    CostRise,
    DailyCost,
    Endpoint,
    HourBucket,
    Incident,
    Notification,
    Operation,
    PlaceRise,
    Shard,
    StaleDay,
    VariantStatus,
)
from fleet.rollups.places import update_places
from fleet.sync import partitions
from fleet.types import Confidence, CostComponent, Kind
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard, ongoing, person

pytestmark = pytest.mark.django_db

RULE = "cost-rise"
DAY = timedelta(days=1)
YESTERDAY = NOON - DAY


def cost(
    variant: VariantStatus, usd: float, at: datetime, price: str = "0.102", hours: int | None = None
) -> None:
    DailyCost.objects.create(
        endpoint=variant.endpoint, variant=variant, day=at.date(), component=CostComponent.INSTANCE_TIME,
        item="ml.c5.large", unit="h", usd_per_unit=Decimal(price), amount=Decimal(repr(usd)), quantity=hours,
        confidence=Confidence.MEASURED, computed_at=at, data_until=at,
    )  # fmt: skip


def settled(name: str = "ranker", *, usd: float = 20.0, days: int = 50) -> VariantStatus:
    """An endpoint that has cost the same each day up to the day before yesterday."""
    shard = Endpoint.objects.first().shard if Endpoint.objects.exists() else make_shard()  # type: ignore[union-attr]
    variant = make_endpoint(shard, name, Kind.REAL_TIME, created_at=NOON - 300 * DAY)
    for n in range(2, days + 2):
        cost(variant, usd, NOON - n * DAY)
    return variant


def operation(variant: VariantStatus, **fields: Any) -> Operation:
    return Operation.objects.create(
        endpoint=variant.endpoint, kind="set-max-concurrency", code="a1b2c3d4", form_token="t", planned_at=NOON,
        state=Operation.State.SUCCEEDED, **fields,
    )  # fmt: skip


def change(variant: VariantStatus, summary: str, at: datetime, **fields: Any) -> None:
    ChangeEvent.objects.create(
        endpoint=variant.endpoint, at=at, category=ChangeEvent.Category.CAPACITY, summary=summary, **fields
    )


def calls(variant: VariantStatus, number: float, at: datetime) -> None:
    partitions.ensure(HourBucket._meta.db_table, at, at + timedelta(hours=1))
    HourBucket.objects.create(variant=variant, at=at, period_s=3600, invocations=number)


def test_a_usual_day_opens_nothing() -> None:
    cost(settled(), 20.5, YESTERDAY)
    evaluate(now=NOON)
    assert ongoing(RULE) == []


def test_a_rise_names_the_operation_that_caused_it_and_is_mailed() -> None:
    person("ana")
    variant = settled()
    done = operation(variant)
    change(variant, "AllTraffic: Max concurrency 20 → 40", YESTERDAY - timedelta(hours=6), operation=done)
    change(variant, "AllTraffic: Memory 2048 → 4096", NOON - 20 * DAY)
    cost(variant, 40, YESTERDAY)
    evaluate(now=NOON)
    (incident,) = ongoing(RULE)
    assert incident.title == "ranker costs $20.00 more than expected"
    assert incident.cause == (
        "cost $40.00 instead of $20.00 on Thu 19 Nov: "
        "AllTraffic: Max concurrency 20 → 40 on Thu 19 Nov, 06:00 UTC, operation a1b2c3d4"
    )
    assert CostRise.objects.get().operation == done
    assert Notification.objects.get().subject.startswith(
        "[warning] ranker eu-west-1: cost $40.00 instead of $20.00"
    )


def test_somebodys_change_comes_before_the_price_and_both_before_traffic() -> None:
    variant = settled()
    cost(variant, 40, YESTERDAY, price="0.2")
    for n in range(5):
        calls(variant, 5000 if n == 0 else 1000, YESTERDAY - 7 * n * DAY)
    change(variant, "Config a → b: Instance type ml.c5.large → ml.c5.xlarge", YESTERDAY)
    evaluate(now=NOON)
    assert [text for text, _ in CostRise.objects.get().causes] == [
        "Config a → b: Instance type ml.c5.large → ml.c5.xlarge on Thu 19 Nov, 12:00 UTC",
        "the price of ml.c5.large rose from $0.102 to $0.2 on Thu 19 Nov",
        "calls rose from 1,000 to 5,000 a day",
    ]


def test_instances_that_nobody_was_seen_raising_are_told_from_what_was_held() -> None:
    variant = settled()
    DailyCost.objects.filter(day=(YESTERDAY - DAY).date()).update(quantity=24)
    cost(variant, 40, YESTERDAY, hours=60)
    calls(variant, 5000, YESTERDAY)
    for n in range(1, 5):
        calls(variant, 1000, YESTERDAY - 7 * n * DAY)
    evaluate(now=NOON)
    assert [text for text, _ in CostRise.objects.get().causes] == [
        "ml.c5.large instances rose from 1 to 2.5 since Thu 19 Nov",
        "calls rose from 1,000 to 5,000 a day",
    ]


def test_a_day_is_looked_at_again_once_the_weeks_before_it_are_priced() -> None:
    variant = make_endpoint(make_shard(), "ranker", Kind.REAL_TIME, created_at=NOON - 300 * DAY)
    cost(variant, 40, YESTERDAY)
    evaluate(now=NOON)
    assert ongoing(RULE) == []
    for n in range(2, 52):
        cost(variant, 20, NOON - n * DAY)
    evaluate(now=NOON + timedelta(minutes=1))
    assert ongoing(RULE) == [], "the lines were there when the day was looked at"
    DailyCost.objects.filter(day__lt=YESTERDAY.date()).update(computed_at=NOON + timedelta(seconds=30))
    evaluate(now=NOON + timedelta(minutes=1))
    assert len(ongoing(RULE)) == 1


def test_a_day_is_looked_at_again_once_it_is_priced_itself() -> None:
    """A history is priced from its oldest day on, and a look may fall between its parts."""
    variant = settled()
    evaluate(now=NOON)
    assert ongoing(RULE) == []
    cost(variant, 40, YESTERDAY)
    DailyCost.objects.filter(day=YESTERDAY.date()).update(computed_at=NOON + timedelta(seconds=1))
    evaluate(now=NOON + timedelta(minutes=1))
    assert len(ongoing(RULE)) == 1


def test_without_a_change_it_says_so() -> None:
    variant = settled()
    cost(variant, 60, YESTERDAY)
    evaluate(now=NOON)
    (incident,) = ongoing(RULE)
    assert incident.cause.endswith("no change found")


def test_a_new_endpoint_is_a_rise_from_nothing_and_says_that_it_is_new() -> None:
    settled()
    fresh = make_endpoint(Endpoint.objects.get().shard, "gpu-lab", Kind.REAL_TIME, created_at=YESTERDAY - DAY)
    ChangeEvent.objects.create(
        endpoint=fresh.endpoint, at=YESTERDAY - DAY, category=ChangeEvent.Category.CREATED, summary="Created"
    )
    cost(fresh, 60, YESTERDAY - DAY)
    cost(fresh, 120, YESTERDAY)
    evaluate(now=NOON)
    (incident,) = ongoing(RULE)
    assert incident.title == "gpu-lab costs $120.00 more than expected"
    assert "Created on Wed 18 Nov" in incident.cause


def test_costs_that_begin_with_flotillas_own_history_are_no_newcomers() -> None:
    variant = make_endpoint(make_shard(), "old", Kind.REAL_TIME, created_at=NOON - 300 * DAY)
    cost(variant, 500, YESTERDAY)
    evaluate(now=NOON)
    assert ongoing(RULE) == []


def test_it_ends_when_a_day_is_usual_again_and_stays_while_the_day_is_not_known() -> None:
    variant = settled()
    cost(variant, 60, YESTERDAY)
    evaluate(now=NOON)
    evaluate(now=NOON + DAY)
    assert len(ongoing(RULE)) == 1
    cost(variant, 20, NOON)
    evaluate(now=NOON + DAY + timedelta(hours=2))
    assert ongoing(RULE) == []


def test_a_day_is_judged_four_hours_after_its_end_and_looked_at_again_each_hour() -> None:
    variant = settled()
    cost(variant, 60, YESTERDAY)
    midnight = NOON.replace(hour=0)
    evaluate(now=midnight + timedelta(hours=3))
    assert ongoing(RULE) == []
    evaluate(now=midnight + timedelta(hours=4))
    assert len(ongoing(RULE)) == 1
    DailyCost.objects.filter(day=YESTERDAY.date()).update(amount=20)
    evaluate(now=midnight + timedelta(hours=4, minutes=30))
    assert len(ongoing(RULE)) == 1
    evaluate(now=midnight + timedelta(hours=5, minutes=1))
    assert ongoing(RULE) == []
    assert not CostRise.objects.exists()


def added_up(until: datetime = NOON) -> None:
    """The days of every place, from what the endpoints cost."""
    for shard in Shard.objects.all():
        StaleDay.objects.bulk_create([StaleDay(shard=shard, day=(until - n * DAY).date()) for n in range(55)])
    update_places()


def many(number: int, usd: float) -> list[VariantStatus]:
    """Endpoints of one account that have each cost the same for seven weeks."""
    return [settled(f"small-{n:02}", usd=usd, days=48) for n in range(number)]


def test_an_account_rises_where_no_endpoint_does_and_says_what_it_is_made_of() -> None:
    person("ana")
    small = many(12, 4.0)
    for n, variant in enumerate(small):
        cost(variant, 7.0 if n else 7.5, YESTERDAY)
    done = operation(small[0])
    change(small[0], "AllTraffic: Max concurrency 20 → 40", YESTERDAY - timedelta(hours=6), operation=done)
    added_up()
    evaluate(now=NOON)
    (incident,) = ongoing(RULE)
    assert incident.subject == "account:100000000000"
    assert incident.title == "prod costs $36.50 more than expected"
    assert (
        "cost $84.50 instead of $48.00 on Thu 19 Nov: 12 endpoints cost $36.50 more, most of all small-00, $3.50"
        in (incident.cause)
    )
    facts = dict(incident.facts)
    assert facts["Endpoints"].startswith(
        "small-00 +$3.50: AllTraffic: Max concurrency 20 → 40 on Thu 19 Nov, 06:00 UTC, operation a1b2c3d4; "
    )
    assert facts["Endpoints"].endswith("7 more with $21.00")
    assert facts["Components"] == "instance time +$36.50"
    assert Notification.objects.get().subject.startswith("[warning]")
    assert PlaceRise.objects.get().place == "100000000000"


def test_what_rose_shows_an_account_with_its_parts_unless_the_filter_takes_a_part_of_it(
    client: Client,
) -> None:
    client.force_login(person("ana"))
    PlaceRise.objects.create(
        place=make_shard().account.account_id, day=judged_day(timezone.now()), since=judged_day(timezone.now()),
        actual=84, expected=48, high=60, cause="12 endpoints cost more",
        parts={
            "endpoints": [{"endpoint": 7, "name": "small-00", "usd": "3.5", "text": "Max 20 → 40", "operation": "a1"}],
            "more": [11, "32.5"],
            "components": [["instance-time", "36"]],
        },
    )  # fmt: skip
    for query, is_there in (("", True), ("?account=100000000000", True), ("?region=eu-west-1", False)):
        page = client.get(f"/costs/{query}").content.decode()
        rose = page[page.index('id="cost-rose"') :].split("</section>")[0]
        words = " ".join(strip_tags(rose).split())
        assert ("Account prod 84.00 48.00 36.00" in words) is is_there, words
        assert (
            "small-00 +3.50: Max 20 → 40 11 more endpoints, +32.50 Instance time +36.00" in words
        ) is is_there
        assert ('href="/operations/a1/"' in rose) is is_there


def test_an_account_whose_one_endpoint_told_already_is_not_told_again() -> None:
    person("ana")
    small = many(3, 4.0)
    for n, variant in enumerate(small):
        cost(variant, 4.0 if n else 44.0, YESTERDAY)
    added_up()
    evaluate(now=NOON)
    assert [incident.subject for incident in ongoing(RULE)] == [f"endpoint:{small[0].endpoint_id}"]
    assert Notification.objects.count() == 1
    seen = PlaceRise.objects.get()
    assert seen.is_told
    assert seen.cause.startswith("small-00 costs $40.00 more")


def test_what_rose_beside_the_endpoint_that_told_is_told_of_the_account() -> None:
    small = many(12, 4.0)
    for n, variant in enumerate(small):
        cost(variant, 7.0 if n else 44.0, YESTERDAY)
    added_up()
    evaluate(now=NOON)
    assert {incident.subject for incident in ongoing(RULE)} == {
        f"endpoint:{small[0].endpoint_id}",
        "account:100000000000",
    }


def test_the_fleet_rises_where_no_account_does() -> None:
    shards = [make_shard(alias) for alias in ("prod", "lab", "risk")]
    for shard in shards:
        variant = make_endpoint(
            shard, f"in-{shard.account.alias}", Kind.REAL_TIME, created_at=NOON - 300 * DAY
        )
        for n in range(2, 50):
            cost(variant, 14.0, NOON - n * DAY)
        cost(variant, 18.5, YESTERDAY)
    added_up()
    evaluate(now=NOON)
    (incident,) = ongoing(RULE)
    assert (incident.subject, incident.title) == ("fleet", "The fleet costs $13.50 more than expected")


def test_a_place_ends_when_its_day_is_usual_again_and_stays_while_the_day_is_not_known() -> None:
    small = many(12, 4.0)
    for variant in small:
        cost(variant, 7.0, YESTERDAY)
    added_up()
    evaluate(now=NOON)
    evaluate(now=NOON + DAY)
    assert len(ongoing(RULE)) == 1
    for variant in small:
        cost(variant, 4.0, NOON)
    added_up()
    evaluate(now=NOON + DAY + timedelta(hours=2))
    assert ongoing(RULE) == []
    assert Incident.objects.get(rule__key=RULE).resolution == "The condition no longer holds."
