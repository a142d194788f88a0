"""Cache figures of variants over a window, added up from their buckets or read as fleet.rollups added them up."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Case, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from fleet.analysis.cache import CacheUse
from fleet.analysis.series import ratio, total
from fleet.models import CacheWindow, FineBucket, HourBucket, VariantStatus
from fleet.queries import usage
from fleet.queries.scope import TimeRange


@dataclass(frozen=True)
class Sums:
    """What a variant's cache did; memory_pct, disk_pct: mean over buckets, %."""

    use: CacheUse
    memory_pct: float | None = None
    disk_pct: float | None = None


NOTHING = CacheUse(look_ups=None, hits=None, unloads=None, loads=None, hours=0.0)
EMPTY = Sums(NOTHING)
FIGURES: Mapping[str, Callable[[Sums], float | None]] = {
    "hits": lambda found: found.use.hit_ratio,
    "lookups": lambda found: found.use.look_ups,
    "unloads": lambda found: found.use.unloads_per_hour,
    "loaded": lambda found: found.use.loaded_models,
    "wait": lambda found: found.use.wait_share,
    "memory": lambda found: found.memory_pct,
}
"""Column key of the page to a figure."""
SORTS = ("name", *FIGURES, "gain")


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


def by_variant(
    variant_ids: Collection[int], window: TimeRange, buckets: type[FineBucket] | type[HourBucket]
) -> dict[int, Sums]:
    found = (
        buckets.objects.filter(variant_id__in=list(variant_ids), at__gte=window.start, at__lt=window.end)
        .order_by()
        .values("variant_id")
        .annotate(**_SUMS)
    )
    return {row["variant_id"]: _sums(dict(row)) for row in found}


def summed(live: QuerySet[VariantStatus], window: TimeRange) -> dict[int, Sums]:
    """By variant, from the summaries. One query."""
    stored = CacheWindow.objects.filter(variant__in=live.values("pk"), key=window.key, is_before=False)
    rows = stored.order_by().values_list("variant_id", *_SUMS)
    return {pk: _sums(dict(zip(_SUMS, figures, strict=True))) for pk, *figures in rows}


def before(live: QuerySet[VariantStatus], window: TimeRange, *, is_summed: bool) -> CacheUse:
    """What `added` makes of all variants over the window before. One query."""
    if not is_summed:
        ids, table = live.values_list("pk", flat=True), usage.bucket_model_before(window)
        return added([sums.use for sums in by_variant(ids, window.previous, table).values()])
    stored = CacheWindow.objects.filter(variant__in=live.values("pk"), key=window.key, is_before=True)
    none = Case(When(look_ups__isnull=False, then=Value(0.0)))
    sums = stored.order_by().aggregate(
        of_look_ups=Sum("look_ups"),
        of_hits=Sum("hits"),
        of_unloads=Sum(Coalesce("unloads", none)),
        of_loads=Sum("loads"),
        of_loaded_models=Sum("loaded_models"),
        longest_s=Max("covered_s"),
    )
    hours = (sums.pop("longest_s") or 0) / 3600
    return CacheUse(hours=hours, **{name.removeprefix("of_"): value for name, value in sums.items()})


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


def _sums(row: dict[str, Any]) -> Sums:
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
    return Sums(use, row["memory_pct"], row["disk_pct"])
