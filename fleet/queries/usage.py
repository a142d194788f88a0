"""Stored buckets of an endpoint's variants, added up without inventing anything: None means "not reported".

Counts are added, averages are weighted by their own count, percentiles are never averaged: over variants the
highest stands, over time the middle and the worst bucket are told apart by name.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Aggregate, F, FloatField, Q

from fleet.catalogue import COLUMNS
from fleet.models import FineBucket, HourBucket, Shard
from fleet.queries.scope import TimeRange
from fleet.types import MetricRow

COUNTS = frozenset(
    {
        "invocations",
        "errors_4xx",
        "errors_5xx",
        "model_latency_ms_sum",
        "model_latency_count",
        "setup_count",
        "provisioned_invocations",
        "spillover_invocations",
        "instance_minutes",
        "cache_hit_sum",
        "cache_hit_count",
        "unload_count",
        "load_count",
        "loading_wait_ms_sum",
        "processed",
        "invocation_failures",
        "expired",
    }
)
"""Columns that may be added over variants and over time."""

WEIGHTS = {
    "setup_ms_avg": "setup_count",
    "overhead_ms_avg": "invocations",
    "load_ms_avg": "load_count",
    "download_ms_avg": "load_count",
}
"""Averages and the count each is weighted by."""


class Middle(Aggregate):
    """The median of a column in SQL; equals `middle` below. Null values do not take part."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True)
class Peak:
    """The highest bucket of a column and when it began."""

    value: float
    at: datetime


def bucket_model(window: TimeRange) -> type[FineBucket] | type[HourBucket]:
    """Minutes and five minutes up to a day, hours beyond: the period CloudWatch itself was asked for."""
    return FineBucket if window.has_fine_buckets else HourBucket


def bucket_model_before(window: TimeRange) -> type[FineBucket] | type[HourBucket]:
    """Where the window before is read from: minutes reach back a day only when an account is new, hours a month."""
    return FineBucket if window.length <= timedelta(hours=1) else HourBucket


def history_reaches(shards: Iterable[Shard], start: datetime) -> bool:
    """Whether every shard's hourly history since `start` is stored, so that a sum since then is not a part of one."""
    return all(
        shard.backfill_from is not None
        and shard.backfill_until is not None
        and shard.backfill_done_until is not None
        and shard.backfill_from <= start
        and shard.backfill_done_until >= shard.backfill_until
        for shard in shards
    )


def reaching(start: datetime) -> Q:
    """history_reaches as a condition on shards."""
    is_known = Q(backfill_from__isnull=False, backfill_until__isnull=False, backfill_done_until__isnull=False)
    return is_known & Q(backfill_from__lte=start, backfill_done_until__gte=F("backfill_until"))


def is_kept_apart(window: TimeRange) -> bool:
    """Whether the window before is read from minutes, which need no history (bucket_model_before)."""
    return window.length <= timedelta(hours=1)


def knows_before(shards: Iterable[Shard], window: TimeRange) -> bool:
    """Whether the window before may be compared with at all."""
    return is_kept_apart(window) or history_reaches(shards, window.previous.start)


def rows(variant_ids: Sequence[int], window: TimeRange) -> list[MetricRow]:
    """Every stored bucket that begins inside the window, oldest first; a missing bucket is simply absent."""
    stored = (
        bucket_model(window)
        .objects.filter(variant_id__in=variant_ids, at__gte=window.start, at__lt=window.end)
        .order_by("at", "variant_id")
        .values_list("variant_id", "at", "period_s", *COLUMNS)
    )
    return [
        MetricRow(v, at, period, dict(zip(COLUMNS, values, strict=True))) for v, at, period, *values in stored
    ]


def merged(buckets: Iterable[MetricRow]) -> list[MetricRow]:
    """One row per instant over all variants: counts added, averages weighted, everything else the highest."""
    by_time: dict[datetime, list[MetricRow]] = defaultdict(list)
    for row in buckets:
        by_time[row.at].append(row)
    return [group[0] if len(group) == 1 else _combined(group) for _, group in sorted(by_time.items())]


