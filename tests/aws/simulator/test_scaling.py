"""Application Auto Scaling over HTTP: ranges, policies, schedules, and edits outside a range."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.simulator.conftest import DEADLINE_S, Client, settled
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
PC = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/provisioned/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
}
TARGET = {
    "TargetValue": 0.7,
    "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
    },
}


def current(sagemaker: Any, name: str) -> dict[str, int]:
    """The serverless settings an endpoint runs with."""
    variant = settled(sagemaker, name)["ProductionVariants"][0]
    return dict(variant["CurrentServerlessConfig"])


def test_registering_a_range_moves_capacity_into_it(client: Client) -> None:
    client("application-autoscaling").register_scalable_target(**PC, MinCapacity=6, MaxCapacity=10)
    assert current(client("sagemaker"), "provisioned")["ProvisionedConcurrency"] == 6


def test_an_edit_outside_the_range_is_undone(client: Client) -> None:
    sagemaker, scaling = client("sagemaker"), client("application-autoscaling")
    update = {"MaxConcurrency": 40, "ProvisionedConcurrency": 20}
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="provisioned",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "ServerlessUpdateConfig": update}],
    )
    deadline = time.monotonic() + DEADLINE_S
    while current(sagemaker, "provisioned")["ProvisionedConcurrency"] != 10:
        assert time.monotonic() < deadline, "the edit stays outside the range"
    activity = scaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"][0]
    assert activity["Description"] == "Setting provisioned concurrency to 10."
    assert activity["StatusCode"] == "Successful"
    assert activity["StartTime"] < activity["EndTime"], "it ends when the update that it began is done"


def test_the_history_is_asked_by_target_in_pages_and_goes_back_six_weeks(
    client: Client, simulator: SimulatorProcess
) -> None:
    scaling = client("application-autoscaling")
    for level in (6, 8):
        scaling.register_scalable_target(**PC, MinCapacity=level, MaxCapacity=level)
        current(client("sagemaker"), "provisioned")
    pages = scaling.get_paginator("describe_scaling_activities").paginate(
        **PC, PaginationConfig={"PageSize": 1}
    )
    told = [row["Description"] for page in pages for row in page["ScalingActivities"]]
    assert told[:2] == ["Setting provisioned concurrency to 8.", "Setting provisioned concurrency to 6."]
    other = {**PC, "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    assert scaling.describe_scaling_activities(**other)["ScalingActivities"] == []
    simulator.advance(6 * 7 * 86400)
    assert scaling.describe_scaling_activities(**PC)["ScalingActivities"] == []


def test_provisioned_concurrency_never_scales_to_zero(client: Client) -> None:
    with pytest.raises(ClientError, match="greater than or equal to 1"):
        client("application-autoscaling").register_scalable_target(**PC, MinCapacity=0, MaxCapacity=4)


def test_deregistering_takes_policies_and_actions_along(client: Client) -> None:
    scaling = client("application-autoscaling")
    scaling.put_scaling_policy(
        **PC,
        PolicyName="follow",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TARGET,
    )
    scaling.put_scheduled_action(
        **PC,
        ScheduledActionName="morning",
        Schedule="cron(45 8 ? * MON-FRI *)",
        Timezone="Europe/Paris",
        ScalableTargetAction={"MinCapacity": 5, "MaxCapacity": 10},
    )
    policy = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][0]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 0.7
    assert len(policy["Alarms"]) == 2
    action = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"][0]
    assert (action["ScheduledActionName"], action["Timezone"]) == ("morning", "Europe/Paris")
    scaling.deregister_scalable_target(**PC)
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []


def test_policies_and_actions_are_deleted_by_name(client: Client) -> None:
    scaling = client("application-autoscaling")
    scaling.put_scaling_policy(
        **PC,
        PolicyName="follow",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TARGET,
    )
    scaling.delete_scaling_policy(**PC, PolicyName="follow")
    with pytest.raises(ClientError) as caught:
        scaling.delete_scaling_policy(**PC, PolicyName="follow")
    assert caught.value.response["Error"]["Code"] == "ObjectNotFoundException"


def test_a_policy_needs_a_registered_target(client: Client) -> None:
    with pytest.raises(ClientError) as caught:
        client("application-autoscaling").put_scaling_policy(
            **(PC | {"ResourceId": "endpoint/on-demand/variant/AllTraffic"}),
            PolicyName="follow",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=TARGET,
        )
    assert caught.value.response["Error"]["Code"] == "ObjectNotFoundException"
