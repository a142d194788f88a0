"""What is kept of a forecast is what was forecast, to the cent and to the reason."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fleet.analysis.planner import options, tracking
from fleet.analysis.planner.draws import Effort
from fleet.analysis.planner.levels import forecast
from fleet.analysis.planner.options import OptionKind
from fleet.analysis.planner.schedule import Schedules, WeeklyPlan
from fleet.analysis.planner.sizes import compare
from fleet.analysis.planner.timetable import WeekAction, Window
from fleet.planning import documents, plans
from fleet.planning.plans import Found, Plan
from fleet.types import Capacity, ServerlessCapacity
from simulator.request_pool import Call, Rules, serve
from simulator.request_traffic import START_S
from tests.unit.planner.population import observed, tariff

LIVE = ServerlessCapacity(2048, 10)


@pytest.fixture(scope="module")
def kept() -> Plan:
    """Four calls at once, each hour of a day."""
    start = datetime.fromtimestamp(START_S, UTC)
    calls = [
        Call((start + timedelta(hours=hour)).timestamp() + 30 + n / 10, 0.5, 4.0)
        for hour in range(24)
        for n in range(4)
    ]
    seen = observed(serve(calls, Rules(600, max_concurrency=10)), 1)
    found = forecast(seen, tariff(), 5, effort=Effort(2, 500, 500))
    assert found is not None
    window = Window("weekdays", 8, 18, 3, 1)
    option = replace(
        options.of_levels(found, 0)[-1], kind=OptionKind.SCHEDULE, name=window.words(), level=None
    )
    weekly = WeeklyPlan(window.hours(), window, (WeekAction("a", "cron(0 8 ? * * *)", 3),), option, Decimal("0.2"), 2,
                        80.5, 100.0, (0.1, 0.2))  # fmt: skip
    held = [Capacity(start, None, serverless=LIVE)]
    sizes = compare(
        [], held, start, start + timedelta(days=1), lambda size: replace(tariff(), memory_mb=size)
    )
    found_too = Found(
        Schedules((weekly,), "Better.", 2), tracking.find(seen, found, tariff(), most=10)[:1], sizes
    )
    return plans.plan(seen, LIVE, found, found_too)


def test_a_forecast_survives_json(kept: Plan) -> None:
    assert documents.from_json(json.loads(json.dumps(documents.to_json(kept)))) == kept


def test_its_money_is_the_sum_of_its_lines(kept: Plan) -> None:
    for option in kept.options:
        if option.level is None:
            continue
        assert option.usd == sum(line.amount or 0 for line in kept.lines[option.name])


def test_schedules_and_policies_are_found_by_their_option(kept: Plan) -> None:
    (schedule,) = kept.schedules
    option = kept.option_of(schedule.option)
    assert option is not None
    assert kept.schedule_of(option) == schedule
    assert (schedule.gain, len(schedule.hours)) == (pytest.approx(0.195), 168)
    assert [kept.option_of(one.option) is not None for one in kept.trackings] == [True]


def test_another_version_is_no_forecast(kept: Plan) -> None:
    assert documents.from_json({**documents.to_json(kept), "version": 0}) is None
    assert documents.from_json({}) is None


def test_today_follows_the_level_that_is_live(kept: Plan) -> None:
    assert kept.today == kept.of_level(0)
    moved = kept.under(replace(LIVE, provisioned_concurrency=2))
    assert moved.today == moved.of_level(2)
    assert moved.is_of(LIVE)
    assert not kept.is_of(replace(LIVE, memory_mb=4096))
