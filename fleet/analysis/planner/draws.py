"""The replays behind a forecast: every draw places the calls anew and replays them at every level."""

import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fleet.analysis.planner import layers, posterior, sampling, timeout
from fleet.analysis.planner.placement import Belief, place
from fleet.analysis.planner.pool import Habit, Held, HourTally, Replay, Stretch, replay
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.sampling import Hours
from fleet.analysis.planner.timeout import TimeoutFit


@dataclass(frozen=True)
class Effort:
    """How much work a forecast may cost: how many draws, and how many calls each and the weighing of habits look at."""

    times: int = 8
    calls_per_draw: int = 12_000
    calls_of_habits: int = 6_000


@dataclass(frozen=True)
class Level:
    """One draw's outcome at one level, of the calls it counted: latencies in seconds, hours since the epoch."""

    calls: int
    cold: int
    spilled: int
    throttled: int
    warm_share: float
    p99_s: float | None
    hours: Mapping[int, HourTally]


@dataclass(frozen=True)
class Draw:
    """One draw at every level; share: of the window's calls it looked at; needs: the layer estimate of its hours.

    stretches: the calls as it placed them; buckets: the ranges [first, last) of the observation's buckets it counted.
    """

    belief: Belief
    share: float
    levels: Mapping[int, Level]
    needs: Mapping[int, int]
    stretches: Sequence[Stretch]
    buckets: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Draws:
    """All draws of one forecast with what they rest on. begun: the layers that begin to be needed, by bucket.

    are_bursts_untold: many cold starts come in bursts whose width nothing tells.
    """

    each: Sequence[Draw]
    timeout: TimeoutFit
    width_weights: Mapping[float, float]
    habit_weights: Mapping[Habit, float]
    needs: Mapping[int, int]
    begun: Sequence[Sequence[int]]
    are_bursts_untold: bool

    @property
    def is_thick(self) -> bool:
        """Whether calls come so thick that pools began with what was needed before, instead of a run-in."""
        return any(one.needed and not one.has_run_in for draw in self.each for one in draw.stretches)

    @property
    def rotation(self) -> float:
        """The weight of "any idle container", 0 to 1."""
        return sum(weight for habit, weight in self.habit_weights.items() if not habit.is_most_recent)


def make(observation: Observation, levels: Sequence[int], effort: Effort, chance: random.Random) -> Draws:
    """Run all draws; the same observation and random state give the same answer."""
    fit = timeout.fit(observation, chance)
    first = Habit(fit.likely_s, True)
    width_weights = posterior.widths(observation, first, fit.range_s[0], chance)
    habit_weights = _habits(observation, fit, width_weights, first, effort, chance)
    begun = layers.begun(observation.buckets, _middle_timeout(habit_weights))
    hours = sampling.draws(observation, effort.calls_per_draw, effort.times, chance)
    beliefs = posterior.beliefs(width_weights, habit_weights, effort.times, chance)
    each = [
        _draw(observation, chosen, believed, levels, begun, chance)
        for chosen, believed in zip(hours, beliefs, strict=True)
    ]
    needs = layers.above(begun, levels)
    is_untold = posterior.are_untold(observation, width_weights)
    return Draws(each, fit, width_weights, habit_weights, needs, begun, is_untold)


def _habits(
    observation: Observation,
    fit: TimeoutFit,
    width_weights: Mapping[float, float],
    first: Habit,
    effort: Effort,
    chance: random.Random,
) -> Mapping[Habit, float]:
    """Weights of habits over placements of some hours.

    They are made under a first guess and therefore match the peaks alone: what matched the set-ups under a guess would
    confirm it.
    """
    hours = sampling.draws(observation, effort.calls_of_habits, 1, chance)[0]
    believed = Belief(posterior.pick(width_weights, chance), first, matches_setups=False)
    stretches = [place(observation, span, believed, chance) for span in hours.spans]
    return posterior.habits(observation, stretches, fit, chance)


def _middle_timeout(weights: Mapping[Habit, float]) -> float:
    """The weighted median of the timeouts in seconds."""
    passed = 0.0
    ordered = sorted(weights, key=lambda habit: habit.timeout_s)
    for habit in ordered:
        passed += weights[habit]
        if passed >= 0.5:
            return habit.timeout_s
    return ordered[-1].timeout_s


def _draw(
    observation: Observation,
    hours: Hours,
    believed: Belief,
    levels: Sequence[int],
    begun: Sequence[Sequence[int]],
    chance: random.Random,
) -> Draw:
    stretches = [place(observation, span, believed, chance) for span in hours.spans]
    services = _services(stretches)
    found = {
        level: _level(replay(stretches, level, believed.habit, chance), services, observation.overhead_s)
        for level in levels
    }
    needs = layers.above((one for span in hours.spans for one in begun[span.counted : span.last]), levels)
    buckets = [(span.counted, span.last) for span in hours.spans]
    return Draw(believed, hours.share, found, needs, stretches, buckets)


def outcome(one: Draw, found: Replay, overhead_s: float) -> Level:
    """What a replay made of the calls of a draw."""
    return _level(found, _services(one.stretches), overhead_s)


def again(one: Draw, held: Held, overhead_s: float, chance: random.Random) -> Level:
    """The calls of a draw replayed with a level that changes over time."""
    return outcome(one, replay(one.stretches, held, one.belief.habit, chance), overhead_s)


def _services(stretches: Sequence[Stretch]) -> list[float]:
    """Seconds of execution of all counted calls, ascending."""
    return sorted(call[1] for one in stretches for call in one.calls if call[0] >= one.counted_from_s)


def _level(outcome: Replay, services: Sequence[float], overhead_s: float) -> Level:
    execution_s = sum(services)
    return Level(
        calls=outcome.calls,
        cold=len(outcome.cold),
        spilled=outcome.spilled,
        throttled=outcome.throttled,
        warm_share=outcome.warm_s / execution_s if execution_s else 0.0,
        p99_s=_p99(services, outcome, overhead_s),
        hours=outcome.hours,
    )


def _p99(services: Sequence[float], outcome: Replay, overhead_s: float) -> float | None:
    """The latency that 1 % of calls pass: execution, plus set-up where it was cold, plus the typical overhead.

    Found by halving over the sorted executions, from which the cold ones are taken out and put back with their set-up.
    """
    if not services:
        return None
    bare = sorted(call[1] for call in outcome.cold)
    full = sorted(call[1] + call[2] for call in outcome.cold)
    allowed = 0.01 * len(services)
    low, high = 0.0, max(services[-1], full[-1] if full else 0.0)
    for _ in range(30):
        middle = (low + high) / 2
        slower = len(services) - bisect_right(services, middle)
        slower += bisect_right(bare, middle) - bisect_right(full, middle)
        if slower > allowed:
            low = middle
        else:
            high = middle
    return high + overhead_s
