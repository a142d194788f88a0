"""How good forecasts would have been: each made from the days before a held-out period, then compared with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from fleet.costs.day_series import DAY, WEEK
from fleet.costs.forecast import DAYS_NEEDED, forecast

_WEEKS_BACK = 12


@dataclass(frozen=True)
class BackTest:
    """Errors over `periods` held-out periods of `horizon` days each; None where none could be held out.

    mape: mean absolute error of a period's total as a share of what it cost; repeated_mape: the same of "last week
    repeated"; coverage: share of the periods whose total lay in the interval. changed: periods in which the level
    changed, which nobody could foresee; steady_coverage: coverage of the others.
    """

    horizon: int
    periods: int
    mape: float | None = None
    repeated_mape: float | None = None
    coverage: float | None = None
    changed: int = 0
    steady_coverage: float | None = None


def back_test(
    history: Mapping[date, Decimal | None],
    *,
    horizon: int = 7,
    changes: Collection[date] = (),
    unforeseen: Collection[date] | None = None,
) -> BackTest:
    """Hold out the last `horizon` days, then those that end a week earlier, and so on, up to twelve times.

    A period with a day that is not known, or that cost nothing, is left out: there is no share of it. A change counts
    only where it was before the period: nobody forecasts what was not decided yet. unforeseen: days on which the level
    changed whether or not the forecast is told so, None: those of `changes`.
    """
    known = {day: amount for day, amount in history.items() if amount is not None}
    off: list[float] = []
    off_repeated: list[float] = []
    held: list[bool] = []
    steady: list[bool] = []
    for end in _ends(known):
        days = [end - timedelta(days=n) for n in range(horizon)]
        before = {day: amount for day, amount in known.items() if day < days[-1]}
        actual = sum((known.get(day, Decimal(0)) for day in days), Decimal(0))
        if any(day not in known for day in days) or actual <= 0 or len(before) < DAYS_NEEDED:
            continue
        repeated = _last_week_repeated(before, days)
        told = [day for day in changes if day < days[-1]]
        found = forecast(before, first=days[-1], last=end, today=days[-1], changes=told)
        if repeated is None or found.total is None or found.low is None or found.high is None:
            continue
        off.append(float(abs(found.total - actual) / actual))
        off_repeated.append(float(abs(repeated - actual) / actual))
        held.append(found.low <= actual.quantize(found.low) <= found.high)
        if not any(days[-1] <= day <= end for day in (changes if unforeseen is None else unforeseen)):
            steady.append(held[-1])
    return _summed(horizon, off, off_repeated, held, steady)


def _summed(
    horizon: int, off: list[float], off_repeated: list[float], held: list[bool], steady: list[bool]
) -> BackTest:
    """Means over the periods; steady: whether the interval held of those whose level did not change."""
    if not off:
        return BackTest(horizon, 0)
    number = len(off)
    return BackTest(
        horizon,
        number,
        sum(off) / number,
        sum(off_repeated) / number,
        sum(held) / number,
        number - len(steady),
        sum(steady) / len(steady) if steady else None,
    )


def _ends(known: Mapping[date, Decimal]) -> list[date]:
    last = max(known, default=None)
    return [] if last is None else [last - n * WEEK for n in range(_WEEKS_BACK)]


def _last_week_repeated(before: Mapping[date, Decimal], days: Collection[date]) -> Decimal | None:
    """The total if each day cost what the same weekday last cost; None where last week is not whole."""
    origin = min(days) - DAY
    total = Decimal(0)
    for day in days:
        same = day
        while same > origin:
            same -= WEEK
        if same not in before:
            return None
        total += before[same]
    return total
