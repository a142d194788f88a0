"""Weekly schedules: never worse than the best fixed level by their own measure, and only where weeks not seen agree."""

import random
from dataclasses import replace
from decimal import Decimal
from functools import cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fleet.analysis.planner import options, schedule
from fleet.analysis.planner.draws import Effort
from fleet.analysis.planner.levels import Forecast, forecast
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.search import best_fixed, best_hours, best_window, better, splits
from fleet.analysis.planner.timetable import HOURS, Timetable, Window
from fleet.analysis.planner.weeks import HourTable, shrunk
from simulator.request_pool import serve
from simulator.request_traffic import endpoint
from tests.unit.planner.population import observed, tariff

QUICK = Effort(times=3, calls_per_draw=2000, calls_of_habits=1000)
WORTH = Decimal("0.10")


@cache
def seen(kind: str, seed: int, days: float = 14) -> tuple[Observation, Forecast]:
    made = endpoint(kind, seed, days, busyness=0.3)
    read = observed(serve(made.calls, made.rules, seed), days)
    found = forecast(read, tariff(), seed, effort=QUICK)
    assert found is not None
    return read, found


@some.composite
def tables(draw: some.DrawFn) -> HourTable:
    """Any costs and cold starts of 168 hours at some levels, from a drawn seed."""
    chance = random.Random(draw(some.integers(0, 2**32)))
    levels = tuple(sorted(draw(some.sets(some.integers(0, 20), min_size=1, max_size=5))))
    humps = [chance.random() ** 3 for _ in range(HOURS)]
    usd = [[0.036 * level + chance.random() / 100 for level in levels] for _ in range(HOURS)]
    cold = [[20 * hump * chance.random() / (1 + level) for level in levels] for hump in humps]
    return HourTable(levels, cold, usd, draw(some.floats(0, 0.5)))


@settings(max_examples=40, deadline=None)
@given(tables(), some.floats(0, 1), some.integers(0, 2), some.booleans())
def test_no_schedule_is_worse_than_the_best_fixed_level_by_its_own_score(
    table: HourTable, worth: float, floor: int, is_window: bool
) -> None:
    hours, window = better(table, worth, floor, is_window=is_window)
    fixed = min(table.score((level,) * HOURS, worth) for level in table.levels)
    if hours is not None:
        assert table.score(hours, worth) < fixed
        assert min(hours) >= floor
        assert set(hours) <= set(table.levels)
    if window is not None:
        assert window.hours() == hours


def humped(level_cost: float, hump: range) -> HourTable:
    """Two levels; in some hours of each day level 0 has five cold starts, level 1 none."""
    cold = [[5.0 if hour % 24 in hump else 0.0, 0.0] for hour in range(HOURS)]
    return HourTable((0, 1), cold, [[0.0, level_cost]] * HOURS, level_cost)


def test_the_plain_hump_is_found_by_both_searches() -> None:
    table = humped(0.1, range(9, 17))
    window = Window("daily", 9, 17, level=1, rest=0)
    assert best_window(table, 1.0, 0) == window
    assert best_hours(table, 1.0, 0) == window.hours()


def test_a_flat_week_gives_a_flat_plan() -> None:
    table = humped(0.1, range(24))
    assert set(best_hours(table, 1.0, 0) or ()) == {1}
    assert better(table, 1.0, 0, is_window=True) == (None, None)
    assert best_fixed(table, 0.001) == 0


def test_counts_are_drawn_to_like_days_as_far_as_chance_explains_the_rest() -> None:
    alike = [3.0 if hour % 24 == 9 and hour < 120 else 0.0 for hour in range(HOURS)]
    assert shrunk(alike, 2)[9] == pytest.approx(1.5)  # smoothed over 8:00 and 10:00, where nothing came
    once = [400.0 if hour == 9 else 0.0 for hour in range(HOURS)]
    assert shrunk(once, 2)[9] > 380  # far beyond chance: kept
    assert shrunk([2.0] * HOURS, 2) == [2.0] * HOURS


