"""Which price holds on a day: dated prices, layers, currencies, and the stretches between changes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleet.costs import lines
from fleet.costs.price_history import DatedPrice, ExchangeRate, Layer, PriceHistory, dated
from fleet.types import Confidence, PricePoint

from .worked import REGION, C, point

ITEM = "ml.c5.large"
PLACE = (REGION, C.INSTANCE_TIME, ITEM)
CHANGED = date(2026, 11, 10)


def price(amount: str, **fields: Any) -> DatedPrice:
    return DatedPrice(*PLACE, Decimal(amount), "AWS Price List API", date(2026, 9, 1), **fields)


def usd(history: PriceHistory, day: date) -> Decimal | None:
    found = history.on(day).find(*PLACE)
    return found.usd if found else None


def test_a_new_price_leaves_the_days_before_it_at_the_former_one() -> None:
    history = PriceHistory((price("0.102", last=CHANGED - timedelta(days=1)), price("0.09", first=CHANGED)))
    assert usd(history, CHANGED - timedelta(days=1)) == Decimal("0.102")
    assert usd(history, CHANGED) == Decimal("0.09")
    assert history.changes == [CHANGED]


def test_what_a_person_entered_wins_on_its_days_only() -> None:
    mine = price("0.05", first=CHANGED, last=CHANGED, layer=Layer.MANUAL)
    history = PriceHistory(
        (mine, price("0.102"), *dated([point(C.INSTANCE_TIME, ITEM, "0.2")], Layer.BUILT_IN))
    )
    found = [usd(history, CHANGED + timedelta(days=n)) for n in (-1, 0, 1)]
    assert found == [Decimal("0.102"), Decimal("0.05"), Decimal("0.102")]


def test_a_price_in_another_currency_is_never_taken_for_dollars_nor_replaced_by_an_older_one() -> None:
    built_in = dated([point(C.INSTANCE_TIME, ITEM, "0.102")], Layer.BUILT_IN)
    history = PriceHistory((*built_in, price("0.73", currency="CNY")))
    line = lines.price(history.on(CHANGED), *PLACE, Decimal(24), Confidence.ESTIMATED)
    assert (line.amount, line.confidence) == (None, Confidence.UNPRICED)
    assert line.note == "priced in CNY; no exchange rate is set"


def test_an_exchange_rate_makes_it_count_on_its_days_and_stands_in_the_source() -> None:
    rate = ExchangeRate("CNY", Decimal("0.14"), CHANGED, CHANGED, "treasury, by ana")
    history = PriceHistory((price("0.73", currency="CNY"),), (rate,))
    found = history.on(CHANGED).find(*PLACE)
    assert isinstance(found, PricePoint)
    assert found.usd == Decimal("0.1022")
    assert found.source == "AWS Price List API; CNY 0.73 × $0.14 (treasury, by ana)"
    assert usd(history, CHANGED + timedelta(days=1)) is None


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(starts=st.lists(DAYS, unique=True, min_size=1, max_size=6), day=DAYS)
def test_a_chain_of_prices_has_exactly_one_for_each_day_from_the_first_on(
    starts: list[date], day: date
) -> None:
    ordered = sorted(starts)
    ends = [each - timedelta(days=1) for each in ordered[1:]] + [None]
    chain = [
        price(str(n + 1), first=first, last=last)
        for n, (first, last) in enumerate(zip(ordered, ends, strict=True))
    ]
    held = [n + 1 for n, first in enumerate(ordered) if first <= day]
    assert usd(PriceHistory(tuple(chain)), day) == (held[-1] if held else None)
    assert usd(PriceHistory(tuple(reversed(chain))), day) == usd(PriceHistory(tuple(chain)), day)
