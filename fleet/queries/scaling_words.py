"""Policies and scheduled actions of Application Auto Scaling in plain words."""

from collections.abc import Mapping
from typing import Any

from fleet.analysis.scaling_policies.facts import UNITS as UNITS
from fleet.models import ScalableTarget, ScalingPolicy, ScheduledAction

METRIC_WORDS = {
    "SageMakerVariantInvocationsPerInstance": "calls a minute per instance",
    "SageMakerVariantProvisionedConcurrencyUtilization": "provisioned concurrency utilisation",
    "SageMakerInferenceComponentInvocationsPerCopy": "calls a minute per copy",
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": "concurrent requests per copy",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": "concurrent requests per model",
}
"""Predefined metrics of Application Auto Scaling for SageMaker (API MetricType), in words."""


def policy_sentence(policy: ScalingPolicy, target: ScalableTarget) -> str:
    """What a policy does, in one sentence; an unknown type is named and left to its document."""
    unit = UNITS.get(target.dimension, "capacity")
    configuration = policy.configuration
    if policy.policy_type == "TargetTrackingScaling":
        metric, statistic = _metric(configuration)
        goal = configuration.get("TargetValue")
        words = f"Keeps {unit} such that {metric}{statistic} stays near {_number(goal)}"
        cooldowns = _cooldowns(configuration)
        note = "; never scales in" if configuration.get("DisableScaleIn") else ""
        return f"{words}{note}{cooldowns}."
    if policy.policy_type == "StepScaling":
        steps = configuration.get("StepAdjustments") or []
        verb = _ADJUSTMENTS.get(configuration.get("AdjustmentType", ""), "changes {unit} by {n}")
        parts = [
            f"{verb.format(unit=unit, n=_signed(s.get('ScalingAdjustment'), verb))}{_bounds(s)}"
            for s in steps
        ]
        alarms = ", ".join(a.get("AlarmName", "") for a in policy.document.get("Alarms") or []) or "its alarm"
        cooldown = configuration.get("Cooldown")
        wait = f"; waits {cooldown} s between steps" if cooldown is not None else ""
        return f"When {alarms} fires, {'; '.join(parts) or 'no step is defined'}{wait}."
    return f"A policy of type {policy.policy_type}, which Flotilla shows as AWS describes it."


def action_sentence(action: ScheduledAction, target: ScalableTarget) -> str:
    """What a scheduled action does; the expression stays AWS's own, with its time zone."""
    unit = UNITS.get(target.dimension, "capacity")
    sets = []
    if action.min_capacity is not None:
        sets.append(f"the minimum to {action.min_capacity}")
    if action.max_capacity is not None:
        sets.append(f"the maximum to {action.max_capacity}")
    return (
        f"At {action.schedule} {action.timezone or 'UTC'}, sets {' and '.join(sets) or 'nothing'} ({unit})."
    )


_ADJUSTMENTS = {
    "ChangeInCapacity": "changes {unit} by {n}",
    "ExactCapacity": "sets {unit} to {n}",
    "PercentChangeInCapacity": "changes {unit} by {n} %",
}


def _metric(configuration: Mapping[str, Any]) -> tuple[str, str]:
    predefined = configuration.get("PredefinedMetricSpecification") or {}
    if name := predefined.get("PredefinedMetricType"):
        return METRIC_WORDS.get(name, name), ""
    custom = configuration.get("CustomizedMetricSpecification") or {}
    statistic = custom.get("Statistic")
    return custom.get("MetricName") or "a metric expression", f" ({statistic})" if statistic else ""


def _cooldowns(configuration: Mapping[str, Any]) -> str:
    out, back = configuration.get("ScaleOutCooldown"), configuration.get("ScaleInCooldown")
    if out is None and back is None:
        return ""
    parts = [f"{_number(out)} s after growing" if out is not None else ""]
    parts.append(f"{_number(back)} s after shrinking" if back is not None else "")
    return f"; waits {' and '.join(part for part in parts if part)}"


def _bounds(step: Mapping[str, Any]) -> str:
    low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    if low is None and high is None:
        return ""
    if high is None:
        return f" from {_number(low)} above the threshold"
    if low is None:
        return f" up to {_number(high)} above the threshold"
    return f" between {_number(low)} and {_number(high)} above the threshold"


def _signed(value: Any, verb: str) -> str:
    if not isinstance(value, int | float):
        return "an unknown amount"
    return _number(value) if verb.startswith("sets") else f"{'+' if value >= 0 else '−'}{_number(abs(value))}"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "an unknown value"
