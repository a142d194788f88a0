"""Rises of cost through the evaluation: found, with their cause from the mirror, and ended."""

from datetime import datetime, timedelta

import pytest

from fleet.alerts.evaluate import evaluate
from fleet.models import (
    ChangeEvent,
    CostRise,
    DailyCost,
    Endpoint,
    HourBucket,
    Incident,
    Notification,
    VariantStatus,
)
from fleet.sync import partitions
from fleet.types import Kind
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard, ongoing, person
from tests.data.alerts.spending import DAY, RULE, YESTERDAY, change, cost, operation, settled

pytestmark = pytest.mark.django_db


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
    # The change came in the last hours of the day before the rise.
    DailyCost.objects.filter(day=(YESTERDAY - DAY).date()).update(quantity=27)
    DailyCost.objects.filter(day=(YESTERDAY - 2 * DAY).date()).update(quantity=24)
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


def test_a_change_that_is_stored_late_becomes_the_cause_and_no_second_mail_goes_out() -> None:
    person("ana")
    variant = settled()
    cost(variant, 60, YESTERDAY)
    evaluate(now=NOON)
    mails = Notification.objects.filter(incident__rule__key=RULE).values_list("subject", "text")
    mailed = list(mails)
    done = operation(variant)
    change(variant, "AllTraffic: Max concurrency 20 → 40", YESTERDAY, operation=done)
    evaluate(now=NOON + timedelta(hours=1))
    (incident,) = ongoing(RULE)
    cause = "AllTraffic: Max concurrency 20 → 40 on Thu 19 Nov, 12:00 UTC, operation a1b2c3d4"
    assert incident.cause == f"cost $60.00 instead of $20.00 on Thu 19 Nov: {cause}"
    assert incident.summary.endswith(f"Cause: {cause}.")
    assert ["Cause", cause] in incident.facts
    assert CostRise.objects.get().operation == done
    assert list(mails.all()) == mailed
    assert len(mailed) == 1


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_rise_of_an_earlier_day_is_explained_late_too_until_it_is_a_week_old(goes_on: bool) -> None:
    variant = settled()
    cost(variant, 60, YESTERDAY)
    evaluate(now=NOON)
    cost(variant, 60 if goes_on else 20, NOON)
    evaluate(now=NOON + DAY)
    change(variant, "AllTraffic: Instances 1 → 3", YESTERDAY)
    evaluate(now=NOON + DAY + timedelta(hours=1))
    incident = Incident.objects.get(rule__key=RULE)
    assert (incident.resolved_at is None) == goes_on
    assert incident.cause.startswith(
        "cost $60.00 instead of $20.00 on Thu 19 Nov: AllTraffic: Instances 1 → 3"
    )
    assert {rise.cause[:27] for rise in CostRise.objects.all()} == {"AllTraffic: Instances 1 → 3"}


def test_a_rise_that_is_a_week_old_is_left_as_it_was_told() -> None:
    variant = settled()
    cost(variant, 60, YESTERDAY)
    evaluate(now=NOON)
    change(variant, "AllTraffic: Instances 1 → 3", YESTERDAY)
    evaluate(now=NOON + 8 * DAY)
    assert Incident.objects.get(rule__key=RULE).cause.endswith("no change found")
    assert CostRise.objects.get().cause == ""


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
