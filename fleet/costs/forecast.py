"""What a period will have cost at its end, with an interval, from the cost of the days before.

The method: the level of the last four weeks × the weekday's usual share × a damped trend; the interval from how far
the same method was off in the weeks before. docs/costs.md describes it. Days are UTC, amounts US dollars.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from fleet.costs.day_series import DAY, WEEK, Values, without_shifts
from fleet.costs.week_fit import LEVEL_DAYS, Fit, each_day, fitted
from fleet.costs.week_fit import LOOK_BACK as LOOK_BACK

DAYS_NEEDED = 14
"""Days with a figure below which nothing is forecast: two of each weekday."""
COVER = 0.8
"""Share of outcomes that the interval is meant to hold."""
COVER_Z = 1.2816
"""Standard deviations that hold COVER of a bell curve."""
METHOD = "level of four weeks × weekday × damped trend"
NARROWEST = 0.01
"""An interval is never narrower than this share of what is yet to come, on either side: late data alone moves that."""
_ORIGINS = 6
_SMALLEST = Decimal("0.000001")


@dataclass(frozen=True)
class Ahead:
    """The running total of the period at the end of one day to come, USD."""

    day: date
    total: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Forecast:
    """What the period from `first` to `last` will have cost.

    spent: what is known of it, None when no day has a figure; total, low, high: None with `reason` where nothing can
    be said. gaps: days between the first cost and today without a figure, expected in total and not in spent.
    weekly: the trend before damping, 0.03 is 3 % a week; shifted_on: since when a new level holds, None: throughout.
    """

    first: date
    last: date
    spent: Decimal | None
    total: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    ahead: tuple[Ahead, ...] = ()
    gaps: tuple[date, ...] = ()
    history_days: int = 0
    weekly: float = 0.0
    shifted_on: date | None = None
    reason: str = ""


@dataclass(frozen=True)
class _Errors:
    """How far off forecasts a week ahead were, as shares of a day's level: of one day, and of a week a day.

    of_shift: how far the level may be off because it is new, and known from few days.
    """

    of_a_day: float
    of_a_week: float
    of_shift: float = 0.0

    def half(self, level: float, days: int) -> float:
        """Half of the interval of a sum over `days` days.

        Errors of days cancel each other out; those of the level, what a week is off beyond its days, do not, and grow
        the further they reach.
        """
        of_level = math.sqrt(max(self.of_a_week**2 - self.of_a_day**2 / 7, 0.0))
        common = of_level * days * math.sqrt(max(1.0, days / 7))
        return level * math.hypot(self.of_a_day * math.sqrt(days), common, self.of_shift * days)

    def after(self, shifted_on: date | None, values: Values) -> "_Errors":
        """The same where the level is new: of the weeks before it the forecasts knew it, as nobody did then."""
        days = sum(day > shifted_on for day in values) if shifted_on else LEVEL_DAYS
        if not 0 < days < LEVEL_DAYS:
            return self
        # The ratio of two levels is as good as the days that each is known from.
        ratio = self.of_a_day * math.sqrt(1 / days + 1 / min(max(len(values) - days, 1), 14))
        return replace(self, of_shift=ratio * (1 - days / LEVEL_DAYS))


def forecast(
    history: Mapping[date, Decimal | None],
    *,
    first: date,
    last: date,
    today: date,
    changes: Collection[date] = (),
    begins: date | None = None,
) -> Forecast:
    """Forecast the period from `first` to `last`, both included, that `today` lies in.

    history: cost by UTC day; a day that is absent or None is not known, which is not zero. Today's is what it cost so
    far. changes: days on which the costs are known to have changed their level (a capacity, a new endpoint).
    """
    known = {day: amount for day, amount in history.items() if amount is not None}
    inside = [amount for day, amount in known.items() if first <= day <= min(today, last)]
    spent = sum(inside, Decimal(0)) if inside else None
    past = _recent(
        {day: float(amount) for day, amount in known.items() if day < today and day != begins}, today - DAY
    )
    since = max(first, min(known, default=today))
    gaps = tuple(day for day in each_day(since, min(today - DAY, last)) if day not in known)
    if reason := _why_not(past, today):
        return Forecast(first, last, spent, gaps=gaps, history_days=len(past), reason=reason)
    fit, errors, shifted_on = _learnt(tuple(past.items()), today - DAY, frozenset(changes))
    ahead = _ahead(fit, errors, spent or Decimal(0), gaps, known.get(today), (today, last))
    end = ahead[-1]
    return Forecast(
        first,
        last,
        spent,
        *(end.total, end.low, end.high),
        ahead=ahead,
        gaps=gaps,
        history_days=len(past),
        weekly=math.expm1(fit.weekly_log),
        shifted_on=shifted_on,
    )


@lru_cache(maxsize=64)
def _learnt(
    past: tuple[tuple[date, float], ...], last: date, changes: frozenset[date]
) -> tuple[Fit, _Errors, date | None]:
    """What the whole days tell: every look at a page has the same ones until one of them is worked out again."""
    values, shifted_on = without_shifts(dict(past), changes)
    return fitted(values, last), _errors(values, last).after(shifted_on, values), shifted_on


def expected_days(
    history: Mapping[date, float], days: Sequence[date], *, changes: Collection[date] = ()
) -> list[tuple[float, float]]:
    """(expected, half of its interval) of single days after the history; [] when the history is too short for it."""
    last = max(history, default=None)
    if last is None or _why_not(_recent(history, last), last + DAY):
        return []
    values, _ = without_shifts(_recent(history, last), changes)
    fit, errors = fitted(values, last), _errors(values, last)
    return [(fit.expected(day), errors.half(fit.level, 1)) for day in days]


def _ahead(
    fit: Fit,
    errors: _Errors,
    spent: Decimal,
    gaps: Sequence[date],
    so_far: Decimal | None,
    window: tuple[date, date],
) -> tuple[Ahead, ...]:
    """Running totals from today on. What the damping takes away widens the interval.

    No day costs less than it has cost so far.
    """
    today, last = window
    total = float(spent) + sum(map(fit.expected, gaps))
    found, of_trend = [], 0.0
    for number, day in enumerate(each_day(today, last), start=1):
        cost = fit.expected(day)
        of_trend += abs(fit.undamped(day) - cost)
        total += max(cost - float(so_far or 0), 0.0) if day == today else cost
        half = errors.half(fit.level, number + len(gaps)) + of_trend
        half = max(half, NARROWEST * (total - float(spent)))
        found.append(Ahead(day, _usd(total), max(_usd(total - half), spent), _usd(total + half)))
    return tuple(found)


def _why_not(past: Values, today: date) -> str:
    if len(past) < DAYS_NEEDED:
        had = f"{len(past)} day{'' if len(past) == 1 else 's'}"
        return f"{DAYS_NEEDED} days with a cost are needed to know the week's shape; there are {had}"
    if max(past) < today - WEEK:
        return f"no cost is known since {max(past):%-d %b}, more than a week"
    return ""


def _errors(values: Values, last: date) -> _Errors:
    """What the same method got wrong a week ahead, at up to six origins in the history."""
    of_days, of_weeks = [], []
    for week in range(1, _ORIGINS + 1):
        origin = last - week * WEEK
        before = {day: value for day, value in values.items() if day <= origin}
        held = [day for day in each_day(origin + DAY, origin + WEEK) if day in values]
        if len(before) < 7 or not held:
            continue
        fit = fitted(before, origin)
        if fit.level > 0:
            off = [(values[day] - fit.expected(day)) / fit.level for day in held]
            of_days += [abs(each) for each in off]
            of_weeks.append(abs(sum(off)) / len(off))
    if not of_weeks:
        return _Errors(1.0, 1.0)
    return _Errors(_quantile(of_days), _quantile(of_weeks) * (1 + 1 / len(of_weeks)))


def _quantile(found: Iterable[float]) -> float:
    """The value that COVER of the found ones do not pass, the next larger one between two."""
    ordered = sorted(found)
    return ordered[min(math.ceil(COVER * (len(ordered) + 1)), len(ordered)) - 1]


def _recent(history: Mapping[date, float], last: date) -> dict[date, float]:
    return {day: history[day] for day in sorted(history) if last - timedelta(days=LOOK_BACK) < day <= last}


def _usd(value: float) -> Decimal:
    return Decimal(repr(round(value, 6))).quantize(_SMALLEST)
