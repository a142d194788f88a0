"""Rises: a day or a week that its own history does not explain, with hysteresis and a least amount."""

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.costs.anomalies import Limits, newcomer, rise

DAY = timedelta(days=1)
LAST = date(2026, 11, 20)
WEEKLY = [100, 100, 100, 100, 100, 30, 20]
LIMITS = Limits()


def history(days: int = 60, *, unrest: float = 0.05) -> dict[date, float]:
    """A weekly rhythm that scatters, up to LAST."""
    dice = Random(7)
    found = {}
    for n in range(days - 1, -1, -1):
        day = LAST - n * DAY
        found[day] = WEEKLY[day.weekday()] * max(1 + dice.gauss(0, unrest), 0)
    return found


def risen(factor: float, days: int) -> dict[date, float]:
    past = history()
    return {day: usd * factor if day > LAST - days * DAY else usd for day, usd in past.items()}


def test_a_usual_day_is_no_rise_and_neither_is_the_weekend() -> None:
    past = history()
    assert all(
        rise({d: u for d, u in past.items() if d <= day}, day, LIMITS) is None for day in list(past)[35:]
    )


def test_a_day_at_double_is_a_rise_with_its_figures() -> None:
    found = rise(risen(2, 1), LAST, LIMITS)
    assert found is not None
    assert (found.since, found.day, found.is_week) == (LAST, LAST, False)
    assert found.expected == pytest.approx(100, rel=0.1)
    assert found.excess == pytest.approx(100, rel=0.2)
    assert found.score > LIMITS.opens
    assert found.expected < found.high < found.actual


def test_a_rise_goes_on_while_it_is_half_as_far_off_and_ends_where_it_is_usual_again() -> None:
    past = risen(2, 3)
    past[LAST] = 114.0
    goes_on = rise(past, LAST, LIMITS)
    assert goes_on is not None
    assert goes_on.since == LAST - 2 * DAY
    alone = history()
    alone[LAST] = 114.0
    assert rise(alone, LAST, LIMITS) is None
    past[LAST] = 101.0
    assert rise(past, LAST, LIMITS) is None


def test_after_a_week_the_new_level_is_the_usual_one() -> None:
    assert rise(risen(2, 7), LAST, LIMITS) is not None
    assert rise(risen(2, 21), LAST, LIMITS) is None


def test_a_week_of_days_that_are_each_a_little_too_dear_is_a_rise() -> None:
    past = history(unrest=0.12)
    past |= {day: usd * 1.25 for day, usd in past.items() if day > LAST - 7 * DAY}
    found = rise(past, LAST, LIMITS)
    assert found is not None
    assert found.is_week
    assert found.since == LAST - 6 * DAY
    assert found.excess == pytest.approx(0.25 * sum(WEEKLY), rel=0.4)


def test_cents_are_no_rise_however_odd() -> None:
    small = {day: usd / 1000 for day, usd in risen(10, 1).items()}
    assert rise(small, LAST, LIMITS) is None
    assert rise(small, LAST, Limits(least_usd=0.5)) is not None


def test_cheaper_is_no_rise_and_unknown_is_neither() -> None:
    assert rise(risen(0.1, 3), LAST, LIMITS) is None
    past = risen(2, 2)
    del past[LAST]
    assert rise(past, LAST, LIMITS) is None


def test_a_gap_in_a_rise_does_not_end_it() -> None:
    past = risen(2, 4)
    del past[LAST - DAY]
    found = rise(past, LAST, LIMITS)
    assert found is not None
    assert found.since == LAST - 3 * DAY


def test_without_two_weeks_before_the_last_one_nothing_is_judged() -> None:
    past = {day: usd for day, usd in risen(5, 1).items() if day > LAST - 20 * DAY}
    assert rise(past, LAST, LIMITS) is None


def test_a_newcomer_is_a_rise_from_nothing_for_a_week() -> None:
    past = {LAST - n * DAY: 40.0 for n in range(3)}
    found = newcomer(past, LAST, LIMITS)
    assert found is not None
    assert (found.since, found.expected, found.excess) == (LAST - 2 * DAY, 0, 40)
    assert newcomer({LAST: 4.99}, LAST, LIMITS) is None
    assert newcomer({LAST - n * DAY: 40.0 for n in range(8)}, LAST, LIMITS) is None
    assert newcomer({}, LAST, LIMITS) is None


@given(st.floats(1.0, 50.0), st.floats(0, 20))
def test_dearer_is_never_less_of_a_rise(factor: float, more: float) -> None:
    past = history()
    past[LAST] *= factor
    dearer = {**past, LAST: past[LAST] + more}
    if rise(past, LAST, LIMITS) is not None:
        assert rise(dearer, LAST, LIMITS) is not None
