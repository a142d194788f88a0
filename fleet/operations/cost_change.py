"""The monthly cost of a change, line by line, under the traffic that was observed. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from fleet.costs import compare
from fleet.costs.lines import worst
from fleet.costs.periods import HOURS_PER_MONTH
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.operations.kinds import ConcurrencyChange, Conversion, MemoryChange, Observed
from fleet.types import CostComponent, CostLine, ServerlessCapacity

_UNITS = {
    "second": "s",
    "unit-second": "unit seconds",
    "instance-hour": "instance hours",
    "GB-month": "GB-months",
}


@dataclass(frozen=True)
class CostRow:
    """One component of the cost of a month of 730 h, USD before and after.

    An amount of None cannot be told (note says why) unless is_before or is_after is False: then the side lacks it.
    quantity: quantity × price of the side after, was: of the side before where it differs. confidence: of the worse.
    """

    component: str
    item: str
    quantity: str
    before: Decimal | None
    after: Decimal | None
    is_before: bool
    is_after: bool
    note: str = ""
    source: str = ""
    was: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class CostChange:
    """Monthly cost under the observed traffic; a sum is None where one of its lines cannot be told. inputs in words.

    warm_hour_before, warm_hour_after: USD an hour of provisioned concurrency kept warm, calls or none; 0 = none is
    kept, None = no price is known.
    """

    rows: tuple[CostRow, ...]
    before: Decimal | None
    after: Decimal | None
    difference: Decimal | None
    inputs: tuple[tuple[str, str], ...]
    warm_hour_before: Decimal | None = None
    warm_hour_after: Decimal | None = None


def cost_change(
    change: ConcurrencyChange | MemoryChange | Conversion,
    seen: Observed,
    traffic: Traffic,
    book: PriceBook,
    *,
    now: datetime,
) -> CostChange:
    """What the change costs or saves in a month under the traffic that was observed."""
    live = seen.serverless
    before = compare.at_start(now=now, serverless=live)
    if isinstance(change, Conversion):
        after = compare.at_start(
            now=now, instance_type=change.option.name, instance_count=change.instance_count
        )
    elif isinstance(change, MemoryChange):
        wanted = replace(live, memory_mb=change.memory_mb) if live else None
        after = compare.at_start(now=now, serverless=wanted)
    else:
        memory = live.memory_mb if live else 0
        wanted = ServerlessCapacity(memory, change.max_concurrency, change.provisioned_concurrency)
        after = compare.at_start(now=now, serverless=wanted)
    return told(compare.compare(seen.region, before, after, traffic, book))


def told(found: compare.Comparison) -> CostChange:
    """A comparison as every preview shows it: row by row, both sums and what they rest on."""
    return CostChange(
        rows=_cost_rows(found),
        before=None if compare.is_open(found.before) else found.before_total.amount,
        after=None if compare.is_open(found.after) else found.after_total.amount,
        difference=found.difference,
        inputs=tuple((line.label, line.value) for line in found.inputs),
        warm_hour_before=_warm_hour(found.before),
        warm_hour_after=_warm_hour(found.after),
    )


def _warm_hour(lines: tuple[CostLine, ...]) -> Decimal | None:
    amounts = [line.amount for line in lines if line.component is CostComponent.KEPT_WARM]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) / HOURS_PER_MONTH if len(known) == len(amounts) else None


def _cost_rows(found: compare.Comparison) -> tuple[CostRow, ...]:
    before = {(line.component, line.item): line for line in found.before}
    after = {(line.component, line.item): line for line in found.after}
    rows = []
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        shown = new or old
        assert shown is not None
        rows.append(
            CostRow(
                component=shown.component.value,
                item=shown.item,
                quantity=quantity_words(shown),
                before=old.amount if old else None,
                after=new.amount if new else None,
                is_before=old is not None,
                is_after=new is not None,
                note=shown.note,
                source=shown.price_source,
                was=quantity_words(old) if old and new and quantity_words(old) != quantity_words(new) else "",
                confidence=worst(line.confidence for line in (old, new) if line).value,
            )
        )
    return tuple(rows)


def quantity_words(line: CostLine) -> str:
    """ "58,400 s × $0.00008", with the discount where one is taken off."""
    unit = _UNITS.get(line.unit, line.unit)
    price = "no price" if line.usd_per_unit is None else f"${line.usd_per_unit.normalize():f}"
    taken = f" − ${line.discount.normalize():,f} discount" if line.discount else ""
    if line.quantity is None:
        return f"quantity not known × {price}"
    digits = 0 if line.quantity >= 1000 or line.quantity == line.quantity.to_integral() else 3
    return f"{line.quantity:,.{digits}f} {unit} × {price}{taken}"
