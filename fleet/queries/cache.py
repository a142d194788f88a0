"""Model cache of multi-model endpoints over a scope. AWS publishes no per-model figures, so none appear here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Avg, Min, Q, QuerySet, Sum, Value

from fleet.analysis.cache import CacheUse, Verdict, verdict
from fleet.analysis.series import ratio, total
from fleet.models import CacheWindow, FineBucket, HourBucket, PlaceHour, Shard, VariantStatus
from fleet.queries import keyset, usage
from fleet.queries.rolled import NOT_SUMMED, Freshness, place_q
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


class _Facts(NamedTuple):
    """What the mirror knows of a live variant of an open multi-model endpoint, in the order of _COLUMNS."""

    variant_id: int
    variant: str
    instance_type: str
    instance_count: int | None
    endpoint_id: int
    name: str
    owner: str
    modified_at: datetime
    region: str
    account: str
    account_id: str


_COLUMNS = (
    "pk", "name", "instance_type", "current_instance_count", "endpoint_id", "endpoint__name", "endpoint__owner",
    "endpoint__modified_at", "endpoint__shard__region", "endpoint__shard__account__alias",
    "endpoint__shard__account__account_id",
)  # fmt: skip
"""Plain values: a thousand variants are read for their totals, and four objects each would cost ten times that."""


def page(scope: ScopeFilter, window: TimeRange, fresh: Freshness = NOT_SUMMED) -> CachePage:
    """Every open multi-model endpoint in the scope; a variant each, shadow variants left out.

    Figures are those of fleet.rollups where `fresh` says that these cover the window.
    """
    live = _variants(scope)
    variants = [_Facts(*row) for row in live.values_list(*_COLUMNS)]
    ids = [variant.variant_id for variant in variants]
    knows_before = _knows_before(live, window)
    if fresh.covers(window):
        now, before = _summed(scope, window)
    else:
        now = _by_variant(ids, window, usage.bucket_model(window))
        before = _by_variant(ids, window.previous, usage.bucket_model_before(window))
    before = before if knows_before else {}
    empty = _Sums(NOTHING)
    rows = [
        _row(v, now.get(v.variant_id, empty), before.get(v.variant_id, empty).use, window) for v in variants
    ]
    rows.sort(key=lambda r: (r.use.hit_ratio is None, r.use.hit_ratio or 0.0, r.name))
    return CachePage(
        rows=rows,
        use=added([row.use for row in rows]),
        before=added([row.before for row in rows]),
        knows_before=knows_before,
        data_until=live.aggregate(until=Min("metrics_until"))["until"],
    )


def _knows_before(live: QuerySet[VariantStatus], window: TimeRange) -> bool:
    """Whether the history of every variant's shard reaches over the window before."""
    short = Shard.objects.exclude(usage.reaching(window.previous.start))
    return usage.is_kept_apart(window) or not live.filter(endpoint__shard__in=short).exists()


def by_key(
    scope: ScopeFilter, window: TimeRange, *, after: keyset.Key | None, limit: int
) -> tuple[keyset.Slice[CacheRow], datetime | None]:
    """The rows of `page` by name, `limit` of them after a key (name, variant id); until when every one has data.

    Their `before` is not read. Three queries.
    """
    variants = _variants(scope).select_related("endpoint__shard__account")
    found = keyset.rows(variants, ("endpoint__name", "pk"), after, limit)
    sums = _by_variant([v.pk for v in found.rows], window, usage.bucket_model(window))
    rows = [_row(_facts(v), sums.get(v.pk, _Sums(NOTHING)), NOTHING, window) for v in found.rows]
    until = variants.order_by().aggregate(until=Min("metrics_until"))["until"]
    return keyset.Slice(rows, found.last), until


def _variants(scope: ScopeFilter) -> QuerySet[VariantStatus]:
    """Live variants of open multi-model endpoints."""
    is_there = Q(endpoint__closed_at=None, removed_at=None, is_shadow=False)
    found = VariantStatus.objects.filter(
        scope.q("endpoint__shard"), is_there, endpoint__kind=Kind.MULTI_MODEL
    )
    return found.order_by().defer("endpoint__document", "endpoint__search_text", "endpoint__tags")


def _facts(variant: VariantStatus) -> _Facts:
    endpoint = variant.endpoint
    shard = endpoint.shard
    return _Facts(
        variant.pk, variant.name, variant.instance_type, variant.current_instance_count, endpoint.pk, endpoint.name,
        endpoint.owner, endpoint.modified_at, shard.region, shard.account.alias, shard.account.account_id,
    )  # fmt: skip


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


def _summed(scope: ScopeFilter, window: TimeRange) -> tuple[dict[int, _Sums], dict[int, _Sums]]:
    """By variant, over the window and over the one before, from the summaries. One query."""
    halves: tuple[dict[int, _Sums], dict[int, _Sums]] = ({}, {})
    stored = CacheWindow.objects.filter(scope.q("variant__endpoint__shard"), key=window.key)
    for row in stored.values("variant_id", "is_before", *_SUMS):
        halves[row["is_before"]][row["variant_id"]] = _sums(dict(row))
    return halves


def buckets(scope: ScopeFilter, window: TimeRange, fresh: Freshness = NOT_SUMMED) -> list[MetricRow]:
    """Hits, look-ups and unloads added over the variants that `page` counts, per stored bucket, oldest first.

    Hours come from the places that make up the scope, where `fresh` says that these are whole.
    """
    places = None if window.has_fine_buckets or not fresh.covers(window) else place_q(scope)
    within = Q(at__gte=window.start, at__lt=window.end)
    hours: QuerySet[Any]
    if places is not None:
        hours = PlaceHour.objects.filter(places, within).annotate(period_s=Value(3600))
        names = ("cache_hits", "cache_lookups", "unloads")
        # A place has an hour as soon as anything ran in it; a cache only where one was used.
        used = Q(hit_sum__isnull=False) | Q(lookup_sum__isnull=False) | Q(unload_sum__isnull=False)
    else:
        hours = usage.bucket_model(window).objects.filter(
            within, variant__in=_variants(scope).defer(None).only("pk")
        )
        names = ("cache_hit_sum", "cache_hit_count", "unload_count")
        used = Q()
    sums = dict(zip(("hit_sum", "lookup_sum", "unload_sum"), map(Sum, names), strict=True))
    found: QuerySet[Any, Any] = hours.order_by("at").values("at", "period_s").annotate(**sums).filter(used)
    return [
        MetricRow(
            0,
            row["at"],
            row["period_s"],
            {
                "cache_hit_sum": row["hit_sum"],
                "cache_hit_count": row["lookup_sum"],
                "unload_count": row["unload_sum"],
            },
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


def _row(variant: _Facts, sums: _Sums, before: CacheUse, window: TimeRange) -> CacheRow:
    return CacheRow(
        endpoint_id=variant.endpoint_id,
        name=variant.name,
        account=variant.account,
        region=variant.region,
        owner=variant.owner,
        instance_type=variant.instance_type,
        instance_count=variant.instance_count,
        use=sums.use,
        before=before,
        verdict=verdict(sums.use, changed_at=variant.modified_at, until=window.end),
        memory_pct=sums.memory_pct,
        disk_pct=sums.disk_pct,
        account_id=variant.account_id,
        variant=variant.variant,
        variant_id=variant.variant_id,
    )
