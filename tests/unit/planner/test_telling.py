"""How wide a burst is that is shorter than a set-up, told by what a container that a lone call left does for it."""

import random

import pytest

from fleet.analysis.planner import posterior, telling
from fleet.analysis.planner.levels import forecast
from fleet.analysis.planner.pool import Habit
from fleet.analysis.planner.rows import Observation
from simulator.request_pool import Call, Rules, serve
from simulator.request_traffic import START_S
from tests.unit.planner.population import observed, tariff

DAYS, SETUP_S, LIVES_S = 7, 12.0, 480
RULES = Rules(600, max_concurrency=50)


def calls(width_s: float, lone_s: float | None, service_s: float = 0.5) -> list[Call]:
    """Each hour ten calls within some seconds, every other time with a lone call some seconds before them."""
    chance = random.Random(1)
    times = []
    for hour in range(24 * DAYS):
        start = START_S + 3600 * hour + 1820
        times += [start + width_s * chance.random() for _ in range(10)]
        if lone_s is not None and hour % 2:
            times.append(start - lone_s)
    return [Call(at, service_s, SETUP_S) for at in sorted(times)]


def seen(width_s: float, lone_s: float | None, rules: Rules = RULES) -> Observation:
    return observed(serve(calls(width_s, lone_s), rules), DAYS)


@pytest.mark.parametrize("width_s", [0.4, 6.0])
def test_calls_that_one_idle_container_serves_in_turn_tell_the_width(width_s: float) -> None:
    weights = posterior.widths(seen(width_s, 240), Habit(600, True), LIVES_S, random.Random(1))
    near = sum(weight for width, weight in weights.items() if width_s / 2.5 < width < 2.5 * width_s)
    if width_s > 1:
        assert near > 0.9
    else:  # shorter than a call: no container serves two, whatever the width
        assert sum(weight for width, weight in weights.items() if width > 2) < 0.1


def test_without_a_lone_call_before_them_nothing_tells_the_width() -> None:
    weights = posterior.widths(seen(6.0, None), Habit(600, True), LIVES_S, random.Random(1))
    assert sum(weight for width, weight in weights.items() if width < 1) > 0.3


def test_a_deep_level_is_not_overrated_where_one_idle_container_told() -> None:
    """Without it the draws go from none to all calls."""
    really = serve(calls(6.0, 240), Rules(600, 50, provisioned=2)).cold
    found = forecast(seen(6.0, 240), tariff(), 1, levels=[2])
    assert found is not None
    (one,) = found.levels
    assert one.cold.likely == pytest.approx(really, rel=0.3)
    assert one.cold.low <= really <= one.cold.high


@pytest.mark.parametrize(
    ("lone_s", "idle"),
    [(240, {1}), (540, set()), (45, set())],
    ids=["alive for sure", "perhaps gone by then", "perhaps still at work"],
)
def test_only_a_container_that_is_there_for_sure_counts(lone_s: float, idle: set[int]) -> None:
    _, partly, _ = telling.kinds(seen(6.0, lone_s), LIVES_S)
    assert {one.idle for one in partly} == idle


def test_a_call_that_an_older_container_served_leaves_an_unknown_number() -> None:
    """Ten minutes after a burst its ten containers are gone; eight minutes after they are there."""
    chance = random.Random(1)
    bursts = [START_S + 840 * turn + 20 for turn in range(200)]
    times = [at + 6 * chance.random() for at in bursts for _ in range(10)] + [at + 420 for at in bursts]
    served = serve([Call(at, 0.5, SETUP_S) for at in sorted(times)], RULES)
    assert not telling.kinds(observed(served, 2), LIVES_S)[1]
