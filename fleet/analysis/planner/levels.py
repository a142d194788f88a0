"""The forecast per level of provisioned concurrency: cold starts, spill-over, throttled calls, p99 and cost a month."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import fmean

from fleet.analysis.planner import draws, interval, outcomes
from fleet.analysis.planner.draws import Draws, Effort
from fleet.analysis.planner.interval import Range, Standing
from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.standing import Unlike, standing, unlike
from fleet.costs.lines import total
from fleet.costs.periods import HOURS_PER_MONTH
from fleet.types import CostLine

_LADDER = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100, 128, 160, 200)


@dataclass(frozen=True)
class LevelForecast:
    """What the window would have been at one level. Counts are of the window; per_month scales them to 730 hours.

    p99_ms: latency callers see, None if it rests on set-ups and none was ever timed; usd: a month, None where a rate is
    missing; reasons: why the standing, in sentences.
    """

    level: int
    cold: Range
    spilled: Range
    throttled: Range
    p99_ms: Range | None
    usd: Decimal | None
    lines: tuple[CostLine, ...]
    standing: Standing
    reasons: tuple[str, ...]
    is_live: bool
    is_lower_bound: bool


@dataclass(frozen=True)
class Forecast:
    """All levels of one variant over one window, with what they rest on. calls, hours: of the window.

    unlike: how far the replays are from what was measured, None where they have it or nothing can be compared.
    """

    levels: tuple[LevelForecast, ...]
    calls: int
    hours: float
    timeout_s: Range
    is_timeout_known: bool
    reuse_of_most_recent: float
    notes: tuple[str, ...]
    seed: int
    draws: Draws = field(repr=False, compare=False)
    unlike: Unlike | None = None

    @property
    def per_month(self) -> float:
        """Factor from the window's counts to a month of 730 hours."""
        return float(HOURS_PER_MONTH) / self.hours

    def level(self, wanted: int) -> LevelForecast | None:
        return next((one for one in self.levels if one.level == wanted), None)


def ladder(observation: Observation) -> list[int]:
    """The levels worth asking about: up to the highest peak, never above the limit; live ones always."""
    limit = max((bucket.limit for bucket in observation.buckets), default=0)
    top = min(limit, observation.peak or 0)
    found = (
        {level for level in _LADDER if level < top} | {0, top} | {one for one in observation.levels if one}
    )
    return sorted(found)


def forecast(
    observation: Observation,
    tariff: Tariff | None,
    seed: int,
    levels: Sequence[int] | None = None,
    effort: Effort | None = None,
) -> Forecast | None:
    """What each level would have done in the observed window; None when no calls or no peaks are known.

    All randomness comes from the seed. Raises ValueError on an empty window.
    """
    if observation.hours <= 0:
        raise ValueError("a forecast needs a window that ends after it starts")
    if not observation.calls or not observation.peak:
        return None
    asked = sorted(set(levels if levels is not None else ladder(observation)))
    found = draws.make(observation, asked, effort or Effort(), random.Random(seed))
    return Forecast(
        levels=tuple(_level(observation, found, level, tariff) for level in asked),
        calls=observation.calls,
        hours=observation.hours,
        timeout_s=_timeout(found),
        is_timeout_known=found.timeout.is_known,
        reuse_of_most_recent=1 - found.rotation,
        notes=tuple(_notes(observation, found)),
        seed=seed,
        draws=found,
        unlike=unlike(observation, found),
    )


def _level(observation: Observation, found: Draws, level: int, tariff: Tariff | None) -> LevelForecast:
    word, reasons = standing(observation, found, level)
    course = outcomes.of_level(found, level)
    cold = outcomes.cold(observation, found, course)
    if word is Standing.MEASURED and observation.setups is not None:
        cold = interval.measured(observation.setups)
    lines = outcomes.cost_lines(observation, course, tariff)
    return LevelForecast(
        level=level,
        cold=cold,
        spilled=outcomes.of_calls(observation, course, lambda one: one.spilled),
        throttled=outcomes.of_calls(observation, course, lambda one: one.throttled),
        p99_ms=outcomes.p99_ms(observation, course, cold),
        usd=total(lines).amount if lines and total(lines).is_complete else None,
        lines=lines,
        standing=word,
        reasons=reasons,
        is_live=level in observation.levels,
        is_lower_bound=bool(observation.saturated),
    )


def _timeout(found: Draws) -> Range:
    """Seconds an idle container is kept, by the replays' weights."""
    weights: dict[float, float] = {}
    for habit, weight in found.habit_weights.items():
        weights[habit.timeout_s] = weights.get(habit.timeout_s, 0.0) + weight
    marks = []
    for share in (0.5, 0.1, 0.9):
        passed = 0.0
        for timeout_s in sorted(weights):
            passed += weights[timeout_s]
            if passed >= share - 1e-9:
                marks.append(timeout_s)
                break
    return Range(*marks)


def _notes(observation: Observation, found: Draws) -> Iterator[str]:
    """What the reader must know about the window, in sentences."""
    if observation.long_silences:
        yield (
            f"{observation.long_silences} stretches of three hours or more have no rows: a gap in the metrics cannot be"
            " told from silence."
        )
    if observation.uneven_peaks > len(observation.buckets) / 20:
        yield (
            f"In {observation.uneven_peaks} buckets the concurrency used was no whole number of containers: the peaks"
            " may be read wrongly."
        )
    if any(one.share < 1 for one in found.each):
        share = fmean(one.share for one in found.each)
        part = f"about {share * 100:.0f} %" if share >= 0.01 else "less than 1 %"
        yield f"Each of {len(found.each)} replays looked at {part} of the calls, in stretches at random."
