"""What each hour of the week would have been at each level, by the replays: the table that schedules are made from."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance

from fleet.analysis.planner.draws import Draws
from fleet.analysis.planner.pool import HOUR_S
from fleet.analysis.planner.rates import Rates
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.timetable import HOURS, hour_of_week

_CLASSES = (range(5), range(5, 7))
"""Weekdays and weekend: hours of the day are alike within each."""
_LEAST_SEEN = 0.5

Row = tuple[float, ...]


@dataclass(frozen=True)
class Weeks:
    """The whole weeks of a window: per hour since the epoch and level the cold starts and seconds of execution.

    first: the first hour; count: weeks from it; levels: ascending; cold, warm_s: by hour, then level, None where no
    draw looked; busy_s: all execution by hour.
    """

    first: int
    count: int
    levels: tuple[int, ...]
    cold: dict[int, Row | None]
    warm_s: dict[int, Row | None]
    busy_s: dict[int, float]


def read(observation: Observation, found: Draws, most: int | None = None) -> Weeks:
    """The last whole weeks of the window, averaged over the draws, at levels up to `most`; count 0 = less than one."""
    last = observation.end_s // HOUR_S
    count = max(0, last - -(-observation.start_s // HOUR_S)) // HOURS
    first = last - count * HOURS
    levels = tuple(level for level in sorted(found.each[0].levels) if most is None or level <= most)
    calls: dict[int, int] = defaultdict(int)
    busy_s: dict[int, float] = defaultdict(float)
    for bucket in observation.buckets:
        hour = bucket.at_s // HOUR_S
        if hour >= first:
            calls[hour] += bucket.calls
            busy_s[hour] += bucket.calls * (
                observation.service_s if bucket.latency_s is None else bucket.latency_s
            )
    cold: dict[int, Row | None] = {}
    warm_s: dict[int, Row | None] = {}
    for hour, came in calls.items():
        if came:
            cold[hour], warm_s[hour] = _of_hour(found, levels, hour, came)
    return Weeks(first, count, levels, cold, warm_s, dict(busy_s))


def _of_hour(found: Draws, levels: Sequence[int], hour: int, came: int) -> tuple[Row | None, Row | None]:
    """Means over the draws that looked at most of the hour, as of all its calls."""
    cold, warm = [], []
    for one in found.each:
        tallies = [one.levels[level].hours.get(hour) for level in levels]
        counted = tallies[0].calls if tallies and tallies[0] else 0
        if counted < _LEAST_SEEN * came:
            continue
        cold.append([tally.cold * came / counted if tally else 0.0 for tally in tallies])
        warm.append([tally.warm_s * came / counted if tally else 0.0 for tally in tallies])
    if not cold:
        return None, None
    return tuple(map(fmean, zip(*cold, strict=True))), tuple(map(fmean, zip(*warm, strict=True)))


@dataclass(frozen=True)
class HourTable:
    """By hour of the week, then level: mean cold starts and USD of an hour. switch_usd: charged for each change."""

    levels: tuple[int, ...]
    cold: Sequence[Sequence[float]]
    usd: Sequence[Sequence[float]]
    switch_usd: float

    def score(self, hours: Sequence[int], usd_per_cold: float) -> float:
        """USD a week of these levels, a cold start at its value, each change charged."""
        place = {level: index for index, level in enumerate(self.levels)}
        found = sum(
            self.usd[hour][place[level]] + usd_per_cold * self.cold[hour][place[level]]
            for hour, level in enumerate(hours)
        )
        return found + self.switch_usd * sum(level != hours[hour - 1] for hour, level in enumerate(hours))

    def objective(self, usd_per_cold: float) -> list[list[float]]:
        """USD of each hour at each level, a cold start at its value."""
        return [
            [usd + usd_per_cold * cold for usd, cold in zip(money, counts, strict=True)]
            for money, counts in zip(self.usd, self.cold, strict=True)
        ]


def table(
    weeks: Weeks, rates: Rates, chosen: Sequence[int] | None = None, *, is_shrunk: bool = True
) -> HourTable:
    """The mean week of some of the weeks (None: all).

    is_shrunk: cold starts drawn to what the same hour of like days had, as far as chance alone may explain the rest.
    """
    numbers = range(weeks.count) if chosen is None else chosen
    width = len(weeks.levels)
    cold, warm = (_means(weeks, by_hour, numbers, width) for by_hour in (weeks.cold, weeks.warm_s))
    busy = [fmean(weeks.busy_s.get(at, 0.0) for at in _times(weeks, numbers, hour)) for hour in range(HOURS)]
    usd = [
        [
            HOUR_S * rates.kept_warm * level
            + rates.provisioned * min(warm_s, all_s)
            + rates.on_demand * max(0.0, all_s - warm_s)
            for level, warm_s in zip(weeks.levels, warm_row, strict=True)
        ]
        for warm_row, all_s in zip(warm, busy, strict=True)
    ]
    if is_shrunk and len(numbers):
        columns = [shrunk([row[index] for row in cold], len(numbers)) for index in range(width)]
        cold = [list(row) for row in zip(*columns, strict=True)] if columns else cold
    return HourTable(weeks.levels, cold, usd, HOUR_S * rates.kept_warm)


def _times(weeks: Weeks, numbers: Sequence[int], hour: int) -> list[int]:
    """The hours since the epoch that are this hour of the week in some of the weeks."""
    offset = (hour - hour_of_week(weeks.first)) % HOURS
    return [weeks.first + offset + HOURS * number for number in numbers]


def _means(
    weeks: Weeks, by_hour: dict[int, Row | None], numbers: Sequence[int], width: int
) -> list[Sequence[float]]:
    """The mean of each hour of the week over the weeks in which it is known; silent hours are 0.

    One that no draw looked at gets the mean of the same hour on like days, else nothing.
    """
    nothing = (0.0,) * width
    known = [
        [row for at in _times(weeks, numbers, hour) if (row := by_hour.get(at, nothing)) is not None]
        for hour in range(HOURS)
    ]
    found: list[Sequence[float]] = []
    for hour, rows in enumerate(known):
        like = next(days for days in _CLASSES if hour // 24 in days)
        rows = rows or [row for day in like for row in known[24 * day + hour % 24]] or [nothing]
        found.append([fmean(column) for column in zip(*rows, strict=True)])
    return found


def shrunk(raw: Sequence[float], weeks: int) -> list[float]:
    """Counts by hour of the week, each drawn towards the mean of the same hour on like days, smoothed over neighbours.

    The weight of the raw count is the share of its variance between the days that chance (Poisson) does not explain.
    """
    found = list(raw)
    for days in _CLASSES:
        by_hour = [fmean(raw[24 * day + hour] for day in days) for hour in range(24)]
        smooth = [
            by_hour[hour - 1] / 4 + by_hour[hour] / 2 + by_hour[(hour + 1) % 24] / 4 for hour in range(24)
        ]
        for hour, target in enumerate(smooth):
            noise = target / weeks
            spread = max(0.0, pvariance([raw[24 * day + hour] for day in days]) - noise)
            weight = spread / (spread + noise) if spread + noise else 1.0
            for day in days:
                place = 24 * day + hour
                found[place] = weight * raw[place] + (1 - weight) * target
    return found
