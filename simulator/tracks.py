"""One metric over one UTC day as per-minute statistic sets, with prefix sums for longer periods."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import cached_property
from itertools import accumulate, pairwise

NOTHING = 1 << 60
# Share of the average at each percentile, for quantities spread around it; clipped to what was measured.
SPREAD = ((0.0, 0.4), (10.0, 0.6), (50.0, 0.92), (90.0, 1.45), (95.0, 1.75), (99.0, 2.2), (100.0, 2.6))
MOST_OF_AVERAGE = SPREAD[-1][1]

Extremes = list[int] | Callable[["Track"], list[int]]


class Track:
    """Per minute: sum (in 1/scale units), sample count, minimum and maximum. Count 0 means no data.

    Absent minutes must carry NOTHING as their minimum and 0 as their maximum. Extremes given as functions of
    the track are worked out when they are first asked for: most reading is of sums and counts.
    """

    def __init__(self, sums: list[int], counts: list[int], lows: Extremes, highs: Extremes, scale: int = 1):
        # Machine integers: a day of a metric takes a fifth of what lists of Python's own would.
        self.sums = array("q", sums)
        self.counts = array("q", counts)
        self._given = (lows, highs)
        self.scale = scale

    @cached_property
    def lows(self) -> array[int]:
        """Minimum of each minute."""
        lows = self._given[0]
        return array("q", lows(self) if callable(lows) else lows)

    @cached_property
    def highs(self) -> array[int]:
        """Maximum of each minute."""
        highs = self._given[1]
        return array("q", highs(self) if callable(highs) else highs)

    @cached_property
    def _sum_prefix(self) -> array[int]:
        return array("q", accumulate(self.sums, initial=0))

    @cached_property
    def _count_prefix(self) -> array[int]:
        return array("q", accumulate(self.counts, initial=0))

    def paced(self, every_s: int) -> Track:
        """The same quantity sampled each `every_s` seconds instead of each minute."""
        more, step = max(1, 60 // every_s), max(1, every_s // 60)
        keeps = [minute % step == 0 for minute in range(len(self.counts))]
        sums = [s * more if kept else 0 for s, kept in zip(self.sums, keeps, strict=True)]
        counts = [n * more if kept else 0 for n, kept in zip(self.counts, keeps, strict=True)]
        lows = [v if kept else NOTHING for v, kept in zip(self.lows, keeps, strict=True)]
        highs = [v if kept else 0 for v, kept in zip(self.highs, keeps, strict=True)]
        return Track(sums, counts, lows, highs, self.scale)

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
    return Track(values, samples, _all_ones, _any_one)


def _all_ones(track: Track) -> list[int]:
    pairs = zip(track.sums, track.counts, strict=True)
    return [NOTHING if n == 0 else (1 if v >= n else 0) for v, n in pairs]


def _any_one(track: Track) -> list[int]:
    return [1 if v > 0 else 0 for v in track.sums]


def samples(
    counts: list[int], averages: list[int], low_percent: int, high_percent: int, scale: int = 1
) -> Track:
    """A measured quantity: `counts` samples around `averages`, spread between two percentages of it.

    A single sample of a minute is its average.
    """
    sums = [n * v for n, v in zip(counts, averages, strict=True)]
    return Track(sums, counts, _spread(low_percent, NOTHING), _spread(high_percent, 0), scale)


def _spread(percent: int, absent: int) -> Callable[[Track], list[int]]:
    def of(track: Track) -> list[int]:
        pairs = zip(track.sums, track.counts, strict=True)
        return [s // n * percent // 100 if n > 1 else s if n else absent for s, n in pairs]

    return of


def share_of_average(rank: float) -> float:
    """What share of its average a spread quantity has at a percentile (0 to 100)."""
    for (left, below), (right, above) in pairwise(SPREAD):
        if rank <= right:
            return below + (above - below) * (rank - left) / (right - left)
    return MOST_OF_AVERAGE
