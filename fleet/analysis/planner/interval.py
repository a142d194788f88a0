"""How sure a forecast is: a range around it and a word. The draws' own span is too narrow for either."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

FEW = 20
"""Below this a count is shown as "fewer than 20": its error is as large as itself."""

_SAID = 0.4


class Standing(StrEnum):
    """How far the rows can tell what a level would have done."""

    MEASURED = "measured"
    GOOD = "good"
    WEAK = "weak"


@dataclass(frozen=True)
class Range:
    """A forecast and the bounds that hold the truth in about four of five cases (measured: docs/planner.md)."""

    likely: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Range":
        return Range(self.likely * factor, self.low * factor, self.high * factor)

    def overlaps(self, other: "Range") -> bool:
        """Whether they share more than half of the narrower one, or one holds what was measured: no clear ranking."""
        shared = min(self.high, other.high) - max(self.low, other.low)
        narrower = min(self.high - self.low, other.high - other.low)
        return shared > narrower / 2 if narrower else shared >= 0


def quantile(values: Sequence[float], share: float) -> float:
    """Linear between the nearest ranks. Raises ValueError on no values."""
    if not values:
        raise ValueError("no values to take a quantile of")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def likely_count(draws: Sequence[float]) -> float:
    """What is said of a count with these equally likely draws: a little below the middle.

    To say too much errs without end relative to the truth, to say too little by no more than all of it. Where draws
    agree it makes no difference. Raises ValueError on no draws.
    """
    return quantile(draws, _SAID)


def of_count(likely: float, draws: Sequence[float], most: float) -> Range:
    """Range of a count: the draws' middle 80 % widened by factors that were found to cover, within [0, most]."""
    return _within(likely, 0.7 * quantile(draws, 0.1) - 3, 1.4 * quantile(draws, 0.9) + 3, most)


def of_cold_starts(
    likely: float, draws: Sequence[float], bound: float, most: float, *, is_untold: bool, is_rotating: bool
) -> Range:
    """Range of cold starts at one level. bound: the layer estimate, which lies above for short bursts.

    is_untold: the rows cannot tell how short bursts are, so that anything up to the bound may be true. is_rotating: any
    idle container seems to be taken; few spilled calls then keep none warm, and the bound may be passed.
    """
    plain = of_count(likely, draws, most)
    low, high = plain.low, max(plain.high, (quantile(draws, 0.9) + bound) / 2 + 3)
    if is_untold:
        low, high = min(low, 0.5 * min(draws) - 3), max(high, bound + 3)
    if is_rotating:
        high = max(high, 1.2 * bound + 3)
    return _within(likely, low, high, most)


def of_latency(likely: float, draws: Sequence[float]) -> Range:
    """Range of a percentile of latency, in the draws' unit."""
    return _within(likely, 0.85 * quantile(draws, 0.1), 1.2 * quantile(draws, 0.9), float("inf"))


def measured(value: float) -> Range:
    """What was counted, not forecast."""
    return Range(value, value, value)


def _within(likely: float, low: float, high: float, most: float) -> Range:
    likely = min(max(likely, 0.0), most)
    return Range(likely, min(max(low, 0.0), likely), max(min(high, most), likely))
