"""Price lookup: which price is in force for a unit in a region, and in what unit each component is counted.

A missing price is a result (None), never zero. Where prices come from is decided by whoever builds the book.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

from fleet.costs.discounts import Discounts
from fleet.types import CostComponent, PricePoint

Key = tuple[str, CostComponent, str]

UNITS: dict[CostComponent, str] = {
    CostComponent.INSTANCE_TIME: "instance-hour",
    CostComponent.EXECUTION_ON_DEMAND: "second",
    CostComponent.KEPT_WARM: "unit-second",
    CostComponent.EXECUTION_PROVISIONED: "second",
    CostComponent.STORAGE: "GB-month",
    CostComponent.BATCH_TIME: "instance-hour",
    CostComponent.DATA_IN: "GB",
    CostComponent.DATA_OUT: "GB",
}
"""Unit of the quantity of a cost line, and of every price of that component.

A unit-second is one unit of provisioned concurrency enabled for one second. A serverless rate is already the rate of
the memory size: it is never multiplied by gigabytes again (docs/costs.md#serverless).
"""

VOLUME = "gp2"
"""Item of the storage price: the general-purpose volume that SageMaker attaches to hosting instances."""

HOSTING_DATA = "hosting"
"""Item of the prices of data that hosting endpoints process (usage types Hst:Data-Bytes-In and -Out)."""


@dataclass(frozen=True)
class PriceBook:
    """The prices in force on one day, one per (region, component, item), and the agreements of one account.

    unusable: places that have a price which cannot be counted, with the reason.
    """

    points: Mapping[Key, PricePoint] = field(default_factory=dict)
    unusable: Mapping[Key, str] = field(default_factory=dict)
    discounts: Discounts = field(default_factory=Discounts)

    @cached_property
    def instance_hours(self) -> dict[tuple[str, str, int], Decimal | None]:
        """Room for what an hour of an instance type costs with a volume of so many GB, by region, type and GB."""
        return {}

    @classmethod
    def layered(cls, *layers: Iterable[PricePoint]) -> "PriceBook":
        """Prices of all layers; a later layer wins: `PriceBook.layered(snapshot, price_list)`."""
        points: dict[Key, PricePoint] = {}
        for layer in layers:
            points.update({(point.region, point.component, point.item): point for point in layer})
        return cls(points)

    def find(self, region: str, component: CostComponent, item: str) -> PricePoint | None:
        """The price of `item` (instance type, memory size in MB as text, or volume type), None = unpriced."""
        return self.points.get((region, component, item))

    def why_missing(self, region: str, component: CostComponent, item: str) -> str:
        """Why `find` has no price, in words for a line's note."""
        return self.unusable.get((region, component, item)) or f"no price for {item} in {region}"

    def without_plans(self) -> "PriceBook":
        """The same book for use that Savings Plans do not name."""
        return self._plain

    @cached_property
    def _plain(self) -> "PriceBook":
        return replace(self, discounts=replace(self.discounts, takes_plans=False))

    def instance_types(self, region: str) -> list[str]:
        """Instance types with a price in `region`, cheapest first."""
        found = [
            (point.usd, point.item)
            for (where, component, _), point in self.points.items()
            if where == region and component is CostComponent.INSTANCE_TIME
        ]
        return [item for _, item in sorted(found)]
