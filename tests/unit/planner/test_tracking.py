"""A target-tracking policy followed over made-up traffic: when it rises, when it falls, between which bounds."""

from dataclasses import replace
from functools import cache

import pytest

from fleet.analysis.planner import options, tracking
from fleet.analysis.planner.draws import Effort
from fleet.analysis.planner.interval import Standing
from fleet.analysis.planner.levels import Forecast, forecast
from fleet.analysis.planner.options import OptionKind
from fleet.analysis.planner.rows import Observation
from fleet.analysis.planner.tracking import ASSUMED, Policy, TrackingPlan, follow
from simulator.request_pool import Call, Rules, serve
from simulator.request_traffic import START_S, endpoint
from tests.unit.planner.population import observed, tariff

QUICK = Effort(times=2, calls_per_draw=20_000, calls_of_habits=1000)


@cache
def two_busy_hours() -> tuple[Observation, Forecast]:
    """Four calls at a time from 8:00 to 10:00 (one of 4 s each second), one call each ten minutes otherwise."""
    busy = [Call(START_S + 8 * 3600 + second + 0.5, 4.0, 3.0) for second in range(7200)]
    quiet = [Call(START_S + 600 * step + 30.2, 1.0, 3.0) for step in range(144) if not 48 <= step < 60]
    seen = observed(serve(sorted(busy + quiet), Rules(600, max_concurrency=20)), 1)
    found = forecast(seen, tariff(), 1, effort=QUICK)
    assert found is not None
    return seen, found


def followed(policy: Policy) -> TrackingPlan:
    return follow(*two_busy_hours(), tariff(), policy)


def test_the_level_follows_the_load_and_comes_back() -> None:
    """At 70 % four calls at a time take six units: two of 24 hours at up to five above the minimum."""
    plan = followed(Policy(0.7, 1, 10))
    calm, peaky = plan.mean_level
    assert 1 + 0.6 * 5 * 2 / 24 < calm < 1 + 5 * 2.5 / 24
    assert peaky > calm  # silent minutes report nothing: it stays up longer


def test_a_lower_target_keeps_more_warm() -> None:
    assert followed(Policy(0.4, 1, 20)).mean_level[0] > followed(Policy(0.8, 1, 20)).mean_level[0]


@pytest.mark.parametrize(("minimum", "maximum"), [(1, 3), (3, 3)])
def test_the_bounds_hold(minimum: int, maximum: int) -> None:
    plan = followed(Policy(0.3, minimum, maximum))
    assert all(minimum <= level <= maximum for level in plan.mean_level)
    assert plan.option.top == maximum


def test_a_policy_that_cannot_move_is_the_fixed_level() -> None:
    plan = followed(Policy(0.7, 3, 3))
    _, found = two_busy_hours()
    fixed = next(one for one in options.of_levels(found, None) if one.level == 3)
    assert plan.mean_level == (3, 3)
    assert float(plan.option.usd or 0) == pytest.approx(float(fixed.usd or 1))
    assert plan.option.spilled.likely == pytest.approx(fixed.spilled.likely)
    assert plan.option.cold.likely == pytest.approx(fixed.cold.likely, rel=0.3)  # random reuse is drawn anew


def test_a_rise_waits_for_the_alarm_the_cool_down_and_the_set_up() -> None:
    slow = followed(Policy(0.7, 1, 10, out_cooldown_s=3600)).mean_level[0]
    quick = followed(Policy(0.7, 1, 10, out_cooldown_s=1)).mean_level[0]
    assert slow < quick


def test_a_fall_waits_for_its_cool_down() -> None:
    stays = followed(Policy(0.7, 1, 10, in_cooldown_s=36_000)).mean_level[0]
    assert stays >= followed(Policy(0.7, 1, 10, in_cooldown_s=1)).mean_level[0]


def test_what_is_assumed_is_said_and_the_price_is_the_dearer() -> None:
    plan = followed(Policy(0.7, 1, 10))
    assert plan.option.kind is OptionKind.TRACKING
    assert set(ASSUMED) <= set(plan.option.reasons)
    assert plan.option.standing in (Standing.GOOD, Standing.WEAK)
    kept_warm = 0.00001 * 730 * 3600 * max(plan.mean_level)
    assert plan.option.usd is not None
    assert float(plan.option.usd) > kept_warm


def test_the_policies_advised_beat_each_other_in_money_or_cold_starts_and_keep_the_limit() -> None:
    made = endpoint("diurnal", 3, 7, busyness=0.3)
    seen = observed(serve(made.calls, made.rules), 7)
    found = forecast(seen, tariff(), 1, effort=replace(QUICK, calls_per_draw=2000))
    assert found is not None
    plans = tracking.find(seen, found, tariff(), most=3)
    assert plans
    assert all(plan.policy.maximum <= 3 for plan in plans)
    prices = [plan.option.usd or 0 for plan in plans]
    colds = [plan.option.cold.likely for plan in plans]
    assert prices == sorted(prices)
    assert colds == sorted(colds, reverse=True)
    assert plans == tracking.find(seen, found, tariff(), most=3)
    assert tracking.find(seen, found, None) == ()


def test_a_policy_is_written_as_aws_takes_it() -> None:
    policy = Policy(0.7, 1, 6, out_cooldown_s=60)
    assert policy.words() == "target tracking at 70 %, level 1 to 6"
    assert policy.configuration() == {
        "TargetValue": 0.7,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
        },
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 300,
    }
