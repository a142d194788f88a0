"""What the rows say about what is not published: how close together calls come, and the habit of the containers."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp, log, sqrt
from statistics import fmean
from typing import TypeVar

from fleet.analysis.planner import telling
from fleet.analysis.planner.extent import shapes
from fleet.analysis.planner.placement import Belief
from fleet.analysis.planner.pool import Habit, PlacedCall, Pool, Stretch, replay, serve
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.telling import Telling
from fleet.analysis.planner.timeout import GRID_S, TimeoutFit

WIDTHS_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 45.0)
FINER = 1.26
"""Widths between the coarse ones: each that is likely gets neighbours this factor narrower and wider."""
WIDER_SHARES = (1.0, 1.25, 1.5, 1.75, 2.0)
"""Widths of a bucket and more: even traffic, or bursts that lie across the edge of two."""
TIMEOUTS_S = tuple(range(240, 1201, 30))
_REPEATS = 6
_COUNTS_AS, _LIKELY = 12, 0.02
_BLOCK_S = 6 * 3600
_TOLD_NATS = 0.8
"""How much the rows must say about burst widths, in nats away from knowing nothing."""
_TOGETHER_SHARE = 0.2
T = TypeVar("T")


def normalised(scores: Mapping[T, float]) -> dict[T, float]:
    """Weights that sum to 1 from logarithms of likelihoods."""
    best = max(scores.values())
    weights = {key: exp(score - best) for key, score in scores.items()}
    total = sum(weights.values())
    return {key: weight / total for key, weight in weights.items()}


def pick(weights: Mapping[T, float], chance: random.Random) -> T:
    """One key at random by its weight."""
    keys = list(weights)
    return chance.choices(keys, [weights[key] for key in keys])[0]


def widths(
    observation: Observation, habit: Habit, lives_s: float, chance: random.Random
) -> dict[float, float]:
    """Weights of burst widths in seconds; a whole bucket and more is even traffic. All alike when nothing tells.

    Three kinds of bucket speak: after 20 minutes of silence (the pool is empty: peak and set-ups are compared), those
    that met some idle containers for sure (the same), and those with no set-up near (all is warm: the peak is). Their
    log-likelihood counts as that of no more than 12 buckets, because the model of a burst is rough. lives_s: how long
    an idle container surely lives.
    """
    period_s = min((bucket.period_s for bucket in observation.buckets), default=60)
    coarse = [width for width in WIDTHS_S if width < period_s] + [share * period_s for share in WIDER_SHARES]
    empty, partly, warm = (telling.some(buckets, chance) for buckets in telling.kinds(observation, lives_s))
    cold = [*empty, *partly]
    tempering = max(1.0, (len(cold) + len(warm)) / _COUNTS_AS)
    strays = telling.strays(observation, period_s)

    def score(width: float) -> float:
        found = sum(_fit(observation, one, width, habit, True, strays, chance) for one in cold)
        found += sum(_fit(observation, one, width, habit, False, strays, chance) for one in warm)
        return found / tempering

    scores = {width: score(width) for width in coarse}
    likely = [width for width, weight in normalised(scores).items() if weight > _LIKELY and width < period_s]
    finer = {round(near, 3) for width in likely for near in (width / FINER, width * FINER) if near < period_s}
    scores.update({width: score(width) for width in sorted(finer)})
    return normalised(dict(sorted(scores.items())))


def are_untold(observation: Observation, weights: Mapping[float, float]) -> bool:
    """Whether many cold starts come in bursts whose width neither the rows nor their neighbours tell."""
    together = sum(
        bucket.setups
        for bucket, shape in zip(observation.buckets, shapes(observation.buckets), strict=True)
        if bucket.setups and bucket.setups > 1 and not shape.is_filled
    )
    return together > _TOGETHER_SHARE * (observation.setups or 0) and told(weights) < _TOLD_NATS


def told(weights: Mapping[float, float]) -> float:
    """How far weights are from even, in nats: 0 when nothing was learnt."""
    return log(len(weights)) + sum(weight * log(weight) for weight in weights.values() if weight > 0)


def _fit(
    observation: Observation,
    one: Telling,
    width: float,
    habit: Habit,
    is_cold: bool,
    strays: float,
    chance: random.Random,
) -> float:
    """Logarithm of how often calls within a window of this width show the bucket's peak (and set-ups), smoothed."""
    bucket, shape, least, most, idle = one
    service = bucket.latency_s or observation.service_s
    setup = observation.setup_s or 0.0
    hits = 0.0
    assert bucket.peak is not None
    low, high = shape.window(bucket.period_s, width)
    width = min(width, high - low)
    for _ in range(_REPEATS):
        start = low + (high - low - width) * chance.random()
        stray = int(bucket.calls > 2 and chance.random() < strays)
        calls: list[PlacedCall] = [
            (
                at,
                service * exp(observation.service_spread * chance.gauss(0, 1)),
                setup * exp(observation.setup_spread * chance.gauss(0, 1)),
            )
            for at in sorted(
                [start + width * chance.random() for _ in range(bucket.calls - stray)]
                + [bucket.period_s * chance.random() for _ in range(stray)]
            )
        ]
        level = bucket.level if is_cold else bucket.limit
        tally = serve(Pool(idle=[-1.0] * idle), calls, level, bucket.limit, habit, chance)
        miss = abs(tally.peak - bucket.peak)
        if is_cold:
            miss += max(0, least - len(tally.cold), len(tally.cold) - most)
        hits += exp(-2.0 * miss / max(1.0, sqrt(bucket.peak) / 2))
    return log((0.2 + hits) / (0.2 + _REPEATS))


