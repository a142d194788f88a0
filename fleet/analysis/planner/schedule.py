"""Weekly schedules of provisioned concurrency: found on the replays, kept only where they beat the best fixed level.

What a cold start is worth in dollars is the user's to say; it is asked for, or tried along the curve of fixed levels.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from math import exp
from statistics import fmean, median

from fleet.analysis.planner import options, outcomes, phrases, search, weeks
from fleet.analysis.planner.levels import Forecast
from fleet.analysis.planner.options import Option, OptionKind
from fleet.analysis.planner.outcomes import Course
from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.timetable import HOURS, Timetable, WeekAction, Window, actions
from fleet.analysis.planner.weeks import HourTable
from fleet.costs.lines import total

LEAST_GAIN = 0.05
"""A schedule must beat the fixed level by so much on weeks that it was not fitted on."""
FLOOR = 1
"""Application Auto Scaling keeps at least one unit (SageMaker developer guide, serverless-endpoints-autoscale)."""
SETTLE_S = 120
"""Assumed beside a long set-up until provisioned concurrency that was asked for is there: AWS gives no figure."""
_Z99 = 2.326
_MOST_VALUES = 4


@dataclass(frozen=True)
class WeeklyPlan:
    """A schedule that pays. hours: level by hour of the week (UTC, Monday first).

    window: the two levels it consists of, None where it has more; actions: the scheduled actions that make it.
    objective_usd: money and cold starts of a month at usd_per_cold each, against fixed_usd of the best fixed level;
    gains: shares by which it won on weeks that it was not fitted on.
    """

    hours: tuple[int, ...]
    window: Window | None
    actions: tuple[WeekAction, ...]
    option: Option
    usd_per_cold: Decimal
    fixed_level: int
    objective_usd: float
    fixed_usd: float
    gains: tuple[float, ...]


@dataclass(frozen=True)
class Schedules:
    """The schedules that are better than any fixed level, none twice; sentence: what was found, or why none."""

    plans: tuple[WeeklyPlan, ...]
    sentence: str
    weeks: int


def rise_s(observation: Observation) -> float:
    """Seconds that provisioned concurrency is assumed to take until it is there: a long (p99) set-up and SETTLE_S."""
    return SETTLE_S + (observation.setup_s or 0.0) * exp(_Z99 * observation.setup_spread)


def find(
    observation: Observation,
    forecast: Forecast,
    tariff: Tariff | None,
    values: Sequence[Decimal],
    *,
    floor: int = FLOOR,
    most: int | None = None,
) -> Schedules:
    """The best schedule of two levels and the best of any for each value of a cold start (USD), where they pay.

    most: the highest level allowed. The same forecast gives the same answer.
    """
    seen = weeks.read(observation, forecast.draws, most)
    rates = tariff.rates() if tariff is not None else None
    if rates is None or tariff is None:
        return Schedules(
            (), "No price is known for this memory size, so no schedule can be weighed.", seen.count
        )
    if seen.count < 2:
        text = f"A weekly schedule takes two whole weeks of metrics; {_days(observation.hours)}."
        return Schedules((), text, seen.count)
    whole = weeks.table(seen, rates)
    halves = [
        (weeks.table(seen, rates, fit), weeks.table(seen, rates, rest, is_shrunk=False))
        for fit, rest in search.splits(seen.count)
    ]
    found: dict[tuple[int, ...], WeeklyPlan] = {}
    for value in values:
        for is_window in (True, False):
            hours, window = search.better(whole, float(value), floor, is_window=is_window)
            gains = _gains(halves, float(value), floor, is_window=is_window)
            if hours is None or hours in found or not _holds(gains):
                continue
            plan = _replayed(observation, forecast, tariff, whole, value, hours, window, gains)
            if plan is not None and plan.objective_usd < plan.fixed_usd:
                found[hours] = _named(plan, found.values())
    return Schedules(tuple(found.values()), _sentence(found.values(), values), seen.count)


def values(curve: Sequence[Option]) -> tuple[Decimal, ...]:
    """What a cold start must be worth for the steps along a curve of options to pay: up to four values worth trying."""
    found = []
    for before, after in pairwise(curve):
        step = options.avoided(after, before)
        if step.usd is not None and step.usd > 0 and step.cold > 0:
            found.append(step.usd / Decimal(str(step.cold)))
    found = sorted(set(found))
    if len(found) > _MOST_VALUES:
        found = [found[place * (len(found) - 1) // (_MOST_VALUES - 1)] for place in range(_MOST_VALUES)]
    return tuple(found)


def _named(plan: WeeklyPlan, others: Collection[WeeklyPlan]) -> WeeklyPlan:
    """A plan under a name of its own: pages and predictions tell ways apart by it."""
    if all(other.option.name != plan.option.name for other in others):
        return plan
    name = f"{plan.option.name}, {plan.option.mean_level:.2f} on average"
    number = sum(other.option.name.startswith(name) for other in others)
    return replace(plan, option=replace(plan.option, name=f"{name} ({number + 1})" if number else name))


def _days(hours: float) -> str:
    """How many days of metrics there are: "there is 1 day"."""
    days = round(hours / 24)
    if days <= 1:
        return "there is 1 day" if days else "there is less than a day"
    return f"there are {days} days"


def _gains(
    halves: Sequence[tuple[HourTable, HourTable]], value: float, floor: int, *, is_window: bool
) -> tuple[float, ...]:
    """By which share a schedule fitted on some weeks beats the level fitted on the same, judged on the others."""
    found = []
    for fit, rest in halves:
        fixed = (search.best_fixed(fit, value),) * HOURS
        hours, _ = search.better(fit, value, floor, is_window=is_window)
        spent = rest.score(fixed, value)
        found.append(1 - rest.score(hours or fixed, value) / spent if spent else 0.0)
    return tuple(found)


def _holds(gains: Sequence[float]) -> bool:
    return bool(gains) and fmean(gains) > LEAST_GAIN and min(gains) >= 0


def _replayed(
    observation: Observation,
    forecast: Forecast,
    tariff: Tariff,
    table: HourTable,
    value: Decimal,
    hours: tuple[int, ...],
    window: Window | None,
    gains: tuple[float, ...],
) -> WeeklyPlan | None:
    """A schedule run through the replays, and the best fixed level by the same measure; None without a price."""
    late_s = rise_s(observation)
    held = Timetable(hours, -late_s if window else late_s)
    chance = random.Random(f"{forecast.seed} {hours}")
    course = outcomes.changing(observation, forecast.draws, held, held.mean_level, chance)
    steps = actions(hours, 0 if window else late_s)
    name = window.words() if window else f"{len(steps)} scheduled actions, level {min(hours)} to {max(hours)}"
    span = min(hours), max(hours)
    option = options.of_course(observation, forecast, tariff, course, OptionKind.SCHEDULE, name, span)
    spent = _objective(observation, forecast, tariff, course, value)
    fixed = {
        level: usd
        for level in table.levels
        if (usd := _objective(observation, forecast, tariff, outcomes.of_level(forecast.draws, level), value))
        is not None
    }
    if spent is None or not fixed:
        return None
    best = min(fixed, key=fixed.__getitem__)
    return WeeklyPlan(hours, window, steps, option, value, best, spent, fixed[best], gains)


def _objective(
    observation: Observation, forecast: Forecast, tariff: Tariff, course: Course, value: Decimal
) -> float | None:
    """USD of a month, a cold start at its value; None without a price."""
    lines = outcomes.cost_lines(observation, course, tariff)
    spent = total(lines)
    if not spent.is_complete or spent.amount is None:
        return None
    cold = median(outcomes.scaled_cold(forecast.draws, course)) * forecast.per_month
    return float(spent.amount) + float(value) * cold


def _sentence(found: Collection[WeeklyPlan], values: Sequence[Decimal]) -> str:
    if not values:
        return "No value of a cold start was given, and no level avoids any for money: nothing to weigh a schedule by."
    if not found:
        return "No weekly schedule beats the best fixed level on weeks that it was not fitted on."
    best = max(found, key=lambda plan: 1 - plan.objective_usd / plan.fixed_usd)
    gain = 1 - best.objective_usd / best.fixed_usd
    return (
        f"{best.option.name[0].upper()}{best.option.name[1:]}: {phrases.share(gain)} better than level"
        f" {best.fixed_level} all week, a cold start at {phrases.usd(best.usd_per_cold)}."
    )
