"""Month-end forecasts: the figures of plain histories, what is not known, shifts, and the interval."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.costs.forecast import Forecast, forecast

DAY = timedelta(days=1)
FIRST, LAST, TODAY = date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 21)
WEEKLY = [100, 100, 100, 100, 100, 30, 20]
"""Dollars of Monday to Sunday."""


def history(days: int, *, factor: float = 1.0, until: date = TODAY - DAY) -> dict[date, Decimal | None]:
    """The last `days` days before today at the weekly rhythm."""
    found = [until - n * DAY for n in range(days)]
    return {day: Decimal(repr(WEEKLY[day.weekday()] * factor)) for day in sorted(found)}


def look(past: Mapping[date, Decimal | None], **window: object) -> Forecast:
    return forecast(past, **{"first": FIRST, "last": LAST, "today": TODAY, **window})  # type: ignore[arg-type]


def cost(first: date, last: date) -> Decimal:
    days = [first + n * DAY for n in range((last - first).days + 1)]
    return Decimal(sum(WEEKLY[day.weekday()] for day in days))


def test_a_rhythm_that_repeats_is_continued_to_the_dollar() -> None:
    found = look(history(56))
    assert found.spent == cost(FIRST, TODAY - DAY)
    assert found.total is not None
    assert found.total.quantize(Decimal("0.01")) == cost(FIRST, LAST)
    assert found.low is not None
    assert found.high is not None
    a_hundredth_of_the_rest = cost(TODAY, LAST) / 100
    assert found.total - found.low == found.high - found.total == a_hundredth_of_the_rest
    assert [each.day for each in found.ahead] == [TODAY + n * DAY for n in range(10)]


def test_a_quarter_is_forecast_like_a_month() -> None:
    found = look(history(52), first=date(2026, 10, 1), last=date(2026, 12, 31))
    assert found.total is not None
    assert found.total.quantize(Decimal("0.01")) == cost(date(2026, 10, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("days", "words"), [(0, "there are 0 days"), (1, "there are 1 day"), (13, "are 13 days")]
)
def test_less_than_two_weeks_are_not_forecast_and_it_says_why(days: int, words: str) -> None:
    found = look(history(days))
    assert found.total is None
    assert words in found.reason
    assert found.ahead == ()


def test_what_is_known_of_the_period_is_told_even_without_a_forecast() -> None:
    assert look(history(3)).spent == cost(TODAY - 3 * DAY, TODAY - DAY)
    assert look({}).spent is None


def test_a_history_that_ended_more_than_a_week_ago_says_nothing() -> None:
    found = look(history(56, until=TODAY - 9 * DAY))
    assert found.total is None
    assert found.reason == "no cost is known since 12 Nov, more than a week"


def test_a_day_without_a_figure_is_expected_at_its_usual_cost_and_not_at_zero() -> None:
    past = history(56)
    past[date(2026, 11, 10)] = None
    del past[date(2026, 11, 11)]
    found = look(past)
    assert found.gaps == (date(2026, 11, 10), date(2026, 11, 11))
    assert found.spent == cost(FIRST, TODAY - DAY) - 200
    assert found.total is not None
    assert found.total.quantize(Decimal("0.01")) == cost(FIRST, LAST)


def test_today_counts_what_it_cost_so_far_and_the_rest_of_its_usual_cost() -> None:
    quiet, busy = history(56), history(56)
    quiet[TODAY], busy[TODAY] = Decimal(10), Decimal(75)
    assert TODAY.weekday() == 5  # usually $30
    assert look(quiet).total == look(history(56)).total
    dear, usual = look(busy).total, look(quiet).total
    assert dear is not None
    assert usual is not None
    assert dear - usual == pytest.approx(Decimal(45))


def test_growth_is_carried_on_less_and_less() -> None:
    past = {TODAY - n * DAY: Decimal(repr(round(100 * 1.08 ** (-n / 7), 6))) for n in range(1, 57)}
    found = look(past)
    assert found.total is not None
    assert found.high is not None
    flat = (found.spent or 0) + past[TODAY - DAY] * 10
    carried = (found.spent or Decimal(0)) + sum(Decimal(repr(100 * 1.08 ** (n / 7))) for n in range(10))
    assert flat < found.total < carried <= found.high
    assert found.weekly == pytest.approx(0.08, rel=0.02)


def test_a_known_change_counts_from_its_second_day() -> None:
    changed = TODAY - 3 * DAY
    past = history(56) | {
        day: amount * Decimal("1.3")
        for day, amount in history(3).items()
        if amount is not None and day >= changed
    }
    knowing, unaware = look(past, changes=[changed]), look(past)
    assert knowing.shifted_on == changed
    wanted = (knowing.spent or Decimal(0)) + cost(TODAY, LAST) * Decimal("1.3")
    assert knowing.total is not None
    assert unaware.total is not None
    assert abs(knowing.total - wanted) < abs(unaware.total - wanted)
    assert knowing.total.quantize(Decimal("0.01")) == wanted


@pytest.mark.parametrize("days", [3, 6])
def test_a_shift_nobody_announced_counts_from_its_third_day(days: int) -> None:
    past = history(56) | history(days, factor=2.0)
    found = look(past)
    assert found.shifted_on == TODAY - days * DAY
    assert found.total is not None
    assert found.total.quantize(Decimal("0.01")) == (found.spent or Decimal(0)) + 2 * cost(TODAY, LAST)
    assert look(history(56) | history(2, factor=2.0)).shifted_on is None


def test_a_smaller_shift_nobody_announced_takes_four_days() -> None:
    assert look(history(56) | history(3, factor=1.3)).shifted_on is None
    assert look(history(56) | history(4, factor=1.3)).shifted_on == TODAY - 4 * DAY


def test_a_shift_is_seen_through_scatter_and_scatter_is_no_shift() -> None:
    dice = Random(3)
    calm = {
        day: (amount or Decimal(0)) * Decimal(repr(1 + dice.gauss(0, 0.1)))
        for day, amount in history(56).items()
    }
    doubled = {day: amount * 2 if day >= TODAY - 7 * DAY else amount for day, amount in calm.items()}
    assert look(doubled).shifted_on == TODAY - 7 * DAY
    assert look(calm).shifted_on is None


def test_where_nothing_scatters_the_newest_week_tells_level_and_trend() -> None:
    # One part grows by 4 % a week, another shrinks by 2 %: together they grow faster each week.
    weeks = [1.04**n + 2 * 0.98**n for n in range(9)]
    past = {
        day: (amount or Decimal(0)) * Decimal(repr(weeks[n // 7]))
        for n, (day, amount) in enumerate(history(56).items())
    }
    found = look(past, first=TODAY, last=TODAY + 6 * DAY)
    assert found.weekly == pytest.approx(weeks[7] / weeks[6] - 1, abs=1e-4)
    assert found.total is not None
    assert float(found.total) == pytest.approx(550 * weeks[8], rel=0.002)


def test_one_odd_day_moves_the_month_by_itself_alone() -> None:
    past = history(56)
    past[date(2026, 11, 17)] = Decimal(900)
    found = look(past)
    assert found.total is not None
    assert abs(found.total - (cost(FIRST, LAST) + 800)) < 5


def test_a_new_endpoint_is_forecast_from_its_own_days_once_there_are_enough() -> None:
    past: dict[date, Decimal | None] = {TODAY - n * DAY: Decimal(0) for n in range(16, 57)}
    found = look(past | history(15), changes=[TODAY - 16 * DAY])
    assert found.total is not None
    assert found.total.quantize(Decimal("0.01")) == (found.spent or Decimal(0)) + cost(TODAY, LAST)


def test_the_day_within_which_the_costs_began_is_spent_and_says_nothing_about_other_days() -> None:
    past = history(15) | {TODAY - 15 * DAY: Decimal(1)}
    found = look(past, begins=TODAY - 15 * DAY)
    assert found.history_days == 14
    assert found.total is not None
    assert found.total.quantize(Decimal("0.01")) == (found.spent or Decimal(0)) + cost(TODAY, LAST)


def test_nothing_spent_is_forecast_as_nothing() -> None:
    found = look({day: Decimal(0) for day in history(30)})
    assert (found.total, found.low, found.high) == (0, 0, 0)


@given(
    st.lists(st.none() | st.decimals(0, 10_000, places=2), min_size=0, max_size=70),
    st.lists(st.integers(1, 60), max_size=3),
    st.integers(1, 30),
)
def test_whatever_the_history_the_figures_are_in_order(
    amounts: list[Decimal | None], changed: list[int], day: int
) -> None:
    today = FIRST.replace(day=day)
    past = {today - n * DAY: amount for n, amount in enumerate(amounts)}
    found = look(past, today=today, changes=[today - n * DAY for n in changed])
    inside = [a for d, a in past.items() if a is not None and FIRST <= d <= today]
    assert found.spent == (sum(inside) if inside else None)
    assert (found.total is None) == bool(found.reason)
    if found.total is not None:
        assert found.low is not None
        assert found.high is not None
        assert (found.spent or 0) <= found.low <= found.total + Decimal("0.000001")
        assert found.total <= found.high
        totals = [each.total for each in found.ahead]
        assert totals == sorted(totals)
        assert len(totals) == (LAST - today).days + 1


@given(st.lists(st.decimals(1, 1000, places=2), min_size=30, max_size=56), st.integers(2, 9))
def test_dearer_by_a_factor_is_forecast_dearer_by_that_factor(amounts: list[Decimal], factor: int) -> None:
    past = {TODAY - n * DAY: amount for n, amount in enumerate(amounts, start=1)}
    found = look(dict(past))
    scaled = look({day: amount * factor for day, amount in past.items()})
    assert found.total is not None
    assert scaled.total is not None
    assert float(scaled.total) == pytest.approx(float(found.total) * factor, rel=1e-6)


def test_the_interval_is_wider_while_a_level_is_new_and_never_narrower_than_a_hundredth() -> None:
    def width(days_after: int) -> float:
        change = TODAY - timedelta(days=days_after)
        costs = {day: usd * (2 if day >= change else 1) for day, usd in scattered(TODAY, 56).items()}
        found = forecast(costs, first=TODAY, last=TODAY + timedelta(days=6), today=TODAY, changes=[change])
        assert found.shifted_on == change
        assert found.total is not None
        assert found.high is not None
        return float((found.high - found.total) / found.total)

    assert width(4) > 1.2 * width(15) > 1.2 * width(27)
    even = {TODAY - timedelta(days=n): Decimal(100) for n in range(1, 57)}
    found = forecast(even, first=TODAY, last=TODAY + timedelta(days=9), today=TODAY)
    assert (found.low, found.total, found.high) == (990, 1000, 1010)


def scattered(today: date, days: int) -> dict[date, Decimal]:
    """The same scatter in every week, so that only how new a level is makes a difference."""
    odd = (96, 104, 99, 103, 97, 101, 100)
    return {today - timedelta(days=n): Decimal(odd[(n * 3 + n // 7) % 7]) for n in range(1, days + 1)}
