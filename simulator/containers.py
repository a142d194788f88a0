"""The containers of a serverless variant, minute by minute: who is served, spills over, starts cold or is refused.

The rules are those of request_pool.py: one request per container, provisioned ones first, else the idle one used last,
else a new one that is set up first; an idle one is kept for 15 minutes. Minutes in which a pool may grow go call by
call. Thick and steady ones, whose containers are there, follow from queueing theory: the peak from the rate at which a
Poisson number of calls at work passes a level, spill-over and refusals from Erlang's loss formula.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from heapq import heappop, heappush
from math import exp, lgamma, log
from random import Random
from typing import NamedTuple

from simulator.tracks import MOST_OF_AVERAGE, share_of_average

IDLE_TIMEOUT_S = 15 * 60
MINUTE_S = 60
_THICK = 12
"""So many calls a minute are enough to be described by their rate."""
_STEADY = 0.25
"""A pool is steady while so few calls, on average, find no container during one set-up."""
_ALL_ALONG = 60
"""A container that is needed so many times a minute is needed until it ends."""
_STEPS = 200


class Offer(NamedTuple):
    """The calls of one minute that starts at at_s: when each comes is drawn from the seed.

    visitors: people who take turns with their calls, each call after the one before; 0 when calls come at random.
    """

    at_s: float
    calls: int
    service_s: float
    setup_s: float
    visitors: int
    seed: int


class Fate(NamedTuple):
    """What became of a minute's calls. peak: most containers at work at once, set-ups included; warm: provisioned."""

    served: int = 0
    on_warm: int = 0
    cold: int = 0
    peak: int = 0
    warm_peak: int = 0


class Containers:
    """A pool that starts empty. level: provisioned containers; limit: most that may be at work at once."""

    def __init__(self, level: int, limit: int):
        self.level, self.limit = level, limit
        self.clear()

    def clear(self) -> None:
        """Forget all containers, as a deployment does."""
        self._warm: list[float] = []
        self._busy: list[float] = []
        self._idle: list[float] = []
        self._at_work = self._until_s = 0.0

    def minute(self, offer: Offer) -> Fate:
        """Serve one minute's calls, at least one; minutes come in order, silent ones are left out."""
        if offer.at_s > self._until_s:
            self._at_work = 0.0
        self._until_s = offer.at_s + MINUTE_S
        chance = Random(offer.seed)
        if offer.calls >= _THICK and not offer.visitors and self._settles(offer):
            found = self._as_one(offer, chance)
            if found is not None:
                return found
        return self._one_by_one(offer, chance)

    def _settles(self, offer: Offer) -> bool:
        """Whether nothing at work goes on for long: then all containers count as idle since about now."""
        soon = offer.at_s + max(1.0, MOST_OF_AVERAGE * offer.service_s)
        if self._busy and max(self._busy) > soon:
            return False
        if self._busy or self._warm:
            self._at_work = float(sum(end > offer.at_s for end in (*self._busy, *self._warm)))
        self._idle += sorted(self._busy)
        self._busy, self._warm = [], []
        return True

    def _as_one(self, offer: Offer, chance: Random) -> Fate | None:
        """A steady minute from its rate; None where so many containers are missing that each call counts."""
        per_s = offer.calls / MINUTE_S
        mean = per_s * offer.service_s
        luck, peak, most = chance.random(), max(1, int(mean)), min(self.limit, offer.calls)
        while peak < most and _passes(peak, mean, per_s) > luck:
            peak += 1
        peak = min(peak, most)
        # The peak comes at some time of the minute; who has been idle for too long by then is gone.
        del self._idle[: bisect_left(self._idle, offer.at_s + MINUTE_S * chance.random() - IDLE_TIMEOUT_S)]
        there = self.level + len(self._idle)
        missing = max(0, peak - there)
        if missing and per_s * offer.setup_s * _lost(there, mean) > _STEADY:
            return None
        spilled = _over(self.level, peak, luck, offer) if peak >= self.level else 0
        refused = _over(self.limit, peak, luck, offer) if peak == self.limit else 0
        self._use(max(0, peak - self.level), offer.at_s, per_s, mean, chance)
        self._at_work = mean
        return Fate(
            offer.calls - refused,
            offer.calls - max(spilled, refused),
            min(missing, max(spilled - refused, 0)),
            peak,
            min(peak, self.level),
        )

    def _use(self, count: int, at_s: float, per_s: float, mean: float, chance: Random) -> None:
        """The containers used last were at work; the deeper one lies the seldomer, so the earlier for the last time."""
        rest = self._idle[: max(0, len(self._idle) - count)]
        last = rest[-1] if rest else 0.0
        for left in range(count, 0, -1):
            times = per_s * MINUTE_S * _share_at(self.level + left - 1, mean)
            if times > _ALL_ALONG:
                rest += [max(last, at_s + MINUTE_S)] * left
                break
            last = max(last, at_s + MINUTE_S * chance.random() ** (1 / max(1.0, times)))
            rest.append(last)
        self._idle = rest

    def _one_by_one(self, offer: Offer, chance: Random) -> Fate:
        calls = _calls(offer, chance)
        self._resume(offer, chance)
        warm, busy, idle, level, limit = self._warm, self._busy, self._idle, self.level, self.limit
        _free(warm, busy, idle, offer.at_s)
        served = on_warm = cold = 0
        peak, warm_peak = len(warm) + len(busy), len(warm)
        for at, service in calls:
            _free(warm, busy, idle, at)
            if len(warm) + len(busy) >= limit:
                continue
            served += 1
            if len(warm) < level:
                on_warm += 1
                heappush(warm, at + service)
                warm_peak = max(warm_peak, len(warm))
            elif idle and idle[-1] >= at - IDLE_TIMEOUT_S:
                idle.pop()
                heappush(busy, at + service)
            else:
                idle.clear()
                cold += 1
                heappush(busy, at + offer.setup_s * (0.8 + 0.4 * chance.random()) + service)
            peak = max(peak, len(warm) + len(busy))
        return Fate(served, on_warm, cold, peak, warm_peak)

    def _resume(self, offer: Offer, chance: Random) -> None:
        """After minutes taken as one: some of the containers are at work as this one begins."""
        if not self._at_work:
            return
        running = _poisson(self._at_work, chance)
        self._at_work = 0.0
        ends = sorted(offer.at_s + offer.service_s * chance.random() for _ in range(running))
        self._warm = ends[: self.level]
        for end in ends[self.level : self.level + len(self._idle)]:
            self._idle.pop()
            heappush(self._busy, end)


