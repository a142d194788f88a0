"""The zero trap, from the linter's finding to the policy that wakes the endpoint, against the simulator."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from fleet import scaling_check
from fleet.aws import alarms, autoscaling
from fleet.models import Endpoint, Operation, ScalingFinding, User
from fleet.operations.schedules import ScheduleWish
from fleet.sync.shard import run_metrics
from tests.aws.operations.conftest import plan_and_confirm
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]
Settle = Callable[[Operation], Operation]


@pytest.fixture
def simulator(simulator: SimulatorProcess) -> SimulatorProcess:
    simulator.reset("zero_trap")
    return simulator


def found(endpoint: Endpoint) -> list[ScalingFinding]:
    scaling_check.check(endpoint.shard_id, now=timezone.now())
    return list(
        ScalingFinding.objects.filter(endpoint=endpoint, rule="zero-trap").exclude(severity="unknown")
    )


@pytest.fixture
def ocr(mirror: Callable[[], None], simulator: SimulatorProcess) -> Endpoint:
    endpoint = Endpoint.objects.get(name="ocr-async")
    run_metrics(endpoint.shard_id, now=simulator.now())
    return endpoint


def test_the_proposal_of_a_zero_trap_is_carried_out_and_the_finding_goes(
    simulator: SimulatorProcess, mirror: Callable[[], None], ocr: Endpoint, alice: User, settle: Settle
) -> None:
    (trap,) = found(ocr)
    assert (trap.severity, trap.why[:24]) == ("critical", "12 requests wait at 0 in")
    assert trap.proposal
    simulator.reset_calls()
    operation = settle(plan_and_confirm(ocr, ScheduleWish(**trap.proposal["fields"]), alice))
    assert operation.verdict == "applied", operation.verdict_detail
    written = [write["action"].split(":")[-1] for write in simulator.calls()["writes"]]
    assert written == ["PutScalingPolicy", "PutMetricAlarm"]
    scope = ocr.shard.scope
    (policy,) = autoscaling.scaling_policies(scope)
    assert (
        policy["StepScalingPolicyConfiguration"] == trap.calls[0]["request"]["StepScalingPolicyConfiguration"]
    )
    alarm = alarms.metric_alarm(scope, "ocr-async-HasBacklogWithoutCapacity")
    assert alarm
    assert alarm["AlarmActions"] == [policy["PolicyARN"]]
    assert {key: alarm[key] for key in ("MetricName", "Period", "Threshold")} == {
        "MetricName": "HasBacklogWithoutCapacity", "Period": 60, "Threshold": 1.0,
    }  # fmt: skip
    mirror()
    assert found(ocr) == []


def test_what_is_woken_for_hours_goes_back_by_actions_that_aws_keeps_and_the_way_back_deletes_them(
    simulator: SimulatorProcess, mirror: Callable[[], None], ocr: Endpoint, alice: User, settle: Settle
) -> None:
    key = f"endpoint/{ocr.name}/variant/{ocr.variants.get().name} DesiredInstanceCount"
    operation = settle(plan_and_confirm(ocr, ScheduleWish("wake", target=key, back_after="6"), alice))
    assert operation.verdict == "applied", operation.verdict_detail
    scope = ocr.shard.scope
    held = {each["ScheduledActionName"]: each for each in autoscaling.scheduled_actions(scope)}
    bounds = {name: each["ScalableTargetAction"] for name, each in held.items()}
    assert bounds == {
        "wake-back-to-0": {"MinCapacity": 0, "MaxCapacity": 0},
        "wake-bounds-again": {"MinCapacity": 0, "MaxCapacity": 4},
    }
    until = operation.planned_at + timedelta(hours=6)
    assert held["wake-back-to-0"]["Schedule"] == f"at({until:%Y-%m-%dT%H:%M}:00)"

    mirror()
    before = json.dumps(operation.observed["schedule"])
    back = settle(plan_and_confirm(ocr, ScheduleWish("restore", target=key, before=before), alice))
    assert back.verdict == "applied", back.verdict_detail
    assert list(autoscaling.scheduled_actions(scope)) == []


def test_a_refused_alarm_is_told_with_what_was_written_before_it(
    simulator: SimulatorProcess, ocr: Endpoint, alice: User, settle: Settle
) -> None:
    simulator.fault("deny", "*:PutMetricAlarm")
    key = f"endpoint/{ocr.name}/variant/{ocr.variants.get().name} DesiredInstanceCount"
    operation = settle(plan_and_confirm(ocr, ScheduleWish("wake", target=key), alice))
    assert (operation.state, operation.verdict) == ("failed", "refused")
    assert operation.aws_error
    assert operation.aws_error["missing_permission"] == "cloudwatch:PutMetricAlarm"
    assert "scaling policy HasBacklogWithoutCapacity-ScalingPolicy was written" in operation.verdict_detail