def habits(
    observation: Observation,
    stretches: Sequence[Stretch],
    fit: TimeoutFit,
    chance: random.Random,
) -> dict[Habit, float]:
    """Weights of timeouts and reuse rules: the placed calls are replayed under each and their cold starts compared.

    Compared per six hours, squared, over (seen + predicted + 1), and the total once more; the silences' fit counts as
    the prior. Where set-ups are not known only the prior speaks, and both rules are as likely.
    """
    prior = _coarse(fit)
    if observation.setups is None:
        return {
            Habit(float(timeout_s), is_most_recent): prior[timeout_s] / 2
            for timeout_s in TIMEOUTS_S
            for is_most_recent in (True, False)
        }
    seen = _seen(observation, stretches)
    scores = {}
    for timeout_s in TIMEOUTS_S:
        for is_most_recent in (True, False):
            habit = Habit(float(timeout_s), is_most_recent)
            cold = Counter(int(at // _BLOCK_S) for at, _, _ in replay(stretches, None, habit, chance).cold)
            scores[habit] = log(prior[timeout_s] + 1e-9) - 0.5 * _distance(seen, cold)
    return normalised(scores)


def _coarse(fit: TimeoutFit) -> dict[int, float]:
    """The silences' weights moved to the coarser grid."""
    weights = dict.fromkeys(TIMEOUTS_S, 0.0)
    for timeout_s, weight in zip(GRID_S, fit.weights, strict=True):
        weights[min(TIMEOUTS_S, key=lambda one: abs(one - timeout_s))] += weight
    return weights


def _seen(observation: Observation, stretches: Sequence[Stretch]) -> Counter[int]:
    found: Counter[int] = Counter()
    spans = [(one.counted_from_s, one.calls[-1][0] + 60) for one in stretches if one.calls]
    for bucket in observation.buckets:
        if bucket.setups and any(first <= bucket.at_s <= last for first, last in spans):
            found[int(bucket.at_s // _BLOCK_S)] += bucket.setups
    return found


def _distance(seen: Counter[int], cold: Counter[int]) -> float:
    blocks = seen.keys() | cold.keys()
    apart = [(seen[block] - cold[block]) ** 2 / (seen[block] + cold[block] + 1) for block in blocks]
    total, predicted = seen.total(), cold.total()
    return (fmean(apart) * min(len(apart), 30) if apart else 0.0) + (total - predicted) ** 2 / (
        total + predicted + 1
    )


def beliefs(
    width_weights: Mapping[float, float],
    habit_weights: Mapping[Habit, float],
    times: int,
    chance: random.Random,
) -> list[Belief]:
    """Some draws of all that is not known, spread evenly over the weights so that few draws tell as much as many.

    Spread over the rules of reuse first: where neither is likelier, half of the draws take each.
    """
    by_rule = dict(sorted(habit_weights.items(), key=lambda one: (one[0].is_most_recent, one[0].timeout_s)))
    widths_s, kept = _spread(width_weights, times, chance), _spread(by_rule, times, chance)
    chance.shuffle(widths_s)
    chance.shuffle(kept)
    return [Belief(width_s, habit) for width_s, habit in zip(widths_s, kept, strict=True)]


def _spread(weights: Mapping[T, float], times: int, chance: random.Random) -> list[T]:
    keys, found = list(weights), []
    index, passed, offset = 0, weights[keys[0]], chance.random()
    for number in range(times):
        while passed < (number + offset) / times and index < len(keys) - 1:
            index += 1
            passed += weights[keys[index]]
        found.append(keys[index])
    return found
