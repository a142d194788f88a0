"""How long an idle container is kept, as far as silences tell: AWS does not document it, it stays an estimate."""

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from typing import NamedTuple

from fleet.analysis.planner.rows import Observation

GRID_S: Sequence[int] = tuple(range(180, 1501, 15))
ENOUGH = 30
SHORTEST_S, LONGEST_S = 180, 1500
_GUESSES = 40
_DOUBT = 0.03
_PRIOR_S, _PRIOR_SPREAD_S = 600.0, 250.0
_MOST_SILENCES = 600


class Silence(NamedTuple):
    """Lengths (seconds, ascending) that a silence before a lone call may have had, and whether the call was cold."""

    lengths_s: Sequence[float]
    was_cold: bool


@dataclass(frozen=True)
class TimeoutFit:
    """Weights over GRID_S that sum to 1; silences: how many of 3 to 25 minutes tell something."""

    weights: Sequence[float]
    silences: int

    @property
    def is_known(self) -> bool:
        """Whether enough silences speak, of both outcomes; otherwise the weights are mostly the assumption."""
        low, high = self.range_s
        return self.silences >= ENOUGH and high - low <= 300

    @property
    def likely_s(self) -> float:
        return self.at(0.5)

    @property
    def range_s(self) -> tuple[float, float]:
        """The middle 80 %."""
        return self.at(0.1), self.at(0.9)

    def at(self, share: float) -> float:
        """The quantile of the timeout in seconds."""
        total = 0.0
        for timeout_s, weight in zip(GRID_S, self.weights, strict=True):
            total += weight
            if total >= share:
                return float(timeout_s)
        return float(GRID_S[-1])


def fit(observation: Observation, chance: random.Random) -> TimeoutFit:
    """Weigh timeouts by the lone calls after a silence: cold when it was longer, warm when it was shorter.

    Only buckets without provisioned concurrency speak, since it hides silences. Where in its minute a call came is not
    known: each silence is weighed over 40 guesses. The prior is 10 minutes give or take 4.
    """
    found = silences(observation, chance)
    scores = []
    for timeout_s in GRID_S:
        score = -0.5 * ((timeout_s - _PRIOR_S) / _PRIOR_SPREAD_S) ** 2
        for lengths_s, was_cold in found:
            longer = 1 - bisect_left(lengths_s, timeout_s) / len(lengths_s)
            likely = longer if was_cold else 1 - longer
            score += log(_DOUBT + (1 - 2 * _DOUBT) * likely)
        scores.append(score)
    best = max(scores)
    weights = [exp(score - best) for score in scores]
    return TimeoutFit([weight / sum(weights) for weight in weights], len(found))


def silences(observation: Observation, chance: random.Random) -> list[Silence]:
    """Silences of 3 to 25 minutes that ended with no more than one call at once, at most 600 of them.

    A set-up that ends in the next bucket is this call's if nothing else came there; otherwise the silence is left out.
    """
    buckets = observation.buckets
    found = []
    for before, bucket, after in zip(buckets, buckets[1:], [*buckets[2:], None], strict=False):
        gap_s = bucket.at_s - before.at_s
        if not SHORTEST_S <= gap_s <= LONGEST_S or bucket.peak != 1 or not bucket.calls:
            continue
        if bucket.setups is None or bucket.level or before.level:
            continue
        is_late = (
            after is not None and after.at_s <= bucket.until_s and bool(after.setups) and not bucket.setups
        )
        if after is None or not (is_late and after.calls):
            found.append((before, bucket, gap_s, bool(bucket.setups) or is_late))
    if len(found) > _MOST_SILENCES:
        found = chance.sample(found, _MOST_SILENCES)
    setup_s = observation.setup_s or 0.0
    return [
        Silence(
            sorted(
                gap_s
                + bucket.period_s * _first(bucket.calls, chance)
                - before.period_s * (1 - _first(max(1, before.calls), chance))
                - observation.service_s
                - (setup_s if before.setups else 0.0)
                for _ in range(_GUESSES)
            ),
            was_cold,
        )
        for before, bucket, gap_s, was_cold in found
    ]


def _first(calls: int, chance: random.Random) -> float:
    """Where the first of some calls falls in a bucket, 0 to 1."""
    return float(1 - chance.random() ** (1 / calls))
