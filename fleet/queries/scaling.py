"""Application Auto Scaling over a scope: every scalable target in plain words, and what is missing or orphaned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Window

from fleet.models import Endpoint, ScalableTarget, ScalingPolicy, ScheduledAction
from fleet.queries import scaling_order
from fleet.queries.scaling_order import COPIES as COPIES
from fleet.queries.scaling_order import INSTANCES as INSTANCES
from fleet.queries.scaling_order import PROVISIONED as PROVISIONED
from fleet.queries.scaling_order import Counts as Counts
from fleet.queries.scaling_order import counts as counts
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind

UNITS = {INSTANCES: "instances", PROVISIONED: "provisioned concurrency", COPIES: "copies"}

METRIC_WORDS = {
    "SageMakerVariantInvocationsPerInstance": "calls a minute per instance",
    "SageMakerVariantProvisionedConcurrencyUtilization": "provisioned concurrency utilisation",
    "SageMakerInferenceComponentInvocationsPerCopy": "calls a minute per copy",
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": "concurrent requests per copy",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": "concurrent requests per model",
}
"""Predefined metrics of Application Auto Scaling for SageMaker (API MetricType), in words."""


@dataclass(frozen=True)
class Sentence:
    """One policy or scheduled action in plain words, with AWS's own name and document beside it."""

    name: str
    kind: str
    text: str
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TargetRow:
    """A scalable target. current: what the variant has now, None when it is not known."""

    endpoint: Endpoint | None
    account: str
    region: str
    variant_name: str
    resource_id: str
    dimension: str
    unit: str
    minimum: int
    maximum: int
    current: int | None
    policies: list[Sentence]
    schedules: list[Sentence]
    suspended: list[str]
    warnings: list[str]


@dataclass(frozen=True)
class UnscaledRow:
    """A serverless variant that pays for provisioned concurrency which nothing scales."""

    endpoint: Endpoint
    account: str
    region: str
    variant_name: str
    provisioned_concurrency: int


@dataclass(frozen=True)
class ScalingPage:
    """A page of targets (those with warnings first), and the first of the orphans and of provisioned concurrency

    without scaling; the counts are of all there are.
    """

    targets: list[TargetRow]
    target_count: int
    warning_count: int
    orphans: list[TargetRow]
    orphan_count: int
    unscaled: list[UnscaledRow]
    unscaled_count: int


_RELATED = ("policies", "scheduled_actions", "endpoint__variants", "endpoint__inference_components")
LISTED = 50
"""As many orphans, and as many fixed levels, are listed at most."""


def page(scope: ScopeFilter, found: Counts | None = None, wanted: slice = slice(0, LISTED)) -> ScalingPage:
    """A slice of the scope's targets, with what is beside them. Queries: the same number whatever there is."""
    found = found or counts(scope)
    stored = scaling_order.judged(scope).select_related("shard__account", "endpoint")
    stored = stored.defer("document", "endpoint__document", "endpoint__search_text", "endpoint__tags")
    ordered = stored.filter(scaling_order.AT_WORK).order_by("-warns", "endpoint__name", "dimension", "pk")
    orphans = stored.filter(~scaling_order.AT_WORK).order_by("resource_id", "dimension", "pk")
    unscaled = list(scaling_order.fixed_levels(scope).annotate(there_are=Window(Count("pk")))[:LISTED])
    return ScalingPage(
        targets=[target_row(target) for target in ordered.prefetch_related(*_RELATED)[wanted]],
        target_count=found.targets,
        warning_count=found.warnings,
        orphans=[target_row(target) for target in orphans.prefetch_related(*_RELATED)[:LISTED]]
        if found.orphans
        else [],
        orphan_count=found.orphans,
        unscaled=[
            UnscaledRow(v.endpoint, v.endpoint.shard.account.alias, v.endpoint.shard.region, v.name, level)
            for v in unscaled
            if (level := v.provisioned_concurrency)
        ],
        unscaled_count=unscaled[0].there_are if unscaled else 0,
    )


def for_endpoint(endpoint: Endpoint) -> list[TargetRow]:
    """The scalable targets of one endpoint."""
    stored = endpoint.scalable_targets.select_related("shard__account", "endpoint").prefetch_related(
        *_RELATED
    )
    return [target_row(target) for target in stored]


def target_row(target: ScalableTarget) -> TargetRow:
    """A target in plain words; needs policies, scheduled actions and the endpoint's variants prefetched."""
    policies, schedules = list(target.policies.all()), list(target.scheduled_actions.all())
    current = _current(target)
    return TargetRow(
        endpoint=target.endpoint,
        account=target.shard.account.alias,
        region=target.shard.region,
        variant_name=target.variant_name,
        resource_id=target.resource_id,
        dimension=target.dimension,
        unit=UNITS.get(target.dimension, target.dimension),
        minimum=target.min_capacity,
        maximum=target.max_capacity,
        current=current,
        policies=[Sentence(p.name, p.policy_type, policy_sentence(p, target), p.document) for p in policies],
        schedules=[Sentence(a.name, "Scheduled", action_sentence(a, target), a.document) for a in schedules],
        suspended=[word for key, word in _SUSPENSIONS.items() if target.suspended.get(key)],
        warnings=warnings(target, current, policies),
    )


_SUSPENSIONS = {
    "DynamicScalingInSuspended": "scaling in is suspended",
    "DynamicScalingOutSuspended": "scaling out is suspended",
    "ScheduledScalingSuspended": "scheduled scaling is suspended",
}


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


def warnings(target: ScalableTarget, current: int | None, policies: Iterable[ScalingPolicy]) -> list[str]:
    """Facts that make a target not do what its owner expects."""
    found = []
    kind = target.endpoint.kind if target.endpoint else None
    unit = UNITS.get(target.dimension, "capacity")
    if current is not None and not target.min_capacity <= current <= target.max_capacity:
        found.append(
            f"{unit.capitalize()} is {current}, outside {target.min_capacity} – {target.max_capacity}: "
            "auto scaling will bring it back."
        )
    if kind == Kind.ASYNCHRONOUS and target.min_capacity == 0 and not any(_wakes(p) for p in policies):
        found.append(
            "Can scale to 0 but has no step policy that brings the first instance back "
            "(on HasBacklogWithoutCapacity): requests wait until the backlog exceeds the tracking target."
        )
    if target.dimension == PROVISIONED and target.min_capacity == 0:
        found.append("The minimum is 0, but AWS's guide gives 1 as the lowest for provisioned concurrency.")
    if target.dimension == INSTANCES and target.min_capacity == 0 and kind not in {Kind.ASYNCHRONOUS, None}:
        found.append(
            "The minimum is 0, but only asynchronous endpoints and inference components can run at 0 instances."
        )
    return found


def _wakes(policy: ScalingPolicy) -> bool:
    """Whether a step policy adds capacity. Alarm names are free text, so which metric fires it is not judged."""
    steps = policy.configuration.get("StepAdjustments") or []
    return policy.policy_type == "StepScaling" and any(
        (step.get("ScalingAdjustment") or 0) > 0 for step in steps
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


def _current(target: ScalableTarget) -> int | None:
    if target.endpoint is None:
        return None
    if target.dimension == COPIES:
        name = target.resource_id.removeprefix("inference-component/")
        components = target.endpoint.inference_components.all()
        return next((c.current_copies for c in components if c.name == name and c.removed_at is None), None)
    variant = next((v for v in target.endpoint.variants.all() if v.name == target.variant_name), None)
    if variant is None:
        return None
    return (
        variant.provisioned_concurrency if target.dimension == PROVISIONED else variant.current_instance_count
    )
