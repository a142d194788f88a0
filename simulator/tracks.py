"""One metric over one UTC day as per-minute statistic sets, with prefix sums for longer periods."""

from __future__ import annotations

from array import array
from functools import cached_property
from itertools import accumulate

NOTHING = 1 << 60


class Track:
    """Per minute: sum (in 1/scale units), sample count, minimum and maximum. Count 0 means no data.

    Absent minutes must carry NOTHING as their minimum and 0 as their maximum.
    """

    def __init__(self, sums: list[int], counts: list[int], lows: list[int], highs: list[int], scale: int = 1):
        # Machine integers: a day of a metric takes a fifth of what lists of Python's own would.
        self.sums = array("q", sums)
        self.counts = array("q", counts)
        self.lows = array("q", lows)
        self.highs = array("q", highs)
        self.scale = scale

    @cached_property
    def _sum_prefix(self) -> array[int]:
        return array("q", accumulate(self.sums, initial=0))

    @cached_property
    def _count_prefix(self) -> array[int]:
        return array("q", accumulate(self.counts, initial=0))

    def total(self, start: int, end: int) -> tuple[int, int]:
        """Sum and sample count over minutes [start, end) of the day."""
        return (
            self._sum_prefix[end] - self._sum_prefix[start],
            self._count_prefix[end] - self._count_prefix[start],
        )

    def statistic_set(self, start: int, end: int, extremes: bool = True) -> tuple[int, int, int, int]:
        """Sum, sample count, minimum and maximum over minutes [start, end); extremes only when wanted."""
        count = self._count_prefix[end] - self._count_prefix[start]
        total = self._sum_prefix[end] - self._sum_prefix[start]
        if not extremes or not count:
            return total, count, NOTHING, 0
        return total, count, min(self.lows[start:end]), max(self.highs[start:end])


def counter(values: list[int], samples: list[int]) -> Track:
    """A metric of ones and zeros per sample, such as Invocations or ModelCacheHit."""
    pairs = list(zip(values, samples, strict=True))
    lows = [NOTHING if n == 0 else (1 if v >= n else 0) for v, n in pairs]
    return Track(values, samples, lows, [1 if v > 0 else 0 for v in values])


def samples(
    counts: list[int], averages: list[int], low_percent: int, high_percent: int, scale: int = 1
) -> Track:
    """A measured quantity: `counts` samples around `averages`, spread between two percentages of it."""
    sums = [n * v for n, v in zip(counts, averages, strict=True)]
    lows, highs = [], []
    for n, v in zip(counts, averages, strict=True):
        if n == 0:
            lows.append(NOTHING)
            highs.append(0)
        elif n == 1:
            lows.append(v)
            highs.append(v)
        else:
            lows.append(v * low_percent // 100)
            highs.append(v * high_percent // 100)
    return Track(sums, counts, lows, highs, scale)
