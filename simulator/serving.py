"""What a capacity makes of a day's demand: served requests, concurrency, cold starts, cache hits, backlog.

Integer arrays per minute of one UTC day. metrics.py turns them into published metrics, truth.py into totals.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

from simulator.instances import instance_type
from simulator.records import Capacity, Traffic
from simulator.traffic import DAY, Demand, demand

WARM_MINUTES = 15
GOOD_MISS_PERMILLE = 20


@dataclass(frozen=True)
class ServingKey:
    """What determines a day of serving. born: minute of that day at which the deployment began, or None.

    shape: serverless | real-time | async | mme | mce | pipeline | component. share: permille of the requests.
    since_day and since_minute: when the traffic phase began (days and minutes since 1970).
    """

    shape: str
    traffic: Traffic
    seed: int
    capacity: Capacity
    day: int
    since_day: int
    share: int = 1000
    born: int | None = None


class Serving:
    """One day of one variant under one capacity; every array has one entry per minute."""

    def __init__(self, key: ServingKey):
        self.key = key
        self.capacity = key.capacity
        self.demand: Demand = demand(key.traffic, key.seed, key.day, key.since_day)

    @cached_property
    def minute_latency_us(self) -> list[int]:
        """Average model latency of each minute, µs."""
        return [self.demand.latency_us[minute // 60] for minute in range(DAY)]

    @cached_property
    def concurrency(self) -> list[int]:
        """Peak concurrent executions, never above MaxConcurrency for a serverless variant."""
        wanted = self._shared(self.demand.wanted)
        limit = self.capacity.max_concurrency
        return [min(limit, peak) for peak in wanted] if self.key.shape == "serverless" else wanted

    @cached_property
    def served(self) -> list[int]:
        """Requests that reached the model; a saturated serverless variant refuses the rest unseen."""
        arrivals = self._shared(self.demand.arrivals)
        if self.key.shape == "async":
            return self.backlog[1]
        if self.key.shape != "serverless":
            return arrivals if self.capacity.instances else [0] * DAY
        limit = self.capacity.max_concurrency
        return [
            count if peak <= limit else max(1, count * limit // peak)
            for count, peak in zip(arrivals, self._shared(self.demand.wanted), strict=True)
        ]

    def _shared(self, values: list[int]) -> list[int]:
        share = self.key.share
        return values if share == 1000 else [-(-value * share // 1000) for value in values]

    @cached_property
    def faults(self) -> list[int]:
        """Requests answered with 5xx."""
        return [min(n, f) for n, f in zip(self.served, self._shared(self.demand.faults), strict=True)]

    @cached_property
    def rejects(self) -> list[int]:
        """Requests answered with 4xx by the model."""
        pairs = zip(self.served, self._shared(self.demand.rejects), self.faults, strict=True)
        return [min(n - f, r) for n, r, f in pairs]

    @cached_property
    def busy_us(self) -> list[int]:
        """Sum of model latency, µs."""
        return [n * us for n, us in zip(self.served, self.minute_latency_us, strict=True)]

    @cached_property
    def on_provisioned(self) -> list[int]:
        """Requests served by provisioned concurrency; the rest spilled over to on-demand capacity."""
        level = self.capacity.provisioned
        if not level:
            return [0] * DAY
        return [
            n if peak <= level else n * level // peak
            for n, peak in zip(self.served, self.concurrency, strict=True)
        ]

    @cached_property
    def busy_on_provisioned_us(self) -> list[int]:
        """Sum of model latency on provisioned concurrency, µs."""
        return [n * us for n, us in zip(self.on_provisioned, self.minute_latency_us, strict=True)]

    @cached_property
    def cold_starts(self) -> list[int]:
        """New execution environments: on-demand peaks above what was warm in the last WARM_MINUTES."""
        if self.key.shape != "serverless":
            return [0] * DAY
        level = self.capacity.provisioned
        demanded = [max(0, peak - level) for peak in self.concurrency]
        before = self._on_demand_before()
        colds = []
        window: deque[int] = deque(before, maxlen=WARM_MINUTES)
        for minute, peak in enumerate(demanded):
            if minute == self.key.born:
                window.clear()
            spilled = self.served[minute] - self.on_provisioned[minute]
            colds.append(min(max(0, peak - max(window, default=0)), max(spilled, 0)))
            window.append(peak)
        return colds

    def _on_demand_before(self) -> list[int]:
        key = self.key
        wanted = demand(key.traffic, key.seed, key.day - 1, key.since_day).wanted[-WARM_MINUTES:]
        limit = self.capacity.max_concurrency
        return [max(0, min(limit, peak) - self.capacity.provisioned) for peak in self._shared(wanted)]

    @cached_property
    def misses(self) -> list[int]:
        """Requests whose model was not loaded yet (multi-model only): fewer with more memory in total."""
        if self.key.shape != "mme":
            return [0] * DAY
        permille = self._miss_permille()
        return [n * permille // 1000 for n in self.served]

    def _miss_permille(self) -> int:
        base = round(1000 * (1 - float(self.key.traffic.get("hit_ratio", 0.97))))
        reference = float(self.key.traffic.get("fits_gb", 0)) or 1.0
        gained = min(self.memory_gb / reference, 3.0) - 1 if self.key.traffic.get("fits_gb", 0) else 0.0
        return (
            max(GOOD_MISS_PERMILLE, round(base * (1 - 0.95 * gained))) if base > GOOD_MISS_PERMILLE else base
        )

    @cached_property
    def memory_gb(self) -> float:
        """Memory over all instances, GB."""
        if not self.capacity.instance_type:
            return 0.0
        return self.capacity.instances * instance_type(self.capacity.instance_type).memory_gb

    @cached_property
    def unloads(self) -> list[int]:
        """Models unloaded to make room: one per miss while the cache is full."""
        full = self._miss_permille() > GOOD_MISS_PERMILLE * 2
        return self.misses if full else [0] * DAY

    @cached_property
    def backlog(self) -> tuple[list[int], list[int], list[int]]:
        """Asynchronous queue: waiting (incl. in process), processed, age of the oldest in seconds."""
        if self.key.traffic.model == "async_backlog":
            return self._stuck_backlog()
        rate = self._jobs_per_minute()
        waiting, processed, ages = [], [], []
        queue, carried = 0, 0
        for count in self._shared(self.demand.arrivals):
            queue += count
            carried = min(carried + rate, queue * 1000 + rate)
            done = min(queue, carried // 1000)
            carried -= done * 1000
            waiting.append(queue)
            processed.append(done)
            ages.append(60 * queue * 1000 // max(rate, 1) if rate else 60 * queue)
            queue -= done
        return waiting, processed, ages

    def _jobs_per_minute(self) -> int:
        """Jobs a minute the instances can finish, in thousandths."""
        seconds = self.key.traffic.get("latency_ms", 100) / 1000
        slots = self.capacity.instances * self.key.traffic.get("max_concurrent", 4)
        return int(1000 * slots * 60 / seconds)

    def _stuck_backlog(self) -> tuple[list[int], list[int], list[int]]:
        """A queue of `backlog` jobs that nothing empties until instances appear; then it drains once."""
        size, rate = self.key.traffic.get("backlog", 12), self._jobs_per_minute()
        begun = (self.key.day - self.key.since_day) * DAY
        waiting, processed, ages = [], [], []
        left, carried = size, 0
        if rate and self.key.born is None:
            left = 0
        for minute in range(DAY):
            waiting.append(left)
            ages.append((begun + minute) * 60 if left else 0)
            done = 0
            if rate and minute >= (self.key.born or 0):
                carried += rate
                done = min(left, carried // 1000)
                carried -= done * 1000
            processed.append(done)
            left -= done
        return waiting, processed, ages

    def prefix(self, name: str) -> list[int]:
        """Prefix sums of one of the arrays, 1,441 entries; cached."""
        cache: dict[str, list[int]] = self.__dict__.setdefault("_prefixes", {})
        if name not in cache:
            cache[name] = list(accumulate(getattr(self, name), initial=0))
        return cache[name]


@lru_cache(maxsize=3000)
def serving(key: ServingKey) -> Serving:
    """The day of serving for a key, cached: days of periodic traffic share one entry through `canonical`."""
    return Serving(key)


def canonical(key: ServingKey) -> ServingKey:
    """The same day of serving under the earliest equal key, so that weeks of steady traffic share arrays."""
    if key.traffic.model == "async_backlog" or key.traffic.get("weekly_growth", 0):
        return key
    # Any week will do; 20,000 days after 1970 keeps day - 1 of the same traffic phase.
    return ServingKey(
        key.shape,
        key.traffic,
        key.seed,
        key.capacity,
        20_006 + (key.day - 20_006) % 7,
        20_000,
        key.share,
        key.born,
    )
