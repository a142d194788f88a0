"""Daily costs made fit for a forecast: levels that changed for good are evened out, single odd days are cut down."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from statistics import median

DAY, WEEK = timedelta(days=1), timedelta(days=7)
Values = Mapping[date, float]
"""Cost by UTC day; days whose cost is not known are absent."""
_MATERIAL = 0.05
_UNANNOUNCED, _AT_ONCE = 0.2, 0.4
_DAYS_AFTER = 3
_MOST_SHIFTS = 2
_LEAST_PART = 1 / 3


def without_shifts(values: Values, changes: Collection[date]) -> tuple[dict[date, float], date | None]:
    """The history as if its present level had always held, and since when it does (None: no shift was found).

    A known change counts from the second day after it; a shift that nobody announced from its third. The day of the
    change belongs to neither level and is left out. Where one side is nothing at all, only the days after it are left.
    """
    found, newest = dict(values), None
    for cut in sorted(day for day in changes if day in found or min(found, default=day) < day):
        found, is_shift = _evened(found, cut)
        newest = cut if is_shift else newest
    for _ in range(_MOST_SHIFTS):
        seen = _unannounced(found)
        if seen is None:
            break
        found, _is_shift = _evened(found, seen)
        newest = seen if newest is None else max(seen, newest)
    return found, newest


def spikes_cut(values: Values, shape: Sequence[float]) -> dict[date, float]:
    """Values with single days that stand far out replaced by what their neighbours make likely.

    shape: the weekdays' shares. A run of four or more such days is a level, no spike, and stays.
    """
    flat = _flat(values, shape)
    typical = {day: median(_around(flat, day)) for day in flat}
    spread = 1.4826 * median(abs(flat[day] - typical[day]) for day in flat) if flat else 0.0
    cut = dict(values)
    for day, value in flat.items():
        off = abs(value - typical[day])
        if off > max(5 * spread, 0.5 * typical[day]):
            cut[day] = typical[day] * shape[day.weekday()]
    return cut


def _flat(values: Values, shape: Sequence[float]) -> dict[date, float]:
    """Values without the rhythm of the week; weekdays that cost next to nothing are left out."""
    return {day: value / shape[day.weekday()] for day, value in values.items() if shape[day.weekday()] > 0.1}


def _around(flat: Values, day: date) -> list[float]:
    first, last = min(flat), max(flat)
    start = min(max(day - 3 * DAY, first), max(last - 6 * DAY, first))
    return [flat[start + n * DAY] for n in range(7) if start + n * DAY in flat]


def _evened(values: Mapping[date, float], cut: date) -> tuple[dict[date, float], bool]:
    before = _weeks_of(values, cut - 14 * DAY, cut - DAY)
    after = _weeks_of(values, cut + DAY, cut + 14 * DAY)
    if len(before) < 3 or len(after) < 2:
        return dict(values), False
    low, high = _level(before, after), _level(after, before)
    rest = {day: value for day, value in values.items() if day > cut}
    if low <= 0 or high <= 0:
        return (rest, True) if low != high else (dict(values), False)
    ratio = high / low
    if abs(ratio - 1) < _MATERIAL:
        return dict(values), False
    return {day: value * ratio for day, value in values.items() if day < cut} | rest, True


def _weeks_of(values: Values, first: date, last: date) -> dict[date, float]:
    return {day: value for day, value in values.items() if first <= day <= last}


def _level(values: Values, other: Values) -> float:
    """Mean over the weekdays that both sides have, so that a weekend on one side only is no change of level."""
    shared = {day.weekday() for day in values} & {day.weekday() for day in other}
    by_weekday: dict[int, list[float]] = {}
    for day, value in values.items():
        if day.weekday() in shared or not shared:
            by_weekday.setdefault(day.weekday(), []).append(value)
    return sum(median(found) for found in by_weekday.values()) / len(by_weekday)


def _unannounced(values: Values) -> date | None:
    """The day from which on the costs have another level than in the two weeks before, None where there is none."""
    days = sorted(values)
    best: tuple[float, date] | None = None
    for n in range(7, len(days) - _DAYS_AFTER + 1):
        before, after = days[max(n - 14, 0) : n], days[n : n + 14]
        ratios = _week_ratios(values, before, after)
        if len(ratios) < _DAYS_AFTER:
            continue
        jump = _jump(ratios)
        if jump > (_UNANNOUNCED if len(ratios) > _DAYS_AFTER else _AT_ONCE) and (
            best is None or jump > best[0]
        ):
            best = (jump, days[n])
    return best[1] if best else None


def _jump(ratios: Sequence[float]) -> float:
    """How far another level these days have, as a share of the one before; 0.0 where they scatter too much to say.

    Every single day lies a good part of the way on the same side, and the way is long against what they scatter.
    """
    jump = median(ratios) - 1
    side = math.copysign(1.0, jump)
    scatter = 1.4826 * median(abs(ratio - 1 - jump) for ratio in ratios)
    least = min(side * (ratio - 1) for ratio in ratios)
    return abs(jump) if least > _LEAST_PART * abs(jump) and abs(jump) > 3 * scatter else 0.0


def _week_ratios(values: Values, before: Sequence[date], after: Sequence[date]) -> list[float]:
    """Each day after ÷ the median of the same weekday before; of the first week after."""
    usual: dict[int, list[float]] = {}
    for day in before:
        usual.setdefault(day.weekday(), []).append(values[day])
    pairs = [(values[day], median(usual[day.weekday()])) for day in after[:7] if usual.get(day.weekday())]
    return [value / was for value, was in pairs if was > 0]
