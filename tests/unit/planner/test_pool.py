"""The planner's own pool: against hand-worked cases and, call by call, against the simulator's."""

import random
from dataclasses import replace

import pytest

from fleet.analysis.planner import layers
from fleet.analysis.planner.pool import Habit, Pool, Stretch, begun, replay, serve
from fleet.analysis.planner.rows import Bucket
from simulator.request_pool import MOST_RECENT
from simulator.request_pool import serve as really
from simulator.request_traffic import KINDS, endpoint

HABIT = Habit(600, True)


def served(*times: float, level: int = 0, limit: int = 10, habit: Habit = HABIT) -> tuple[int, int, int, int]:
    calls = [(at, 2.0, 5.0) for at in times]
    found = serve(Pool(), calls, level, limit, habit, random.Random(1))
    return len(found.cold), found.spilled, found.throttled, found.peak


def test_a_container_lives_for_the_timeout_and_no_longer() -> None:
    assert served(0, 7 + 599)[0] == 1
    assert served(0, 7 + 601)[0] == 2


def test_provisioned_ones_come_first_and_the_rest_spills() -> None:
    assert served(0, 1, 2.5, level=1) == (1, 1, 0, 2)


def test_set_up_holds_a_place_below_the_limit() -> None:
    assert served(0, 4, limit=1) == (1, 1, 1, 1)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("level", [0, 1, 3])
def test_replaying_the_real_calls_gives_the_real_outcome(kind: str, level: int) -> None:
    made = endpoint(kind, seed=3, days=2)
    truth = really(made.calls, replace(made.rules, provisioned=level, reuse=MOST_RECENT))
    stretch = Stretch(
        [(at, service, setup) for at, service, setup in made.calls], 0.0, 0, made.rules.max_concurrency
    )
    found = replay([stretch], level, Habit(made.rules.idle_timeout_s, True), random.Random(1))
    assert (len(found.cold), found.spilled, found.throttled) == (truth.cold, truth.spilled, truth.throttled)
    assert found.warm_s == pytest.approx(truth.provisioned_s)


def test_more_provisioned_never_means_more_cold_starts_when_the_last_one_is_taken_first() -> None:
    for kind in KINDS:
        made = endpoint(kind, seed=4, days=2)
        stretch = Stretch([(at, service, 0.0) for at, service, _ in made.calls], 0.0, 0, 200)
        cold = [len(replay([stretch], level, HABIT, random.Random(1)).cold) for level in range(6)]
        assert cold == sorted(cold, reverse=True), kind


def test_calls_of_the_run_in_warm_the_pool_but_are_not_counted() -> None:
    stretch = Stretch([(0.0, 2.0, 5.0), (100.0, 2.0, 5.0)], 50.0, 0, 10)
    found = replay([stretch], 0, HABIT, random.Random(1))
    assert (found.calls, len(found.cold)) == (1, 0)


def _bucket(at_s: int, peak: int | None, level: int = 0) -> Bucket:
    return Bucket(at_s, 60, 10, peak, 0, 0.2, None, level, 50)


def test_what_was_needed_before_a_bucket_is_told_container_by_container() -> None:
    buckets = [_bucket(0, 9), _bucket(600, 5), _bucket(1200, 2), _bucket(1260, 3), _bucket(1320, 1)]
    assert layers.needed(buckets, 4, 1200) == (1320.0, 1320.0, 1320.0, 660.0, 660.0)
    assert layers.needed(buckets, 0, 1200) == ()
    changed = [_bucket(0, 9), _bucket(60, 4, level=2), _bucket(120, 1, level=2)]
    assert layers.needed(changed, 2, 1200) == (120.0,) * 4, "a change of level starts compute anew"
    untold = [_bucket(0, 2), _bucket(60, None), _bucket(120, 1)]
    assert layers.needed(untold, 2, 1200) == (60.0, 60.0)


def test_a_pool_begins_with_what_is_idle_above_the_level() -> None:
    needed = (300.0, 300.0, 120.0, 60.0)
    assert begun(needed, 0, Habit(600, True)).idle == [60.0, 120.0, 300.0, 300.0]
    assert begun(needed, 2, Habit(600, True)).idle == [60.0, 120.0]
    assert begun(needed, 2, Habit(600, False)).idle == [120.0, 120.0]
    assert begun(needed, 9, Habit(600, True)).idle == []


@pytest.mark.parametrize("level", [0, 3, 8])
def test_busy_traffic_starts_as_many_containers_from_what_was_needed_as_after_a_run_in(level: int) -> None:
    """Ten minutes of 600 calls a minute after half an hour of them, with a pool of its own before or told by peaks."""
    chance, habit, cold_run, cold_told = random.Random(3), Habit(600, True), 0, 0
    for _ in range(6):
        calls = sorted((chance.uniform(0, 2400), chance.expovariate(2), 4.0) for _ in range(24_000))
        pool, peaks = Pool(), []
        for minute in range(40):
            part = [call for call in calls if 60 * minute <= call[0] < 60 * minute + 60]
            peaks.append(_bucket(60 * minute, serve(pool, part, 0, 50, habit, chance, 60.0 * minute).peak))
        counted = [call for call in calls if call[0] >= 1800]
        after = replay([Stretch(calls, 1800.0, 0, 50)], level, habit, chance)
        needed = layers.needed(peaks, 30, 1200)
        told = replay([Stretch(counted, 1800.0, 0, 50, needed)], level, habit, chance)
        cold_run, cold_told = cold_run + len(after.cold), cold_told + len(told.cold)
    assert abs(cold_run - cold_told) <= 6, "one a stretch"
