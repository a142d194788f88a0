"""Model cache of multi-model variants: hit ratio, unloads, waiting, verdict. AWS publishes no per-model figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from fleet.analysis import series
from fleet.types import MetricRow


class Verdict(StrEnum):
    """What the figures say about the cache."""

    HEALTHY = "healthy"
    WARMING = "warming"
    THRASHING = "thrashing"
    NO_DATA = "no data"


@dataclass(frozen=True)
class Limits:
    """When a cache counts as thrashing and when it has recovered: two bars apart, so that the verdict does not flap.

    Our choice, not AWS's. Unloads are per 1,000 look-ups; warming_for: how long after a change misses are expected.
    """

    thrash_hit_ratio: float = 0.80
    recovered_hit_ratio: float = 0.85
    thrash_unloads: float = 10.0
    recovered_unloads: float = 5.0
    warming_for: timedelta = timedelta(minutes=30)


LIMITS = Limits()


@dataclass(frozen=True)
class CacheUse:
    """Cache figures over some buckets; each None = not reported.

    look_ups: samples of ModelCacheHit; hit_ratio: hits / look-ups over the whole window; wait_share: part of all
    latency (waiting + model latency) that calls spent waiting for a model to load, 0 to 1.
    """

    look_ups: float | None
    hits: float | None
    unloads: float | None
    loads: float | None
    hours: float
    loaded_models: float | None = None
    wait_share: float | None = None
    load_ms: float | None = None
    download_ms: float | None = None

    @property
    def hit_ratio(self) -> float | None:
        return series.ratio(self.hits, self.look_ups)

    @property
    def misses(self) -> float | None:
        """Look-ups that found no loaded model: samples − sum of ModelCacheHit."""
        if self.look_ups is None or self.hits is None:
            return None
        return max(0.0, self.look_ups - self.hits)

    @property
    def unloads_per_hour(self) -> float | None:
        return series.ratio(self.unloads, self.hours)

    @property
    def unloads_per_1000(self) -> float | None:
        """Unloads per 1,000 look-ups."""
        found = series.ratio(self.unloads, self.look_ups)
        return None if found is None else found * 1000


def use(rows: Sequence[MetricRow], hours: float) -> CacheUse:
    """Cache figures of one variant over buckets of any period; hours: length of the window they stand for."""
    waited = series.column_total(rows, "loading_wait_ms_sum")
    latency = series.column_total(rows, "model_latency_ms_sum")
    loads = "load_count"
    return CacheUse(
        look_ups=series.column_total(rows, "cache_hit_count"),
        hits=series.column_total(rows, "cache_hit_sum"),
        unloads=series.column_total(rows, "unload_count"),
        loads=series.column_total(rows, loads),
        hours=hours,
        loaded_models=series.weighted_mean((row.get("loaded_models"), float(row.period_s)) for row in rows),
        wait_share=None if waited is None or latency is None else series.ratio(waited, waited + latency),
        load_ms=series.weighted_mean((row.get("load_ms_avg"), row.get(loads)) for row in rows),
        download_ms=series.weighted_mean((row.get("download_ms_avg"), row.get(loads)) for row in rows),
    )


def verdict(
    found: CacheUse,
    *,
    before: Verdict | None = None,
    changed_at: datetime | None = None,
    until: datetime | None = None,
    limits: Limits = LIMITS,
) -> Verdict:
    """Thrashing, healthy, warming or no data.

    before: the verdict so far; a thrashing cache stays so until one bar of recovery is met. changed_at: the last
    deployment or scale-out; misses within limits.warming_for before `until` (end of the window) are expected.
    """
    hit_ratio, unloads = found.hit_ratio, found.unloads_per_1000 or 0.0
    if hit_ratio is None:
        return Verdict.NO_DATA
    if before is Verdict.THRASHING:
        recovered = hit_ratio >= limits.recovered_hit_ratio or unloads < limits.recovered_unloads
        bad = not recovered
    else:
        bad = hit_ratio < limits.thrash_hit_ratio and unloads >= limits.thrash_unloads
    if bad:
        is_new = (
            changed_at is not None
            and until is not None
            and changed_at <= until <= changed_at + limits.warming_for
        )
        return Verdict.WARMING if is_new else Verdict.THRASHING
    is_filling = hit_ratio < limits.thrash_hit_ratio and unloads < limits.recovered_unloads
    return Verdict.WARMING if is_filling else Verdict.HEALTHY


@dataclass(frozen=True)
class Stretch:
    """A time over which one verdict held; until is the end of the last bucket that was judged so."""

    verdict: Verdict
    since: datetime
    until: datetime


FEWEST_LOOK_UPS = 20.0
"""Look-ups of an hour below which it says nothing of a cache by itself: the verdict so far stays."""


def course(
    rows: Iterable[MetricRow], *, changed_at: Iterable[datetime] = (), limits: Limits = LIMITS
) -> list[Stretch]:
    """How the verdict went, hour by hour, oldest first: each hour is judged knowing the one before (hysteresis).

    rows: buckets of at most an hour of one variant. An hour without enough look-ups goes on as it was; the first hours
    without any are no data. The last stretch is what holds now.
    """
    changes = sorted(changed_at)
    found: list[Stretch] = []
    for at, part in _by_hour(rows):
        until = max(row.until for row in part)
        before = found[-1].verdict if found else None
        figures = use(part, hours=1.0)
        now = before or Verdict.NO_DATA
        if (figures.look_ups or 0.0) >= FEWEST_LOOK_UPS:
            change = max((change for change in changes if change <= until), default=None)
            # The hour of a change mixes before and after: it counts as right after it.
            judged_at = at if change is None else max(at, change)
            now = verdict(figures, before=before, changed_at=change, until=judged_at, limits=limits)
        if found and found[-1].verdict is now:
            found[-1] = replace(found[-1], until=until)
        else:
            found.append(Stretch(now, at, until))
    return found


def _by_hour(rows: Iterable[MetricRow]) -> list[tuple[datetime, list[MetricRow]]]:
    hours: dict[datetime, list[MetricRow]] = {}
    for row in sorted(rows, key=lambda row: row.at):
        hours.setdefault(series.floor(row.at, 3600), []).append(row)
    return list(hours.items())
