"""What a level would have cost: kept-warm time, execution on provisioned concurrency and execution on demand."""

from dataclasses import dataclass
from decimal import Decimal

from fleet.costs import lines
from fleet.costs.price_book import PriceBook
from fleet.types import Confidence, CostComponent, CostLine

FORECAST_NOTE = "forecast from the observed execution time; set-up time and data processed not counted"


@dataclass(frozen=True)
class Rates:
    """USD for one second: a unit kept warm, execution on provisioned concurrency, execution on demand."""

    kept_warm: float
    provisioned: float
    on_demand: float


@dataclass(frozen=True)
class Tariff:
    """The prices of one memory size in one region."""

    book: PriceBook
    region: str
    memory_mb: int

    def cost_lines(
        self, level: float, seconds: float, provisioned_s: float, on_demand_s: float
    ) -> list[CostLine]:
        """Lines for keeping `level` units warm for some seconds and for execution seconds of both kinds, USD unrounded.

        level: on average over the seconds. A missing rate gives an UNPRICED line, an assumed one ASSUMED_RATE. A part
        that is not used has no line.
        """
        parts = [
            (CostComponent.EXECUTION_ON_DEMAND, on_demand_s, Confidence.ESTIMATED),
            (CostComponent.KEPT_WARM, level * seconds, Confidence.ESTIMATED),
            (CostComponent.EXECUTION_PROVISIONED, provisioned_s, Confidence.ESTIMATED),
        ]
        return [
            lines.price(
                self.book,
                self.region,
                component,
                str(self.memory_mb),
                Decimal(str(quantity)),
                confidence,
                FORECAST_NOTE,
            )
            for component, quantity, confidence in parts
            if quantity > 0
        ]

    def rates(self) -> Rates | None:
        """All three rates, for sums where many options are weighed; None where one is missing."""
        by_component = {line.component: line.usd_per_unit for line in self.cost_lines(1, 1, 1, 1)}
        warm = by_component[CostComponent.KEPT_WARM]
        provisioned = by_component[CostComponent.EXECUTION_PROVISIONED]
        on_demand = by_component[CostComponent.EXECUTION_ON_DEMAND]
        if warm is None or provisioned is None or on_demand is None:
            return None
        return Rates(float(warm), float(provisioned), float(on_demand))