def _combined(group: Sequence[MetricRow]) -> MetricRow:
    values: dict[str, float | None] = {}
    for column in COLUMNS:
        if column in COUNTS:
            values[column] = total(group, column)
        elif column in WEIGHTS:
            values[column] = weighted(group, column)
        else:
            values[column] = max(reported(group, column), default=None)
    return MetricRow(group[0].variant_id, group[0].at, group[0].period_s, values)


def reported(buckets: Iterable[MetricRow], column: str) -> list[float]:
    """The values of a column where CloudWatch reported one."""
    return [value for row in buckets if (value := row.get(column)) is not None]


def total(buckets: Iterable[MetricRow], column: str) -> float | None:
    """Sum of a count; None when no bucket reported it. Raises ValueError for a column that may not be added."""
    if column not in COUNTS:
        raise ValueError(f"{column} may not be added up")
    values = reported(buckets, column)
    return sum(values) if values else None


def weighted(buckets: Iterable[MetricRow], column: str) -> float | None:
    """Mean of an average over the buckets that have both it and a positive count; None without any."""
    weight = WEIGHTS[column]
    pairs = [(v, n) for row in buckets if (v := row.get(column)) is not None and (n := row.get(weight))]
    return sum(v * n for v, n in pairs) / sum(n for _, n in pairs) if pairs else None


def mean(buckets: Iterable[MetricRow], column: str) -> float | None:
    """Plain mean over the buckets that reported a gauge; None without any."""
    values = reported(buckets, column)
    return sum(values) / len(values) if values else None


def middle(buckets: Iterable[MetricRow], column: str) -> float | None:
    """The middle bucket's value: half of the buckets lie above it. None without any."""
    values = reported(buckets, column)
    return median(values) if values else None


def peak(buckets: Iterable[MetricRow], column: str) -> Peak | None:
    """The highest bucket and the time it began; the earliest of equals. None without any."""
    found: Peak | None = None
    for row in buckets:
        value = row.get(column)
        if value is not None and (found is None or value > found.value):
            found = Peak(value, row.at)
    return found


def last(buckets: Sequence[MetricRow], column: str) -> Peak | None:
    """The newest reported value and its time; None without any."""
    for row in reversed(buckets):
        value = row.get(column)
        if value is not None:
            return Peak(value, row.at)
    return None


def ratio(part: float | None, whole: float | None) -> float | None:
    """part / whole, None when either is unknown or the whole is zero."""
    return part / whole if part is not None and whole else None


def product(buckets: Iterable[MetricRow], average: str, count: str) -> float | None:
    """Sum over buckets of average × count, the exact sum behind an average; None when no bucket has both."""
    parts = [
        v * n for row in buckets if (v := row.get(average)) is not None and (n := row.get(count)) is not None
    ]
    return sum(parts) if parts else None


def with_gaps(buckets: Sequence[MetricRow], window: TimeRange) -> list[MetricRow]:
    """The buckets on an even grid from the first to the last, empty rows where none is stored: gaps stay gaps."""
    if not buckets:
        return []
    step = timedelta(seconds=min(row.period_s for row in buckets))
    known = {row.at: row for row in buckets}
    filled, at = [], buckets[0].at
    while at <= buckets[-1].at:
        filled.append(known.get(at) or MetricRow(buckets[0].variant_id, at, int(step.total_seconds()), {}))
        at += step
    return filled


def grouped(buckets: Sequence[MetricRow], width: timedelta, highest: Sequence[str] = ()) -> list[MetricRow]:
    """Counts added into wider steps (aligned to midnight UTC), for bars and tables that people can read.

    highest: other columns to keep as the highest bucket of each step; percentiles and gauges do not combine.
    """
    sums: dict[datetime, list[MetricRow]] = defaultdict(list)
    for row in buckets:
        midnight = row.at.replace(hour=0, minute=0, second=0, microsecond=0)
        sums[midnight + (row.at - midnight) // width * width].append(row)
    found = []
    for at, group in sorted(sums.items()):
        values = {column: total(group, column) for column in COUNTS}
        values |= {column: max(reported(group, column), default=None) for column in highest}
        found.append(MetricRow(group[0].variant_id, at, int(width.total_seconds()), values))
    return found
