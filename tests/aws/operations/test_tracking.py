"""A week of several actions and a policy that follows utilisation, against the simulator: applied and taken back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboards.operations import words
from fleet import scaling_check
from fleet.analysis.planner.tracking import Policy
from fleet.aws import autoscaling
from fleet.models import Endpoint, Operation, ScalingFinding, ScalingPolicy, User
from fleet.operations.kinds import ConcurrencyWish
from fleet.operations.schedules import ScheduleWish
from tests.aws.operations.conftest import Planner
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]
Settle = Callable[[Operation], Operation]
WEEK = ScheduleWish(
    "week", lines="cron(58 7 ? * MON-FRI *) 4\ncron(0 12 ? * MON-FRI *) 5\ncron(0 18 ? * * *) 1"
)
FOLLOW = ScheduleWish("track", goal="70", minimum="1", maximum="6")


@pytest.fixture
def warm(endpoint: Endpoint, queued: Planner, settle: Settle, mirror: Callable[[], None]) -> Endpoint:
    """alpha-serverless with two slots kept warm."""
    settle(queued(ConcurrencyWish("20", "2")))
    mirror()
    return endpoint


def held(of: Endpoint) -> tuple[list[tuple[int, int]], dict[str, Any], dict[str, Any]]:
    """Bounds, scheduled actions and policies as AWS lists them."""
    scope = of.shard.scope
    return (
        [(row["MinCapacity"], row["MaxCapacity"]) for row in autoscaling.scalable_targets(scope)],
        {row["ScheduledActionName"]: row["Schedule"] for row in autoscaling.scheduled_actions(scope)},
        {
            row["PolicyName"]: row["TargetTrackingScalingPolicyConfiguration"]
            for row in autoscaling.scaling_policies(scope)
        },
    )


def test_a_week_then_a_policy_in_its_place_and_each_way_back(
    simulator: SimulatorProcess, warm: Endpoint, queued: Planner, settle: Settle, mirror: Callable[[], None],
    alice: User, client: Client,
) -> None:  # fmt: skip
    first = settle(queued(WEEK))
    assert first.verdict == "applied", first.verdict_detail
    assert held(warm) == (
        [(1, 5)],
        {
            "level-4-at-0758": "cron(58 7 ? * MON-FRI *)",
            "level-5-at-1200": "cron(0 12 ? * MON-FRI *)",
            "level-1-at-1800": "cron(0 18 ? * * *)",
        },
        {},
    )
    mirror()
    simulator.reset_calls()
    second = settle(queued(FOLLOW))
    assert second.verdict == "applied", second.verdict_detail
    configuration = Policy(0.7, 1, 6).configuration()
    assert held(warm) == ([(1, 6)], {}, {"provisioned-concurrency-utilization": configuration})
    written = sorted(write["action"].split(":")[-1] for write in simulator.calls()["writes"])
    assert written == [*["DeleteScheduledAction"] * 3, "PutScalingPolicy", "RegisterScalableTarget"]

    mirror()
    client.force_login(alice)
    page = client.get(reverse("operations:detail", args=[second.code])).content.decode()
    assert "TargetValue 0.7" in page
    assert "not as asked" not in page
    scaling_check.check(warm.shard_id, now=simulator.now())
    assert ScalingPolicy.objects.get(target__endpoint=warm).configuration == configuration
    assert not ScalingFinding.objects.filter(
        endpoint=warm, rule__in=["policy-conflict", "outside-bounds"]
    ).exists()

    back = settle(queued(ScheduleWish(**words.plan_again(second, back=True))))
    assert back.verdict == "applied", back.verdict_detail
    assert held(warm)[0] == [(1, 5)]
    assert sorted(held(warm)[1]) == ["level-1-at-1800", "level-4-at-0758", "level-5-at-1200"]
    assert held(warm)[2] == {}
    mirror()
    undone = settle(queued(ScheduleWish(**words.plan_again(first, back=True))))
    assert undone.verdict == "applied", undone.verdict_detail
    assert held(warm) == ([], {}, {})


def test_a_policy_that_came_after_the_preview_stops_it_and_a_refusal_says_what_was_written(
    simulator: SimulatorProcess, warm: Endpoint, queued: Planner, settle: Settle, mirror: Callable[[], None]
) -> None:
    settle(queued(FOLLOW))
    mirror()
    lower = queued(replace(FOLLOW, goal="40", maximum="7"))
    resource = f"endpoint/{warm.name}/variant/{warm.variants.get().name}"
    dimension = "sagemaker:variant:DesiredProvisionedConcurrency"
    autoscaling.put_scaling_policy(
        warm.shard.scope,
        resource,
        dimension,
        "theirs",
        "TargetTrackingScaling",
        Policy(0.9, 1, 6).configuration(),
    )
    stale = settle(lower)
    assert (stale.verdict, "theirs was written" in stale.verdict_detail) == ("stale", True)
    mirror()
    simulator.fault("deny", "*:PutScalingPolicy")
    refused = settle(queued(replace(FOLLOW, goal="40", maximum="7")))
    assert refused.verdict == "refused"
    assert refused.aws_error
    assert refused.aws_error["missing_permission"] == "application-autoscaling:PutScalingPolicy"
    assert "registered with 1 to 7" in refused.verdict_detail
