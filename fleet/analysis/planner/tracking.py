"""Target tracking on the utilisation of provisioned concurrency: a policy followed over the replays, minute by minute.

Published (SageMaker developer guide, serverless-endpoints-autoscale and serverless-endpoints-monitoring; botocore
1.44.5): the metric, a minimum of 1, cool-downs. Everything else a policy does is assumed: ASSUMED lists it.
"""

import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from math import ceil
from statistics import fmean
from typing import Any

from fleet.analysis.planner import draws, layers, options
from fleet.analysis.planner.interval import Range
from fleet.analysis.planner.levels import Forecast
from fleet.analysis.planner.options import Option, OptionKind
from fleet.analysis.planner.outcomes import Course
from fleet.analysis.planner.pool import Habit, PlacedCall, Replay, Stretch, begun, serve
from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.schedule import FLOOR, rise_s

METRIC = "SageMakerVariantProvisionedConcurrencyUtilization"
TARGETS = (0.3, 0.5, 0.7, 0.9)
OUT_MINUTES, IN_MINUTES = 3, 15
SLACK = 0.9
MINUTE_S = 60
ASSUMED = (
    f"A policy raises the level after {OUT_MINUTES} minutes on end above its target and lowers it after {IN_MINUTES}"
    f" below {SLACK * 100:.0f} % of it, each time in proportion to the utilisation.",
    "What the metric averages over is not documented: it is followed once as the mean over the minute, silent minutes"
    " being 0, and once as the peak of the minute, silent minutes reporting nothing. The range spans both, the price is"
    " the dearer one.",
    "More units are there a long set-up and two minutes after they were asked for.",
)


class Reading(Enum):
    """What the utilisation of a minute is taken to be: AWS does not say, the two extremes are followed."""

    MEAN = auto()
    PEAK = auto()


@dataclass(frozen=True)
class Policy:
    """A target-tracking policy and the bounds of its target. target: utilisation, 0 to 1; cool-downs in seconds.

    300 s is the default that AWS gives for endpoint variants; for provisioned concurrency none is published.
    """

    target: float
    minimum: int
    maximum: int
    out_cooldown_s: int = 300
    in_cooldown_s: int = 300

    def words(self) -> str:
        """ "target tracking at 70 %, level 1 to 6"."""
        return f"target tracking at {self.target * 100:.0f} %, level {self.minimum} to {self.maximum}"

    def fields(self) -> dict[str, str]:
        """The fields of the operation "change schedule" that write the policy, filled in."""
        return {
            "way": "track",
            "goal": f"{100 * self.target:.0f}",
            "minimum": str(self.minimum),
            "maximum": str(self.maximum),
            "out_cooldown": str(self.out_cooldown_s),
            "in_cooldown": str(self.in_cooldown_s),
        }

    def configuration(self) -> dict[str, Any]:
        """What PutScalingPolicy is sent as TargetTrackingScalingPolicyConfiguration."""
        return {
            "TargetValue": self.target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
            "ScaleOutCooldown": self.out_cooldown_s,
            "ScaleInCooldown": self.in_cooldown_s,
        }


@dataclass(frozen=True)
class TrackingPlan:
    """A policy with what it comes to in a month. mean_level: units kept warm under either reading of the metric."""

    policy: Policy
    option: Option
    mean_level: tuple[float, float]


def find(
    observation: Observation, forecast: Forecast, tariff: Tariff | None, *, most: int | None = None
) -> tuple[TrackingPlan, ...]:
    """The policies that no other policy beats, cheapest first; none without prices. most: the highest level allowed."""
    tried = [follow(observation, forecast, tariff, one) for one in policies(forecast, most)]
    curve = options.frontier(one.option for one in tried)
    return tuple(plan for option in curve for plan in tried if plan.option is option)


def policies(forecast: Forecast, most: int | None = None) -> Iterator[Policy]:
    """Policies worth following: four targets, from each of the three lowest levels to the highest peak seen."""
    levels = [
        one.level for one in forecast.levels if one.level >= FLOOR and (most is None or one.level <= most)
    ]
    for minimum in levels[:3]:
        for target in TARGETS:
            if levels[-1] > minimum:
                yield Policy(target, minimum, levels[-1])


def follow(
    observation: Observation, forecast: Forecast, tariff: Tariff | None, policy: Policy
) -> TrackingPlan:
    """What a policy would have done in the observed window, under both readings of its metric."""
    found = []
    for reading in Reading:
        chance = random.Random(f"{forecast.seed} {policy} {reading.name}")
        course = _course(observation, forecast, policy, reading, chance)
        span = policy.minimum, policy.maximum
        kind = OptionKind.TRACKING
        found.append(options.of_course(observation, forecast, tariff, course, kind, policy.words(), span))
    low, high = found
    dearer = max(found, key=lambda one: (one.usd is not None, one.usd or 0))
    merged = replace(
        dearer,
        cold=_both(low.cold, high.cold),
        spilled=_both(low.spilled, high.spilled),
        throttled=_both(low.throttled, high.throttled),
        p99_ms=_both(low.p99_ms, high.p99_ms) if low.p99_ms and high.p99_ms else None,
        usd=None if low.usd is None or high.usd is None else dearer.usd,
        reasons=(*dearer.reasons, *ASSUMED),
    )
    return TrackingPlan(policy, merged, (low.mean_level, high.mean_level))


