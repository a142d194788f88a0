"""Scalable targets with their policies and schedules: mirrored with few statements, told when they change or go."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import boto3
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fleet.models import ChangeEvent, Endpoint, ScalableTarget, Shard
from fleet.sync import scaling as section
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]

NAME = "beta-realtime"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{NAME}/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {
    "TargetValue": 40.0,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance",
    },
}
Versions = Callable[[], dict[str, list[tuple[int, int]]]]


@pytest.fixture
def aws(simulator: SimulatorProcess) -> Any:
    """Somebody else's client, who registered a target with a policy and a schedule."""
    client = boto3.client("application-autoscaling", region_name="us-east-1")
    client.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    client.put_scaling_policy(
        **TARGET,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    client.put_scheduled_action(
        **TARGET,
        ScheduledActionName="night",
        Schedule="cron(0 20 * * ? *)",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 2},
    )
    return client


def told() -> list[ChangeEvent]:
    return list(ChangeEvent.objects.filter(category="scaling").order_by("id"))


def test_scaling_that_did_not_change_is_read_by_three_statements_and_nothing_of_it_written(
    aws: Any, shard: Shard, now: datetime, row_versions: Versions
) -> None:
    assert run_inventory(shard.pk, now=now).errors == {}
    target = ScalableTarget.objects.get()
    assert target.endpoint == Endpoint.objects.get(name=NAME)
    assert [policy.name for policy in target.policies.all()] == ["track"]
    assert [action.name for action in target.scheduled_actions.all()] == ["night"]
    before = row_versions()
    shard.refresh_from_db()
    with CaptureQueriesContext(connection) as asked:
        assert section.run(shard, now=now, fence=shard.fence) == 1
    assert len([query for query in asked if "fleet_sc" in query["sql"]]) == 3
    assert row_versions() == before


def test_another_bound_a_policy_s_end_and_the_target_s_end_are_told_with_what_was_before(
    aws: Any, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    assert told() == [], "what the first look finds is no change"
    aws.register_scalable_target(**TARGET, MinCapacity=2, MaxCapacity=4)
    aws.delete_scaling_policy(**TARGET, PolicyName="track")
    run_inventory(shard.pk, now=now)
    (changed,) = told()
    assert changed.summary == ("Scaling of DesiredInstanceCount changed: bounds 1 to 4 → 2 to 4, policies")
    assert changed.before["policies"] == {"track": TRACKING}
    assert changed.after["policies"] == {}
    aws.deregister_scalable_target(**TARGET)
    run_inventory(shard.pk, now=now)
    removed = told()[1]
    assert (removed.endpoint.name, removed.summary) == (NAME, "Scaling of DesiredInstanceCount removed")
    assert removed.before == {
        "min": 2,
        "max": 4,
        "suspended": [],
        "policies": {},
        "scheduled_actions": {"night": ["cron(0 20 * * ? *)", 1, 2]},
    }
    assert not ScalableTarget.objects.exists()
