"""Arithmetic over metric buckets: sums, weighted ratios, gaps. None means "not reported" and is never taken for 0."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median

from fleet.types import MetricRow


@dataclass(frozen=True)
class Point:
    """One bucket of a drawn series; value None is a gap."""

    at: datetime
    value: float | None


def total(values: Iterable[float | None]) -> float | None:
    """Sum of the reported values; None only when none was reported."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """numerator / denominator; None when either is unknown or the denominator is 0."""
    if numerator is None or not denominator:
        return None
    return numerator / denominator


def column_total(rows: Iterable[MetricRow], column: str) -> float | None:
    """Sum of one column over buckets; meaningful for sums and sample counts only."""
    return total(row.get(column) for row in rows)


def weighted_mean(pairs: Iterable[tuple[float | None, float | None]]) -> float | None:
    """Mean of (value, weight) pairs; a pair with an unknown part is left out; None when no weight is left."""
    known = [(value, weight) for value, weight in pairs if value is not None and weight]
    return (
        ratio(sum(value * weight for value, weight in known), sum(weight for _, weight in known))
        if known
        else None
    )


def highest(values: Iterable[float | None]) -> float | None:
    """Largest reported value, None when none was reported."""
    return max((value for value in values if value is not None), default=None)


def middle(values: Iterable[float | None]) -> float | None:
    """Median of the reported values, None when none was reported."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def within(rows: Iterable[MetricRow], start: datetime, end: datetime) -> list[MetricRow]:
    """Buckets that begin in [start, end), oldest first."""
    return sorted((row for row in rows if start <= row.at < end), key=lambda row: row.at)


def points(
    rows: Iterable[MetricRow], column: str, start: datetime, end: datetime, period_s: int
) -> list[Point]:
    """The column as an even series over [start, end): a missing bucket is a Point with value None, a gap in the line.

    start is moved down to a multiple of period_s since the epoch, as CloudWatch aligns its buckets.
    """
    values = {row.at: row.get(column) for row in rows}
    step = timedelta(seconds=period_s)
    at = floor(start, period_s)
    found = []
    while at < end:
        found.append(Point(at, values.get(at)))
        at += step
    return found


def gaps(rows: Iterable[MetricRow], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Stretches of [start, end) without any bucket, oldest first, half-open."""
    found, at = [], start
    for row in sorted(rows, key=lambda row: row.at):
        if row.at > at:
            found.append((at, min(row.at, end)))
        at = max(at, row.until)
        if at >= end:
            break
    if at < end:
        found.append((at, end))
    return [(first, last) for first, last in found if first < last]


def floor(at: datetime, period_s: int) -> datetime:
    """The start of the bucket of `period_s` seconds that `at` (aware) falls in, UTC."""
    stamp = int(at.timestamp())
    return datetime.fromtimestamp(stamp - stamp % period_s, UTC)


def days(start: datetime, end: datetime) -> Sequence[date]:
    """UTC days that [start, end) touches, oldest first; none when it is empty."""
    if end <= start:
        return []
    first, last = start.astimezone(UTC).date(), (end - timedelta(microseconds=1)).astimezone(UTC).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
