"""What a capacity makes of a day's demand: served requests, concurrency, cold starts, cache hits, backlog.

Integer arrays per minute of one UTC day. metrics.py turns them into published metrics, truth.py into totals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from zlib import crc32

from simulator.containers import IDLE_TIMEOUT_S, MINUTE_S, Fate, Offer, run
from simulator.instances import instance_type
from simulator.records import Capacity, Traffic
from simulator.traffic import DAY, Demand, demand

# What ran longer ago than this before midnight leaves no idle container behind.
RUN_IN = 4 * IDLE_TIMEOUT_S // MINUTE_S
GOOD_MISS_PERMILLE = 20
SETUP_MS = 6000


def setup_share(minute: int) -> float:
    """How a minute's set-ups compare with the usual one."""
    return (94 + minute % 13) / 100


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
    def fates(self) -> list[Fate]:
        """What the containers of a serverless variant made of each minute's calls; as yesterday left them."""
        key = self.key
        before = demand(key.traffic, key.seed, key.day - 1, key.since_day)
        offers = [*self._offers(before, -1, DAY - RUN_IN), *self._offers(self.demand, 0, 0)]
        born_s = None if key.born is None else float(key.born * MINUTE_S)
        found = [Fate()] * DAY
        for offer, fate in zip(
            offers, run(self.capacity.provisioned, self.capacity.max_concurrency, offers, born_s), strict=True
        ):
            if offer.at_s >= 0:
                found[int(offer.at_s) // MINUTE_S] = fate
        return found

    def _offers(self, offered: Demand, day: int, first: int) -> list[Offer]:
        """The minutes with calls of a day (0 today, -1 yesterday) from a minute on, in seconds since today began."""
        setup_s = self.key.traffic.get("setup_ms", SETUP_MS) / 1000
        draws = crc32(f"{self.key.traffic.model}:{self.key.seed}:{(self.key.day + day) % 7}".encode())
        arrivals = self._shared(offered.arrivals)
        return [
            Offer(
                at_s=float((day * DAY + minute) * MINUTE_S),
                calls=arrivals[minute],
                service_s=offered.latency_us[minute // 60] / 1e6,
                setup_s=setup_s * setup_share(minute),
                visitors=offered.visitors[minute],
                seed=draws * DAY + minute,
            )
            for minute in range(first, DAY)
            if arrivals[minute]
        ]

    @cached_property
    def concurrency(self) -> list[int]:
        """Peak concurrent executions of a serverless variant, set-ups included, never above MaxConcurrency."""
        return [fate.peak for fate in self.fates]

    @cached_property
    def provisioned_peaks(self) -> list[int]:
        """The most of provisioned concurrency that was at work at once."""
        return [fate.warm_peak for fate in self.fates]

    @cached_property
    def served(self) -> list[int]:
        """Requests that reached the model; a saturated serverless variant refuses the rest unseen."""
        if self.key.shape == "async":
            return self.backlog[1]
        if self.key.shape == "serverless":
            return [fate.served for fate in self.fates]
        return self._shared(self.demand.arrivals) if self.capacity.instances else [0] * DAY

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
        return [fate.on_warm for fate in self.fates] if self.capacity.provisioned else [0] * DAY

    @cached_property
    def busy_on_provisioned_us(self) -> list[int]:
        """Sum of model latency on provisioned concurrency, µs."""
        return [n * us for n, us in zip(self.on_provisioned, self.minute_latency_us, strict=True)]

    @cached_property
    def cold_starts(self) -> list[int]:
        """New containers, each in the minute in which its set-up begins."""
        return [fate.cold for fate in self.fates] if self.key.shape == "serverless" else [0] * DAY

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
