"""Costs that depart from what their own history makes likely: one day, or the week that ends with it. Rises only."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fleet.costs.forecast import COVER_Z, expected_days

WEEK_DAYS = 7
LEAST_SPREAD = 0.05
"""A day is never expected closer than this share of its level: prices and late data alone move that much."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Limits:
    """What counts. opens, stays: deviations in units of the usual scatter at which a rise begins and goes on.

    least_usd: what it must cost above the expected, a day; a week counts from as many dollars a day over its days.
    """

    opens: float = 4.0
    stays: float = 2.0
    least_usd: float = 5.0


@dataclass(frozen=True)
class Rise:
    """A rise that holds on its last day. actual, expected, high: dollars of that day, or of the week if is_week.

    high: above it the day was unexpected; score: how many usual scatters above the expected it was.
    """

    since: date
    day: date
    actual: float
    expected: float
    high: float
    score: float
    is_week: bool = False

    @property
    def excess(self) -> float:
        return self.actual - self.expected

    @property
    def excess_a_day(self) -> float:
        return self.excess / (WEEK_DAYS if self.is_week else 1)


def is_more_than(seen: Rise, usd_a_day: float, limits: Limits) -> bool:
    """Whether a rise would still be one without `usd_a_day` of it, which other rises tell."""
    days = WEEK_DAYS if seen.is_week else 1
    rest = seen.actual - usd_a_day * days
    return rest > seen.high and rest - seen.expected >= limits.least_usd * days


def rise(history: Mapping[date, float], day: date, limits: Limits) -> Rise | None:
    """The rise that `day` is in, None when it is as expected or cannot be judged.

    The expectation comes from the days up to a week before `day`, so that a rise is not measured by itself; after a
    week it is the usual level. A day that is not known ends nothing and begins nothing.
    """
    if day not in history:
        return None
    week = [day - n * _DAY for n in range(WEEK_DAYS - 1, -1, -1)]
    before = {at: usd for at, usd in history.items() if at < week[0]}
    bands = expected_days(before, week)
    if not bands:
        return None
    spreads = [max(half / COVER_Z, LEAST_SPREAD * max(expected, 0.0)) for expected, half in bands]
    expected = [middle for middle, _ in bands]
    return _of_the_day(history, week, expected, spreads, limits) or _of_the_week(
        history, week, expected, spreads, limits
    )


def newcomer(history: Mapping[date, float], day: date, limits: Limits) -> Rise | None:
    """An endpoint that began to cost within the week before `day`: nothing was expected of it. None for older ones."""
    first = min(history, default=day)
    usd = history.get(day, 0.0)
    if first <= day - WEEK_DAYS * _DAY or usd < limits.least_usd:
        return None
    return Rise(first, day, usd, 0.0, 0.0, math.inf)


def _of_the_day(
    history: Mapping[date, float],
    week: list[date],
    expected: list[float],
    spreads: list[float],
    limits: Limits,
) -> Rise | None:
    since: date | None = None
    score = 0.0
    for day, usual, spread in zip(week, expected, spreads, strict=True):
        if day not in history:
            continue
        excess = history[day] - usual
        score = _score(excess, spread)
        least = limits.least_usd if since is None else limits.least_usd / 2
        if score < (limits.opens if since is None else limits.stays) or excess < least:
            since = None
        elif since is None:
            since = day
    if since is None:
        return None
    last, usual, spread = week[-1], expected[-1], spreads[-1]
    return Rise(since, last, history[last], usual, usual + limits.opens * spread, score)


def _of_the_week(
    history: Mapping[date, float],
    week: list[date],
    expected: list[float],
    spreads: list[float],
    limits: Limits,
) -> Rise | None:
    """Many days a little too dear, none of them odd by itself."""
    known = [n for n, day in enumerate(week) if day in history]
    if len(known) < WEEK_DAYS - 1:
        return None
    actual, usual = sum(history[week[n]] for n in known), sum(expected[n] for n in known)
    spread = math.hypot(*(spreads[n] for n in known))
    least = max(LEAST_SPREAD * 3 * usual, limits.least_usd * len(known))
    score = _score(actual - usual, spread)
    if score < limits.opens or actual - usual < least:
        return None
    # A day that is back at its usual cost has ended the rise, however dear the days before it were.
    if history[week[-1]] - expected[-1] < limits.stays / 2 * spreads[-1]:
        return None
    return Rise(week[0], week[-1], actual, usual, usual + limits.opens * spread, score, is_week=True)


def _score(excess: float, spread: float) -> float:
    if spread > 0:
        return excess / spread
    return math.inf if excess > 0 else 0.0
