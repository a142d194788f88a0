"""What the scaling linter is given: one scaled capacity, its policies, and what its hours looked like. Pure.

None means "not known" everywhere: never read, or not reported by AWS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"
COPIES = "sagemaker:inference-component:DesiredCopyCount"
UNITS = {INSTANCES: "instances", PROVISIONED: "provisioned concurrency", COPIES: "copies"}
"""The scalable dimensions of SageMaker (API reference of Application Auto Scaling), and what each counts."""

TRACKING, STEP = "TargetTrackingScaling", "StepScaling"
HOURS_OF_A_WEEK = 168


@dataclass(frozen=True)
class Policy:
    """A scaling policy. metric: what a tracking policy follows, "" where its document names none; goal: its target.

    adds, removes: whether it may add and take away capacity. cooldown_in_s: seconds that it waits after it took some
    away, as its document says.
    """

    name: str
    kind: str
    metric: str = ""
    goal: float | None = None
    adds: bool = True
    removes: bool = True
    cooldown_in_s: float | None = None

    @property
    def wakes(self) -> bool:
        """A step that adds. Which alarm fires it is not judged: an alarm's name is free text."""
        return self.kind == STEP and self.adds


@dataclass(frozen=True)
class Use:
    """What the hours of a window say about a variant.

    hours: finished hours of the window whose figures were read; empty: those of them without any work. busy: the hours
    of the week in UTC that had work, 0 = Monday 0:00. p90_s, p99_s: processing time in seconds, the middle one of the
    hours' own percentiles: percentiles of hours cannot be averaged. waiting: requests in the queue as last read, at
    waiting_at. usd_a_day: what the capacity cost a day, on average.
    """

    hours: int | None = None
    empty: int | None = None
    busy: frozenset[int] = frozenset()
    p90_s: float | None = None
    p99_s: float | None = None
    waiting: float | None = None
    waiting_at: datetime | None = None
    usd_a_day: Decimal | None = None


@dataclass(frozen=True)
class Scaled:
    """One capacity and what scales it.

    minimum, maximum: of the registered target, None = none is registered. level: what it is now. is_there: the endpoint
    and the variant it belongs to exist. lowest_scheduled: the lowest minimum that a scheduled action sets.
    may_deregister: what IAM said of DeregisterScalableTarget for the role that changes things, None = it was not asked.
    """

    endpoint: str
    kind: str
    resource_id: str
    dimension: str
    minimum: int | None = None
    maximum: int | None = None
    level: int | None = None
    is_there: bool = True
    policies: tuple[Policy, ...] = ()
    lowest_scheduled: int | None = None
    may_deregister: bool | None = None
    use: Use = field(default_factory=Use)

    @property
    def is_registered(self) -> bool:
        return self.minimum is not None and self.maximum is not None

    @property
    def unit(self) -> str:
        """What is counted: "instances", "provisioned concurrency", "copies"; AWS's own word for another dimension."""
        return UNITS.get(self.dimension, self.dimension)

    @property
    def key(self) -> str:
        """What the form of a schedule names it by."""
        return f"{self.resource_id} {self.dimension.rsplit(':', 1)[-1]}"


def policy(name: str, kind: str, configuration: Mapping[str, Any]) -> Policy:
    """A policy from AWS's document of its configuration; of an unknown kind nothing is told but its name."""
    if kind == TRACKING:
        return Policy(
            name,
            kind,
            metric=_metric(configuration),
            goal=_number(configuration.get("TargetValue")),
            removes=not configuration.get("DisableScaleIn"),
            cooldown_in_s=_number(configuration.get("ScaleInCooldown")),
        )
    if kind == STEP:
        steps = [
            _number(step.get("ScalingAdjustment")) or 0 for step in configuration.get("StepAdjustments") or []
        ]
        is_exact = configuration.get("AdjustmentType") == "ExactCapacity"
        return Policy(
            name,
            kind,
            adds=any(step > 0 for step in steps),
            removes=is_exact or any(step < 0 for step in steps),
            cooldown_in_s=_number(configuration.get("Cooldown")),
        )
    return Policy(name, kind, adds=False, removes=False)


def _metric(configuration: Mapping[str, Any]) -> str:
    predefined = configuration.get("PredefinedMetricSpecification") or {}
    custom = configuration.get("CustomizedMetricSpecification") or {}
    return str(predefined.get("PredefinedMetricType") or custom.get("MetricName") or "")


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
