"""Discounts: what comes off a list price, and that list price × quantity − discount is the amount to the last digit."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.costs import lines
from fleet.costs.discounts import Discount, Discounts, on
from fleet.costs.price_book import PriceBook
from fleet.types import Confidence

from .worked import REGION, C, point

EDP = Discount("EDP 2026", None, None, percent=Decimal(10))
PLAN = Discount(
    "SP to 2027", None, None, component=C.INSTANCE_TIME, usd_per_hour=Decimal("0.065"), region=REGION,
    item="ml.c5.large",
)  # fmt: skip
POINTS = {
    (REGION, component, item): point(component, item, usd)
    for component, item, usd in (
        (C.INSTANCE_TIME, "ml.c5.large", "0.102"),
        (C.INSTANCE_TIME, "ml.m5.large", "0.115"),
        (C.KEPT_WARM, "2048", "0.00001"),
    )
}


def line(component: C, item: str, quantity: str, *held: Discount):  # type: ignore[no-untyped-def]
    book = PriceBook(POINTS, discounts=Discounts(held))
    return lines.price(book, REGION, component, item, Decimal(quantity), Confidence.ESTIMATED)


def test_a_percentage_comes_off_the_list_price_and_the_line_keeps_both() -> None:
    found = line(C.INSTANCE_TIME, "ml.c5.large", "24", EDP)
    # 24 h × $0.102 = $2.448; 10 % of it is $0.2448.
    assert (found.usd_per_unit, found.discount, found.amount) == (
        Decimal("0.102"), Decimal("0.2448"), Decimal("2.2032"),
    )  # fmt: skip
    assert found.discount_note == "10 % off the list price (EDP 2026)"


def test_a_savings_plans_rate_stands_in_for_the_list_price_and_takes_no_percentage() -> None:
    found = line(C.INSTANCE_TIME, "ml.c5.large", "24", EDP, PLAN)
    # 24 × (0.102 − 0.065) = 0.888 off; 24 × 0.065 = 1.56 is left.
    assert (found.discount, found.amount) == (Decimal("0.888"), Decimal("1.56"))
    assert found.discount_note == "Savings Plans rate $0.065 (SP to 2027)"
    assert line(C.INSTANCE_TIME, "ml.m5.large", "1", EDP, PLAN).discount == Decimal("0.0115"), "what is left"


def test_savings_plans_reach_neither_serverless_nor_a_book_without_them() -> None:
    book = PriceBook(POINTS, discounts=Discounts((PLAN,))).without_plans()
    found = lines.price(book, REGION, C.INSTANCE_TIME, "ml.c5.large", Decimal(1), Confidence.ESTIMATED)
    assert (found.discount, found.amount) == (0, Decimal("0.102"))
    warm = Discount(
        "odd", None, None, component=C.KEPT_WARM, usd_per_hour=Decimal(0), region=REGION, item="2048"
    )
    assert line(C.KEPT_WARM, "2048", "100", warm).discount == 0


def test_a_percentage_of_one_component_leaves_the_others() -> None:
    warm = Discount("warm", None, None, percent=Decimal(50), component=C.KEPT_WARM)
    assert line(C.INSTANCE_TIME, "ml.c5.large", "1", warm).discount == 0
    assert line(C.KEPT_WARM, "2048", "100", warm).discount == Decimal("0.0005")


def test_agreements_hold_on_their_days_both_ends_included() -> None:
    held = Discount("EDP", date(2026, 11, 2), date(2026, 11, 4), percent=Decimal(5))
    days = [n for n in range(1, 7) if on([held], date(2026, 11, n)).held]
    assert days == [2, 3, 4]


def test_an_unpriced_line_has_no_discount() -> None:
    found = line(C.INSTANCE_TIME, "ml.zz9.large", "3", EDP)
    assert (found.amount, found.discount, found.discount_note) == (None, 0, "")


AMOUNTS = st.decimals(min_value=0, max_value=10**6, places=9, allow_nan=False)


@pytest.mark.parametrize("held", [(), (EDP,), (PLAN,), (EDP, PLAN)])
@given(quantities=st.lists(AMOUNTS, min_size=1, max_size=6))
def test_list_price_times_quantity_less_discount_is_the_amount_also_after_merging(
    held: tuple[Discount, ...], quantities: list[Decimal]
) -> None:
    parts = [line(C.INSTANCE_TIME, "ml.c5.large", str(quantity), *held) for quantity in quantities]
    (merged,) = lines.merge(parts)
    for each in [*parts, merged]:
        assert each.quantity is not None
        assert each.usd_per_unit is not None
        assert each.quantity * each.usd_per_unit - each.discount == each.amount
    assert merged.amount == sum(each.amount for each in parts)
    whole = line(C.INSTANCE_TIME, "ml.c5.large", str(sum(quantities)), *held)
    assert abs(merged.amount - whole.amount) <= len(parts) * Decimal("1e-12"), "additive over a split"
