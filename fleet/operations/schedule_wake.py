"""The plan of a step policy that brings the first instance back: its steps, its exact calls, its way back. Pure."""

from collections.abc import Mapping

from fleet.analysis.scaling_policies import wake
from fleet.operations.plan import StepPlan
from fleet.operations.preview import Call, arguments
from fleet.operations.schedules import Spot

POLICY = wake.POLICY
WAY_BACK = (
    f"The way back is to delete {wake.POLICY} and its alarm in AWS: Flotilla deletes neither by itself."
)


def steps(target: Mapping[str, str], endpoint: str) -> list[StepPlan]:
    """The policy first: its alarm names it."""
    alarm = wake.alarm_name(endpoint)
    return [
        StepPlan(
            "put-scaling-policy",
            f"Write {wake.POLICY}",
            {**target, "name": wake.POLICY, "configuration": dict(wake.CONFIGURATION)},
            "Read back, field by field",
        ),
        StepPlan(
            "put-wake-alarm",
            f"Write the alarm {alarm}",
            {**target, "name": alarm, "endpoint": endpoint, "policy": wake.POLICY},
            "Read back: it fires the policy",
        ),
    ]


def calls(spot: Spot, endpoint: str) -> list[Call]:
    """What AWS is sent."""
    policy, alarm = wake.policy(spot.resource_id, spot.dimension), wake.alarm(endpoint)
    return [
        Call("application-autoscaling", "PutScalingPolicy", arguments(policy), ""),
        Call("cloudwatch", "PutMetricAlarm", arguments(alarm), ""),
    ]
