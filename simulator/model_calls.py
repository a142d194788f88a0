"""Made-up multi-model endpoints, call by call: which model is asked for when, and how much memory there is."""

import math
import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from simulator.model_cache import ANY, Ask, Memory

DAY_S = 86_400
START_S = 1_788_134_400
"""Monday 2026-08-31 00:00 UTC."""


@dataclass(frozen=True)
class Hosted:
    """An endpoint as it runs today, and every call of its window; `active` models of those hosted are ever called."""

    memory: Memory
    asks: list[Ask]
    days: float
    active: int

    @property
    def hosted(self) -> int:
        return len(self.memory.sizes)


@dataclass(frozen=True)
class _Habits:
    """How models are called. drift: part of the ranks that change places a day; again: chance that a call repeats."""

    alpha: float
    active: int
    drift: float
    again: float


def endpoint(seed: int, calls: int = 60_000, days: float = 7.0) -> Hosted:
    """One endpoint, everything about it drawn from the seed: sizes, popularity, drift, repeats, memory, instances."""
    chance = random.Random(f"models {seed}")
    hosted = round(math.exp(chance.uniform(math.log(60), math.log(1500))))
    spread = chance.uniform(0.0, 0.6)
    sizes = [100 * chance.lognormvariate(0, spread) for _ in range(hosted)]
    habits = _Habits(
        alpha=chance.uniform(0.3, 1.4),
        active=max(2, round(hosted * chance.uniform(0.5, 1.0))),
        drift=chance.choice((0.0, chance.uniform(0, 0.2))),
        again=chance.choice((0.0, chance.uniform(0, 0.3))),
    )
    memory = Memory(
        sizes=sizes,
        mb=sum(sizes) * math.exp(chance.uniform(math.log(0.05), math.log(0.45))),
        instances=chance.choice((1, 1, 2, 3)),
        routing=ANY,
        careless=chance.choice((0.0, chance.uniform(0, 0.3))),
    )
    return Hosted(memory, list(_asks(chance, habits, hosted, calls, days)), days, habits.active)


def asks_of(seed: int, models: int, alpha: float, calls: int, days: float = 7.0) -> list[Ask]:
    """Calls by Zipf's law alone: every model is called, none drifts, none is asked for again on purpose."""
    habits = _Habits(alpha=alpha, active=models, drift=0.0, again=0.0)
    return list(_asks(random.Random(seed), habits, models, calls, days))


def _asks(chance: random.Random, habits: _Habits, hosted: int, calls: int, days: float) -> Iterator[Ask]:
    order = chance.sample(range(hosted), habits.active)
    reach = list(accumulate((rank + 1) ** -habits.alpha for rank in range(habits.active)))
    ends, at, drifted, last = days * DAY_S, 0.0, 0.0, order[0]
    rate = calls / ends
    while True:
        at += chance.expovariate(rate)
        if at >= ends:
            return
        if habits.drift and at - drifted >= DAY_S / 8:
            drifted = at
            _drift(chance, order, habits.drift / 8)
        if not (habits.again and chance.random() < habits.again):
            last = order[bisect_left(reach, chance.random() * reach[-1])]
        yield Ask(START_S + at, last)


def _drift(chance: random.Random, order: list[int], share: float) -> None:
    """A part of the models change places with others at random."""
    for _ in range(round(len(order) * share / 2)):
        one, other = chance.randrange(len(order)), chance.randrange(len(order))
        order[one], order[other] = order[other], order[one]
