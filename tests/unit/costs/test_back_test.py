"""Forecasts on held-out weeks of the simulator's traffic, against last week repeated."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from fleet.costs.back_test import back_test

from .seasons import groups, mean


@pytest.mark.parametrize("unrest", [0.0, 0.1])
def test_forecasts_are_closer_than_last_week_repeated_and_the_interval_holds(unrest: float) -> None:
    for horizon in (7, 28):
        found = dict(groups(unrest))
        ours, repeated, held, _ = mean(found["the eight traffic models"], horizon)
        assert ours < repeated
        assert held >= 0.8
        for words in ("growing 6 % a week", "shrinking 5 % a week"):
            ours, repeated, held, _ = mean(found[words], horizon)
            assert ours < 0.75 * repeated
            assert held >= 0.8


def test_a_fleet_that_scatters_is_forecast_closer_than_by_last_week() -> None:
    ours, repeated, *_ = mean(dict(groups(0.1))["all in one fleet"], 7)
    assert ours < 0.8 * repeated


@pytest.mark.parametrize("unrest", [0.0, 0.1])
def test_the_interval_holds_four_in_five_on_every_series_whose_change_could_be_known(unrest: float) -> None:
    for words, found in groups(unrest):
        for horizon in (7, 28):
            assert mean(found, horizon)[3] >= 0.8, (words, horizon)


def test_a_doubling_that_is_known_is_forecast_closer_than_by_last_week() -> None:
    for horizon in (7, 28):
        ours, repeated, *_ = mean(dict(groups(0.1))["diurnal, doubled on a known day"], horizon)
        assert ours < 0.9 * repeated


def test_errors_are_shares_of_what_the_held_out_period_cost() -> None:
    first = date(2026, 9, 7)
    costs = {first + timedelta(days=n): Decimal(100) for n in range(28)}
    costs |= {first + timedelta(days=n): Decimal(125) for n in range(28, 35)}
    found = back_test(costs)
    # Two weeks could be held out with 14 days before each; and the last one, a quarter dearer than any before.
    assert found.periods == 3
    assert found.mape == pytest.approx((0.2 + 0 + 0) / 3)
    assert found.repeated_mape == pytest.approx((0.2 + 0 + 0) / 3)
    assert found.coverage == pytest.approx(2 / 3)
    assert (found.changed, found.steady_coverage) == (0, found.coverage)


def test_a_period_in_which_the_level_changed_is_counted_apart() -> None:
    first = date(2026, 9, 7)
    costs = {first + timedelta(days=n): Decimal(100) for n in range(28)}
    costs |= {first + timedelta(days=n): Decimal(125) for n in range(28, 35)}
    found = back_test(costs, changes=[first + timedelta(days=28)])
    assert (found.periods, found.changed) == (3, 1)
    assert (found.coverage, found.steady_coverage) == (pytest.approx(2 / 3), 1.0)


def test_a_short_history_holds_nothing_out() -> None:
    found = back_test({date(2026, 11, 1) + timedelta(days=n): Decimal(5) for n in range(20)})
    assert (found.periods, found.mape, found.coverage) == (0, None, None)
