"""CloudWatch statistics of a metric source over periods."""

from __future__ import annotations

import re

from simulator.catalogue import MetricSource
from simulator.errors import ServiceError
from simulator.tracks import NOTHING
from simulator.traffic import DAY

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")
SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
# Share of the average at each percentile, for quantities spread around it; clipped to what was measured.
SPREAD = ((0.0, 0.4), (10.0, 0.6), (50.0, 0.92), (90.0, 1.45), (95.0, 1.75), (99.0, 2.2), (100.0, 2.6))


def check_statistic(stat: str) -> None:
    """Raise InvalidParameterValue for a statistic that is neither simple nor a percentile."""
    if stat not in SIMPLE and not PERCENTILE.fullmatch(stat):
        raise ServiceError("InvalidParameterValue", f"The value {stat} for parameter Stat is not supported.")


def points(
    source: MetricSource, metric: tuple[str, str], stat: str, minutes: int, start: int, end: int
) -> tuple[list[int], list[float]]:
    """Buckets of `minutes` from `start` (a multiple) before minute `end`: start minutes and values, oldest first.

    Buckets without samples are left out.
    """
    if minutes == 1:
        return _minute_points(source, metric, stat, start, end)
    stamps, values = [], []
    for bucket in range(start, end, minutes):
        value = _bucket(source, metric, stat, bucket, min(bucket + minutes, end))
        if value is not None:
            stamps.append(bucket)
            values.append(value)
    return stamps, values


def _minute_points(
    source: MetricSource, metric: tuple[str, str], stat: str, start: int, end: int
) -> tuple[list[int], list[float]]:
    stamps, values = [], []
    for day, low, high, number in source.series.pieces(start, end):
        track = source.track(day, metric)
        if track is None:
            continue
        base, scale = number * DAY, track.scale
        for minute in range(low, high):
            count = track.counts[minute]
            if count:
                total, least, most = track.sums[minute], track.lows[minute], track.highs[minute]
                stamps.append(base + minute)
                values.append(_value(stat, total / scale, count, least / scale, most / scale, metric[1]))
    return stamps, values


def _bucket(source: MetricSource, metric: tuple[str, str], stat: str, start: int, end: int) -> float | None:
    total, count, low, high, scale = 0, 0, NOTHING, 0, 1
    wants_extremes = stat not in ("Sum", "SampleCount", "Average")
    for day, first, last, _ in source.series.pieces(start, end):
        track = source.track(day, metric)
        if track is None:
            continue
        scale = track.scale
        part, samples = track.total(first, last)
        total, count = total + part, count + samples
        if samples and wants_extremes:
            least, most = track.extremes(first, last)
            low, high = min(low, least), max(high, most)
    if not count:
        return None
    return _value(stat, total / scale, count, low / scale, high / scale, metric[1])


def _value(stat: str, total: float, count: int, low: float, high: float, name: str) -> float:
    if stat == "Sum":
        return total
    if stat == "SampleCount":
        return float(count)
    if stat == "Average":
        return total / count
    if stat == "Maximum":
        return high
    if stat == "Minimum":
        return low
    rank = float(stat[1:])
    return _percentile(rank, total / count, low, high, name)


def _percentile(rank: float, average: float, low: float, high: float, name: str) -> float:
    if name == "OverheadLatency" and high > 20 * low:
        # Few slow requests (cold starts) among fast ones: the slow share decides which side a rank is on.
        fast = low / 0.6
        slow_share = max(0.0, (average - fast) / high)
        if rank / 100 > 1 - slow_share:
            return high * 0.95
        average = fast
    for (left, below), (right, above) in zip(SPREAD, SPREAD[1:], strict=False):
        if rank <= right:
            factor = below + (above - below) * (rank - left) / (right - left)
            return min(max(average * factor, low), high)
    return high
