"""Prices over time: which of the dated prices, exchange rates and agreements make the price book of a UTC day. Pure."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum
from functools import cached_property

from fleet.costs import discounts
from fleet.costs.discounts import Discount
from fleet.costs.price_book import UNITS, Key, PriceBook
from fleet.types import CostComponent, PricePoint

USD = "USD"


class Layer(IntEnum):
    """Where a price comes from; a higher one wins where two hold on the same day."""

    BUILT_IN = 0
    STORED_SNAPSHOT = 1
    PRICE_LIST = 2
    MANUAL = 3


@dataclass(frozen=True)
class DatedPrice:
    """A price from `first` to `last`, UTC days, both included; None = without end on that side.

    amount: per unit of the component, in `currency`; anything but USD needs an exchange rate to count.
    """

    region: str
    component: CostComponent
    item: str
    amount: Decimal
    source: str
    source_date: date
    currency: str = USD
    first: date | None = None
    last: date | None = None
    layer: Layer = Layer.PRICE_LIST
    is_assumed: bool = False

    @property
    def key(self) -> Key:
        return self.region, self.component, self.item


@dataclass(frozen=True)
class ExchangeRate:
    """What one unit of `currency` is worth in USD from `first` to `last`, UTC days, both included."""

    currency: str
    usd: Decimal
    first: date | None = None
    last: date | None = None
    label: str = ""


@dataclass(frozen=True)
class PriceHistory:
    """Everything that decides what a region's prices were on a day for one account."""

    prices: tuple[DatedPrice, ...] = ()
    rates: tuple[ExchangeRate, ...] = ()
    discounts: tuple[Discount, ...] = ()
    _books: dict[int, PriceBook] = field(default_factory=dict, compare=False, repr=False)

    def on(self, day: date) -> PriceBook:
        """The price book in force on a UTC day. Built once for each stretch of days without a change."""
        stretch = bisect_right(self.changes, day)
        if stretch not in self._books:
            self._books[stretch] = self._book(day)
        return self._books[stretch]

    @cached_property
    def changes(self) -> list[date]:
        """The days on which anything changed, oldest first."""
        dated: list[DatedPrice | ExchangeRate | Discount] = [*self.prices, *self.rates, *self.discounts]
        starts = {each.first for each in dated if each.first}
        ends = {each.last + timedelta(days=1) for each in dated if each.last and each.last < date.max}
        return sorted(starts | ends)

    def in_force(self, day: date) -> dict[Key, DatedPrice]:
        """The price of each place on a UTC day, in whatever currency."""
        held = sorted((each for each in self.prices if _covers(each.first, each.last, day)), key=_layer)
        return {price.key: price for price in held}

    def _book(self, day: date) -> PriceBook:
        rates = {rate.currency: rate for rate in self.rates if _covers(rate.first, rate.last, day)}
        points: dict[Key, PricePoint] = {}
        unusable: dict[Key, str] = {}
        for key, price in self.in_force(day).items():
            rate = rates.get(price.currency)
            if price.currency != USD and rate is None:
                # Nothing below it may stand in: a price in another currency is known, it only cannot be added up.
                unusable[key] = unconverted(price.currency)
            else:
                points[key] = _point(price, rate)
        return PriceBook(points, unusable, discounts.on(self.discounts, day))


def unconverted(currency: str) -> str:
    """Why a price in another currency is not counted."""
    return f"priced in {currency}; no exchange rate is set"


def dated(points: Iterable[PricePoint], layer: Layer) -> list[DatedPrice]:
    """Undated USD points as prices that hold on every day."""
    return [
        DatedPrice(
            point.region, point.component, point.item, point.usd, point.source, point.source_date,
            layer=layer, is_assumed=point.is_assumed,
        )
        for point in points
    ]  # fmt: skip


def _layer(price: DatedPrice) -> Layer:
    return price.layer


def _covers(first: date | None, last: date | None, day: date) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _point(price: DatedPrice, rate: ExchangeRate | None) -> PricePoint:
    usd, source = price.amount, price.source
    if rate is not None:
        usd = price.amount * rate.usd
        converted = (
            f"{price.currency} {price.amount.normalize():f} × ${rate.usd.normalize():f} ({rate.label})"
        )
        source = f"{source}; {converted}"
    unit = UNITS[price.component]
    return PricePoint(
        price.region, price.component, price.item, unit, usd, source, price.source_date, price.is_assumed
    )
