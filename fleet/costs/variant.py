"""The one entry for a variant of any hosting option, also when it changed from one to another inside the window."""

from fleet.costs import data, instances, lines, serverless
from fleet.costs.data import DataSizes
from fleet.costs.periods import Window, rows_in, uncovered
from fleet.costs.price_book import PriceBook
from fleet.costs.usage import Observed
from fleet.types import Confidence, CostComponent, CostLine, Kind

UNKNOWN_CAPACITY_NOTE = "it was used before Flotilla first looked: what it held then is not known"


def cost_lines(
    region: str, kind: Kind, observed: Observed, book: PriceBook, sizes: DataSizes | None = None
) -> list[CostLine]:
    """All cost lines of one variant over observed.window, one per component and item unless one of them has no amount.

    The capacity history, not the kind of today, decides which stretch is serverless and which ran on instances. Use in
    a stretch without capacity gives a NO_DATA line. sizes: what is assumed about each call's data, None = nothing, and
    then no line says anything about data.
    """
    found = serverless.cost_lines(region, observed, book) + instances.cost_lines(region, kind, observed, book)
    found += data.cost_lines(region, kind, observed, sizes, book) if sizes else []
    return lines.merge(found + _outside_capacity(region, observed, book))


def _outside_capacity(region: str, observed: Observed, book: PriceBook) -> list[CostLine]:
    held = [
        Window(each.start, max(each.start, each.end or observed.window.end)) for each in observed.capacities
    ]
    for stretch in uncovered(held, observed.window):
        for row, part in rows_in(observed.rows, stretch):
            on_instances = row.get("instance_minutes")
            # A bucket that a period only clips at its edge is not use outside of it.
            if part == 1 and (on_instances or row.get("model_latency_ms_sum")):
                component = CostComponent.INSTANCE_TIME if on_instances else CostComponent.EXECUTION_ON_DEMAND
                return [
                    lines.price(book, region, component, "", None, Confidence.NO_DATA, UNKNOWN_CAPACITY_NOTE)
                ]
    return []
