"""Request-level truth of a multi-model endpoint: instances that load models into memory, and the rows they publish.

AWS documents that the least recently used models go when memory runs out, not the details. What is inferred here
(docs/cache.md): each instance keeps its own models, a model counts with its size, calls go to any instance at random
or always to the same one for a model.
"""

import random
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

ANY, SAME = "any", "same"
HOUR_S = 3_600
Row = dict[str, float | None]


class Ask(NamedTuple):
    """One call: when it comes (epoch seconds) and which model it is for."""

    at_s: float
    model: int


@dataclass(frozen=True)
class Memory:
    """What the endpoint runs on. sizes: MB of every hosted model; mb: memory for models on one instance.

    routing: ANY or SAME. careless: part of the evictions (0 to 1) that hit a random model, not the least recently used.
    """

    sizes: Sequence[float]
    mb: float
    instances: int = 1
    routing: str = ANY
    careless: float = 0.0


@dataclass
class Hour:
    """What one hour counted; loaded is the sum over its calls of the models in memory on the instance that served."""

    calls: int = 0
    hits: int = 0
    unloads: int = 0
    loaded: int = 0


@dataclass(frozen=True)
class Truth:
    """Hours by their start (epoch seconds), and what they add up to."""

    memory: Memory
    hours: dict[int, Hour] = field(repr=False)

    def hit_ratio(self, since_s: float = 0) -> float:
        """Hits ÷ calls from a moment on; 0 without calls."""
        chosen = [hour for at, hour in self.hours.items() if at >= since_s]
        calls = sum(hour.calls for hour in chosen)
        return sum(hour.hits for hour in chosen) / calls if calls else 0.0


class _Instance:
    """Models in memory, the one used longest ago first."""

    def __init__(self, memory: Memory, chance: random.Random) -> None:
        self.memory, self.chance = memory, chance
        self.held: OrderedDict[int, float] = OrderedDict()
        self.free = memory.mb

    def call(self, model: int) -> tuple[bool, int]:
        """Whether the model was there, and how many had to go for it. One that exceeds all memory is never kept."""
        if model in self.held:
            self.held.move_to_end(model)
            return True, 0
        size = self.memory.sizes[model]
        if size > self.memory.mb:
            return False, 0
        gone = 0
        while self.free < size:
            self._unload()
            gone += 1
        self.held[model] = size
        self.free -= size
        return False, gone

    def _unload(self) -> None:
        if self.memory.careless and self.chance.random() < self.memory.careless:
            model = self.chance.choice(list(self.held))
            self.free += self.held.pop(model)
        else:
            self.free += self.held.popitem(last=False)[1]


def serve(asks: Iterable[Ask], memory: Memory, seed: int = 0) -> Truth:
    """Run calls (oldest first) on instances that start empty; the seed decides on routing and careless evictions."""
    chance = random.Random(seed)
    instances = [_Instance(memory, chance) for _ in range(memory.instances)]
    hours: dict[int, Hour] = {}
    for ask in asks:
        number = (
            ask.model % memory.instances if memory.routing == SAME else chance.randrange(memory.instances)
        )
        hit, gone = instances[number].call(ask.model)
        hour = hours.setdefault(int(ask.at_s // HOUR_S) * HOUR_S, Hour())
        hour.calls += 1
        hour.hits += hit
        hour.unloads += gone
        hour.loaded += len(instances[number].held)
    return Truth(memory, hours)


def published(truth: Truth) -> list[Row]:
    """The hours CloudWatch would hold, oldest first. Keys are the columns' names with at_s and period_s.

    An hour without an unload has no sample of it; loaded_models is the mean over instances, as seen by the calls.
    """
    return [
        {
            "at_s": float(at),
            "period_s": float(HOUR_S),
            "cache_hit_count": float(hour.calls),
            "cache_hit_sum": float(hour.hits),
            "load_count": float(hour.calls - hour.hits) or None,
            "unload_count": float(hour.unloads) or None,
            "loaded_models": hour.loaded / hour.calls,
        }
        for at, hour in sorted(truth.hours.items())
    ]
