"""Application Auto Scaling over a scope: every scalable target in plain words, and what is missing or orphaned.

What is wrong with them is kept by the scaling linter: fleet.queries.scaling_findings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from fleet.models import (
    Endpoint,
    InferenceComponent,
    ScalableTarget,
    ScalingFinding,
    VariantStatus,
)
from fleet.queries import scaling_order
from fleet.queries.scaling_order import COPIES as COPIES
from fleet.queries.scaling_order import INSTANCES as INSTANCES
from fleet.queries.scaling_order import PROVISIONED as PROVISIONED
from fleet.queries.scaling_words import UNITS, action_sentence, policy_sentence
from fleet.queries.scope import ScopeFilter


@dataclass(frozen=True)
class Sentence:
    """One policy or scheduled action in plain words, with AWS's own name and document beside it."""

    name: str
    kind: str
    text: str
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TargetRow:
    """A scalable target. current: what the variant has now, None when it is not known. findings: their titles."""

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
    findings: list[str]


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
    """A page of targets (those with findings first), and the first of the orphans and of provisioned concurrency

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
_FINDINGS = ScalingFinding.objects.exclude(severity=ScalingFinding.UNKNOWN).only(
    "target", "title", "severity"
)
_CHILDREN = ("policies", "scheduled_actions")
_COMPONENTS = (Prefetch("endpoint__inference_components", InferenceComponent.objects.defer("document")),)
_RELATED = (
    *_CHILDREN, Prefetch("findings", _FINDINGS), Prefetch("endpoint__variants", _CAPACITIES), *_COMPONENTS,
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
        targets=[_listed(of[pk]) for pk in found.shown],
        target_count=found.targets,
        warning_count=found.warnings,
        orphans=[_listed(of[pk]) for pk in found.orphans_shown],
        orphan_count=found.orphans,
        unscaled=[UnscaledRow(*row) for *row, _ in unscaled],
        unscaled_count=unscaled[0][-1] if unscaled else 0,
    )


def for_endpoint(endpoint: Endpoint, variants: Sequence[VariantStatus]) -> list[TargetRow]:
    """The scalable targets of one endpoint, without their findings. Three queries, another where copies scale.

    variants: the endpoint's.
    """
    stored = list(endpoint.scalable_targets.select_related("shard__account", "endpoint"))
    copies_scale = any(target.dimension == COPIES for target in stored)
    prefetch_related_objects(stored, *_CHILDREN, *(_COMPONENTS if copies_scale else ()))
    return [target_row(target, variants) for target in stored]


def _listed(target: ScalableTarget) -> TargetRow:
    """Needs everything of _RELATED prefetched."""
    variants = target.endpoint.variants.all() if target.endpoint else ()
    return target_row(target, variants, [finding.title for finding in target.findings.all()])


def target_row(
    target: ScalableTarget, variants: Iterable[VariantStatus], findings: Sequence[str] = ()
) -> TargetRow:
    """A target in plain words; needs its policies and scheduled actions prefetched, components where copies scale."""
    policies, schedules = list(target.policies.all()), list(target.scheduled_actions.all())
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
        current=_current(target, variants),
        policies=[Sentence(p.name, p.policy_type, policy_sentence(p, target), p.document) for p in policies],
        schedules=[Sentence(a.name, "Scheduled", action_sentence(a, target), a.document) for a in schedules],
        suspended=[word for key, word in _SUSPENSIONS.items() if target.suspended.get(key)],
        findings=list(findings),
    )


_SUSPENSIONS = {
    "DynamicScalingInSuspended": "scaling in is suspended",
    "DynamicScalingOutSuspended": "scaling out is suspended",
    "ScheduledScalingSuspended": "scheduled scaling is suspended",
}


def _current(target: ScalableTarget, variants: Iterable[VariantStatus]) -> int | None:
    if target.endpoint is None:
        return None
    if target.dimension == COPIES:
        name = target.resource_id.removeprefix("inference-component/")
        components = target.endpoint.inference_components.all()
        return next((c.current_copies for c in components if c.name == name and c.removed_at is None), None)
    variant = next((v for v in variants if v.name == target.variant_name), None)
    if variant is None:
        return None
    return (
        variant.provisioned_concurrency if target.dimension == PROVISIONED else variant.current_instance_count
    )
