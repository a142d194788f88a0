"""What hours of a multi-model endpoint's metrics say about its cache: what counts, what does not, what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleet.analysis.series import column_total, ratio, weighted_mean
from fleet.types import MetricRow

SETTLING = timedelta(hours=1)
"""After a deployment or a change of the instance count a cache fills: these hours do not count."""
LEAST_HOURS, LEAST_LOOK_UPS = 12.0, 500.0
"""Less than this says little about a hit ratio: at 500 look-ups chance alone moves one of 0.8 by two points."""


@dataclass(frozen=True)
class Observation:
    """A cache at work over `hours`, its filling left out. None = not reported, or not known.

    residents: models in memory on one instance, mean. copies: over all instances, the most at once. hit_ratio over all
    look-ups; hosted: models behind the endpoint, as a person entered it. unloads None = never reported, which beside
    look-ups means none.
    """

    hours: float
    look_ups: float
    hits: float
    unloads: float
    loads: float | None
    residents: float | None
    copies: float | None
    instances: int | None
    hosted: int | None
    memory_pct: float | None = None
    download_ms: float | None = None
    load_ms: float | None = None
    wait_ms_per_miss: float | None = None

    @property
    def hit_ratio(self) -> float | None:
        return ratio(self.hits, self.look_ups)

    @property
    def misses(self) -> float:
        return max(0.0, self.look_ups - self.hits)

    @property
    def look_ups_per_hour(self) -> float | None:
        return ratio(self.look_ups, self.hours)


def observe(
    rows: Iterable[MetricRow],
    *,
    instances: int | None,
    hosted: int | None,
    changed_at: Iterable[datetime] = (),
) -> Observation:
    """Add up the hours in which the cache was at work: those with look-ups, none within SETTLING after a change.

    Once models are unloaded, memory is full; the hours before the first unload then say nothing about a full cache and
    are left out, unless nothing else is there. Buckets of any period, in any order.
    """
    changes = list(changed_at)
    known = sorted((row for row in rows if row.get("cache_hit_count")), key=lambda row: row.at)
    settled = [
        row
        for row in known
        if not any(at - timedelta(seconds=row.period_s) < row.at < at + SETTLING for at in changes)
    ]
    chosen = _since_full(settled)
    waited = column_total(chosen, "loading_wait_ms_sum")
    look_ups = column_total(chosen, "cache_hit_count") or 0.0
    hits = column_total(chosen, "cache_hit_sum") or 0.0
    loaded = [(row.get("loaded_models"), float(row.period_s)) for row in chosen]
    most = max((value for value, _ in loaded if value is not None), default=None)
    return Observation(
        hours=sum(row.period_s for row in chosen) / 3600,
        look_ups=look_ups,
        hits=min(hits, look_ups),
        unloads=column_total(chosen, "unload_count") or 0.0,
        loads=column_total(chosen, "load_count"),
        residents=weighted_mean(loaded),
        copies=most * instances if most is not None and instances else None,
        instances=instances,
        hosted=hosted,
        memory_pct=weighted_mean((row.get("memory_pct"), float(row.period_s)) for row in chosen),
        download_ms=weighted_mean((row.get("download_ms_avg"), row.get("load_count")) for row in chosen),
        load_ms=weighted_mean((row.get("load_ms_avg"), row.get("load_count")) for row in chosen),
        wait_ms_per_miss=ratio(waited, look_ups - hits),
    )


def _since_full(rows: Sequence[MetricRow]) -> Sequence[MetricRow]:
    first = next((n for n, row in enumerate(rows) if row.get("unload_count")), None)
    return rows if first is None else rows[first:]
