"""What a usual day costs: a level, the share of each weekday and a damped trend, from the days before. Pure.

The part of a forecast that needs no calendar of its own; docs/costs.md describes it. Amounts are US dollars.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from fleet.costs.day_series import DAY, WEEK, Values, spikes_cut

LOOK_BACK = 56
"""Days of history that count, the newest ones."""
_DAMPING = 0.9
_STEEPEST = math.log(1.5)
_LEVEL_WEIGHTS = (0.4, 0.3, 0.2, 0.1)
LEVEL_DAYS = 7 * len(_LEVEL_WEIGHTS)
_CALM = 0.004
"""Scatter of the weeks around their trend below which the newest week is known as well as four of them."""
_CALM_WEEKS = 6


@dataclass(frozen=True)
class Fit:
    """A level a day at the middle of the week that ended on `last`, the share of each weekday, and the trend."""

    last: date
    level: float
    shape: tuple[float, ...]
    weekly_log: float

    def expected(self, day: date) -> float:
        weeks = ((day - self.last).days + 3) / 7
        grown = self.weekly_log * _DAMPING * (1 - _DAMPING**weeks) / (1 - _DAMPING)
        return self.level * self.shape[day.weekday()] * math.exp(grown)

    def undamped(self, day: date) -> float:
        """As if the trend went on as it is."""
        weeks = ((day - self.last).days + 3) / 7
        return self.level * self.shape[day.weekday()] * math.exp(self.weekly_log * weeks)


def fitted(values: Values, last: date) -> Fit:
    """What fits the days up to `last`; values without levels that changed for good (day_series.without_shifts)."""
    shape = _shape(values)
    calm = spikes_cut(values, shape)
    levels = _weekly_levels(calm, shape, last)
    weekly_log = _trend(levels)
    weights = {week: weight for week, weight in enumerate(_LEVEL_WEIGHTS) if week in levels}
    if _is_calm(levels):
        # What grows faster each week, as a fleet of growing and shrinking parts does, is behind in any longer mean.
        weekly_log, weights = _capped(math.log(levels[0] / levels[1])), {0: 1.0}
    if not weights:
        newest = min(levels, default=None)
        level = 0.0 if newest is None else levels[newest]
    else:
        level = sum(levels[w] * math.exp(weekly_log * w) * share for w, share in weights.items())
        level /= sum(weights.values())
    return Fit(last, level, shape, weekly_log)


def _shape(values: Values) -> tuple[float, ...]:
    """Each weekday's share of an average day: the median over the weeks of day ÷ mean of the seven days around it."""
    first, last = min(values), max(values)
    ratios: dict[int, list[float]] = {}
    for day, value in values.items():
        start = min(max(day - 3 * DAY, first), last - 6 * DAY)
        around = [values[d] for d in each_day(start, start + 6 * DAY) if d in values]
        if len(around) >= 5 and (mean := sum(around) / len(around)) > 0:
            ratios.setdefault(day.weekday(), []).append(value / mean)
    usual = {weekday: median(found) for weekday, found in ratios.items()}
    total = sum(usual.values())
    scale = len(usual) / total if total > 0 else 1.0
    return tuple(usual[n] * scale if n in usual and total > 0 else 1.0 for n in range(7))


def _weekly_levels(values: Values, shape: Sequence[float], last: date) -> dict[int, float]:
    """A day's level by week, 0 is the week that ends on `last`; weeks with fewer than four known days are left out."""
    found = {}
    for week in range(LOOK_BACK // 7):
        end = last - week * WEEK
        days = [day for day in each_day(end - 6 * DAY, end) if day in values]
        share = sum(shape[day.weekday()] for day in days)
        if len(days) >= 4 and share > 0:
            found[week] = sum(values[day] for day in days) / share
    return found


def _is_calm(levels: Mapping[int, float]) -> bool:
    """Whether the weeks, the two newest among them, lie so close to their trend that nothing scatters."""
    logs = {week: math.log(level) for week, level in levels.items() if level > 0}
    return len(logs) >= _CALM_WEEKS and {0, 1} <= logs.keys() and _scatter(logs, _slope(logs)) < _CALM


def _trend(levels: Mapping[int, float]) -> float:
    """Log growth a week: the median slope over all pairs of weeks, the less of it the more the weeks scatter."""
    logs = {week: math.log(level) for week, level in levels.items() if level > 0}
    if len(logs) < 4:
        return 0.0
    slope = _slope(logs)
    signal = (slope * (len(logs) - 1)) ** 2
    kept = signal / (signal + 9 * _scatter(logs, slope) ** 2) if signal else 0.0
    return _capped(slope * kept)


def _slope(logs: Mapping[int, float]) -> float:
    return median((logs[a] - logs[b]) / (b - a) for a in logs for b in logs if a < b)


def _scatter(logs: Mapping[int, float], slope: float) -> float:
    """A standard deviation of the weeks around their trend, robustly."""
    middle = median(log + slope * week for week, log in logs.items())
    return 1.4826 * median(abs(log + slope * week - middle) for week, log in logs.items())


def _capped(weekly_log: float) -> float:
    return max(-_STEEPEST, min(_STEEPEST, weekly_log))


def each_day(first: date, last: date) -> list[date]:
    """The days from first to last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
