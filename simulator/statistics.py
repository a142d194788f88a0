"""CloudWatch statistics of a metric source over periods."""

from __future__ import annotations

import re

from simulator.catalogue import MetricSource
from simulator.errors import ServiceError
from simulator.tracks import share_of_average
from simulator.traffic import DAY

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")
SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
WITHOUT_EXTREMES = ("Sum", "SampleCount", "Average")


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
    extremes = stat not in WITHOUT_EXTREMES
    stamps: list[int] = []
    sets: list[tuple[int, int, int, int]] = []
    scale = 1
    for day, low, high, number in source.series.pieces(start, end):
        track = source.track(day, metric)
        if track is None:
            continue
        base, scale, position = number * DAY, track.scale, low
        while position < high:
            bucket = start + (base + position - start) // minutes * minutes
            stop = min(high, bucket + minutes - base)
            part = track.statistic_set(position, stop, extremes)
            position = stop
            if not part[1]:
                continue
            if stamps and stamps[-1] == bucket:
                # The bucket goes on over midnight or over a change of capacity.
                last = sets[-1]
                part = (last[0] + part[0], last[1] + part[1], min(last[2], part[2]), max(last[3], part[3]))
                sets[-1] = part
            else:
                stamps.append(bucket)
                sets.append(part)
    name = metric[1]
    return stamps, [
        _value(stat, t / scale, n, least / scale, most / scale, name) for t, n, least, most in sets
    ]


def _minute_points(
    source: MetricSource, metric: tuple[str, str], stat: str, start: int, end: int
) -> tuple[list[int], list[float]]:
    stamps, values = [], []
    extremes = stat not in WITHOUT_EXTREMES
    for day, low, high, number in source.series.pieces(start, end):
        track = source.track(day, metric)
        if track is None:
            continue
        base, scale = number * DAY, track.scale
        for minute in range(low, high):
            total, count, least, most = track.statistic_set(minute, minute + 1, extremes)
            if count:
                stamps.append(base + minute)
                values.append(_value(stat, total / scale, count, least / scale, most / scale, metric[1]))
    return stamps, values


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
    return min(max(average * share_of_average(rank), low), high)