def _both(one: Range, other: Range) -> Range:
    return Range((one.likely + other.likely) / 2, min(one.low, other.low), max(one.high, other.high))


def _course(
    observation: Observation, forecast: Forecast, policy: Policy, reading: Reading, chance: random.Random
) -> Course:
    late_s = rise_s(observation)
    each, means = [], []
    for one in forecast.draws.each:
        runs = [_Run(policy, reading, late_s, stretch, one.belief.habit, chance) for stretch in one.stretches]
        for run in runs:
            run.follow()
        each.append(draws.outcome(one, _together(runs), observation.overhead_s))
        above_s = sum(run.above_minimum_s for run in runs) / one.share
        means.append(policy.minimum + above_s / (observation.end_s - observation.start_s))
    # The layer estimate needs a level known in advance: hours that a draw did not see go by their calls instead.
    most = layers.above(forecast.draws.begun, [policy.minimum])[policy.minimum]
    return Course(each, [0] * len(each), most, fmean(means))


def _together(runs: Sequence["_Run"]) -> Replay:
    return Replay(
        calls=sum(run.calls for run in runs),
        cold=[call for run in runs for call in run.cold],
        spilled=sum(run.spilled for run in runs),
        throttled=sum(run.throttled for run in runs),
        warm_s=sum(run.warm_s for run in runs),
        hours={},
    )


class _Run:
    """A policy at work on one stretch of calls; it begins at its minimum."""

    def __init__(
        self,
        policy: Policy,
        reading: Reading,
        late_s: float,
        stretch: Stretch,
        habit: Habit,
        chance: random.Random,
    ) -> None:
        self.policy, self.reading, self.late_s = policy, reading, late_s
        self.stretch, self.habit, self.chance = stretch, habit, chance
        self.calls = self.spilled = self.throttled = 0
        self.warm_s = self.above_minimum_s = 0.0
        self.cold: list[PlacedCall] = []
        self.pool, self.level = begun(stretch.needed, policy.minimum, habit), policy.minimum
        self.asked: tuple[float, int] | None = None
        self.high: list[float] = []
        self.low: list[float] = []
        self.out_from_s = self.in_from_s = 0.0

    def follow(self) -> None:
        """Serve the calls minute by minute, the level moving as the policy says."""
        calls, index = self.stretch.calls, 0
        start = int(calls[0][0] // MINUTE_S) * MINUTE_S if calls else 0
        while index < len(calls):
            if self.asked is not None and start >= self.asked[0]:
                self.level, self.asked = self.asked[1], None
            end = bisect_left(calls, (start + MINUTE_S, 0.0, 0.0), index)
            minutes = 1
            if end > index:
                self._observe(self._serve(calls[index:end], start), start)
            elif self.reading is Reading.MEAN and (self.level > self.policy.minimum or self.asked):
                self._observe(0.0, start)
            else:
                # Nothing comes and nothing is reported: on to the minute of the next call.
                minutes = max(1, int(calls[index][0] - start) // MINUTE_S)
                self.high = []
            if start >= self.stretch.counted_from_s:
                self.above_minimum_s += (self.level - self.policy.minimum) * MINUTE_S * minutes
            start += MINUTE_S * minutes
            index = end

    def _serve(self, calls: Sequence[PlacedCall], start: float) -> float:
        """Run the calls of a minute; the utilisation that it shows."""
        level = self.level
        tally = serve(self.pool, calls, level, self.stretch.limit, self.habit, self.chance, start)
        if start >= self.stretch.counted_from_s:
            self.calls += len(calls)
            self.cold += tally.cold
            self.spilled += tally.spilled
            self.throttled += tally.throttled
            self.warm_s += tally.warm_s
        if self.reading is Reading.PEAK:
            return min(level, tally.peak) / level
        return min(1.0, tally.warm_s / (MINUTE_S * level))

    def _observe(self, utilisation: float, start: float) -> None:
        """Take one minute's utilisation in and change the level when it is time."""
        policy, ends = self.policy, start + MINUTE_S
        self.high = [*self.high, utilisation][-OUT_MINUTES:] if utilisation > policy.target else []
        is_low = utilisation < SLACK * policy.target
        self.low = [*self.low, utilisation][-IN_MINUTES:] if is_low else []
        if self.asked is not None:
            return
        if len(self.high) == OUT_MINUTES and ends >= self.out_from_s:
            wanted = min(policy.maximum, ceil(self.level * fmean(self.high) / policy.target))
            if wanted > self.level:
                self.asked, self.high = (ends + self.late_s, wanted), []
                self.out_from_s = ends + policy.out_cooldown_s
        elif len(self.low) == IN_MINUTES and ends >= self.in_from_s:
            wanted = max(policy.minimum, ceil(self.level * max(self.low) / policy.target))
            if wanted < self.level:
                self.asked, self.low = (ends, wanted), []
                self.in_from_s = ends + policy.in_cooldown_s
