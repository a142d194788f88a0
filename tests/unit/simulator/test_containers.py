"""Containers minute by minute against the same traffic call by call, in the pool that shares no code with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from statistics import fmean

import pytest

from simulator.containers import IDLE_TIMEOUT_S, Fate, Offer, run
from simulator.request_pool import Call, Rules, Truth, published, serve

SETUP_S = 6.0


@dataclass(frozen=True)
class Case:
    """Calls of each minute of some hours, how long each takes, and what serves them."""

    name: str
    per_minute: tuple[int, ...]
    service_s: float
    limit: int = 200
    level: int = 0

    def __str__(self) -> str:
        return self.name


BURSTS = tuple(900 if minute % 45 in range(3, 9) else 0 for minute in range(225))
CASES = (
    Case("a trickle of slow calls", (2,) * 2880, 4.0),
    Case("a call now and then", tuple(int(minute % 11 == 0) for minute in range(5000)), 0.5),
    Case("steady and thin", (40,) * 720, 0.12),
    Case("steady and thick", (600,) * 90, 0.5),
    Case("a hair below six at work", (719,) * 60, 0.5),
    Case("rising", tuple(range(20, 240)), 0.6),
    Case("bursts", BURSTS, 0.2),
    Case("bursts on provisioned concurrency", BURSTS, 0.2, level=8),
    Case("spill-over", (900,) * 60, 0.23, level=5),
    Case("hardly any spill-over", (120,) * 300, 0.25, level=3),
    Case("more than may run", (1500,) * 30, 0.2, limit=4),
    Case("bursts that reach the limit", BURSTS, 0.2, limit=20),
)


def minute_by_minute(case: Case, seed: int) -> list[Fate]:
    """What the simulator makes of a case."""
    offers = [
        Offer(60.0 * minute, calls, case.service_s, SETUP_S, 0, seed * 100_000 + minute)
        for minute, calls in enumerate(case.per_minute)
        if calls
    ]
    return run(case.level, case.limit, offers)


def call_by_call(case: Case, seed: int) -> Truth:
    """The same counts a minute, each call at a random time of its minute."""
    chance = Random(f"{case.name} {seed}")
    calls = [
        Call(
            at,
            case.service_s * chance.lognormvariate(-0.08, 0.4),
            SETUP_S * chance.uniform(0.8, 1.2),
        )
        for minute, count in enumerate(case.per_minute)
        for at in sorted(60 * (minute + chance.random()) for _ in range(count))
    ]
    return serve(calls, Rules(IDLE_TIMEOUT_S, case.limit, case.level), seed)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_minutes_have_what_a_pool_has_that_serves_each_call(case: Case) -> None:
    truth = call_by_call(case, 1)
    found = [minute_by_minute(case, seed) for seed in range(6)]
    cold = fmean(sum(f.cold for f in one) for one in found)
    spilled = fmean(sum(f.served - f.on_warm for f in one) for one in found)
    refused = fmean(sum(case.per_minute) - sum(f.served for f in one) for one in found)
    peak = fmean(f.peak for one in found for f in one if f.peak)
    assert cold == pytest.approx(truth.cold, rel=0.2, abs=12)
    assert spilled == pytest.approx(truth.spilled, rel=0.1, abs=40)
    assert refused == pytest.approx(truth.throttled, rel=0.1, abs=40)
    assert peak == pytest.approx(_peak(truth, case), rel=0.05)


def _peak(truth: Truth, case: Case) -> float:
    """The mean over the minutes with calls of the most containers at work at once."""
    return fmean(
        (row["concurrency_utilization_max"] or 0) * case.limit
        for row in published(truth)
        if row["invocations"]
    )


def test_each_minute_keeps_its_books() -> None:
    for case in CASES:
        for fate, calls in zip(minute_by_minute(case, 1), filter(None, case.per_minute), strict=True):
            assert 0 <= fate.on_warm <= fate.served <= calls
            assert 0 <= fate.cold <= fate.served - fate.on_warm
            assert fate.warm_peak <= min(case.level, fate.peak)
            assert 0 < fate.peak <= case.limit


def test_the_same_seed_gives_the_same_minutes_and_another_one_others() -> None:
    case = CASES[4]
    assert minute_by_minute(case, 1) == minute_by_minute(case, 1) != minute_by_minute(case, 2)


def test_visitors_who_take_turns_need_one_container_each() -> None:
    offers = [
        Offer(60.0 * minute, 4 * (1 + minute // 10), 1.5, SETUP_S, 1 + minute // 10, minute)
        for minute in range(20)
    ]
    fates = run(0, 10, offers)
    assert list(accumulate(fate.cold for fate in fates)) == [1] * 10 + [2] * 10
    assert [fate.peak for fate in fates] == [1] * 10 + [2] * 10


def test_a_deployment_empties_the_pool() -> None:
    offers = [Offer(60.0 * minute, 60, 0.5, SETUP_S, 0, minute) for minute in range(120)]
    kept, anew = run(0, 50, offers), run(0, 50, offers, born_s=3600)
    assert kept[:60] == anew[:60]
    assert anew[60].cold > 3 > kept[60].cold


def test_silence_longer_than_the_timeout_ends_cold() -> None:
    by_gap: dict[int, int] = defaultdict(int)
    for gap in (14, 16, 17):
        offers = [Offer(60.0 * minute, 1, 0.2, SETUP_S, 1, 0) for minute in (0, gap)]
        by_gap[gap] = sum(fate.cold for fate in run(0, 5, offers))
    assert by_gap == {14: 1, 16: 2, 17: 2}
