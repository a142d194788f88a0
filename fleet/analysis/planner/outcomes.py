"""What all draws together say of one way to run the variant: a level, or one that changes over time."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from fleet.analysis.planner import interval
from fleet.analysis.planner.draws import Draws, Level, again
from fleet.analysis.planner.interval import FEW, Range
from fleet.analysis.planner.pool import Held
from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.rows import Observation
from fleet.costs.periods import HOURS_PER_MONTH
from fleet.types import CostLine


@dataclass(frozen=True)
class Course:
    """One way to run the variant as each draw saw it. mean_level: units kept warm on average over the time.

    needs: the layer estimate of the hours that each draw looked at; need: of all hours.
    """

    each: Sequence[Level]
    needs: Sequence[int]
    need: int
    mean_level: float


def of_level(found: Draws, level: int) -> Course:
    """A level held all the time, one that the draws were made for."""
    return Course(
        [one.levels[level] for one in found.each],
        [one.needs[level] for one in found.each],
        found.needs[level],
        float(level),
    )


def changing(
    observation: Observation, found: Draws, held: Held, mean_level: float, chance: random.Random
) -> Course:
    """A level that changes over time as `held` says: every draw is replayed with it."""
    above = [
        sum(layer >= held(bucket.at_s)[0] for layer in anew)
        for bucket, anew in zip(observation.buckets, found.begun, strict=True)
    ]
    return Course(
        [again(one, held, observation.overhead_s, chance) for one in found.each],
        [sum(sum(above[first:last]) for first, last in one.buckets) for one in found.each],
        sum(above),
        mean_level,
    )


def cold(observation: Observation, found: Draws, course: Course) -> Range:
    """Cold starts of the window."""
    scaled = scaled_cold(found, course)
    return interval.of_cold_starts(
        interval.likely_count(scaled),
        scaled,
        course.need,
        observation.calls,
        is_untold=found.are_bursts_untold,
        is_rotating=found.rotation > 0.5,
    )


def scaled_cold(found: Draws, course: Course) -> list[float]:
    """Cold starts of the whole window, draw by draw.

    What a draw did not look at is filled in by the layer estimate of those hours, corrected by how the replays of its
    rule of reuse compare with it where both are known: it varies far less from hour to hour than cold starts per call
    do. Where calls come so thick that the draws see few cold starts, what these say is drawn to the estimate itself.
    """
    prior = FEW if found.is_thick else 0
    seen, needed = Counter({True: prior, False: prior}), Counter({True: prior, False: prior})
    rules = [draw.belief.habit.is_most_recent for draw in found.each]
    for rule, one, need in zip(rules, course.each, course.needs, strict=True):
        seen[rule] += one.cold
        needed[rule] += need
    scaled = []
    for draw, rule, one, need in zip(found.each, rules, course.each, course.needs, strict=True):
        if draw.share >= 1:
            scaled.append(float(one.cold))
        elif needed[rule]:
            scaled.append(one.cold + max(0, course.need - need) * seen[rule] / needed[rule])
        else:
            scaled.append(one.cold / draw.share)
    return scaled


def of_calls(observation: Observation, course: Course, count: Callable[[Level], int]) -> Range:
    """A count of the whole window from its share of the calls each draw looked at."""
    shares = [count(one) / max(1, one.calls) for one in course.each]
    counts = [share * observation.calls for share in shares]
    if not any(counts):
        return interval.measured(0.0)
    return interval.of_count(median(counts), counts, observation.calls)


def p99_ms(observation: Observation, course: Course, cold: Range) -> Range | None:
    """None if it rests on set-ups and none was ever timed."""
    latencies = [1000 * one.p99_s for one in course.each if one.p99_s is not None]
    if not latencies or (observation.setup_s is None and cold.high >= 0.01 * observation.calls):
        return None
    return interval.of_latency(median(latencies), latencies)


def cost_lines(observation: Observation, course: Course, tariff: Tariff | None) -> tuple[CostLine, ...]:
    """Cost lines of a month: the observed execution time, shared out as the replays shared it."""
    if tariff is None:
        return ()
    scale = float(HOURS_PER_MONTH) / observation.hours
    warm = fmean(one.warm_share for one in course.each)
    lost = fmean(one.throttled / max(1, one.calls) for one in course.each)
    ran_s = observation.busy_s * scale * (1 - lost)
    month_s = float(HOURS_PER_MONTH) * 3600
    return tuple(
        tariff.cost_lines(course.mean_level, month_s, ran_s * min(1.0, warm), ran_s * max(0.0, 1 - warm))
    )
