"""Model cache of multi-model endpoints over a scope. AWS publishes no per-model figures, so none appear here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Avg, Min, Q, QuerySet, Sum

from fleet.analysis.cache import CacheUse, Verdict, verdict
from fleet.analysis.series import ratio, total
from fleet.models import FineBucket, HourBucket, VariantStatus
from fleet.queries import keyset, usage
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.types import Kind, MetricRow


@dataclass(frozen=True)
class CacheRow:
    """One multi-model endpoint and its cache over the window and over the window before.

    use.hours counts only time with buckets that have look-ups or unloads; memory and disk: mean over buckets, %.
    """

    endpoint_id: int
    name: str
    account: str
    region: str
    owner: str
    instance_type: str
    instance_count: int | None
    use: CacheUse
    before: CacheUse
    verdict: Verdict
    memory_pct: float | None
    disk_pct: float | None
    account_id: str = ""
    variant: str = ""
    variant_id: int = 0


@dataclass(frozen=True)
class CachePage:
    """Rows, the worst hit ratio first; use and before are the rows' sums."""

    rows: list[CacheRow]
    use: CacheUse
    before: CacheUse
    knows_before: bool
    data_until: datetime | None

    @property
    def thrashing(self) -> list[CacheRow]:
        return [row for row in self.rows if row.verdict is Verdict.THRASHING]


@dataclass(frozen=True)
class _Sums:
    use: CacheUse
    memory_pct: float | None = None
    disk_pct: float | None = None


NOTHING = CacheUse(look_ups=None, hits=None, unloads=None, loads=None, hours=0.0)


_SUMS = {
    "look_ups": Sum("cache_hit_count"),
    "hits": Sum("cache_hit_sum"),
    "unloads": Sum("unload_count"),
    "loads": Sum("load_count"),
    "wait_ms": Sum("loading_wait_ms_sum"),
    "latency_ms": Sum("model_latency_ms_sum"),
    "loaded_models": Avg("loaded_models"),
    "memory_pct": Avg("memory_pct"),
    "disk_pct": Avg("disk_pct"),
    "covered_s": Sum("period_s", filter=Q(cache_hit_count__isnull=False) | Q(unload_count__isnull=False)),
}


def page(scope: ScopeFilter, window: TimeRange) -> CachePage:
    """Every open multi-model endpoint in the scope; a variant each, shadow variants left out."""
    variants = list(_variants(scope))
    ids = [variant.pk for variant in variants]
    shards = {variant.endpoint.shard for variant in variants}
    knows_before = usage.knows_before(shards, window)
    now = _by_variant(ids, window, usage.bucket_model(window))
    earlier = usage.bucket_model_before(window)
    before = _by_variant(ids, window.previous, earlier) if knows_before else {}
    empty = _Sums(NOTHING)
    rows = [_row(v, now.get(v.pk, empty), before.get(v.pk, empty).use, window) for v in variants]
    rows.sort(key=lambda r: (r.use.hit_ratio is None, r.use.hit_ratio or 0.0, r.name))
    return CachePage(
        rows=rows,
        use=added([row.use for row in rows]),
        before=added([row.before for row in rows]),
        knows_before=knows_before,
        data_until=min((v.metrics_until for v in variants if v.metrics_until), default=None),
    )


def by_key(
    scope: ScopeFilter, window: TimeRange, *, after: keyset.Key | None, limit: int
) -> tuple[keyset.Slice[CacheRow], datetime | None]:
    """The rows of `page` by name, `limit` of them after a key (name, variant id); until when every one has data.

    Their `before` is not read. Three queries.
    """
    variants = _variants(scope)
    found = keyset.rows(variants, ("endpoint__name", "pk"), after, limit)
    sums = _by_variant([v.pk for v in found.rows], window, usage.bucket_model(window))
    rows = [_row(v, sums.get(v.pk, _Sums(NOTHING)), NOTHING, window) for v in found.rows]
    until = variants.order_by().aggregate(until=Min("metrics_until"))["until"]
    return keyset.Slice(rows, found.last), until


def variant_ids(scope: ScopeFilter) -> list[int]:
    """The variants that `page` counts."""
    return [variant.pk for variant in _variants(scope)]


def _variants(scope: ScopeFilter) -> QuerySet[VariantStatus]:
    return (
        VariantStatus.objects.filter(
            scope.q("endpoint__shard"),
            endpoint__kind=Kind.MULTI_MODEL,
            endpoint__closed_at=None,
            removed_at=None,
            is_shadow=False,
        )
        .select_related("endpoint__shard__account")
        .defer("endpoint__document", "endpoint__search_text", "endpoint__tags")
    )


def _by_variant(
    variant_ids: list[int], window: TimeRange, buckets: type[FineBucket] | type[HourBucket]
) -> dict[int, _Sums]:
    found = (
        buckets.objects.filter(variant_id__in=variant_ids, at__gte=window.start, at__lt=window.end)
        .order_by()
        .values("variant_id")
        .annotate(**_SUMS)
    )
    return {row["variant_id"]: _sums(dict(row)) for row in found}


def buckets(variant_ids: list[int], window: TimeRange) -> list[MetricRow]:
    """Hits, look-ups and unloads added over variants, per stored bucket, oldest first."""
    found = (
        usage.bucket_model(window)
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


def added(parts: list[CacheUse]) -> CacheUse:
    """Sums over endpoints; hours is the longest cover, so that unloads per hour are those of the whole scope."""
    return CacheUse(
        look_ups=total(part.look_ups for part in parts),
        hits=total(part.hits for part in parts),
        unloads=total(part.unloads for part in parts),
        loads=total(part.loads for part in parts),
        hours=max((part.hours for part in parts), default=0.0),
        loaded_models=total(part.loaded_models for part in parts),
    )


def _sums(row: dict[str, Any]) -> _Sums:
    waited, latency, look_ups = row["wait_ms"], row["latency_ms"], row["look_ups"]
    use = CacheUse(
        look_ups=look_ups,
        hits=row["hits"],
        # CloudWatch has no sample for an hour without an unload: beside look-ups, silence means none.
        unloads=0.0 if row["unloads"] is None and look_ups is not None else row["unloads"],
        loads=row["loads"],
        hours=(row["covered_s"] or 0) / 3600,
        loaded_models=row["loaded_models"],
        wait_share=None if waited is None or latency is None else ratio(waited, waited + latency),
    )
    return _Sums(use, row["memory_pct"], row["disk_pct"])


def _row(variant: VariantStatus, sums: _Sums, before: CacheUse, window: TimeRange) -> CacheRow:
    endpoint = variant.endpoint
    return CacheRow(
        endpoint_id=endpoint.pk,
        name=endpoint.name,
        account=endpoint.shard.account.alias,
        region=endpoint.shard.region,
        owner=endpoint.owner,
        instance_type=variant.instance_type,
        instance_count=variant.current_instance_count,
        use=sums.use,
        before=before,
        verdict=verdict(sums.use, changed_at=endpoint.modified_at, until=window.end),
        memory_pct=sums.memory_pct,
        disk_pct=sums.disk_pct,
        account_id=endpoint.shard.account.account_id,
        variant=variant.name,
        variant_id=variant.pk,
    )
