"""What the words of an incident need beside the measure itself, loaded in bulk for all incidents that open at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from fleet import serverless_quotas
from fleet.alerts.conditions import Measure
from fleet.models import Endpoint, FineBucket, Quota, ScalingPolicy, VariantStatus
from fleet.types import Kind

BARS = 15
"""Buckets shown in a mail."""
_LOOK_BACK = timedelta(minutes=110)
_COLUMNS = (
    "at",
    "period_s",
    "invocations",
    "errors_4xx",
    "errors_5xx",
    "setup_count",
    "setup_ms_p50",
    "model_latency_ms_p99",
    "concurrency_utilization_max",
    "cache_hit_sum",
    "cache_hit_count",
    "unload_count",
    "loaded_models",
    "backlog_max",
    "oldest_age_s_max",
)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where an incident is: an endpoint (and variant) or a shard. Names are AWS's, hostile text."""

    name: str = ""
    account: str = ""
    region: str = ""
    kind: str = ""
    owner: str = ""
    variant: VariantStatus | None = None
    endpoint: Endpoint | None = None
    has_siblings: bool = False
    buckets: Sequence[Row] = ()
    concurrency_used: int | None = None
    concurrency_quota: float | None = None
    has_wake_policy: bool | None = None


@dataclass
class Context:
    """Everything loaded for one batch of openings; constant number of queries."""

    variants: Mapping[int, VariantStatus] = field(default_factory=dict)
    endpoints: Mapping[int, Endpoint] = field(default_factory=dict)
    buckets: Mapping[int, list[Row]] = field(default_factory=dict)
    used: Mapping[int, int] = field(default_factory=dict)
    quotas: Mapping[int, float] = field(default_factory=dict)
    wakeable: frozenset[int] = frozenset()

    def place(self, measure: Measure) -> Place:
        """The place of one measure."""
        endpoint = self.endpoints.get(measure.endpoint_id or 0)
        if endpoint is None:
            return Place(account=measure.values.get("account", ""), region=measure.values.get("region", ""))
        shard = endpoint.shard
        return Place(
            name=endpoint.name,
            account=shard.account.alias,
            region=shard.region,
            kind=endpoint.kind,
            owner=endpoint.owner or endpoint.team,
            variant=self.variants.get(measure.variant_id or 0),
            endpoint=endpoint,
            has_siblings=endpoint.variant_count > 1,  # type: ignore[attr-defined]
            buckets=self.buckets.get(measure.variant_id or 0, ()),
            concurrency_used=self.used.get(shard.pk),
            concurrency_quota=self.quotas.get(shard.pk),
            has_wake_policy=endpoint.pk in self.wakeable if endpoint.kind == Kind.ASYNCHRONOUS else None,
        )


def load(measures: Collection[Measure], now: datetime) -> Context:
    """The context of incidents about to open."""
    endpoint_ids = {m.endpoint_id for m in measures if m.endpoint_id}
    variant_ids = {m.variant_id for m in measures if m.variant_id}
    if not endpoint_ids:
        return Context()
    endpoints = (
        Endpoint.objects.filter(pk__in=endpoint_ids)
        .select_related("shard__account")
        .annotate(variant_count=Count("variants", filter=Q(variants__removed_at=None)))
        .in_bulk()
    )
    shards = {endpoint.shard_id for endpoint in endpoints.values()}
    return Context(
        variants=VariantStatus.objects.in_bulk(variant_ids),
        endpoints=endpoints,
        buckets=_buckets(variant_ids, now),
        used=_concurrency_used(shards),
        quotas=_concurrency_quotas(shards),
        wakeable=_wakeable(endpoint_ids),
    )


def _buckets(variant_ids: set[int], now: datetime) -> dict[int, list[Row]]:
    rows = (
        FineBucket.objects.filter(variant_id__in=variant_ids, at__gte=now - _LOOK_BACK, at__lt=now)
        .order_by("variant_id", "at")
        .values("variant_id", *_COLUMNS)
    )
    found: dict[int, list[Row]] = {}
    for row in rows:
        if row["at"] + timedelta(seconds=row["period_s"]) <= now:
            found.setdefault(row["variant_id"], []).append(row)
    return found


def _concurrency_used(shards: set[int]) -> dict[int, int]:
    """Sum of max concurrency over the serverless variants of each shard."""
    rows = (
        VariantStatus.objects.filter(endpoint__shard__in=shards, endpoint__closed_at=None, removed_at=None)
        .values_list("endpoint__shard_id")
        .annotate(used=Sum("max_concurrency"))
        .order_by()
    )
    return {shard: used for shard, used in rows if used is not None}


def _concurrency_quotas(shards: set[int]) -> dict[int, float]:
    """The quota on total concurrency across serverless endpoints, where Service Quotas was read."""
    found: dict[int, list[Quota]] = {}
    for quota in Quota.objects.filter(shard__in=shards, name__icontains="concurrency"):
        found.setdefault(quota.shard_id, []).append(quota)
    totals = {shard: serverless_quotas.total_concurrency(rows) for shard, rows in found.items()}
    return {shard: quota.value for shard, quota in totals.items() if quota is not None}


def _wakeable(endpoint_ids: set[int]) -> frozenset[int]:
    """Endpoints with a step policy; from zero instances only such a policy on HasBacklogWithoutCapacity wakes one.

    Source: "Autoscale an asynchronous endpoint" (async-inference-autoscale), SageMaker AI developer guide.
    """
    rows = ScalingPolicy.objects.filter(
        target__endpoint__in=endpoint_ids, policy_type="StepScaling"
    ).values_list("target__endpoint_id", flat=True)
    return frozenset(pk for pk in rows if pk is not None)
