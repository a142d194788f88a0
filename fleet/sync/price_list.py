"""What products of AWS's price list mean: which place each one prices, in what currency, and which price nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from fleet.costs.price_book import HOSTING_DATA, VOLUME
from fleet.costs.price_history import USD, DatedPrice
from fleet.types import CostComponent

SOURCE = "AWS Price List API"
NOTHING_OURS, OTHER_REGION, NO_ON_DEMAND, NO_AMOUNT = (
    "of no endpoint or transform job",
    "of another region",
    "without an on-demand price",
    "priced at nothing",
)

# usage type suffix → component. The prefix differs by region and may be missing, so only the end is compared:
# "…ServerlessInf:Mem-2GB" executes on demand, "…ProvisionedConcurrency:Mem-2GB" on provisioned concurrency.
_PROVISIONED_USAGE = "ProvisionedConcurrency:Usage-"
_PROVISIONED_RUN = "ProvisionedConcurrency:Mem-"
_ON_DEMAND = "ServerlessInf:Mem-"
_BATCH = "Tsform:"
_DATA = {"Hst:Data-Bytes-In": CostComponent.DATA_IN, "Hst:Data-Bytes-Out": CostComponent.DATA_OUT}


@dataclass
class Reading:
    """What products said: one price a place, how many there were, when AWS published them, what was passed over."""

    prices: dict[tuple[str, CostComponent, str], DatedPrice] = field(default_factory=dict)
    products: int = 0
    published_at: datetime | None = None
    passed_over: Counter[str] = field(default_factory=Counter)

    def add(self, products: Iterable[Mapping[str, Any]], region: str) -> None:
        """Take products in. Of several prices of one place the dearest stays, so that no figure is too low.

        The published serverless rate is already that of the memory size: it is not multiplied by gigabytes again.
        Savings Plans and reserved terms are not read: an account's agreements are entered as discounts.
        """
        for product in products:
            self.products += 1
            published = product.get("publicationDate")
            if published:
                at = _instant(published)
                self.published_at = max(at, self.published_at or at)
            price = _price(product, region)
            if isinstance(price, str):
                self.passed_over[price] += 1
                continue
            known = self.prices.get(price.key)
            if known is None or known.amount < price.amount:
                self.prices[price.key] = price


def points(products: Iterable[Mapping[str, Any]], region: str) -> list[DatedPrice]:
    """Prices of Price List products; products that price nothing Flotilla knows are passed over."""
    reading = Reading()
    reading.add(products, region)
    return list(reading.prices.values())


def _price(product: Mapping[str, Any], region: str) -> DatedPrice | str:
    """The price of a product, or why it has none that is ours."""
    attributes = product["product"]["attributes"]
    place = _place(attributes)
    if place is None:
        return NOTHING_OURS
    if attributes.get("regionCode") != region:
        return OTHER_REGION
    term = next(iter(product.get("terms", {}).get("OnDemand", {}).values()), None)
    if term is None:
        return NO_ON_DEMAND
    found = _amount(term)
    if found is None:
        return NO_AMOUNT
    (amount, currency), (component, item) = found, place
    source, day = _source(attributes), _instant(term["effectiveDate"]).date()
    return DatedPrice(region, component, item, amount, source, day, currency)


def _amount(term: Mapping[str, Any]) -> tuple[Decimal, str] | None:
    """What the first unit costs and in which currency: US dollars where AWS quotes them. None without an amount."""
    tiers = sorted(term["priceDimensions"].values(), key=lambda each: _decimal(each.get("beginRange")) or 0)
    for tier in tiers:
        quoted = {currency: _decimal(text) for currency, text in tier["pricePerUnit"].items()}
        amounts = {
            currency: amount for currency, amount in quoted.items() if amount is not None and amount > 0
        }
        if amounts:
            currency = USD if USD in amounts else min(amounts)
            return amounts[currency], currency
    return None


def _place(attributes: Mapping[str, str]) -> tuple[CostComponent, str] | None:
    """What a product pays for: component and item; None when it is nothing Flotilla prices."""
    usage = attributes.get("usagetype", "")
    if attributes.get("component") == "Hosting":
        # "Host:" only: asynchronous endpoints are billed at it too, and "AsyncInf:" would overwrite it.
        name = attributes.get("instanceName", "")
        return (CostComponent.INSTANCE_TIME, name) if usage.endswith(f"Host:{name}") and name else None
    _, is_batch, name = usage.rpartition(_BATCH)
    if is_batch:
        return (CostComponent.BATCH_TIME, name) if name else None
    if attributes.get("volumeType") == "General Purpose-Hosting":
        return (CostComponent.STORAGE, VOLUME) if usage.endswith(f"Host:VolumeUsage.{VOLUME}") else None
    for ending, component in _DATA.items():
        if usage.endswith(ending):
            return component, HOSTING_DATA
    for mark, component in (
        (_PROVISIONED_USAGE, CostComponent.KEPT_WARM),
        (_PROVISIONED_RUN, CostComponent.EXECUTION_PROVISIONED),
        (_ON_DEMAND, CostComponent.EXECUTION_ON_DEMAND),
    ):
        _, found, size = usage.rpartition(mark)
        if found and size.removesuffix("GB").isdigit() and size.endswith("GB"):
            return component, str(int(size.removesuffix("GB")) * 1024)
    return None


def _decimal(text: str | None) -> Decimal | None:
    try:
        found = Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def _source(attributes: Mapping[str, str]) -> str:
    note = f" ({attributes['note']})" if attributes.get("note") else ""
    return f"{SOURCE}, usage type {attributes.get('usagetype', '')}{note}"[:512]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
