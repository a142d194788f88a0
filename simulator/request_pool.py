"""Request-level truth of a serverless variant: a pool of containers, one request each, and the rows it would publish.

AWS documents the metrics, not the pool. What is inferred here (docs/planner.md): a container serves one request at a
time, an idle one is kept for a fixed time, provisioned ones are used first, set-up occupies concurrency.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

MOST_RECENT, ANY = "most recent", "any"
Row = dict[str, float | None]


class Call(NamedTuple):
    """One request: when it comes (epoch seconds), how long the model works on it and a set-up would take, seconds."""

    at_s: float
    service_s: float
    setup_s: float


@dataclass(frozen=True)
class Rules:
    """How the pool behaves. reuse: which idle container is taken again, MOST_RECENT or ANY (at random)."""

    idle_timeout_s: float
    max_concurrency: int
    provisioned: int = 0
    reuse: str = MOST_RECENT
    overhead_s: float = 0.03


class Served(NamedTuple):
    """What became of a call. A throttled one ends when it came and ran nowhere."""

    call: Call
    ends_s: float
    is_provisioned: bool = False
    is_cold: bool = False
    is_throttled: bool = False


@dataclass(frozen=True)
class Truth:
    """Every call's fate under some rules, in the order of arrival."""

    rules: Rules
    served: Sequence[Served] = field(repr=False)

    @property
    def ran(self) -> list[Served]:
        return [one for one in self.served if not one.is_throttled]

    @property
    def cold(self) -> int:
        return sum(one.is_cold for one in self.served)

    @property
    def throttled(self) -> int:
        return sum(one.is_throttled for one in self.served)

    @property
    def spilled(self) -> int:
        """Calls that ran on demand; with nothing provisioned all that ran."""
        return sum(not one.is_provisioned for one in self.ran)

    @property
    def provisioned_s(self) -> float:
        return sum(one.call.service_s for one in self.ran if one.is_provisioned)

    @property
    def on_demand_s(self) -> float:
        return sum(one.call.service_s for one in self.ran if not one.is_provisioned)

    def latency_s(self, share: float) -> float | None:
        """The latency that callers see at a share (0.99 = p99) of the calls that ran; None when none did."""
        waits = sorted(one.ends_s - one.call.at_s + self.rules.overhead_s for one in self.ran)
        return waits[min(len(waits) - 1, int(share * len(waits)))] if waits else None


class _Pool:
    """Containers by state; times are when each falls free or fell idle."""

    def __init__(self, rules: Rules, chance: random.Random, level_at: Callable[[float], int]) -> None:
        self.rules, self.chance, self.level_at = rules, chance, level_at
        self.busy: list[tuple[float, bool]] = []
        self.provisioned_busy = 0
        self.idle: list[float] = []

    def advance(self, now: float) -> None:
        while self.busy and self.busy[0][0] <= now:
            ended, is_provisioned = heappop(self.busy)
            if is_provisioned:
                self.provisioned_busy -= 1
            else:
                self.idle.append(ended)
        self.idle = [since for since in self.idle if now - since <= self.rules.idle_timeout_s]

    def serve(self, call: Call) -> Served:
        self.advance(call.at_s)
        if len(self.busy) >= self.rules.max_concurrency:
            return Served(call, call.at_s, is_throttled=True)
        if self.provisioned_busy < self.level_at(call.at_s):
            self.provisioned_busy += 1
            return self._run(Served(call, call.at_s + call.service_s, is_provisioned=True))
        if self.idle:
            taken = -1 if self.rules.reuse == MOST_RECENT else self.chance.randrange(len(self.idle))
            self.idle.pop(taken)
            return self._run(Served(call, call.at_s + call.service_s))
        return self._run(Served(call, call.at_s + call.setup_s + call.service_s, is_cold=True))

    def _run(self, one: Served) -> Served:
        heappush(self.busy, (one.ends_s, one.is_provisioned))
        return one


def serve(
    calls: Sequence[Call], rules: Rules, seed: int = 0, level_at: Callable[[float], int] | None = None
) -> Truth:
    """Run calls (oldest first) through a pool that starts empty; seed decides which idle container ANY takes.

    level_at: provisioned concurrency at a time (epoch seconds), instead of the one of the rules.
    """
    pool = _Pool(rules, random.Random(seed), level_at or (lambda at_s: rules.provisioned))
    return Truth(rules, [pool.serve(call) for call in calls])


def published(truth: Truth, period_s: int = 60) -> list[Row]:
    """The rows CloudWatch would hold, oldest first, one per bucket in which anything came, ran or ended.

    Calls are stamped at arrival; latency, overhead and set-up samples at completion. Keys are the columns' names with
    at_s and period_s; None = no sample. Throttled calls are in none of them.
    """
    came: dict[int, list[Served]] = defaultdict(list)
    ended: dict[int, list[Served]] = defaultdict(list)
    set_up: dict[int, list[float]] = defaultdict(list)
    for one in truth.ran:
        came[int(one.call.at_s // period_s)].append(one)
        ended[int(one.ends_s // period_s)].append(one)
        if one.is_cold:
            set_up[int((one.call.at_s + one.call.setup_s) // period_s)].append(one.call.setup_s)
    peaks = _peaks(truth.ran, period_s)
    return [
        {
            "at_s": bucket * period_s,
            "period_s": period_s,
            **_arrivals(came.get(bucket, ()), truth.rules),
            **_latency(ended.get(bucket, ()), truth.rules),
            **_setups(set_up.get(bucket, ())),
            "concurrency_utilization_max": peaks[bucket] / truth.rules.max_concurrency,
        }
        for bucket in sorted(peaks)
    ]


def _peaks(ran: Sequence[Served], period_s: int) -> dict[int, int]:
    """The most containers at work at any instant of each bucket in which one was."""
    changes = sorted([(one.call.at_s, 1) for one in ran] + [(one.ends_s, -1) for one in ran])
    peaks: dict[int, int] = defaultdict(int)
    at_work = 0
    for (at, change), (until, _) in pairwise([*changes, (changes[-1][0], 0)] if changes else []):
        at_work += change
        if at_work:
            for bucket in range(int(at // period_s), int(until // period_s) + 1):
                peaks[bucket] = max(peaks[bucket], at_work)
    return dict(peaks)


def _arrivals(came: Sequence[Served], rules: Rules) -> Row:
    warm = sum(one.is_provisioned for one in came)
    has_level = bool(came and rules.provisioned)
    return {
        "invocations": float(len(came)) if came else None,
        "provisioned_invocations": float(warm) if has_level else None,
        "spillover_invocations": float(len(came) - warm) if has_level else None,
    }


def _latency(ended: Sequence[Served], rules: Rules) -> Row:
    times = sorted(1000 * one.call.service_s for one in ended)
    extra = [1000 * (rules.overhead_s + one.is_cold * one.call.setup_s) for one in ended]
    return {
        "model_latency_ms_sum": sum(times) if times else None,
        "model_latency_count": float(len(times)) if times else None,
        **{f"model_latency_ms_p{share}": _percentile(times, share / 100) for share in (50, 90, 99)},
        "overhead_ms_avg": sum(extra) / len(extra) if extra else None,
        "overhead_ms_max": max(extra, default=None),
    }


def _setups(times: Sequence[float]) -> Row:
    return {
        "setup_count": float(len(times)) if times else None,
        "setup_ms_avg": 1000 * sum(times) / len(times) if times else None,
    }


def _percentile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
