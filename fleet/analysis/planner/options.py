"""Ways to run a variant side by side: the curve of money against cold starts, and the price of an avoided one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fleet.analysis.planner import outcomes
from fleet.analysis.planner.interval import Range, Standing
from fleet.analysis.planner.levels import Forecast, LevelForecast
from fleet.analysis.planner.outcomes import Course
from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.standing import doubts
from fleet.costs.lines import total


class OptionKind(StrEnum):
    """What keeps containers warm: one level all the time, a level by the hour of the week, or a target policy."""

    LEVEL = "level"
    SCHEDULE = "schedule"
    TRACKING = "tracking"


@dataclass(frozen=True)
class Option:
    """One way to run the variant; counts and money are of a month of 730 hours.

    level: of a LEVEL, else None; top: the highest level it holds; mean_level: on average over the time; calls: of a
    month; p99_ms, usd: None where not known; is_today: live now.
    """

    kind: OptionKind
    name: str
    top: int
    level: int | None
    mean_level: float
    calls: float
    cold: Range
    spilled: Range
    throttled: Range
    p99_ms: Range | None
    usd: Decimal | None
    standing: Standing
    reasons: tuple[str, ...] = ()
    is_today: bool = False

    @property
    def cold_share(self) -> Range:
        """Cold starts per call, 0 to 1."""
        return self.cold.scaled(1 / self.calls) if self.calls else Range(0, 0, 0)


@dataclass(frozen=True)
class Avoided:
    """What one option does against another: cold starts avoided a month, what it costs more (negative: less).

    cold: middle estimates subtracted. usd: None where a price is missing. is_clear: the ranges do not overlap so far
    that no ranking can be stood behind.
    """

    cold: float
    usd: Decimal | None
    is_clear: bool

    @property
    def usd_each(self) -> Decimal | None:
        """USD for each cold start avoided; None when none is clearly avoided, nothing is paid or it is unknown."""
        if self.usd is None or self.usd <= 0 or self.cold <= 0 or not self.is_clear:
            return None
        return self.usd / Decimal(str(self.cold))


def of_level(forecast: Forecast, one: LevelForecast, today: int | None) -> Option:
    """A level of a forecast; today: the level that is live now, None when it is not known."""
    month = forecast.per_month
    return Option(
        kind=OptionKind.LEVEL,
        name=f"level {one.level}" if one.level else "no provisioned concurrency",
        top=one.level,
        level=one.level,
        mean_level=float(one.level),
        calls=forecast.calls * month,
        cold=one.cold.scaled(month),
        spilled=one.spilled.scaled(month),
        throttled=one.throttled.scaled(month),
        p99_ms=one.p99_ms,
        usd=one.usd,
        standing=one.standing,
        reasons=one.reasons,
        is_today=one.level == today,
    )


def of_levels(forecast: Forecast, today: int | None) -> tuple[Option, ...]:
    """All levels of a forecast, lowest first."""
    return tuple(of_level(forecast, one, today) for one in forecast.levels)


def of_course(
    observation: Observation,
    forecast: Forecast,
    tariff: Tariff | None,
    course: Course,
    kind: OptionKind,
    name: str,
    span: tuple[int, int],
) -> Option:
    """What a course comes to in a month. span: its lowest and highest level."""
    month = forecast.per_month
    cold = outcomes.cold(observation, forecast.draws, course)
    lines = outcomes.cost_lines(observation, course, tariff)
    word, reasons = doubts(observation, forecast.draws, span[0])
    return Option(
        kind=kind,
        name=name,
        top=span[1],
        level=None,
        mean_level=course.mean_level,
        calls=forecast.calls * month,
        cold=cold.scaled(month),
        spilled=outcomes.of_calls(observation, course, lambda one: one.spilled).scaled(month),
        throttled=outcomes.of_calls(observation, course, lambda one: one.throttled).scaled(month),
        p99_ms=outcomes.p99_ms(observation, course, cold),
        usd=total(lines).amount if lines and total(lines).is_complete else None,
        standing=word,
        reasons=reasons,
    )


def frontier(options: Iterable[Option]) -> tuple[Option, ...]:
    """Those that no other option beats: each has fewer cold starts than all that cost as little. Cheapest first.

    Options without a price are left out.
    """
    priced = [(one.usd, one.cold.likely, one) for one in options if one.usd is not None]
    found: list[Option] = []
    for _, cold, one in sorted(priced, key=lambda row: row[:2]):
        if not found or cold < found[-1].cold.likely:
            found.append(one)
    return tuple(found)


def avoided(option: Option, base: Option) -> Avoided:
    """What an option avoids and costs against a base."""
    usd = None if option.usd is None or base.usd is None else option.usd - base.usd
    return Avoided(base.cold.likely - option.cold.likely, usd, not option.cold.overlaps(base.cold))


def today(options: Sequence[Option]) -> Option | None:
    """The option that is live now."""
    return next((one for one in options if one.is_today), None)
