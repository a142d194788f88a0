"""The plan of a step policy that brings the first instance back: its steps, its exact calls, its way back. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from fleet.analysis.scaling_policies import wake
from fleet.operations.plan import StepPlan
from fleet.operations.preview import Call, Warning, arguments
from fleet.operations.schedules import ScheduleChange, Spot, TimedAction, Way

POLICY = wake.POLICY
WAY_BACK = (
    f"The way back is to delete {wake.POLICY} and its alarm in AWS: Flotilla deletes neither by itself."
)
SLEEP, OPEN = "wake-back-to-0", "wake-bounds-again"
"""Names of the two scheduled actions that take what was woken back to 0."""
STAYS_SHUT = timedelta(minutes=15)
"""How long the bounds stay at 0, so that the instances are gone before the bounds open again. Our choice."""
MOST_HOURS = 720
"""Thirty days; more is taken for a slip of the finger."""


def way_back(at: datetime, maximum: int) -> tuple[TimedAction, TimedAction]:
    """To 0 at a time, which takes every instance away, then the bounds of before, so that it can be woken again.

    Source: Application Auto Scaling API reference, ScalableTargetAction: current capacity above MaxCapacity is scaled
    in to it; a minimum alone scales nothing in.
    """
    shut, again = (f"at({moment:%Y-%m-%dT%H:%M:%S})" for moment in (at, at + STAYS_SHUT))
    return TimedAction(SLEEP, shut, "UTC", 0, 0), TimedAction(OPEN, again, "UTC", 0, maximum)


def warnings(change: ScheduleChange) -> list[Warning]:
    """What waking brings with it, and what undoes it."""
    found = [Warning("way-back", WAY_BACK)] if change.wakes else []
    if change.wish.way == Way.WAKE and change.put:
        at = change.wish.end.replace("T", " ")[:16]
        text = (
            f"At {at} UTC every instance is taken away, also while requests wait or are processed; what waits then is "
            f"taken up once the bounds open {STAYS_SHUT.seconds // 60} minutes later. AWS does this by itself, without "
            "Flotilla. Planning the way back deletes both actions."
        )
        found.append(Warning("back-to-0", text))
    return found


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
