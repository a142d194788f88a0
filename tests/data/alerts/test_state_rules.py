"""Each state rule: what opens it, what resolves it, and what it says."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings

from fleet import heartbeat
from fleet.alerts.evaluate import evaluate
from fleet.models import (
    Account,
    Budget,
    DailyCost,
    Endpoint,
    Incident,
    Notification,
    Operation,
    Shard,
    VariantStatus,
)
from fleet.types import Confidence, CostComponent, Kind
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard, minutes, ongoing, person, tune

pytestmark = pytest.mark.django_db


def put(variant: VariantStatus, **fields: Any) -> None:
    Endpoint.objects.filter(pk=variant.endpoint_id).update(**fields)


def read_at(now: datetime) -> None:
    """Every shard was read at `now`."""
    Shard.objects.update(inventory_ok_at=now, metrics_ok_at=now)


@pytest.mark.parametrize(
    ("status", "key", "title"),
    [
        ("Failed", "endpoint-failed", "ranker failed"),
        ("OutOfService", "endpoint-failed", "ranker is OutOfService"),
        ("UpdateRollbackFailed", "update-rollback-failed", "ranker runs two configurations"),
    ],
)
def test_a_failed_status_opens_and_a_good_one_resolves(status: str, key: str, title: str) -> None:
    variant = make_endpoint(make_shard(), "ranker", status=status, failure_reason="No space left on device")
    evaluate(now=NOON)
    (incident,) = ongoing(key)
    assert incident.title == title
    assert incident.severity == "critical"
    assert "No space left on device" in incident.summary
    put(variant, status="InService", failure_reason="")
    evaluate(now=NOON + minutes(1))
    assert ongoing(key) == []


@pytest.mark.parametrize(
    ("status", "key", "limit"),
    [("Creating", "creating-too-long", 60), ("RollingBack", "updating-too-long", 30)],
)
def test_a_transition_opens_only_after_its_limit(status: str, key: str, limit: int) -> None:
    make_endpoint(make_shard(at=NOON), "ranker", status=status, status_since=NOON - minutes(limit - 1))
    evaluate(now=NOON)
    assert ongoing(key) == []
    evaluate(now=NOON + minutes(1))
    assert [incident.cause for incident in ongoing(key)] == [
        f"{status} for {'1 h' if limit == 60 else '30 min'}"
    ]


def test_a_late_inventory_leaves_incidents_about_states_as_they_are() -> None:
    variant = make_endpoint(make_shard(), "ranker", status="Failed")
    evaluate(now=NOON)
    put(variant, status="InService")
    later = NOON + timedelta(seconds=settings.STALE_AFTER_S + 1)
    evaluate(now=later)
    assert len(ongoing("endpoint-failed")) == 1
    read_at(later)
    evaluate(now=later + minutes(1))
    assert ongoing("endpoint-failed") == []


def operation(endpoint: Endpoint, code: str, finished_at: datetime, **fields: Any) -> Operation:
    return Operation.objects.create(
        code=code, form_token=code, kind="change-concurrency", endpoint=endpoint, planned_at=finished_at,
        finished_at=finished_at, **fields,
    )  # fmt: skip


def test_an_operation_that_aws_rolled_back_opens_until_a_later_one_is_applied() -> None:
    endpoint = make_endpoint(make_shard(), "ranker", config_name="ranker-cfg-7").endpoint
    bad = operation(
        endpoint,
        "aaaa1111",
        NOON - minutes(5),
        state="rolled-back",
        verdict="rolled-back",
        failure_reason="Capacity",
    )
    evaluate(now=NOON)
    (incident,) = ongoing("update-not-applied")
    assert incident.title == "Update of ranker was rolled back"
    assert incident.operation == bad
    assert incident.summary == "What was asked is not what runs. AWS says: Capacity"
    assert dict(incident.facts) == {
        "Operation": "op-aaaa1111, change concurrency",
        "Verdict": "rolled-back",
        "Ended": "Fri 20 Nov 2026, 11:55 UTC",
        "Live config": "ranker-cfg-7",
        "Owner": "risk",
    }
    operation(endpoint, "bbbb2222", NOON + minutes(1), state="succeeded", verdict="applied")
    evaluate(now=NOON + minutes(2))
    assert ongoing("update-not-applied") == []


def test_cancelling_a_later_operation_does_not_hide_the_failure() -> None:
    endpoint = make_endpoint(make_shard(), "ranker").endpoint
    operation(endpoint, "aaaa1111", NOON - minutes(5), state="failed", verdict="refused")
    operation(endpoint, "bbbb2222", NOON - minutes(1), state="cancelled")
    evaluate(now=NOON)
    assert [incident.title for incident in ongoing("update-not-applied")] == ["Update of ranker failed"]


def test_an_update_made_elsewhere_that_failed_is_told_although_aws_says_in_service() -> None:
    make_endpoint(make_shard(), "ranker", modified_at=NOON - minutes(9), failure_reason="Unable to provision")
    evaluate(now=NOON)
    (incident,) = ongoing("update-not-applied")
    assert incident.cause == "update made outside Flotilla failed"
    assert "Unable to provision" in incident.summary


def cost(variant: VariantStatus, amount: str | None, day: datetime = NOON) -> None:
    DailyCost.objects.create(
        endpoint=variant.endpoint, variant=variant, day=day.date(), component=CostComponent.INSTANCE_TIME,
        item=f"ml.m5.large {amount}", unit="h", amount=None if amount is None else Decimal(amount),
        confidence=Confidence.UNPRICED if amount is None else Confidence.MEASURED,
        computed_at=NOON, data_until=NOON,
    )  # fmt: skip


def test_a_budget_opens_when_the_month_passes_it_and_counts_what_has_no_price() -> None:
    shard = make_shard()
    variant = make_endpoint(shard, "ranker", Kind.REAL_TIME, team="search")
    other = make_endpoint(make_shard("dev"), "toy", Kind.REAL_TIME)
    Budget.objects.create(
        name="Search",
        amount_usd=Decimal(100),
        accounts=[shard.account.account_id],
        teams=["search"],
        thresholds=[100],
    )
    Budget.objects.create(name="All", amount_usd=Decimal(1000), thresholds=[100])
    cost(variant, "99.99")
    cost(variant, None)
    cost(other, "500")
    cost(variant, "900", day=NOON - timedelta(days=30))
    evaluate(now=NOON)
    assert ongoing("budget-passed") == []
    cost(variant, "0.01")
    evaluate(now=NOON + minutes(1))
    (incident,) = ongoing("budget-passed")
    assert incident.cause == "budget Search: $100.00 of $100.00 in November 2026"
    assert dict(incident.facts)["Lines without a price, not in the sum"] == "1"


def test_without_costs_a_budget_is_not_judged() -> None:
    Budget.objects.create(name="All", amount_usd=Decimal(1))
    evaluate(now=NOON)
    assert ongoing("budget-passed") == []


def test_a_sync_later_than_three_intervals_opens_and_the_next_good_read_resolves() -> None:
    make_shard(at=NOON)
    late = timedelta(seconds=max(3 * settings.INVENTORY_INTERVAL_S, settings.STALE_AFTER_S))
    evaluate(now=NOON + late)
    assert ongoing("sync-stale") == []
    evaluate(now=NOON + late + minutes(1))
    (incident,) = ongoing("sync-stale")
    assert incident.title == "Sync of prod/eu-west-1 is late"
    assert incident.condition_since == NOON
    read_at(NOON + late + minutes(2))
    evaluate(now=NOON + late + minutes(2))
    assert ongoing("sync-stale") == []


def test_the_time_in_which_flotilla_did_not_run_is_not_blamed_on_aws() -> None:
    make_shard(at=NOON)
    heartbeat.beat(NOON)
    heartbeat.beat(NOON + minutes(600))
    evaluate(now=NOON + minutes(601))
    assert ongoing("sync-stale") == []
    heartbeat.beat(NOON + minutes(602))
    heartbeat.beat(NOON + minutes(604))
    heartbeat.beat(NOON + minutes(606))
    evaluate(now=NOON + minutes(606))
    assert len(ongoing("sync-stale")) == 1


def test_a_shard_never_read_counts_from_its_accounts_creation() -> None:
    shard = make_shard(inventory_ok_at=None, metrics_ok_at=None)
    Account.objects.filter(pk=shard.account_id).update(created_at=NOON)
    evaluate(now=NOON + minutes(1))
    assert ongoing("sync-stale") == []
    evaluate(now=NOON + minutes(10))
    assert dict(ongoing("sync-stale")[0].facts)["Last good read, inventory"] == "never"


def test_a_section_that_keeps_failing_says_what_aws_said_and_which_action_is_missing() -> None:
    error = {
        "code": "AccessDeniedException",
        "message": "User: arn:aws:sts::1:assumed-role/f is not authorized to perform: sagemaker:ListTags",
        "action": "sagemaker:ListTags",
        "request_id": "r",
        "since": (NOON - minutes(5)).isoformat(),
    }
    shard = make_shard(sections={"tags": {"error": error}, "scaling": {"error": None}})
    evaluate(now=NOON - minutes(1))
    assert ongoing("sync-section-failing") == []
    evaluate(now=NOON)
    (incident,) = ongoing("sync-section-failing")
    assert incident.title == "AWS refuses tags of prod/eu-west-1"
    assert ["Tags: AccessDeniedException", error["message"]] in incident.facts
    assert ["Tags: IAM action", "sagemaker:ListTags"] in incident.facts
    Shard.objects.filter(pk=shard.pk).update(sections={"tags": {"error": None}})
    evaluate(now=NOON + minutes(1))
    assert ongoing("sync-section-failing") == []


def test_an_endpoint_that_goes_away_resolves_its_incidents() -> None:
    variant = make_endpoint(make_shard(), "ranker", status="Failed")
    evaluate(now=NOON)
    put(variant, closed_at=NOON)
    evaluate(now=NOON + minutes(1))
    assert Incident.objects.get().resolution == "The endpoint was deleted."


def test_switching_a_rule_off_resolves_its_incidents_and_opens_none() -> None:
    make_endpoint(make_shard(), "ranker", status="Failed")
    evaluate(now=NOON)
    rule = ongoing("endpoint-failed")[0].rule
    rule.enabled = False
    rule.save()
    evaluate(now=NOON + minutes(1))
    assert Incident.objects.get().resolution == "The rule was switched off."


def test_parameters_people_tuned_are_used_and_survive_every_evaluation() -> None:
    make_endpoint(make_shard(), "ranker", status="Updating", status_since=NOON - minutes(31))
    evaluate(now=NOON - minutes(10))
    tune("updating-too-long", for_min=40)
    evaluate(now=NOON)
    assert ongoing("updating-too-long") == []
    read_at(NOON + minutes(9))
    evaluate(now=NOON + minutes(9))
    assert len(ongoing("updating-too-long")) == 1


def test_an_operation_whose_endpoint_vanished_is_told_once() -> None:
    person("ana")
    endpoint = make_endpoint(make_shard(), "ranker", closed_at=NOON - minutes(2)).endpoint
    lost = operation(endpoint, "aaaa1111", NOON - minutes(1), state="failed", verdict="overwritten")
    for minute in range(4):
        evaluate(now=NOON + minutes(minute))
    incident = Incident.objects.get()
    assert incident.operation == lost
    assert incident.title == "Update of ranker was overwritten"
    assert incident.resolution == "The endpoint was deleted."
    assert list(Notification.objects.order_by("id").values_list("transition", flat=True)) == [
        "opened",
        "resolved",
    ]


def test_a_second_operation_that_is_not_applied_gets_a_mail_of_its_own() -> None:
    person("ana")
    endpoint = make_endpoint(make_shard(), "ranker").endpoint
    operation(endpoint, "aaaa1111", NOON - minutes(5), state="failed", verdict="refused")
    evaluate(now=NOON)
    second = operation(endpoint, "bbbb2222", NOON + minutes(1), state="rolled-back", verdict="rolled-back")
    for minute in (2, 3, 4):
        evaluate(now=NOON + minutes(minute))
    assert [incident.operation for incident in ongoing("update-not-applied")] == [second]
    opened = Notification.objects.filter(transition="opened").order_by("id")
    assert ["op-aaaa1111" in opened[0].text, "op-bbbb2222" in opened[1].text] == [True, True]
    assert opened.count() == 2
