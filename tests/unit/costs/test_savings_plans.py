"""Which hourly commitment would have cost least, what it covers, and what it loses when the use falls."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.costs.savings_plans import Use, advise, curve, outcome, regret, uses

QUARTER = Decimal("0.25")
CUT = Decimal("1e-10")
"""Amounts are cut to twelve decimals in each hour."""


def history(*on_demand: str, discount: str = "0.25") -> list[Use]:
    return uses(
        {n: Decimal(each) for n, each in enumerate(on_demand)}, Decimal(discount), range(len(on_demand))
    )


def test_a_commitment_is_paid_every_hour_and_the_rest_on_demand() -> None:
    # $4 and $8 on demand are $3 and $6 at 25 % off. $4 an hour buys all of the first ($1 unused) and 4/6 of the second:
    # paid 4 + 4 + (8 − 8 × 4/6) = 10.67 of 12; used 3 + 4 of 8; covered 4 + 5.33 of 12.
    found = outcome(history("4", "8"), Decimal(4))
    assert found.paid.quantize(Decimal("0.01")) == Decimal("10.67")
    assert found.utilisation == Decimal("0.875")
    assert found.coverage is not None
    assert found.coverage.quantize(Decimal("0.001")) == Decimal("0.778")


def test_the_best_commitment_is_a_percentile_of_the_curve_not_its_mean() -> None:
    # 25 % off pays when a dollar is used in more than three hours of four. Nine quiet hours at $1 and one at $91:
    # the mean of $10 would commit $7.50 and pay for it in ten hours; the best is the quiet level, $0.75.
    spiky = history(*["1"] * 9, "91")
    found = advise(spiky)
    assert found is not None
    assert found.outcome.hourly == Decimal("0.75")
    assert found.outcome.saved == Decimal("2.5"), "ten hours × ($1 − $0.75)"
    at_mean = outcome(spiky, Decimal("7.5"))
    assert at_mean.saved < 0, "the commitment of the mean costs more than on demand"


@pytest.mark.parametrize(
    ("busy_hours", "hourly"),
    # Of eight hours some use $8, the others nothing: at 25 % off it pays from more than six of eight on.
    [(0, "0"), (5, "0"), (6, "0"), (7, "6"), (8, "6")],
)
def test_a_commitment_pays_once_enough_hours_use_it(busy_hours: int, hourly: str) -> None:
    found = advise(history(*["8"] * busy_hours, *["0"] * (8 - busy_hours)))
    assert found is not None
    assert found.outcome.hourly == Decimal(hourly)


def test_regret_tells_what_the_commitment_loses_when_the_use_falls() -> None:
    # $4 an hour, $3 at 25 % off: all year on it saves $8,760. At half the use $2 would be on demand and $3 is paid.
    steady = history("4", "4")
    found = advise(steady)
    assert found is not None
    assert (found.outcome.hourly, found.saved_a_year) == (3, 8760)
    by_fall = {each.fall: each for each in found.regrets}
    assert by_fall[Decimal("0.5")].saved_a_year == -8760
    assert by_fall[Decimal("0.5")].utilisation == Decimal("0.5")
    assert by_fall[Decimal("0.1")].saved_a_year == (Decimal("3.6") - 3) * 8760
    assert regret(steady, Decimal(3), QUARTER).saved_a_year == 0, "a fall by the discount eats all of it"


def test_without_use_or_discount_nothing_is_committed() -> None:
    assert advise([]) is None
    for nothing in (history("0", "0"), history("5", "7", discount="0")):
        found = advise(nothing)
        assert found is not None
        assert found.outcome.hourly == 0
        assert found.outcome.utilisation is None
    assert outcome(history("0"), Decimal(1)).coverage is None
    assert curve(history("0")) == []
    with pytest.raises(ValueError, match="between 0 and 1"):
        history("1", discount="1")


CENTS = st.integers(0, 50_000).map(lambda cents: Decimal(cents) / 100)
AMOUNTS = st.lists(CENTS, min_size=1, max_size=12)
DISCOUNTS = st.integers(0, 640).map(lambda thousandths: Decimal(thousandths) / 1000)


@given(AMOUNTS, DISCOUNTS)
def test_the_advice_never_costs_more_than_on_demand_and_lies_within_the_curve(
    amounts: list[Decimal], discount: Decimal
) -> None:
    hours = history(*map(str, amounts), discount=str(discount))
    found = advise(hours)
    assert found is not None
    assert found.outcome.paid <= found.outcome.on_demand + CUT
    assert found.outcome.hourly == 0 or (
        min(hour.at_plan for hour in hours) <= found.outcome.hourly <= max(hour.at_plan for hour in hours)
    )


@given(AMOUNTS, DISCOUNTS, CENTS)
def test_no_other_commitment_would_have_cost_less(
    amounts: list[Decimal], discount: Decimal, other: Decimal
) -> None:
    hours = history(*map(str, amounts), discount=str(discount))
    found = advise(hours)
    assert found is not None
    assert found.outcome.paid <= outcome(hours, other).paid + CUT


@given(AMOUNTS, DISCOUNTS, CENTS)
def test_shares_stay_shares_and_a_deeper_fall_never_saves_more(
    amounts: list[Decimal], discount: Decimal, hourly: Decimal
) -> None:
    hours = history(*map(str, amounts), discount=str(discount))
    found = outcome(hours, hourly)
    for share in (found.coverage, found.utilisation):
        assert share is None or 0 <= share <= 1 + CUT
    saved = [regret(hours, hourly, Decimal(n) / 10).saved_a_year for n in range(10)]
    assert all(later <= earlier + CUT * 10_000 for earlier, later in itertools.pairwise(saved))
