"""The one entry for a variant of any hosting option, also when it changed from one to another inside the window."""

from fleet.costs import instances, lines, serverless
from fleet.costs.price_book import PriceBook
from fleet.costs.usage import Observed
from fleet.types import CostLine, Kind


def cost_lines(region: str, kind: Kind, observed: Observed, book: PriceBook) -> list[CostLine]:
    """All cost lines of one variant over observed.window, one per component and item unless one of them has no amount.

    The capacity history, not the kind of today, decides which stretch is serverless and which ran on instances.
    """
    found = serverless.cost_lines(region, observed, book) + instances.cost_lines(region, kind, observed, book)
    return lines.merge(found)
