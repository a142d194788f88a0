"""Cost lines of serverless variants, with and without provisioned concurrency. Data processed has no metric."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from fleet.costs import lines
from fleet.costs.periods import Piece, exact, pieces, seconds, total_hours, uncovered
from fleet.costs.price_book import PriceBook
from fleet.costs.usage import Observed, share_note
from fleet.types import Confidence, CostComponent, CostLine, MetricRow

BILLED_NOTE = "Billed duration is not published: the sum of model latency stands for it"
BEGUN_S = Decimal("0.0005")
"""What billing by begun milliseconds adds to a call on average: half of one (docs/costs.md#serverless)."""
_NOTHING, _MS_PER_S = Decimal(0), Decimal(1000)
SHARE_NOTE = "share on provisioned concurrency estimated from calls served warm and calls spilled over"
UNREAD = "unread"
"""Item of the line that holds the hours CloudWatch was not read for: what ran in them is in no figure."""
UNREAD_NOTE = "CloudWatch was not read for these hours"
UNREAD_SCALING_NOTE = "what scaled the level was not read: the level that Flotilla saw stands for it"
NO_SHARE_NOTE = "calls served warm are not published: all execution taken at the on-demand rate"


@dataclass
class _Size:
    """What one memory size used: seconds of execution, unit-seconds kept warm, and what is doubtful about them."""

    on_demand_s: Decimal = Decimal(0)
    provisioned_s: Decimal = Decimal(0)
    warm_unit_s: Decimal = Decimal(0)
    is_read: bool = False
    unread_h: Decimal = Decimal(0)
    has_unknown_share: bool = False
    is_inferred: bool = False
    unread_scaling_h: Decimal = Decimal(0)
    notes: set[str] = field(default_factory=set)


def cost_lines(region: str, observed: Observed, book: PriceBook) -> list[CostLine]:
    """Execution and kept-warm lines of one serverless variant over observed.window, USD unrounded.

    Execution: Sum(ModelLatency) in seconds, plus half a millisecond a call for begun ones, × the rate of the memory
    size (already per size, never × GB again). Kept warm: provisioned concurrency × seconds it was enabled × usage
    rate. Calls on provisioned concurrency run at its own, lower rate; spill-over at the on-demand rate. A window that
    CloudWatch was never read for gives NO_DATA;
    one read in part has a line of its own for the hours that were not: NO_DATA, quantity in hours.
    Source: docs/costs.md#serverless.
    """
    sizes: dict[int, _Size] = defaultdict(_Size)
    for piece in pieces(observed.capacities, observed.window):
        if piece.capacity.serverless:
            _add(sizes[piece.capacity.serverless.memory_mb], piece, observed)
    return [
        line for memory_mb, size in sorted(sizes.items()) for line in _lines(region, memory_mb, size, book)
    ]


def provisioned_share(row: MetricRow) -> Decimal | None:
    """Part of a bucket's calls that ran on provisioned concurrency (0 to 1), None when neither count is published.

    An estimate: AWS publishes the two counts, not the seconds behind them, and does not list Sum as one of their
    statistics.
    """
    warm, spilled = row.get("provisioned_invocations"), row.get("spillover_invocations")
    if warm is None and spilled is None:
        return None
    calls = exact(warm or 0) + exact(spilled or 0)
    return exact(warm or 0) / calls if calls else None


def execution_s(row: MetricRow) -> Decimal:
    """Seconds that AWS bills for the calls of a bucket, as well as they are known: model latency, begun milliseconds.

    0 where no latency is reported; calls that are not reported add nothing.
    """
    return billed_s(row.get("model_latency_ms_sum"), row.get("invocations"))


def billed_s(latency_ms: float | None, calls: float | None) -> Decimal:
    """The same from the two figures."""
    if not latency_ms:
        return _NOTHING
    return exact(latency_ms) / _MS_PER_S + _begun_s(calls or 0)


@lru_cache(maxsize=10_000)
def _begun_s(calls: float) -> Decimal:
    """What begun milliseconds add to some calls. Kept, because hours of many variants have as many."""
    return exact(calls) * BEGUN_S


def _add(size: _Size, piece: Piece, observed: Observed) -> None:
    capacity = piece.capacity.serverless
    assert capacity is not None
    level = capacity.provisioned_concurrency or 0
    size.warm_unit_s += level * seconds(piece.window)
    size.is_inferred |= piece.capacity.is_inferred
    if level and piece.capacity.is_scaling_unread:
        size.unread_scaling_h += piece.window.hours
    size.is_read |= bool(observed.read(piece.window))
    size.unread_h += total_hours(uncovered(observed.read(piece.window), piece.window))
    size.notes.add(share_note(observed, piece.window))
    for row, part in observed.use(piece.window):
        busy_s = execution_s(row) * part
        share = provisioned_share(row) if level else Decimal(0)
        if share is None and busy_s:
            size.has_unknown_share = True
        provisioned_s = busy_s * (share or 0)
        size.provisioned_s += provisioned_s
        size.on_demand_s += busy_s - provisioned_s


def _lines(region: str, memory_mb: int, size: _Size, book: PriceBook) -> list[CostLine]:
    item = str(memory_mb)
    unread = sorted(filter(None, size.notes))
    found = []
    if not size.is_read:
        note = "; ".join(unread)
        found.append(
            lines.price(book, region, CostComponent.EXECUTION_ON_DEMAND, item, None, Confidence.NO_DATA, note)
        )
    elif size.on_demand_s or not size.warm_unit_s:
        doubts = [BILLED_NOTE, *([NO_SHARE_NOTE] if size.has_unknown_share else []), *unread]
        found.append(
            _execution(book, region, CostComponent.EXECUTION_ON_DEMAND, item, size.on_demand_s, doubts)
        )
    if size.is_read and size.unread_h:
        found.append(_unread(size.unread_h))
    if size.warm_unit_s:
        found.append(_kept_warm(book, region, item, size))
    if size.provisioned_s:
        doubts = [BILLED_NOTE, SHARE_NOTE, *unread]
        component = CostComponent.EXECUTION_PROVISIONED
        found.append(_execution(book, region, component, item, size.provisioned_s, doubts))
    return found


def _kept_warm(book: PriceBook, region: str, item: str, size: _Size) -> CostLine:
    is_known = not (size.is_inferred or size.unread_scaling_h)
    confidence = Confidence.MEASURED if is_known else Confidence.ESTIMATED
    hours = f"{float(size.unread_scaling_h):.3g} h: " if size.unread_scaling_h else ""
    note = f"{hours}{UNREAD_SCALING_NOTE}" if hours else ""
    return lines.price(book, region, CostComponent.KEPT_WARM, item, size.warm_unit_s, confidence, note)


def _unread(hours: Decimal) -> CostLine:
    component, quantity = CostComponent.EXECUTION_ON_DEMAND, hours.quantize(lines.QUANTUM).normalize() + 0
    return CostLine(component, UNREAD, quantity, "hour", None, None, Confidence.NO_DATA, note=UNREAD_NOTE)


def _execution(
    book: PriceBook, region: str, component: CostComponent, item: str, busy_s: Decimal, doubts: list[str]
) -> CostLine:
    return lines.price(book, region, component, item, busy_s, Confidence.ESTIMATED, "; ".join(doubts))
