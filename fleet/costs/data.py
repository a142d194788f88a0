"""Cost lines of data processed in and out: calls × an assumed size, since AWS publishes no bytes of an endpoint."""

from dataclasses import dataclass
from decimal import Decimal

from fleet.costs import lines
from fleet.costs.periods import Window, exact
from fleet.costs.price_book import HOSTING_DATA, PriceBook
from fleet.costs.usage import Observed, share_note
from fleet.types import Capacity, Confidence, CostComponent, CostLine, Kind

KB_PER_GB = 1024 * 1024
UNKNOWN_NOTE = "no byte counts and no assumption set"
NOT_COUNTED_NOTE = "no call was reported to multiply the assumed size by"


@dataclass(frozen=True)
class DataSizes:
    """What a person assumes about the calls of one endpoint: average KB (1,024 bytes) of a request and a response.

    None: nothing is assumed for that direction.
    """

    request_kb: Decimal | None = None
    response_kb: Decimal | None = None


def cost_lines(
    region: str, kind: Kind, observed: Observed, sizes: DataSizes, book: PriceBook
) -> list[CostLine]:
    """Data-in and data-out lines of one variant over observed.window, USD unrounded; none where nothing is assumed.

    Quantity: calls × average KB / 1,048,576, as assumed. Calls are Invocations, of asynchronous endpoints
    InvocationsProcessed. Without a reported call in a window that was never read the line has no data, never zero.
    Source: docs/costs.md#data-in-and-out.
    """
    calls = _calls(kind, observed)
    note = "" if calls is None else share_note(observed, observed.window)
    found = []
    for component, kb, word in (
        (CostComponent.DATA_IN, sizes.request_kb, "request"),
        (CostComponent.DATA_OUT, sizes.response_kb, "response"),
    ):
        if kb is None:
            continue
        quantity = None if calls is None else calls * kb / KB_PER_GB
        said = f"assumed: {kb.normalize():f} KB a {word} on average"
        notes = "; ".join(filter(None, [said, note if calls is not None else NOT_COUNTED_NOTE]))
        found.append(lines.price(book, region, component, HOSTING_DATA, quantity, Confidence.ASSUMED, notes))
    return found


def _calls(kind: Kind, observed: Observed) -> Decimal | None:
    """Calls in the window by the share of each bucket inside it; None where nothing was read or reported."""
    column = "processed" if kind is Kind.ASYNCHRONOUS else "invocations"
    held = [window for each in observed.capacities if (window := observed.window.clip(_span(each, observed)))]
    known, total = bool(observed.read(observed.window)), Decimal(0)
    for window in held:
        for row, part in observed.use(window):
            total += exact(row.get(column) or 0) * part
    return total if known else None


def _span(capacity: Capacity, observed: Observed) -> Window:
    """When a capacity was held; one that came after the window is no stretch of it."""
    return Window(capacity.start, max(capacity.start, capacity.end or observed.window.end))
