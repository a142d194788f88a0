"""Prices in words: where one comes from, since when it holds, what unit it is of."""

from datetime import date
from decimal import Decimal

from dashboards import wording
from dashboards.costs.rows import item_words
from dashboards.status import COMPONENT_LABELS
from fleet.costs.price_book import UNITS, Key
from fleet.costs.price_history import USD, DatedPrice, Layer
from fleet.types import CostComponent

_LIST = "AWS Price List API, "
LAYERS = {
    Layer.BUILT_IN: "Built-in snapshot",
    Layer.STORED_SNAPSHOT: "Stored snapshot",
    Layer.PRICE_LIST: "AWS price list",
    Layer.MANUAL: "Entered by hand",
}


def place(key: Key) -> str:
    """ "Execution, on demand · 2 GB": what a price is of, without its region."""
    _, component, item = key
    return " · ".join(filter(None, [COMPONENT_LABELS[component], item_words(component, item)]))


def unit(component: CostComponent) -> str:
    """ "per instance-hour"."""
    return f"per {UNITS[component]}"


def exact(amount: Decimal | None, currency: str = USD) -> str:
    """Every digit of a unit price: "$0.0000233", "CNY 0.732"."""
    if amount is None:
        return wording.UNKNOWN
    text = f"{amount.normalize():f}"
    return f"${text}" if currency == USD else f"{currency} {text}"


def days(first: date | None, last: date | None) -> str:
    """ "since 1 Nov 2026", "1 to 12 Nov 2026", "until 12 Nov 2026", "on every day"."""
    if first is None and last is None:
        return "on every day"
    if first is None and last is not None:
        return f"until {_day(last)}"
    if first is not None and last is None:
        return f"from {_day(first)} on"
    return f"{_day(first)} to {_day(last)}"


def source(price: DatedPrice) -> str:
    """What its list calls it and the day it names, in AWS's or the author's words."""
    return f"{price.source.removeprefix(_LIST)}, {_day(price.source_date)}"


def state(price: DatedPrice, in_force: DatedPrice | None, today: date) -> str:
    """ "in force", or why a price is not the one of today."""
    if price is in_force:
        return "in force"
    if price.last is not None and price.last < today:
        return "ended"
    return "not yet" if price.first is not None and price.first > today else "behind another"


def count(number: int, noun: str) -> str:
    """ "3 endpoints"."""
    return wording.plural(number, noun)


def _day(day: date | None) -> str:
    return "" if day is None else f"{day.day} {day:%b %Y}"