def test_weeks_are_judged_by_weeks_not_fitted() -> None:
    assert splits(1) == []
    assert splits(2) == [((0,), (1,)), ((1,), (0,))]
    assert len(splits(4)) == 4
    assert all(not set(fit) & set(rest) for weeks in range(2, 9) for fit, rest in splits(weeks))


def test_office_hours_get_a_schedule_that_fills_the_form() -> None:
    read, found = seen("diurnal", 2)
    plans = schedule.find(read, found, tariff(), [WORTH]).plans
    assert plans
    fixed = min(
        float(one.usd or 0) + float(WORTH) * one.cold.likely for one in options.of_levels(found, None)
    )
    for plan in plans:
        assert plan.objective_usd < plan.fixed_usd
        assert plan.fixed_usd == pytest.approx(fixed, rel=0.05)
        assert min(plan.hours) >= schedule.FLOOR
        assert plan.option.usd is not None
        assert plan.option.top == max(plan.hours)
    window = plans[0].window
    assert window is not None
    assert window.days == "weekdays"
    assert {window.from_hour, window.to_hour} <= set(range(5, 24))
    assert plans == schedule.find(read, found, tariff(), [WORTH]).plans


def level_of(held: Timetable, at_s: float) -> int:
    return held(at_s)[0]


def test_the_forecast_of_a_schedule_holds_what_really_happens_under_it() -> None:
    made = endpoint("diurnal", 2, 14, busyness=0.3)
    read, found = seen("diurnal", 2)
    for plan in schedule.find(read, found, tariff(), [WORTH]).plans:
        late_s = schedule.rise_s(read)
        held = Timetable(plan.hours, -late_s if plan.window else late_s)
        truth = serve(made.calls, made.rules, 2, level_at=partial(level_of, held))
        months = 730 / (24 * 14)
        assert plan.option.cold.low <= truth.cold * months <= plan.option.cold.high
        assert plan.option.spilled.low <= truth.spilled * months <= plan.option.spilled.high


def test_the_highest_level_allowed_is_kept() -> None:
    read, found = seen("diurnal", 2)
    plans = schedule.find(read, found, tariff(), [WORTH], most=2).plans
    assert plans
    assert all(max(plan.hours) <= 2 for plan in plans)


@pytest.mark.parametrize("kind", ["sustained", "intermittent"])
def test_traffic_without_a_weekly_shape_gets_none(kind: str) -> None:
    read, found = seen(kind, 2)
    answer = schedule.find(read, found, tariff(), [WORTH])
    assert answer.plans == ()
    assert "not fitted on" in answer.sentence


def test_what_is_missing_is_said() -> None:
    read, found = seen("diurnal", 2)
    unpriced = schedule.find(read, found, replace(tariff(), region="xx-nowhere-1"), [WORTH])
    assert "No price is known" in unpriced.sentence
    for hours, there in (
        (216, "there are 9 days."),
        (24, "there is 1 day."),
        (5, "there is less than a day."),
    ):
        short = replace(read, start_s=read.end_s - hours * 3600)
        sentence = schedule.find(short, found, tariff(), [WORTH]).sentence
        assert sentence == f"A weekly schedule takes two whole weeks of metrics; {there}"
    assert schedule.find(read, found, tariff(), []).plans == ()


def test_the_values_worth_trying_are_the_prices_of_the_steps_of_the_curve() -> None:
    _, found = seen("diurnal", 2)
    curve = options.frontier(options.of_levels(found, None))
    tried = schedule.values(curve)
    assert 0 < len(tried) <= 4
    assert list(tried) == sorted(tried)
    first = options.avoided(curve[1], curve[0])
    assert first.usd is not None
    assert first.usd / Decimal(str(first.cold)) in tried


def test_two_schedules_of_one_plan_never_share_their_name() -> None:
    read, found = seen("diurnal", 401)
    curve = options.frontier(options.of_levels(found, 0))
    (first, *_) = schedule.find(read, found, tariff(), [*schedule.values(curve), WORTH]).plans
    taken: list[schedule.WeeklyPlan] = []
    for _ in range(4):
        taken.append(schedule._named(first, taken))
    names = [plan.option.name for plan in taken]
    assert names[0] == first.option.name
    assert len(set(names)) == 4
