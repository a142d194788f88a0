"""A forecast as pages read it: every way to run a variant, with what it rests on. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from fleet.analysis.planner import options, timetable
from fleet.analysis.planner.interval import Range
from fleet.analysis.planner.levels import Forecast
from fleet.analysis.planner.options import Option
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.schedule import Schedules, WeeklyPlan
from fleet.analysis.planner.sizes import Comparison, SizeSeen
from fleet.analysis.planner.standing import Unlike
from fleet.analysis.planner.timetable import WeekAction, Window
from fleet.analysis.planner.tracking import Policy, TrackingPlan
from fleet.types import CostLine, ServerlessCapacity


@dataclass(frozen=True)
class Schedule:
    """A weekly schedule that pays. option: its name among the plan's. hours: level by hour of week, UTC, Monday first.

    window: it in plain words, None where it has more than two levels; actions: what makes it then. fixed_level: the
    best level all week, at usd_per_cold for a cold start; gain: the share by which the schedule beats it.
    """

    option: str
    hours: tuple[int, ...]
    window: Window | None
    actions: tuple[WeekAction, ...]
    usd_per_cold: Decimal
    fixed_level: int
    gain: float

    @property
    def moving(self) -> "Moving":
        """The one operation that makes it."""
        fields = timetable.week_fields(self.actions) if self.window is None else self.window.fields()
        return Moving(fields, min(self.hours), max(self.hours))


@dataclass(frozen=True)
class Tracking:
    """A target-tracking policy. option: its name among the plan's; mean_level: units kept warm, by either reading."""

    option: str
    policy: Policy
    mean_level: tuple[float, float]

    @property
    def moving(self) -> "Moving":
        """The one operation that makes it."""
        return Moving(self.policy.fields(), self.policy.minimum, self.policy.maximum)


@dataclass(frozen=True)
class Moving:
    """What the form "change schedule" takes to move the level over time, and between which levels it then lies."""

    fields: Mapping[str, str]
    least: int
    most: int


@dataclass(frozen=True)
class Found:
    """Everything that was worked out beside the levels."""

    weekly: Schedules
    trackings: tuple[TrackingPlan, ...]
    sizes: Comparison


@dataclass(frozen=True)
class Plan:
    """What the page shows of a forecast. calls: of the window of `hours`; peak: most calls at once in it.

    live: what the variant held when the window ended. lines: of each level with a price, by its name. schedules: those
    that pay; schedule_words: what was found, or why none. trackings: policies that no other one beats. sizes: memory
    sizes that ever ran; size_words: what they say. unlike: how far its replays are from what was measured. timeout_s:
    seconds an idle container is kept, an estimate; is_timeout_known False: hardly more than an assumption.
    """

    live: ServerlessCapacity
    options: tuple[Option, ...]
    lines: Mapping[str, tuple[CostLine, ...]]
    calls: int
    hours: float
    peak: int
    setup_s: float | None
    timeout_s: Range
    is_timeout_known: bool
    is_coarse: bool
    notes: tuple[str, ...]
    seed: int
    schedules: tuple[Schedule, ...] = ()
    schedule_words: str = ""
    trackings: tuple[Tracking, ...] = ()
    sizes: tuple[SizeSeen, ...] = ()
    size_words: str = ""
    unlike: Unlike | None = None

    @property
    def today(self) -> Option | None:
        """The option that was live when it was worked out."""
        return options.today(self.options)

    @property
    def first_step(self) -> Option | None:
        """Of levels and schedules that clearly avoid cold starts against today, the cheapest for each avoided."""
        live = self.today
        if live is None:
            return None
        priced = [
            (price, one)
            for one in options.frontier(one for one in self.options if self._is_plain(one))
            if one is not live and (price := options.avoided(one, live).usd_each) is not None
        ]
        return min(priced, key=lambda pair: pair[0])[1] if priced else None

    def _is_plain(self, option: Option) -> bool:
        """A level or a schedule: how a policy moves is assumed in part, so it is not what is advised first."""
        return option.level is not None or self.schedule_of(option) is not None

    def is_of(self, live: ServerlessCapacity) -> bool:
        """Whether it was worked out for this memory and limit: its prices and its levels then still hold."""
        return (self.live.memory_mb, self.live.max_concurrency) == (live.memory_mb, live.max_concurrency)

    def under(self, live: ServerlessCapacity) -> "Plan":
        """The same with today's option marked: auto scaling may have moved the level since."""
        level = live.provisioned_concurrency or 0
        return replace(self, options=tuple(replace(one, is_today=one.level == level) for one in self.options))

    def of_level(self, level: int) -> Option | None:
        """The option of keeping a level all the time."""
        return next((one for one in self.options if one.level == level), None)

    def schedule_of(self, option: Option) -> Schedule | None:
        """The schedule behind an option, None for a level."""
        return next((one for one in self.schedules if one.option == option.name), None)

    def moving(self, option: Option) -> Moving | None:
        """What makes an option whose level changes over time; None for a level."""
        found: Iterable[Schedule | Tracking] = (*self.schedules, *self.trackings)
        return next((one.moving for one in found if one.option == option.name), None)

    def option_of(self, name: str) -> Option | None:
        """The option of this name."""
        return next((one for one in self.options if one.name == name), None)


def plan(seen: Observation, live: ServerlessCapacity, forecast: Forecast, found: Found) -> Plan:
    """A forecast as it is kept, with everything that was found beside its levels."""
    levels = options.of_levels(forecast, live.provisioned_concurrency or 0)
    weekly, trackings = found.weekly.plans, found.trackings
    return Plan(
        live=live,
        options=(*levels, *(each.option for each in weekly), *(each.option for each in trackings)),
        lines={option.name: one.lines for option, one in zip(levels, forecast.levels, strict=True)},
        calls=forecast.calls,
        hours=forecast.hours,
        peak=seen.peak or 0,
        setup_s=seen.setup_s,
        timeout_s=forecast.timeout_s,
        is_timeout_known=forecast.is_timeout_known,
        is_coarse=seen.is_coarse,
        notes=forecast.notes,
        seed=forecast.seed,
        schedules=tuple(map(_schedule, weekly)),
        schedule_words=found.weekly.sentence,
        trackings=tuple(Tracking(one.option.name, one.policy, one.mean_level) for one in trackings),
        sizes=found.sizes.sizes,
        size_words=found.sizes.sentence,
        unlike=forecast.unlike,
    )


def _schedule(found: WeeklyPlan) -> Schedule:
    gain = 1 - found.objective_usd / found.fixed_usd if found.fixed_usd else 0.0
    return Schedule(
        found.option.name,
        found.hours,
        found.window,
        found.actions,
        found.usd_per_cold,
        found.fixed_level,
        gain,
    )
