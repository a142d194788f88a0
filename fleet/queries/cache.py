"""Model cache of multi-model endpoints over a scope. AWS publishes no per-model figures, so none appear here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Avg, Q, Sum

from fleet.models import VariantStatus
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.queries.usage import bucket_model, ratio
from fleet.types import Kind, MetricRow


@dataclass(frozen=True)
class CacheFacts:
    """What the cache metrics add up to over a window; None where CloudWatch reported nothing.

    hours: time covered by buckets that have look-ups or unloads. loaded and the percentages: mean over buckets.
    """

    lookups: float | None = None
    hits: float | None = None
    unloads: float | None = None
    loads: float | None = None
    wait_ms: float | None = None
    latency_ms: float | None = None
    calls: float | None = None
    hours: float = 0.0
    loaded: float | None = None
    memory_pct: float | None = None
    disk_pct: float | None = None

    @property
    def hit_ratio(self) -> float | None:
        """Σ ModelCacheHit / SampleCount(ModelCacheHit), 0 to 1."""
        return ratio(self.hits, self.lookups)

    @property
    def misses(self) -> float | None:
        """Look-ups whose model was not loaded."""
        return self.lookups - self.hits if self.lookups is not None and self.hits is not None else None

    @property
    def unloads_per_hour(self) -> float | None:
        """SampleCount(ModelUnloadingTime) per covered hour; 0 when look-ups were reported and no unload was."""
        if self.unloads is None:
            return 0.0 if self.lookups is not None else None
        return self.unloads / self.hours if self.hours else None

    @property
    def wait_share(self) -> float | None:
        """Part of callers' waiting that went into loading: Σ wait / (Σ wait + Σ model latency)."""
        if self.wait_ms is None or self.latency_ms is None:
            return None
        return ratio(self.wait_ms, self.wait_ms + self.latency_ms)


@dataclass(frozen=True)
class CacheRow:
    """One multi-model endpoint and its cache over the window and over the window before."""

    endpoint_id: int
    name: str
    account: str
    region: str
    owner: str
    instance_type: str
    instance_count: int | None
    facts: CacheFacts
    before: CacheFacts


@dataclass(frozen=True)
class CachePage:
    """Rows, the worst hit ratio first; facts are the rows' sums."""

    rows: list[CacheRow]
    facts: CacheFacts
    before: CacheFacts
    data_until: datetime | None


_SUMS = {
    "lookups": Sum("cache_hit_count"),
    "hits": Sum("cache_hit_sum"),
    "unloads": Sum("unload_count"),
    "loads": Sum("load_count"),
    "wait_ms": Sum("loading_wait_ms_sum"),
    "latency_ms": Sum("model_latency_ms_sum"),
    "calls": Sum("invocations"),
    "loaded": Avg("loaded_models"),
    "memory_pct": Avg("memory_pct"),
    "disk_pct": Avg("disk_pct"),
    "covered_s": Sum("period_s", filter=Q(cache_hit_count__isnull=False) | Q(unload_count__isnull=False)),
}


def page(scope: ScopeFilter, window: TimeRange) -> CachePage:
    """Every open multi-model endpoint in the scope; a variant each, shadow variants left out."""
    variants = list(
        VariantStatus.objects.filter(
            scope.q("endpoint__shard"),
            endpoint__kind=Kind.MULTI_MODEL,
            endpoint__closed_at=None,
            removed_at=None,
            is_shadow=False,
        ).select_related("endpoint__shard__account")
    )
    ids = [variant.pk for variant in variants]
    now, before = facts_by_variant(ids, window), facts_by_variant(ids, window.previous)
    rows = [_row(v, now.get(v.pk, CacheFacts()), before.get(v.pk, CacheFacts())) for v in variants]
    rows.sort(key=lambda r: (r.facts.hit_ratio is None, r.facts.hit_ratio or 0.0, r.name))
    return CachePage(
        rows=rows,
        facts=added([row.facts for row in rows]),
        before=added([row.before for row in rows]),
        data_until=min((v.metrics_until for v in variants if v.metrics_until), default=None),
    )


def facts_by_variant(variant_ids: list[int], window: TimeRange) -> dict[int, CacheFacts]:
    """Cache facts of each variant that has a bucket in the window."""
    found = (
        bucket_model(window)
        .objects.filter(variant_id__in=variant_ids, at__gte=window.start, at__lt=window.end)
        .order_by()
        .values("variant_id")
        .annotate(**_SUMS)
    )
    return {row["variant_id"]: _facts(dict(row)) for row in found}


def hourly(variant_ids: list[int], window: TimeRange) -> list[MetricRow]:
    """Hits, look-ups and unloads added over variants, per stored bucket, oldest first."""
    found = (
        bucket_model(window)
        .objects.filter(variant_id__in=variant_ids, at__gte=window.start, at__lt=window.end)
        .order_by("at")
        .values("at", "period_s")
        .annotate(hits=Sum("cache_hit_sum"), lookups=Sum("cache_hit_count"), unloads=Sum("unload_count"))
    )
    return [
        MetricRow(
            0,
            row["at"],
            row["period_s"],
            {"cache_hit_sum": row["hits"], "cache_hit_count": row["lookups"], "unload_count": row["unloads"]},
        )
        for row in found
    ]


def added(parts: list[CacheFacts]) -> CacheFacts:
    """Sums over endpoints; hours is the longest cover, so that unloads per hour are those of the whole scope."""

    def total(name: str) -> float | None:
        known = [value for part in parts if (value := getattr(part, name)) is not None]
        return sum(known) if known else None

    names = ("lookups", "hits", "unloads", "loads", "wait_ms", "latency_ms", "calls", "loaded")
    return CacheFacts(**{n: total(n) for n in names}, hours=max((p.hours for p in parts), default=0.0))


def _facts(row: dict[str, Any]) -> CacheFacts:
    return CacheFacts(
        **{name: row[name] for name in _SUMS if name != "covered_s"}, hours=(row["covered_s"] or 0) / 3600
    )


def _row(variant: VariantStatus, facts: CacheFacts, before: CacheFacts) -> CacheRow:
    endpoint = variant.endpoint
    return CacheRow(
        endpoint_id=endpoint.pk,
        name=endpoint.name,
        account=endpoint.shard.account.alias,
        region=endpoint.shard.region,
        owner=endpoint.owner,
        instance_type=variant.instance_type,
        instance_count=variant.current_instance_count,
        facts=facts,
        before=before,
    )