def _free(warm: list[float], busy: list[float], idle: list[float], now: float) -> None:
    while warm and warm[0] <= now:
        heappop(warm)
    while busy and busy[0] <= now:
        idle.append(heappop(busy))


def _calls(offer: Offer, chance: Random) -> list[tuple[float, float]]:
    """When each call comes and how many seconds the model works on it, oldest first."""
    count, service_s = offer.calls, offer.service_s
    if not offer.visitors:
        times = sorted(offer.at_s + MINUTE_S * chance.random() for _ in range(count))
        return [(at, service_s * _FACTORS[int(_STEPS * chance.random())]) for at in times]
    turns = -(-count // offer.visitors)
    slot_s = MINUTE_S / turns
    room_s = max(0.0, slot_s - 1.3 * offer.setup_s - MOST_OF_AVERAGE * service_s)
    found = []
    for turn in range(turns):
        begins = offer.at_s + turn * slot_s + room_s * chance.random()
        for visitor in range(min(offer.visitors, count - turn * offer.visitors)):
            longer = _FACTORS[int(_STEPS * chance.random())]
            found.append((begins + visitor * 0.2 * service_s, service_s * longer))
    return found


def _passes(peak: int, mean: float, per_s: float) -> float:
    """How likely a minute is to see more than `peak` calls at work at once, of a Poisson number around the mean."""
    if peak < mean:
        return 1.0
    at_peak = _share_at(peak, mean)
    # Passages come in clumps: one that stays above for a while is one.
    return 1.0 - exp(-MINUTE_S * per_s * at_peak * (1 - mean / (peak + 1)))


def _share_at(number: int, mean: float) -> float:
    """The share of the time in which exactly so many calls are at work, of a Poisson number around the mean."""
    return exp(number * log(mean) - mean - lgamma(number + 1))


def _lost(there: int, mean: float) -> float:
    """Erlang's loss formula: the share of calls that find all of so many containers at work."""
    share = 1.0
    for number in range(1, there + 1):
        share = mean * share / (number + mean * share)
    return share


def _over(there: int, peak: int, luck: float, offer: Offer) -> int:
    """Calls that found so many containers all at work, in a minute of this peak and luck."""
    if not there:
        return offer.calls
    per_s = offer.calls / MINUTE_S
    mean = per_s * offer.service_s
    likely = _passes(there, mean, per_s)
    if luck >= likely:
        return 0
    expected = offer.calls * _lost(there, mean) / likely
    return min(offer.calls, max(1, peak - there, round(expected)))


def _poisson(mean: float, chance: Random) -> int:
    count, left = 0, mean - chance.expovariate(1)
    while left > 0:
        count += 1
        left -= chance.expovariate(1)
    return count


def _factors() -> list[float]:
    shares = [share_of_average(100 * (step + 0.5) / _STEPS) for step in range(_STEPS)]
    return [share * _STEPS / sum(shares) for share in shares]


_FACTORS = _factors()


def run(level: int, limit: int, offers: Iterable[Offer], born_s: float | None = None) -> list[Fate]:
    """The fate of each offer in order, from an empty pool; born_s: when all containers began anew."""
    pool = Containers(level, limit)
    found = []
    for offer in offers:
        if born_s is not None and offer.at_s >= born_s:
            pool.clear()
            born_s = None
        found.append(pool.minute(offer))
    return found
