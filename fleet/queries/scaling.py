"""Application Auto Scaling over a scope: every scalable target in plain words, and what is missing or orphaned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from fleet.models import (
    Endpoint,
    InferenceComponent,
    ScalableTarget,
    ScalingPolicy,
    VariantStatus,
)
from fleet.queries import scaling_order
from fleet.queries.scaling_order import COPIES as COPIES
from fleet.queries.scaling_order import INSTANCES as INSTANCES
from fleet.queries.scaling_order import PROVISIONED as PROVISIONED
from fleet.queries.scaling_words import UNITS, action_sentence, policy_sentence
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind


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

    endpoint_id: int
    endpoint: str
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


_CAPACITIES = VariantStatus.objects.only(
    "endpoint", "name", "is_shadow", "provisioned_concurrency", "current_instance_count"
)
_RELATED = (
    "policies", "scheduled_actions", Prefetch("endpoint__variants", _CAPACITIES),
    Prefetch("endpoint__inference_components", InferenceComponent.objects.defer("document")),
)  # fmt: skip
_SHOWN = (
    "shard__region", "shard__account__alias", "endpoint__name", "endpoint__kind", "variant_name", "resource_id",
    "dimension", "min_capacity", "max_capacity", "suspended",
)  # fmt: skip
LISTED = 50
"""As many orphans, and as many fixed levels, are listed at most."""


def page(scope: ScopeFilter, *, offset: int = 0, size: int = LISTED) -> ScalingPage:
    """A page of the scope's targets (the last one beyond it), with what is beside them.

    Queries: the same number whatever there is.
    """
    found = scaling_order.order(scope, offset=offset, size=size, orphans=LISTED)
    stored = ScalableTarget.objects.select_related("endpoint", "shard__account").only(*_SHOWN)
    of = stored.prefetch_related(*_RELATED).in_bulk([*found.shown, *found.orphans_shown])
    unscaled = list(scaling_order.fixed_levels(scope)[:LISTED])
    return ScalingPage(
        targets=[target_row(of[pk]) for pk in found.shown],
        target_count=found.targets,
        warning_count=found.warnings,
        orphans=[target_row(of[pk]) for pk in found.orphans_shown],
        orphan_count=found.orphans,
        unscaled=[UnscaledRow(*row) for *row, _ in unscaled],
        unscaled_count=unscaled[0][-1] if unscaled else 0,
    )


def for_endpoint(endpoint: Endpoint) -> list[TargetRow]:
    """The scalable targets of one endpoint. Four queries, another where copies scale."""
    stored = list(endpoint.scalable_targets.select_related("shard__account", "endpoint"))
    copies_scale = any(target.dimension == COPIES for target in stored)
    prefetch_related_objects(stored, *(_RELATED if copies_scale else _RELATED[:-1]))
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
