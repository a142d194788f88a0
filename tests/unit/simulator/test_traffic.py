"""Traffic models: determinism, integer counts, and identities over any window."""

from __future__ import annotations

from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.records import Capacity, Endpoint, Traffic, Variant
from simulator.series import Series, series_of
from simulator.serving import Serving, ServingKey
from simulator.traffic import DAY, MODELS, demand, seed_class
from simulator.world import new_epoch
from stack.layout import ROOT

MONDAY = 20_003 + 1  # 2024-10-07 is day 20,003; the next day keeps a full day before it


def traffic(model: str, **params: object) -> Traffic:
    """A traffic phase with sorted parameters."""
    return Traffic(model, tuple(sorted(params.items())))


def day(
    shape: str, capacity: Capacity, phase: Traffic, number: int = MONDAY, born: int | None = None
) -> Serving:
    """One day of serving."""
    return Serving(ServingKey(shape, phase, 7, capacity, number, number - 30, 1000, born))


SERVERLESS = Capacity("serverless", memory_mb=2048, max_concurrency=20)
MODEL = st.sampled_from(sorted(MODELS))


@given(model=MODEL, seed=st.integers(0, 63), number=st.integers(MONDAY, MONDAY + 40))
@settings(max_examples=40, deadline=None)
def test_a_day_is_deterministic_and_whole(model: str, seed: int, number: int) -> None:
    phase = traffic(model, per_minute=50, latency_ms=300)
    first = demand(phase, seed, number, MONDAY)
    assert first == demand(phase, seed, number, MONDAY)
    assert first == demand(phase, seed, number + 7, MONDAY)
    assert len(first.arrivals) == len(first.visitors) == DAY
    assert all(isinstance(count, int) and count >= 0 for count in first.arrivals)
    has_visitors = [visitors > 0 for visitors in first.visitors]
    assert has_visitors == [model == "intermittent" and count > 0 for count in first.arrivals]


@given(
    limit=st.integers(1, 200),
    provisioned=st.integers(0, 200),
    wanted=st.integers(1, 300),
    seed=st.integers(0, 63),
)
@settings(max_examples=40, deadline=None)
def test_a_serverless_day_keeps_its_limits(limit: int, provisioned: int, wanted: int, seed: int) -> None:
    capacity = Capacity(
        "serverless", memory_mb=1024, max_concurrency=limit, provisioned=min(provisioned, limit)
    )
    phase = traffic("saturating", concurrency=wanted, latency_ms=2000)
    served = Serving(ServingKey("serverless", phase, seed, capacity, MONDAY, MONDAY - 9))
    offered = demand(phase, seed, MONDAY, MONDAY - 9)
    assert max(served.concurrency) <= limit
    for got, came, warm, cold in zip(
        served.served, offered.arrivals, served.on_provisioned, served.cold_starts, strict=True
    ):
        assert 0 <= got <= max(came, 1)
        assert 0 <= warm <= got
        assert 0 <= cold <= got - warm


@given(per_week=st.integers(1, 40), wider=st.integers(0, 10), seed=st.integers(0, 63))
@settings(max_examples=30, deadline=None)
def test_visits_cost_exactly_their_cold_starts(per_week: int, wider: int, seed: int) -> None:
    phase = traffic("intermittent", sessions_per_week=per_week, wider_per_week=min(wider, per_week))
    colds = sum(
        sum(Serving(ServingKey("serverless", phase, seed, SERVERLESS, MONDAY + n, MONDAY - 9)).cold_starts)
        for n in range(7)
    )
    assert colds == per_week + min(wider, per_week)


def test_provisioned_concurrency_never_adds_cold_starts() -> None:
    phase = traffic("bursty", per_minute=900, latency_ms=400)
    counts = []
    for level in range(0, 21, 4):
        capacity = Capacity("serverless", memory_mb=2048, max_concurrency=20, provisioned=level)
        counts.append(sum(day("serverless", capacity, phase).cold_starts))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] == 0


def test_a_saturated_endpoint_stands_at_its_maximum_in_every_minute_of_a_week() -> None:
    phase = traffic("saturating", concurrency=31, latency_ms=140)
    assert {
        peak for n in range(7) for peak in day("serverless", SERVERLESS, phase, MONDAY + n).concurrency
    } == {20}


