"""What an account's agreements with AWS take off a list price: a percentage, or a Savings Plans rate instead. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fleet.types import CostComponent

PLAN_COMPONENTS = (CostComponent.INSTANCE_TIME, CostComponent.BATCH_TIME)
"""What Savings Plans rates exist for: real-time inference and batch transform, not serverless (docs/costs.md)."""

_CENTS_OF_A_LINE = Decimal("0.000000000001")
"""Resolution of a discount: that of a stored amount, so that list price × quantity − discount = amount stays exact."""


@dataclass(frozen=True)
class Discount:
    """One agreement of an account from `first` to `last`, UTC days, both included; None = without end on that side.

    Either percent (0 to 100, off the list price) of one component or of all (None), or usd_per_hour, the Savings Plans
    rate of one instance type (item) in one region. label: what people call it.
    """

    label: str
    first: date | None
    last: date | None
    percent: Decimal | None = None
    component: CostComponent | None = None
    usd_per_hour: Decimal | None = None
    region: str = ""
    item: str = ""

    def covers(self, day: date) -> bool:
        """Whether the agreement holds on a UTC day."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Taken:
    """What comes off one line, USD (negative where a rate is above the list price), and why in words."""

    usd: Decimal = Decimal(0)
    note: str = ""


NOTHING = Taken()


@dataclass(frozen=True)
class Discounts:
    """The agreements of one account that hold on one day; at most one percentage and one rate reach any line."""

    held: tuple[Discount, ...] = ()
    takes_plans: bool = True

    def taken(
        self, region: str, component: CostComponent, item: str, quantity: Decimal, usd_per_unit: Decimal
    ) -> Taken:
        """What comes off quantity × usd_per_unit.

        A Savings Plans rate stands in for the list price; a percentage comes off what is left at list price, so never
        off a line that has such a rate. Source: docs/costs.md#discounts.
        """
        if not self.held:
            return NOTHING
        rate = self._rate(region, component, item)
        if rate is not None and rate.usd_per_hour is not None:
            off = quantity * (usd_per_unit - rate.usd_per_hour)
            return Taken(_cut(off), f"Savings Plans rate ${rate.usd_per_hour.normalize():f} ({rate.label})")
        share = next((each for each in self.held if _reaches(each, component)), None)
        if share is None or share.percent is None:
            return NOTHING
        off = quantity * usd_per_unit * share.percent / 100
        return Taken(_cut(off), f"{share.percent.normalize():f} % off the list price ({share.label})")

    def _rate(self, region: str, component: CostComponent, item: str) -> Discount | None:
        if not self.takes_plans or component not in PLAN_COMPONENTS:
            return None
        place = (region, component, item)
        rates = (each for each in self.held if each.usd_per_hour is not None)
        return next((each for each in rates if (each.region, each.component, each.item) == place), None)


def on(discounts: Iterable[Discount], day: date) -> Discounts:
    """The agreements that hold on a UTC day."""
    return Discounts(tuple(each for each in discounts if each.covers(day)))


def _reaches(share: Discount, component: CostComponent) -> bool:
    return share.percent is not None and share.component in (None, component)


def _cut(usd: Decimal) -> Decimal:
    return usd.quantize(_CENTS_OF_A_LINE).normalize() + 0
