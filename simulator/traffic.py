"""Who calls an endpoint: closed-form traffic models, deterministic by name, integer counts per minute.

A model answers "how many requests would come in this minute, how long does each take, do they take turns".
Days repeat weekly, so any total over any window is a sum of a few prefix sums. Latency is constant within each
UTC hour, so that the busy time of a share of the requests is that share of the busy time at any period.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from zlib import crc32

from simulator.records import Traffic

DAY = 1440
SEED_CLASSES = 64
WEEKEND = 0.45


@dataclass(frozen=True)
class Demand:
    """One UTC day of requests: per minute arrivals, visitors and errors; per hour latency in µs.

    visitors: how many people take turns with their calls; 0 in minutes whose calls come at random.
    """

    arrivals: list[int]
    visitors: list[int]
    faults: list[int]
    rejects: list[int]
    latency_us: list[int]


def seed_class(name: str) -> int:
    """Endpoints share arrays by this class of their name, so ten thousand of them stay cheap."""
    return crc32(name.encode()) % SEED_CLASSES


def demand(traffic: Traffic, seed: int, day: int, since_day: int) -> Demand:
    """The demand of day number `day` (days since 1970), for traffic that began on `since_day`."""
    weeks = (day - since_day) // 7 if traffic.get("weekly_growth", 0) else 0
    # 1970-01-01 was a Thursday; 0 stands for Monday.
    return _demand(traffic, seed, (day + 3) % 7, max(weeks, 0))


@lru_cache(maxsize=3000)
def _demand(traffic: Traffic, seed: int, weekday: int, weeks: int) -> Demand:
    rnd = Random(f"{traffic.model}:{seed}:{weekday}")
    scale = (1 + traffic.get("weekly_growth", 0)) ** weeks
    rates = MODELS[traffic.model](traffic, rnd, weekday)
    arrivals = [int(rate * scale + rnd.random()) if rate > 0 else 0 for rate in rates]
    latency_us = [_hour_latency_us(traffic, hour, rnd) for hour in range(24)]
    visitors = [0] * DAY
    if traffic.model == "intermittent":
        arrivals, visitors = _sessions(traffic, seed, weekday)
    fault_rate, reject_rate = traffic.get("error_rate", 0.0), traffic.get("client_error_rate", 0.0)
    if traffic.model == "failing":
        fault_rate = traffic.get("error_rate", 0.08)
    return Demand(
        arrivals=arrivals,
        visitors=visitors,
        faults=_share(arrivals, fault_rate, rnd),
        rejects=_share(arrivals, reject_rate, rnd),
        latency_us=latency_us,
    )


def _hour_latency_us(traffic: Traffic, hour: int, rnd: Random) -> int:
    busy = 1 + 0.15 * math.sin((hour - 8) * math.pi / 12)
    return max(1, int(traffic.get("latency_ms", 100) * 1000 * busy * (0.97 + 0.06 * rnd.random())))


def _share(arrivals: list[int], rate: float, rnd: Random) -> list[int]:
    if rate <= 0:
        return [0] * DAY
    return [min(count, int(count * rate + rnd.random())) if count else 0 for count in arrivals]


def _idle(traffic: Traffic, rnd: Random, weekday: int) -> list[float]:
    return [0.0] * DAY


def _diurnal(traffic: Traffic, rnd: Random, weekday: int) -> list[float]:
    top, floor = traffic.get("per_minute", 30), traffic.get("floor", 0.1)
    shift = traffic.get("peak_hour", 14) * 60 - 720
    level = top * (WEEKEND if weekday >= 5 else 1.0)
    rates = []
    for minute in range(DAY):
        wave = 0.5 - 0.5 * math.cos(2 * math.pi * (minute - shift) / DAY)
        rates.append(level * (floor + (1 - floor) * wave**2) * (0.9 + 0.2 * rnd.random()))
    return rates


def _sustained(traffic: Traffic, rnd: Random, weekday: int) -> list[float]:
    level = traffic.get("per_minute", 60)
    return [level * (0.92 + 0.16 * rnd.random()) for _ in range(DAY)]


def _bursty(traffic: Traffic, rnd: Random, weekday: int) -> list[float]:
    quiet, top = traffic.get("quiet_per_minute", 1), traffic.get("per_minute", 200)
    rates = [float(quiet)] * DAY
    for _ in range(traffic.get("bursts_per_day", 8)):
        start, length = rnd.randrange(DAY), rnd.randint(4, 15)
        for minute in range(start, min(DAY, start + length)):
            rates[minute] = top * (0.7 + 0.3 * rnd.random())
    return rates


def _saturating(traffic: Traffic, rnd: Random, weekday: int) -> list[float]:
    """As many requests as bring about `concurrency` executions at once at each minute's peak, around the clock."""
    # Peaks of a Poisson number lie about three times its root above it.
    mean = ((math.sqrt(9 + 4 * traffic.get("concurrency", 20)) - 3) / 2) ** 2
    level = mean * 60_000 / traffic.get("latency_ms", 100)
    return [level * (0.92 + 0.16 * rnd.random()) for _ in range(DAY)]


def _working_hours(traffic: Traffic, rnd: Random, weekday: int) -> list[float]:
    """Jobs in every other hour only: half of the hours are empty."""
    level = traffic.get("per_minute", 2)
    return [level * (0.7 + 0.6 * rnd.random()) if minute // 60 % 2 == 0 else 0.0 for minute in range(DAY)]


def _sessions(traffic: Traffic, seed: int, weekday: int) -> tuple[list[int], list[int]]:
    """Short visits far apart: each begins with one cold start; some widen once, which is one more.

    Over any seven days there are exactly `sessions_per_week` plus `wider_per_week` cold starts without
    provisioned concurrency: the widened ones need one more execution environment than is warm.
    """
    total, wider = traffic.get("sessions_per_week", 20), traffic.get("wider_per_week", 3)
    rnd = Random(f"sessions:{seed}")
    gap = 7 * DAY // max(total, 1)
    arrivals, visitors = [0] * DAY, [0] * DAY
    for number in range(total):
        # A visit lasts at most a third of its slot, so the next one always finds nothing warm.
        length = min(rnd.randint(8, 25), gap // 3)
        start = number * gap + rnd.randrange(max(1, gap // 3))
        for step in range(length):
            day, minute = divmod(start + step, DAY)
            if day != weekday:
                continue
            wide = number < wider and step >= length // 2
            visitors[minute] = 2 if wide else 1
            arrivals[minute] = traffic.get("per_minute", 4) * visitors[minute]
    return arrivals, visitors


MODELS: dict[str, Callable[[Traffic, Random, int], list[float]]] = {
    "idle": _idle,
    "diurnal": _diurnal,
    "growing": _diurnal,
    "sustained": _sustained,
    "thrashing": _sustained,
    "failing": _sustained,
    "bursty": _bursty,
    "saturating": _saturating,
    "intermittent": _idle,
    "async": _working_hours,
    "async_backlog": _idle,
}
