"""The planner's own pool: against hand-worked cases and, call by call, against the simulator's."""

import random
from dataclasses import replace

import pytest

from fleet.analysis.planner.pool import Habit, Pool, Stretch, replay, serve
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
