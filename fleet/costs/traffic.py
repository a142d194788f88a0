"""What one variant did, hour by hour: the measured input of comparisons, and how much of it a warm level serves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from fleet.costs.periods import HOURS_PER_MONTH, Window

HOURS_PER_WEEK = 168
SECONDS_PER_HOUR = 3600
RARE = 0.001
"""Part of the time for which an estimated peak may be exceeded in the busiest hour."""
_FAINT = 1e-12
"""Executions at once below which the loop of `blocked` ends early."""
FLOOR_OF_A_SCHEDULE = 1
"""Fewest units of provisioned concurrency that Application Auto Scaling sets (docs/costs.md#options-and-break-even)."""


@dataclass(frozen=True)
class UseHour:
    """One hour with calls: seconds of execution that began in it. Hours without a call need no row.

    load: executions at once on average (Little's law), kept, because every way that is priced asks every hour.
    """

    at: datetime
    busy_s: Decimal
    load: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "load", float(self.busy_s) / SECONDS_PER_HOUR)


@dataclass(frozen=True)
class Weekly:
    """Hours of the week in which capacity is on: on weekdays (0 = Monday), from start_hour to end_hour.

    end_hour is not included, 24 = midnight; with one that is not after start_hour (22 to 6) the night ends on the day
    after. rest: the level outside, None = as low as the capacity goes. offset: of the hours' time zone from UTC.
    """

    weekdays: frozenset[int]
    start_hour: int
    end_hour: int
    rest: int | None = None
    offset: timedelta = timedelta(0)

    def covers(self, at: datetime) -> bool:
        """Whether it is on in the hour that begins `at`, UTC."""
        local = at + self.offset
        if self.start_hour < self.end_hour:
            return local.weekday() in self.weekdays and self.start_hour <= local.hour < self.end_hour
        if local.hour >= self.start_hour:
            return local.weekday() in self.weekdays
        return local.hour < self.end_hour and (local.weekday() - 1) % 7 in self.weekdays

    def units(self, level: int, at: datetime) -> int:
        """Units of provisioned concurrency in the hour that begins `at`, UTC, with `level` of them inside."""
        return level if self.covers(at) else self.floor(level)

    def floor(self, level: int) -> int:
        """Units of provisioned concurrency outside it, with `level` of them inside."""
        return min(level, FLOOR_OF_A_SCHEDULE) if self.rest is None else self.rest

    @property
    def share(self) -> Decimal:
        """Part of a week in which it is on, 0 to 1."""
        hours = (self.end_hour - self.start_hour) % 24 or 24
        return Decimal(hours * len(self.weekdays)) / HOURS_PER_WEEK


@dataclass(frozen=True)
class HourLevels:
    """A level of its own for each of the 168 hours of the week, UTC, Monday 0:00 first."""

    levels: tuple[int, ...]

    def units(self, level: int, at: datetime) -> int:
        """The level of the hour that begins `at`, UTC; `level`, the highest, does not matter."""
        return self.levels[24 * at.weekday() + at.hour]

    @property
    def mean(self) -> Decimal:
        """The level on average over a week."""
        return Decimal(sum(self.levels)) / HOURS_PER_WEEK


Schedule = Weekly | HourLevels
"""What moves a level over the week."""


@dataclass(frozen=True)
class Traffic:
    """What one variant did over `window`, the measured input of a comparison.

    busy_s: sum of model latency in seconds, None = CloudWatch reported nothing. calls likewise. peak_concurrency: the
    highest number of executions at once, None = unknown. provisioned_share: part of the calls (0 to 1) that the
    provisioned concurrency of today served, None when there is none or the counts are not published. hours: the same
    seconds by hour, empty = only the sum is known. instance_hours: what ran, None where nothing tells. scale: how many
    times this traffic is meant; the other fields stay as observed.
    """

    window: Window
    busy_s: Decimal | None
    calls: Decimal | None = None
    peak_concurrency: int | None = None
    provisioned_share: Decimal | None = None
    hours: tuple[UseHour, ...] = ()
    instance_hours: Decimal | None = None
    scale: Decimal = Decimal(1)

    @cached_property
    def busy_s_per_month(self) -> Decimal | None:
        """busy_s scaled to 730 hours; None without data or with an empty window."""
        return self.per_month(self.busy_s)

    @property
    def busy_s_per_hour(self) -> Decimal | None:
        """Mean seconds of execution an hour; None as for a month."""
        month = self.busy_s_per_month
        return None if month is None else month / HOURS_PER_MONTH

    @cached_property
    def peak(self) -> int | None:
        """Most executions at once: observed, else estimated from the busiest hour; None without either. Kept."""
        if self.peak_concurrency is not None:
            return math.ceil(self.peak_concurrency * self.scale)
        if not self.hours:
            return None
        return random_peak(self._most_load * float(self.scale))

    @cached_property
    def _most_load(self) -> float:
        """Executions at once on average in the busiest hour of what was observed: asked for by every way there is."""
        return max([hour.load for hour in self.hours])

    @cached_property
    def _replayed(self) -> dict[tuple[int, Decimal], Decimal]:
        return {}

    def served_warm(self, level: int, scale: Decimal | None = None) -> Decimal:
        """`served_warm` of its hours at `scale` times what was observed, None = its own; each is replayed once."""
        key = (level, self.scale if scale is None else scale)
        if key not in self._replayed:
            self._replayed[key] = served_warm(level, self.hours, key[1])
        return self._replayed[key]

    def per_month(self, observed: Decimal | None) -> Decimal | None:
        """A quantity of the window, scaled to 730 hours of this traffic; None when it or the window is."""
        if observed is None or not self.window.hours:
            return None
        return observed * self.scale * HOURS_PER_MONTH / self.window.hours

    def scaled(self, times: Decimal) -> "Traffic":
        """`times` as much traffic in the same shape. Raises ValueError on a negative number."""
        if times < 0:
            raise ValueError(f"traffic cannot be negative: {times}")
        found = replace(self, scale=self.scale * times)
        if self.hours:
            # As busy as observed, whatever its scale: what is kept of it is the same.
            found.__dict__.update(_most_load=self._most_load, _replayed=self._replayed)
        return found


