"""What a look at some hours makes of steady traffic: its rare peaks, and the containers that earlier hours left."""

import random
from collections import Counter

import pytest

from fleet.analysis.planner.draws import Draw, Draws, Level
from fleet.analysis.planner.outcomes import Course, scaled_cold
from fleet.analysis.planner.placement import Belief, place
from fleet.analysis.planner.pool import Habit, replay
from fleet.analysis.planner.posterior import beliefs
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.sampling import Span
from fleet.analysis.planner.timeout import TimeoutFit
from simulator.request_pool import ANY, Call, Rules, Truth, serve
from simulator.request_traffic import START_S
from tests.unit.planner.population import observed

DAYS = 1
TAKES_ANY = Habit(600, is_most_recent=False)


def steady(provisioned: int = 0) -> Truth:
    """Seven calls a minute of two seconds, any idle container taken: peaks of four and more are rare."""
    chance = random.Random(3)
    at, calls = float(START_S), []
    while at < START_S + 86_400 * DAYS:
        calls.append(Call(at, 2.0 * chance.lognormvariate(0, 0.3), 5.0))
        at += chance.expovariate(7 / 60)
    return serve(calls, Rules(TAKES_ANY.timeout_s, 50, provisioned, ANY), 1)


@pytest.fixture(scope="module")
def seen() -> Observation:
    return observed(steady(), DAYS)


@pytest.mark.parametrize("width_s", [40.0, 60.0])
def test_rare_peaks_of_even_traffic_are_all_placed(seen: Observation, width_s: float) -> None:
    placed = place(seen, Span(0, 0, len(seen.buckets)), Belief(width_s, TAKES_ANY), random.Random(1))
    really = steady(provisioned=3).spilled
    assert really > 10
    assert replay([placed], 3, TAKES_ANY, random.Random(1)).spilled == pytest.approx(really, rel=0.35)


def test_a_look_begins_with_the_containers_that_earlier_hours_left(seen: Observation) -> None:
    """They keep each other warm for hours: set up anew in every look they would be cold starts that never were."""
    after = [index for index, bucket in enumerate(seen.buckets) if bucket.at_s >= START_S + 43_200]
    span = Span(after[0], after[20], after[200])
    really = sum(bucket.setups or 0 for bucket in seen.buckets[span.counted : span.last])
    placed = place(seen, span, Belief(60.0, TAKES_ANY), random.Random(1))
    assert len(placed.needed) >= 4
    assert len(replay([placed], 0, TAKES_ANY, random.Random(1)).cold) <= really + 1


def test_half_of_the_draws_take_each_rule_where_neither_is_likelier() -> None:
    timeouts = {300.0: 0.02, 400.0: 0.15, 500.0: 0.08, 600.0: 0.13, 700.0: 0.09, 800.0: 0.03}
    habits = {Habit(at, rule): weight for at, weight in timeouts.items() for rule in (True, False)}
    for seed in range(20):
        drawn = beliefs({60.0: 1.0}, habits, 8, random.Random(seed))
        assert Counter(one.habit.is_most_recent for one in drawn) == {True: 4, False: 4}
        assert len({one.habit.timeout_s for one in drawn}) >= 3


def test_hours_not_looked_at_are_filled_in_by_draws_of_the_same_rule() -> None:
    """Of 1,000 layers that begin a tenth is seen: all cold under one rule, next to none under the other."""
    rules, colds = [True, False, True, False], [100, 2, 90, 4]
    each = [Draw(Belief(60.0, Habit(600, rule)), 0.1, {}, {}, [], []) for rule in rules]
    course = Course([Level(1000, cold, 0, 0, 0.0, None, {}) for cold in colds], [100] * 4, 1000, 1.0)
    found = Draws(each, TimeoutFit([1.0], 0), {}, {}, {}, [], are_bursts_untold=False)
    assert scaled_cold(found, course) == pytest.approx([100 + 855, 2 + 27, 90 + 855, 4 + 27])