def test_twice_the_concurrency_is_enough_for_the_demos_saturated_endpoint_at_any_time() -> None:
    """Its incident ends with a minute that is not full: whoever raised the maximum must not wait for the evening."""
    fleet = yaml.safe_load((ROOT / "simulator" / "fleet.yaml").read_text())
    endpoint = next(found for found in fleet["endpoints"] if found["name"] == "fraud-score")
    phase = {name: value for name, value in endpoint["traffic"][1].items() if name not in ("since", "model")}
    offered, seed = traffic("saturating", **phase), seed_class("fraud-score")
    raised = Capacity("serverless", memory_mb=3072, max_concurrency=40, provisioned=10)

    def full(capacity: Capacity, number: int) -> list[bool]:
        served = Serving(ServingKey("serverless", offered, seed, capacity, number, MONDAY))
        return [peak >= capacity.max_concurrency for peak in served.concurrency]

    for number in range(MONDAY, MONDAY + 7):
        assert all(full(SERVERLESS, number))
        assert not any(first and second for first, second in pairwise(full(raised, number)))


def test_a_deployment_starts_cold() -> None:
    phase = traffic("sustained", per_minute=600, latency_ms=500)
    warm, fresh = day("serverless", SERVERLESS, phase), day("serverless", SERVERLESS, phase, born=600)
    assert fresh.cold_starts[:600] == warm.cold_starts[:600]
    assert fresh.cold_starts[600] == fresh.concurrency[600] > warm.cold_starts[600]


def test_more_memory_raises_the_hit_ratio() -> None:
    phase = traffic("thrashing", per_minute=200, hit_ratio=0.62, fits_gb=16)
    ratios = []
    for count in (2, 3, 4):
        cache = day("mme", Capacity("instances", instance_type="ml.c5d.xlarge", instances=count), phase)
        ratios.append(1 - sum(cache.misses) / sum(cache.served))
    assert ratios[0] == pytest.approx(0.62, abs=0.01)
    assert ratios == sorted(ratios)
    assert ratios[-1] > 0.95


def test_growth_is_weekly() -> None:
    phase = traffic("growing", per_minute=1000, weekly_growth=0.5)
    weeks = [sum(demand(phase, 3, MONDAY + 7 * week, MONDAY).arrivals) for week in range(3)]
    assert weeks[1] / weeks[0] == pytest.approx(1.5, rel=0.01)
    assert weeks[2] / weeks[0] == pytest.approx(2.25, rel=0.01)


def test_a_job_queue_processes_what_arrives() -> None:
    capacity = Capacity("instances", instance_type="ml.m5.xlarge", instances=1)
    queue = day("async", capacity, traffic("async", per_minute=3, latency_ms=20_000, max_concurrent=2))
    waiting, processed, _ = queue.backlog
    # Two at a time, twenty seconds each: six a minute are possible, about three come.
    assert max(processed) <= 6
    assert sum(processed) == sum(queue.demand.arrivals)
    assert waiting[-1] == 0
    empty_hours = sum(1 for hour in range(24) if sum(processed[hour * 60 : hour * 60 + 60]) == 0)
    assert empty_hours == 12


def series(*capacities: tuple[int, Capacity | None]) -> Series:
    """The series of an endpoint whose capacity changed at the given minutes."""
    variant = Variant("v", "m", 1.0, 1.0, SERVERLESS, SERVERLESS, seed="e/v")
    variant.traffic = [(0, traffic("diurnal", per_minute=200, latency_ms=250))]
    variant.history = list(capacities)
    now = new_epoch()
    endpoint = Endpoint("e", "arn", "c", "InService", now, now, [variant])
    return series_of(endpoint, variant)


BASE = MONDAY * DAY


@given(
    cuts=st.lists(st.integers(0, 5 * DAY), min_size=2, max_size=8, unique=True),
    name=st.sampled_from(["served", "busy_us", "cold_starts", "on_provisioned"]),
)
@settings(max_examples=40, deadline=None)
def test_totals_add_up_over_any_split(cuts: list[int], name: str) -> None:
    changed = Capacity("serverless", memory_mb=2048, max_concurrency=40, provisioned=2)
    life = series((BASE, SERVERLESS), (BASE + 2000, changed), (BASE + 5000, None), (BASE + 5100, SERVERLESS))
    marks = sorted(BASE + cut for cut in cuts)
    whole = life.total(name, marks[0], marks[-1])
    assert whole == sum(life.total(name, low, high) for low, high in pairwise(marks))


def test_nothing_is_served_while_nothing_is_deployed() -> None:
    life = series((BASE, SERVERLESS), (BASE + 700, None), (BASE + 900, SERVERLESS))
    assert life.total("served", BASE + 700, BASE + 900) == 0
    assert life.total("served", BASE - 5000, BASE) == 0
    assert life.total("served", BASE, BASE + 700) > 0
    assert life.at(BASE + 800) is None
