"""Forecasts on held-out weeks of the simulator's traffic, against last week repeated."""

from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest

from fleet.costs.back_test import back_test

from .seasons import HORIZONS, groups, mean


@cache
def figures(unrest: float) -> dict[tuple[str, int], tuple[float, float, float, float]]:
    """MAPE, that of last week repeated, and coverage of every row of the table, by words and days held out."""
    return {(words, days): mean(found, days) for words, found in groups(unrest) for days in HORIZONS}


@pytest.mark.parametrize("unrest", [0.0, 0.1])
def test_every_series_is_forecast_closer_than_by_last_week_repeated(unrest: float) -> None:
    for row, (ours, repeated, *_) in figures(unrest).items():
        assert ours < (0.95 if row[0] == "all in one fleet" else 0.9) * repeated, row


@pytest.mark.parametrize("unrest", [0.0, 0.1])
def test_growth_is_forecast_much_closer_and_the_interval_holds(unrest: float) -> None:
    for days in HORIZONS:
        assert figures(unrest)["the eight traffic models", days][2] >= 0.8
        for words in ("growing 6 % a week", "shrinking 5 % a week"):
            ours, repeated, held, _ = figures(unrest)[words, days]
            assert ours < 0.75 * repeated
            assert held >= 0.8


def test_a_fleet_that_scatters_is_forecast_closer_than_by_last_week() -> None:
    ours, repeated, *_ = figures(0.1)["all in one fleet", 7]
    assert ours < 0.9 * repeated


@pytest.mark.parametrize("unrest", [0.0, 0.1])
def test_the_interval_holds_four_in_five_on_every_series_whose_change_could_be_known(unrest: float) -> None:
    for row, found in figures(unrest).items():
        assert found[3] >= 0.8, row


def test_a_doubling_nobody_told_of_is_forecast_nearly_as_well_as_a_known_one() -> None:
    for days in HORIZONS:
        told, untold = (
            figures(0.1)[f"diurnal, doubled {how}", days][0] for how in ("on a known day", "and nobody told")
        )
        assert untold < told + 0.01


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
