"""A forecast held against what really happened, and how often a fleet's forecasts held."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from fleet.analysis.planner import phrases
from fleet.analysis.planner.interval import Range
from fleet.analysis.planner.rows import Observation
from fleet.costs.periods import HOURS_PER_MONTH

PROMISED = 0.8
"""The share of ranges that are said to hold the truth (docs/planner.md)."""
ENOUGH = 10
"""Fewer checks than this say nothing of how good forecasts are."""
MOVED = 1.5
"""Traffic that is more or less than forecast by this factor is another traffic: the check counts for nothing."""
_Z80, _Z95 = 1.2816, 1.96


@dataclass(frozen=True)
class Prediction:
    """What was said before a change; counts are of a month of 730 hours. levels: lowest and highest that it holds."""

    cold: Range
    calls: float
    levels: tuple[int, int]


class Outcome(StrEnum):
    """How a forecast came out. The last three say nothing about it."""

    INSIDE = "inside"
    ABOVE = "above"
    BELOW = "below"
    TRAFFIC_MOVED = "traffic-moved"
    LEVEL_CHANGED = "level-changed"
    UNKNOWN = "unknown"

    @property
    def is_judged(self) -> bool:
        return self in (Outcome.INSIDE, Outcome.ABOVE, Outcome.BELOW)


@dataclass(frozen=True)
class Check:
    """One comparison. expected: cold starts of these hours, chance included; seen: None where it cannot be told.

    calls, calls_expected: of these hours.
    """

    outcome: Outcome
    expected: Range
    seen: int | None
    hours: float
    calls: int
    calls_expected: float
    sentence: str


def check(prediction: Prediction, really: Observation) -> Check:
    """Hold a prediction against the rows since the change (read with publishes_setups, so that no set-up is 0).

    The range is scaled to the hours and widened by what chance alone (Poisson, middle 80 %) does to a count.
    Raises ValueError on an empty window.
    """
    if really.hours <= 0:
        raise ValueError("a check needs a window that ends after it starts")
    share = really.hours / float(HOURS_PER_MONTH)
    said = prediction.cold.scaled(share)
    expected = Range(
        said.likely,
        max(0.0, said.low - _Z80 * sqrt(said.low)),
        said.high + _Z80 * sqrt(said.high),
    )
    calls, calls_expected = really.calls, prediction.calls * share
    outcome, sentence = _judge(prediction, really, expected, calls_expected)
    return Check(outcome, expected, really.setups, really.hours, calls, calls_expected, sentence)


def _judge(
    prediction: Prediction, really: Observation, expected: Range, calls_expected: float
) -> tuple[Outcome, str]:
    low, high = prediction.levels
    held = sorted(level for level in really.levels if not low <= level <= high)
    if held:
        planned = f"level {low}" if low == high else f"levels {low} to {high}"
        text = (
            f"Not comparable: level {held[0]} was live for part of the time, the forecast was for {planned}."
        )
        return Outcome.LEVEL_CHANGED, text
    if not really.calls and calls_expected:
        return Outcome.TRAFFIC_MOVED, "No calls came since."
    if really.setups is None:
        return Outcome.UNKNOWN, "Set-ups were not reported since, so cold starts cannot be counted."
    span = f"{_number(expected.low)} to {_number(expected.high)}"
    told = f"Forecast {_number(expected.likely)} ({span}), seen {really.setups:,}"
    moved = really.calls / calls_expected if calls_expected else 1.0
    if not 1 / MOVED <= moved <= MOVED:
        text = f"{told}, but {phrases.share(moved)} of the calls forecast came: the traffic has changed."
        return Outcome.TRAFFIC_MOVED, text
    if really.setups > expected.high:
        return Outcome.ABOVE, f"{told}: more than the range."
    if really.setups < expected.low:
        return Outcome.BELOW, f"{told}: fewer than the range."
    return Outcome.INSIDE, f"{told}: inside the range."


def _number(count: float) -> str:
    return f"{count:,.0f}"


@dataclass(frozen=True)
class Calibration:
    """How often ranges held. share: of the judged, None with fewer than ENOUGH; low, high: where the true share lies

    (Wilson, 95 %); others: checks that say nothing, by outcome.
    """

    judged: int
    inside: int
    above: int
    below: int
    share: float | None
    low: float
    high: float
    others: dict[Outcome, int]
    sentence: str


def calibrate(checks: Iterable[Outcome]) -> Calibration:
    """How often a fleet's forecasts held, of the checks that can tell."""
    counts = Counter(checks)
    judged = sum(count for outcome, count in counts.items() if outcome.is_judged)
    inside = counts[Outcome.INSIDE]
    low, high = _wilson(inside, judged)
    share = inside / judged if judged >= ENOUGH else None
    if share is None:
        sentence = (
            f"{judged} forecasts could be checked so far; {ENOUGH} are needed to say how good they are."
        )
    else:
        sentence = (
            f"{inside} of {judged} ranges held what really happened"
            f" ({share * 100:.0f} %; promised: {PROMISED * 100:.0f} %)."
        )
        if high < PROMISED:
            sentence += " Ranges are too narrow here: take them for wider than they are drawn."
    return Calibration(
        judged=judged,
        inside=inside,
        above=counts[Outcome.ABOVE],
        below=counts[Outcome.BELOW],
        share=share,
        low=low,
        high=high,
        others={outcome: count for outcome, count in counts.items() if not outcome.is_judged},
        sentence=sentence,
    )


def _wilson(hits: int, of: int) -> tuple[float, float]:
    """Bounds of a share that was seen `hits` times `of` times; everything where nothing was seen."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, _Z95**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    reach = _Z95 * sqrt(share * (1 - share) / of + square / (4 * of**2)) / (1 + square / of)
    return max(0.0, middle - reach), min(1.0, middle + reach)
