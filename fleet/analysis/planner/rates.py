"""What a level would have cost: kept-warm time, execution on provisioned concurrency and execution on demand."""

from dataclasses import dataclass
from decimal import Decimal

from fleet.costs import lines
from fleet.costs.price_book import PriceBook
from fleet.types import Confidence, CostComponent, CostLine

FORECAST_NOTE = "forecast from the observed execution time; set-up time and data processed not counted"


@dataclass(frozen=True)
class Tariff:
    """The prices of one memory size in one region."""

    book: PriceBook
    region: str
    memory_mb: int

    def cost_lines(
        self, level: int, seconds: float, provisioned_s: float, on_demand_s: float
    ) -> list[CostLine]:
        """Lines for keeping `level` units warm for some seconds and for execution seconds of both kinds, USD unrounded.

        A missing rate gives an UNPRICED line, an assumed one ASSUMED_RATE. A part that is not used has no line.
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