def blocked(level: int, load: float) -> float:
    """Part of the calls (0 to 1) that find `level` units busy at `load` executions on average: Erlang's loss formula.

    Exact for calls that arrive at random (Poisson), whatever their durations; calls in bursts find more units busy.
    """
    if load <= 0:
        return 0.0
    inverse = 1.0
    for unit in range(1, level + 1):
        inverse = 1 + inverse * unit / load
        if inverse > 1e15:
            return 0.0
    return 1 / inverse


def random_peak(load: float) -> int:
    """Executions at once that are exceeded in at most RARE of the time, at `load` on average, arrivals at random."""
    if load <= 0:
        return 0
    number, reached = 0, math.exp(-load) if load < 700 else 0.0
    while reached < 1 - RARE:
        number += 1
        reached += math.exp(number * math.log(load) - load - math.lgamma(number + 1))
        if number > load + 12 * math.sqrt(load) + 20:
            break
    return number


def served_warm(
    level: int, hours: Sequence[UseHour], scale: Decimal, schedule: Schedule | None = None
) -> Decimal:
    """Part of the execution seconds (0 to 1) that `level` units would serve, replayed hour by hour.

    Outside a weekly schedule FLOOR_OF_A_SCHEDULE units stay. 0 without any execution.
    """
    times = float(scale)
    total = sum([hour.load for hour in hours], 0.0)
    if not total or not times:
        return Decimal(0)
    loads = [hour.load for hour in hours]
    if schedule is None and level == 1 and min(loads) * times > _FAINT:
        # What is asked for most, over each hour of a week: the formula without its loop.
        served = sum([load * (1 - 1 / (1 + 1 / (load * times))) for load in loads], 0.0)
    else:
        units = [level if schedule is None else schedule.units(level, hour.at) for hour in hours]
        found = [load * (1 - blocked(n, load * times)) for n, load in zip(units, loads, strict=True)]
        served = sum(found, 0.0)
    return min(Decimal(1), Decimal(repr(served / total)))


def expected_share(
    level: int, traffic: Traffic, level_today: int | None, schedule: Schedule | None = None
) -> tuple[Decimal | None, str]:
    """Part of the calls (0 to 1) that `level` units would serve, and in words where that comes from.

    None when nothing was observed that tells: the execution is then priced at the on-demand rate, the upper bound.
    """
    if not level:
        return Decimal(0), ""
    if schedule is None and level == level_today and traffic.provisioned_share is not None:
        return _observed_share(level, traffic), "share of calls served warm as observed"
    if schedule is None and traffic.peak_concurrency is not None and level >= (traffic.peak or 0):
        peak = traffic.peak
        return Decimal(1), f"{level} units cover the observed peak of {peak} executions at once"
    if traffic.hours:
        share = (
            traffic.served_warm(level)
            if schedule is None
            else served_warm(level, traffic.hours, traffic.scale, schedule)
        )
        return share, "share served warm estimated hour by hour, as if calls arrived at random"
    return None, "how many calls would be served warm is not known: all execution taken at the on-demand rate"


def _observed_share(level: int, traffic: Traffic) -> Decimal:
    """The observed share, moved with the traffic as the replay moves: at today's traffic exactly what was observed."""
    share = traffic.provisioned_share or Decimal(0)
    if traffic.scale == 1 or not traffic.hours:
        return share
    today = traffic.served_warm(level, Decimal(1))
    moved = traffic.served_warm(level) if traffic.scale else Decimal(1)
    return min(Decimal(1), share * moved / today) if today else share
