"""What the rows say about what is not published: how close together calls come, and the habit of the containers."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp, log
from statistics import fmean
from typing import TypeVar

from fleet.analysis.planner.placement import Belief, window
from fleet.analysis.planner.pool import Habit, PlacedCall, Pool, Stretch, replay, serve
from fleet.analysis.planner.rows import Bucket, Observation
from fleet.analysis.planner.timeout import GRID_S, TimeoutFit

WIDTHS_S = (0.1, 0.3, 0.6, 1.2, 2.4, 4.0, 6.0, 9.0, 13.0, 20.0, 30.0)
TIMEOUTS_S = tuple(range(240, 1201, 30))
EMPTY_AFTER_S = 1200
_SAMPLES, _REPEATS, _MOST_CALLS = 40, 8, 300
_COUNTS_AS = 25
Telling = tuple[Bucket, tuple[float, float]]
_BLOCK_S = 6 * 3600
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


def widths(observation: Observation, habit: Habit, chance: random.Random) -> dict[float, float]:
    """Weights of burst widths in seconds; the last, a whole bucket, is even traffic. All alike when nothing tells.

    Two kinds of bucket speak: after 20 minutes of silence (the pool is empty: peak and set-ups are compared) and those
    with no set-up near (all is warm: the peak is). Their log-likelihood counts as that of no more than 25 buckets,
    because the model of a burst is rough.
    """
    period_s = min((bucket.period_s for bucket in observation.buckets), default=60)
    grid = [width for width in WIDTHS_S if width < period_s] + [float(period_s)]
    cold, warm = _telling(observation)
    scores = dict.fromkeys(grid, 0.0)
    for buckets, is_cold in ((cold, True), (warm, False)):
        chosen = chance.sample(buckets, _SAMPLES) if len(buckets) > _SAMPLES else buckets
        for bucket, active in chosen:
            for width in grid:
                scores[width] += _fit(observation, bucket, active, width, habit, is_cold, chance)
    told = min(len(cold), _SAMPLES) + min(len(warm), _SAMPLES)
    tempering = max(1.0, told / _COUNTS_AS)
    return normalised({width: score / tempering for width, score in scores.items()})


def _telling(observation: Observation) -> tuple[list[Telling], list[Telling]]:
    """Buckets of several calls that meet an empty pool, and those that meet a warm one."""
    cold, warm = [], []
    buckets = observation.buckets
    for before, bucket, after in zip([None, *buckets[:-1]], buckets, [*buckets[1:], None], strict=True):
        if not 2 <= bucket.calls <= _MOST_CALLS or bucket.peak is None or bucket.setups is None:
            continue
        if before is not None and bucket.at_s - before.until_s > EMPTY_AFTER_S:
            cold.append((bucket, window(before, bucket, after)))
        elif not any(near is not None and near.setups for near in (before, bucket, after)):
            warm.append((bucket, window(before, bucket, after)))
    return cold, warm


def _fit(
    observation: Observation,
    bucket: Bucket,
    active: tuple[float, float],
    width: float,
    habit: Habit,
    is_cold: bool,
    chance: random.Random,
) -> float:
    """Logarithm of how often calls within a window of this width show the bucket's peak (and set-ups), smoothed."""
    service = bucket.latency_s or observation.service_s
    setup = bucket.setup_s or observation.setup_s or 0.0
    hits = 0.0
    assert bucket.peak is not None
    assert bucket.setups is not None
    low, high = active
    width = min(width, high - low)
    for _ in range(_REPEATS):
        start = low + (high - low - width) * chance.random()
        calls: list[PlacedCall] = [
            (at, service * exp(observation.service_spread * chance.gauss(0, 1)), setup)
            for at in sorted(start + width * chance.random() for _ in range(bucket.calls))
        ]
        level = bucket.level if is_cold else bucket.limit
        tally = serve(Pool(), calls, level, bucket.limit, habit, chance)
        miss = abs(tally.peak - bucket.peak)
        if is_cold:
            miss += abs(len(tally.cold) - bucket.setups)
        hits += exp(-2.0 * miss)
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
    """Some draws of all that is not known, spread evenly over the weights so that few draws tell as much as many."""
    widths_s, kept = _spread(width_weights, times, chance), _spread(habit_weights, times, chance)
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
