"""Eight kinds of traffic, call by call, for the request-level pool: when calls come, not what becomes of them."""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simulator.request_pool import ANY, MOST_RECENT, Call, Rules

DAY_S, HOUR_S = 86_400, 3_600
START_S = 1_788_134_400
"""Monday 2026-08-31 00:00 UTC, so that weeks begin with the window."""


@dataclass(frozen=True)
class Endpoint:
    """A made-up endpoint: its traffic kind, the pool's rules as it was observed, and every call of its window."""

    kind: str
    rules: Rules
    calls: list[Call]
    days: float


def endpoint(kind: str, seed: int, days: float = 14, busyness: float = 1.0) -> Endpoint:
    """One endpoint of a kind (a key of KINDS), everything about it drawn from the seed; busyness scales its calls."""
    chance = random.Random(f"{kind} {seed}")
    setup_s, service_s = _log_uniform(chance, 2, 20), _log_uniform(chance, 0.1, 4)
    spread = chance.uniform(0.1, 0.6)
    rules = Rules(
        idle_timeout_s=chance.uniform(5, 15) * 60,
        max_concurrency=200,
        provisioned=chance.choice((0, 0, 1, 2)),
        reuse=chance.choice((MOST_RECENT, ANY)),
        overhead_s=chance.uniform(0.01, 0.08),
    )
    ends = days * DAY_S
    calls = [
        Call(
            START_S + at,
            service_s * chance.lognormvariate(0, spread),
            setup_s * chance.lognormvariate(0, 0.2),
        )
        for at in sorted(at for at in KINDS[kind](chance, ends, busyness) if 0 <= at < ends)
    ]
    return Endpoint(kind, rules, calls, days)


def _log_uniform(chance: random.Random, low: float, high: float) -> float:
    return math.exp(chance.uniform(math.log(low), math.log(high)))


def _thinned(
    chance: random.Random, ends: float, peak_per_s: float, share: Callable[[float], float]
) -> Iterator[float]:
    """A Poisson stream whose rate is peak_per_s times share(at), 0 to 1."""
    at = chance.expovariate(peak_per_s)
    while at < ends:
        if chance.random() < share(at):
            yield at
        at += chance.expovariate(peak_per_s)


def _steady(chance: random.Random, ends: float, per_s: float) -> Iterator[float]:
    return _thinned(chance, ends, per_s, lambda at: 1.0)


def _office_hours(at: float) -> float:
    """A working day's hump around 14:00, a tenth of it at weekends, next to nothing at night."""
    hump = math.exp(-(((at % DAY_S) / HOUR_S - 14) ** 2) / 18)
    return (0.02 + 0.98 * hump) * (1.0 if at // DAY_S % 7 < 5 else 0.1)


def _intermittent(chance: random.Random, ends: float, busyness: float) -> Iterator[float]:
    return _steady(chance, ends, busyness * _log_uniform(chance, 2, 30) / HOUR_S)


def _diurnal(chance: random.Random, ends: float, busyness: float) -> Iterator[float]:
    return _thinned(chance, ends, busyness * _log_uniform(chance, 0.02, 0.3), _office_hours)


def _growing(chance: random.Random, ends: float, busyness: float) -> Iterator[float]:
    rate = busyness * _log_uniform(chance, 0.03, 0.3)
    return _thinned(chance, ends, rate, lambda at: _office_hours(at) * (0.3 + 0.7 * at / ends))


def _sessions(chance: random.Random, ends: float, busyness: float) -> Iterator[float]:
    """People who come in office hours and make some calls, a while apart."""
    think_s, length = _log_uniform(chance, 3, 60), chance.uniform(4, 15)
    for start in _thinned(chance, ends, busyness * _log_uniform(chance, 3, 30) / HOUR_S, _office_hours):
        at = start
        while True:
            yield at
            if chance.random() < 1 / length:
                break
            at += chance.expovariate(1 / think_s)


def _cron(chance: random.Random, ends: float, busyness: float) -> Iterator[float]:
    """A timer that sends a handful of calls within some seconds, over a trickle of others."""
    every_s, size = chance.choice((5, 10, 15, 30, 60)) * 60, chance.randint(2, 20)
    width_s, offset_s = _log_uniform(chance, 0.3, 30), chance.uniform(0, 300)
    yield from _steady(chance, ends, busyness * _log_uniform(chance, 0.5, 5) / HOUR_S)
    for tick in range(int(ends / every_s)):
        start = tick * every_s + offset_s + chance.uniform(0, 3)
        for _ in range(max(1, round(chance.gauss(size, size / 5)))):
            yield start + chance.uniform(0, width_s)


def _batch(chance: random.Random, ends: float, busyness: float) -> Iterator[float]:
    """A few times a day some hundred calls within minutes, over a trickle of others."""
    size, width_s = _log_uniform(chance, 30, 300) * busyness, _log_uniform(chance, 20, 600)
    yield from _steady(chance, ends, busyness * _log_uniform(chance, 0.5, 5) / HOUR_S)
    for start in _steady(chance, ends, _log_uniform(chance, 2, 8) / DAY_S):
        for _ in range(max(1, round(size * chance.lognormvariate(0, 0.4)))):
            yield start + chance.uniform(0, width_s)


def _sustained(chance: random.Random, ends: float, busyness: float) -> Iterator[float]:
    return _steady(chance, ends, busyness * _log_uniform(chance, 0.02, 0.12))


def _bursts(chance: random.Random, ends: float, busyness: float) -> Iterator[float]:
    """Two rates that take turns at random: quiet for long, busy for minutes."""
    low, high = _log_uniform(chance, 0.5, 5) / HOUR_S, _log_uniform(chance, 0.1, 1.0)
    busy_s, quiet_s = _log_uniform(chance, 60, 900), _log_uniform(chance, 1800, 14_400) / busyness
    start = 0.0
    while start < ends:
        for rate, mean_s in ((low, quiet_s), (high, busy_s)):
            until = start + chance.expovariate(1 / mean_s)
            yield from (start + at for at in _steady(chance, until - start, rate))
            start = until


KINDS: Mapping[str, Callable[[random.Random, float, float], Iterator[float]]] = MappingProxyType(
    {
        "intermittent": _intermittent,
        "diurnal": _diurnal,
        "growing": _growing,
        "sessions": _sessions,
        "cron": _cron,
        "batch": _batch,
        "sustained": _sustained,
        "bursts": _bursts,
    }
)
