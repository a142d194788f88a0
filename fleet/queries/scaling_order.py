"""Which scalable targets contradict themselves, judged by PostgreSQL: warnings come first however many there are.

`warns` is true exactly where fleet.queries.scaling.warnings has something to say.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Concat
from django.db.models.lookups import Exact

from fleet.models import InferenceComponent, ScalableTarget, ScalingPolicy, VariantStatus
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"
COPIES = "sagemaker:inference-component:DesiredCopyCount"

AT_WORK = Q(endpoint__isnull=False, endpoint__closed_at=None)
"""Targets whose endpoint is there; the others are orphans."""

_OUTSIDE = Q(current__lt=F("min_capacity")) | Q(current__gt=F("max_capacity"))
_CANNOT_WAKE = Q(min_capacity=0, endpoint__kind=Kind.ASYNCHRONOUS, can_wake=False)
_TOO_LOW = Q(min_capacity=0, dimension=PROVISIONED) | Q(
    ~Q(endpoint__kind=Kind.ASYNCHRONOUS), min_capacity=0, dimension=INSTANCES, endpoint__isnull=False
)


class _AddsCapacity(Func):
    """Whether a step policy's configuration has a step that adds capacity."""

    template = "jsonb_path_exists(%(expressions)s, '$.StepAdjustments[*] ? (@.ScalingAdjustment > 0)')"
    output_field = BooleanField()


def judged(scope: ScopeFilter) -> QuerySet[Any, Any]:
    """The scope's targets with `current` (what the variant or component has now) and `warns`."""
    variant = VariantStatus.objects.filter(endpoint=OuterRef("endpoint"), name=OuterRef("variant_name"))
    component = InferenceComponent.objects.annotate(
        resource=Concat(Value("inference-component/"), "name", output_field=CharField())
    ).filter(endpoint=OuterRef("endpoint"), resource=OuterRef("resource_id"), removed_at=None)
    return (
        ScalableTarget.objects.filter(scope.q("shard"))
        .annotate(
            current=Case(
                When(dimension=COPIES, then=Subquery(component.values("current_copies")[:1])),
                When(dimension=PROVISIONED, then=Subquery(variant.values("provisioned_concurrency")[:1])),
                default=Subquery(variant.values("current_instance_count")[:1]),
            ),
            can_wake=Exists(_waking()),
        )
        .annotate(
            warns=Case(When(_OUTSIDE | _CANNOT_WAKE | _TOO_LOW, then=Value(True)), default=Value(False))
        )
    )


def _waking() -> QuerySet[ScalingPolicy]:
    """Step policies of the outer target with a step that adds capacity."""
    return ScalingPolicy.objects.filter(
        Exact(_AddsCapacity(F("configuration")), True), target=OuterRef("pk"), policy_type="StepScaling"
    )


@dataclass(frozen=True)
class Counts:
    """How many targets there are in a scope, how many of them have a warning, and how many point at nothing."""

    targets: int
    warnings: int
    orphans: int


def counts(scope: ScopeFilter) -> Counts:
    """One query. A target is an orphan when its endpoint is gone or was never seen."""
    found = judged(scope).aggregate(
        targets=Count("pk", filter=AT_WORK),
        warnings=Count("pk", filter=AT_WORK & Q(warns=True)),
        orphans=Count("pk", filter=~AT_WORK),
    )
    return Counts(**found)


def fixed_levels(scope: ScopeFilter) -> QuerySet[VariantStatus]:
    """Serverless variants that pay for provisioned concurrency which nothing scales."""
    scaled = ScalableTarget.objects.filter(
        dimension=PROVISIONED, endpoint=OuterRef("endpoint"), variant_name=OuterRef("name")
    )
    paying = VariantStatus.objects.filter(
        ~Exists(scaled),
        scope.q("endpoint__shard"),
        endpoint__closed_at=None,
        endpoint__kind=Kind.SERVERLESS,
        removed_at=None,
        provisioned_concurrency__gt=0,
    ).select_related("endpoint__shard__account")
    return paying.order_by("endpoint__name", "pk").defer(
        "endpoint__document", "endpoint__search_text", "endpoint__tags"
    )
