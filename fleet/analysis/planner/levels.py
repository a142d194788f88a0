"""The forecast per level of provisioned concurrency: cold starts, spill-over, throttled calls, p99 and cost a month."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import fmean, median

from fleet.analysis.planner import draws, interval
from fleet.analysis.planner.draws import Draw, Draws, Effort, Level
from fleet.analysis.planner.interval import Range, Standing
from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.standing import bursts_are_untold, rotation, standing
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
    """All levels of one variant over one window, with what they rest on. calls, hours: of the window."""

    levels: tuple[LevelForecast, ...]
    calls: int
    hours: float
    timeout_s: Range
    is_timeout_known: bool
    reuse_of_most_recent: float
    notes: tuple[str, ...]
    seed: int
    draws: Draws = field(repr=False, compare=False)

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
        reuse_of_most_recent=1 - rotation(found),
        notes=tuple(_notes(observation, found)),
        seed=seed,
        draws=found,
    )


def _level(observation: Observation, found: Draws, level: int, tariff: Tariff | None) -> LevelForecast:
    word, reasons = standing(observation, found, level)
    cold = _cold(observation, found, level)
    if word is Standing.MEASURED and observation.setups is not None:
        cold = interval.measured(observation.setups)
    latencies = [1000 * p99 for one in found.each if (p99 := one.levels[level].p99_s) is not None]
    if observation.setup_s is None and cold.high >= 0.01 * observation.calls:
        latencies = []
    lines = _lines(observation, found, level, tariff)
    return LevelForecast(
        level=level,
        cold=cold,
        spilled=_of_calls(observation, found.each, level, lambda one: one.spilled),
        throttled=_of_calls(observation, found.each, level, lambda one: one.throttled),
        p99_ms=interval.of_latency(median(latencies), latencies) if latencies else None,
        usd=total(lines).amount if lines and total(lines).is_complete else None,
        lines=lines,
        standing=word,
        reasons=reasons,
        is_live=level in observation.levels,
        is_lower_bound=bool(observation.saturated),
    )


def _cold(observation: Observation, found: Draws, level: int) -> Range:
    scaled = _scaled_cold(found, level)
    return interval.of_cold_starts(
        median(scaled),
        scaled,
        found.needs[level],
        observation.calls,
        is_untold=bursts_are_untold(observation, found),
        is_rotating=rotation(found) > 0.5,
    )


def _scaled_cold(found: Draws, level: int) -> list[float]:
    """Cold starts of the whole window, draw by draw.

    What a draw did not look at is filled in by the layer estimate of those hours, corrected by how the replays compare
    with it where both are known: it varies far less from hour to hour than cold starts per call do.
    """
    draws = found.each
    seen, needed = sum(one.levels[level].cold for one in draws), sum(one.needs[level] for one in draws)
    scaled = []
    for one in draws:
        cold = one.levels[level].cold
        if one.share >= 1:
            scaled.append(float(cold))
        elif needed:
            left = max(0, found.needs[level] - one.needs[level])
            scaled.append(cold + left * seen / needed)
        else:
            scaled.append(cold / one.share)
    return scaled


def _of_calls(
    observation: Observation, draws: Sequence[Draw], level: int, count: Callable[[Level], int]
) -> Range:
    """A count of the whole window from its share of the calls each draw looked at."""
    shares = [count(one.levels[level]) / max(1, one.levels[level].calls) for one in draws]
    counts = [share * observation.calls for share in shares]
    if not any(counts):
        return interval.measured(0.0)
    return interval.of_count(median(counts), counts, observation.calls)


def _lines(observation: Observation, found: Draws, level: int, tariff: Tariff | None) -> tuple[CostLine, ...]:
    """Cost lines of a month: the observed execution time, shared out as the replays shared it."""
    if tariff is None:
        return ()
    scale = float(HOURS_PER_MONTH) / observation.hours
    outcomes = [one.levels[level] for one in found.each]
    warm = fmean(one.warm_share for one in outcomes)
    lost = fmean(one.throttled / max(1, one.calls) for one in outcomes)
    ran_s = observation.busy_s * scale * (1 - lost)
    month_s = float(HOURS_PER_MONTH) * 3600
    return tuple(tariff.cost_lines(level, month_s, ran_s * min(1.0, warm), ran_s * max(0.0, 1 - warm)))


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
        yield f"Each of {len(found.each)} replays looked at about {share:.0%} of the calls, whole hours at random."
