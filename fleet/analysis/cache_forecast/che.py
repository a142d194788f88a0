"""Hit ratio of a least-recently-used cache by Che's approximation, for models whose popularity follows Zipf's law."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

EXACT_RANKS = 40
"""Ranks that get a class of their own; beyond them neighbours share one."""
WIDTH = 1.08
"""Last rank of a class ÷ its first: a rate within it differs by a few per cent at most."""
_ROUNDS = 60


@dataclass(frozen=True)
class Popularity:
    """Classes of models that are called equally often: how many each has, and one such model's part of all calls."""

    counts: Sequence[float]
    parts: Sequence[float]

    @property
    def models(self) -> float:
        return sum(self.counts)


def zipf(models: float, alpha: float) -> Popularity:
    """`models` (1 or more) of which the i-th is called in proportion to i^-alpha; alpha 0 = all equally often."""
    counts, middles = _classes(max(1, round(models)))
    weights = [middle**-alpha for middle in middles]
    whole = sum(count * weight for count, weight in zip(counts, weights, strict=True))
    return Popularity(counts, [weight / whole for weight in weights])


def of_rates(rates: Sequence[float]) -> Popularity:
    """Models whose calls are known one by one; rates in any unit, those of 0 stay out."""
    known = [rate for rate in rates if rate > 0]
    whole = sum(known)
    return Popularity([1.0] * len(known), [rate / whole for rate in known])


def hit_ratio(popularity: Popularity, residents: float) -> float:
    """Part of the calls that find their model among the `residents` kept; 1 once every model fits.

    Che, Tung and Wang, "Hierarchical Web Caching Systems", IEEE JSAC 20 (7), 2002: a model is there if it was called
    within the last t calls, t being such that `residents` models are expected to be there.
    """
    if residents <= 0:
        return 0.0
    if residents >= popularity.models:
        return 1.0
    reach = _reach(popularity, residents)
    pairs = zip(popularity.counts, popularity.parts, strict=True)
    return sum(count * part * -math.expm1(-part * reach) for count, part in pairs)


def sized_hit_ratio(popularity: Popularity, sizes: Sequence[float], memory: float) -> float:
    """The same where every class has a size of its own and `memory` is of the sizes' unit."""
    if memory >= sum(count * size for count, size in zip(popularity.counts, sizes, strict=True)):
        return 1.0
    weights = [count * size for count, size in zip(popularity.counts, sizes, strict=True)]
    reach = _solve(weights, popularity.parts, memory)
    pairs = zip(popularity.counts, popularity.parts, strict=True)
    return sum(count * part * -math.expm1(-part * reach) for count, part in pairs)


def _reach(popularity: Popularity, residents: float) -> float:
    return _solve(popularity.counts, popularity.parts, residents)


def _solve(weights: Sequence[float], parts: Sequence[float], wanted: float) -> float:
    """Calls t for which the weights of models called within the last t of them add up to `wanted`."""
    low, high = 0.0, wanted + 1.0
    while _held(weights, parts, high) < wanted and high < 1e15:
        low, high = high, high * 2
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if _held(weights, parts, middle) < wanted:
            low = middle
        else:
            high = middle
        if high - low <= 1e-6 * high:
            break
    return high


def _held(weights: Sequence[float], parts: Sequence[float], reach: float) -> float:
    return sum(weight * -math.expm1(-part * reach) for weight, part in zip(weights, parts, strict=True))


def _classes(models: int) -> tuple[list[float], list[float]]:
    """How many ranks each class has and the rank that stands for it (the geometric mean of its first and last)."""
    counts, middles = [], []
    first = 1
    while first <= models:
        last = first if first <= EXACT_RANKS else min(models, max(first, int(first * WIDTH)))
        counts.append(float(last - first + 1))
        middles.append(math.sqrt(first * last))
        first = last + 1
    return counts, middles
