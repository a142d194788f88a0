"""Making, merging and adding cost lines, so that a figure always equals the sum of the lines shown under it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fleet.costs.discounts import NOTHING
from fleet.costs.price_book import UNITS, PriceBook
from fleet.types import Confidence, CostComponent, CostLine

QUANTUM = Decimal("0.000000001")
"""Resolution of a quantity: fine enough for any price, coarse enough that sums of amounts stay exact."""

_RANK = {confidence: rank for rank, confidence in enumerate(Confidence)}


def worst(confidences: Iterable[Confidence]) -> Confidence:
    """The least trustworthy of some confidences. Raises ValueError when there is none."""
    return max(confidences, key=_RANK.__getitem__)


def price(
    book: PriceBook,
    region: str,
    component: CostComponent,
    item: str,
    quantity: Decimal | None,
    confidence: Confidence,
    note: str = "",
) -> CostLine:
    """One line: quantity (to nine decimals) × price in force − what the account's agreements take off, USD unrounded.

    quantity None gives a NO_DATA line, an absent price an UNPRICED one; both have amount None, never zero. An assumed
    rate lowers the confidence to ASSUMED_RATE. Raises ValueError on a negative quantity.
    """
    if quantity is not None and quantity < 0:
        raise ValueError(f"a quantity cannot be negative: {quantity} {UNITS[component]} of {item}")
    if quantity is not None:
        quantity = quantity.quantize(QUANTUM).normalize() + 0
    point = book.find(region, component, item)
    usd = point.usd if point else None
    source = f"{point.source}, {point.source_date.isoformat()}" if point else ""
    taken = NOTHING
    if quantity is not None and usd is not None:
        taken = book.discounts.taken(region, component, item, quantity, usd)
    amount = None if quantity is None or usd is None else quantity * usd - taken.usd
    if quantity is None:
        confidence = Confidence.NO_DATA
    elif usd is None:
        confidence = Confidence.UNPRICED
        note = "; ".join(filter(None, [book.why_missing(region, component, item), note]))
    elif point and point.is_assumed:
        confidence = worst([confidence, Confidence.ASSUMED_RATE])
    unit = UNITS[component]
    return CostLine(
        component, item, quantity, unit, usd, amount, confidence, source, note, taken.usd, taken.note
    )


@dataclass(frozen=True)
class Total:
    """Sum of the amounts that are known (None when none is), and how many lines had no price or no data."""

    amount: Decimal | None
    lines: int = 0
    unpriced: int = 0
    no_data: int = 0

    @property
    def is_complete(self) -> bool:
        return not (self.unpriced or self.no_data)


def total(lines: Iterable[CostLine]) -> Total:
    """Add lines up: exact, no rounding."""
    found = list(lines)
    return Total(
        amount=add(line.amount for line in found),
        lines=len(found),
        unpriced=sum(line.confidence is Confidence.UNPRICED for line in found),
        no_data=sum(line.confidence is Confidence.NO_DATA for line in found),
    )


def add(values: Iterable[Decimal | None]) -> Decimal | None:
    """Sum of the known values; None only when none is known."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


def merge(lines: Iterable[CostLine]) -> list[CostLine]:
    """One line per component and item, in the order of CostComponent; the sum of amounts is unchanged.

    usd_per_unit is None when it varied. The confidence is the worst one of the lines that have an amount; lines without
    stay apart, because their reason must stay countable.
    """
    groups: dict[tuple[CostComponent, str, Confidence | None], list[CostLine]] = {}
    for line in lines:
        missing = line.confidence if line.amount is None else None
        groups.setdefault((line.component, line.item, missing), []).append(line)
    order = list(CostComponent)
    keys = sorted(groups, key=lambda key: (order.index(key[0]), key[1], key[2] or ""))
    return [_merged(groups[key]) for key in keys]


def _merged(group: Sequence[CostLine]) -> CostLine:
    if len(group) == 1:
        return group[0]
    first = group[0]
    rates = {line.usd_per_unit for line in group}
    return CostLine(
        component=first.component,
        item=first.item,
        quantity=add(line.quantity for line in group),
        unit=first.unit,
        usd_per_unit=first.usd_per_unit if len(rates) == 1 else None,
        amount=add(line.amount for line in group),
        confidence=worst(line.confidence for line in group),
        price_source=_distinct(line.price_source for line in group),
        note=_distinct(line.note for line in group),
        discount=sum((line.discount for line in group), Decimal(0)),
        discount_note=_distinct(line.discount_note for line in group),
    )


def _distinct(texts: Iterable[str]) -> str:
    return "; ".join(sorted({text for text in texts if text}))
