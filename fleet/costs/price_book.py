"""Price lookup: which price is in force for a unit in a region, and in what unit each component is counted.

A missing price is a result (None), never zero. Where prices come from is decided by whoever builds the book.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fleet.types import CostComponent, PricePoint

Key = tuple[str, CostComponent, str]

UNITS: dict[CostComponent, str] = {
    CostComponent.INSTANCE_TIME: "instance-hour",
    CostComponent.EXECUTION_ON_DEMAND: "second",
    CostComponent.KEPT_WARM: "unit-second",
    CostComponent.EXECUTION_PROVISIONED: "second",
    CostComponent.STORAGE: "GB-month",
    CostComponent.BATCH_TIME: "instance-hour",
}
"""Unit of the quantity of a cost line, and of every price of that component.

A unit-second is one unit of provisioned concurrency enabled for one second. A serverless rate is already the rate of
the memory size: it is never multiplied by gigabytes again (docs/costs.md#serverless).
"""

VOLUME = "gp2"
"""Item of the storage price: the general-purpose volume that SageMaker attaches to hosting instances."""


@dataclass(frozen=True)
class PriceBook:
    """The prices in force, one per (region, component, item)."""

    points: Mapping[Key, PricePoint] = field(default_factory=dict)

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

    def instance_types(self, region: str) -> list[str]:
        """Instance types with a price in `region`, cheapest first."""
        found = [
            (point.usd, point.item)
            for (where, component, _), point in self.points.items()
            if where == region and component is CostComponent.INSTANCE_TIME
        ]
        return [item for _, item in sorted(found)]
