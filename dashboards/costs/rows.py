"""Rows of "where it goes" and formula lines, worded, with cents that add up to the figure under them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import lru_cache

from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString

from dashboards import svg, wording
from dashboards.status import COMPONENT_LABELS, CONFIDENCE_LABELS
from fleet.costs.serverless import UNREAD
from fleet.queries.cost_lines import FormulaLine
from fleet.queries.cost_scope import Sums
from fleet.queries.costs import in_order
from fleet.types import Confidence, CostComponent

CENT = Decimal("0.01")
SHOWN_NOTES = 4
"""Notes of a line that are spelt out: days and endpoints differ, and what they say differs with them."""
UNIT_WORDS = {
    "second": "s",
    "unit-second": "unit-s",
    "instance-hour": "instance-h",
    "GB-month": "GB-months",
    "hour": "h",
    "GB": "GB",
}
CONFIDENCE_WORDS = CONFIDENCE_LABELS


@dataclass(frozen=True)
class LineRow:
    """A formula line as it is read: label, "1,000 s × $0.00004", price source, confidence, notes, amount in cents.

    exact: the amount with every digit; data_until: end of the newest data in it, None when no day says.
    """

    component: str
    label: str
    formula: str
    formula_exact: str
    source: str
    source_full: str
    confidence: str
    is_doubtful: bool
    notes: str
    amount: Decimal | None
    exact: Decimal | None
    data_until: datetime | None = None


@dataclass(frozen=True)
class LineTable:
    """Formula lines with their sum: what templates/pages/costs/_lines.html draws."""

    rows: Sequence[LineRow]
    sums: Sums
    shown: Decimal | None


def apportion(amounts: Sequence[Decimal | None], total: Decimal | None) -> list[Decimal | None]:
    """Amounts in cents whose sum is exactly `total` in cents: each is rounded down, the largest remainders go up.

    None stays None. total None: nothing is known, and nothing is shown.
    """
    known = [(n, amount) for n, amount in enumerate(amounts) if amount is not None]
    if total is None:
        return [None] * len(amounts)
    floors = {n: amount.quantize(CENT, rounding=ROUND_FLOOR) for n, amount in known}
    spare = int((total.quantize(CENT, rounding=ROUND_HALF_UP) - sum(floors.values(), Decimal(0))) / CENT)
    by_remainder = sorted(known, key=lambda each: (floors[each[0]] - each[1], each[0]))
    for n, _ in by_remainder[: max(spare, 0)]:
        floors[n] += CENT
    return [floors.get(n) for n in range(len(amounts))]


def line_table(found: Sequence[FormulaLine], total: Decimal | None = None) -> LineTable:
    """Formula lines for a page; total: the figure in cents they belong to, their own rounded sum without it."""
    amounts = [line.amount for line in found]
    known = [amount for amount in amounts if amount is not None]
    own = sum(known, Decimal(0)) if known else None
    shown = own.quantize(CENT, rounding=ROUND_HALF_UP) if total is None and own is not None else total
    cents = apportion(amounts, shown)
    sums = Sums(
        own,
        sum(line.confidence is Confidence.UNPRICED for line in found),
        sum(line.confidence is Confidence.NO_DATA for line in found),
    )
    return LineTable([_line_row(line, cent) for line, cent in zip(found, cents, strict=True)], sums, shown)


def bar(components: Mapping[str, Decimal | None], name: str) -> SafeString:
    """Shares of the components as one coloured bar; nothing when no amount is known."""
    known = {key: float(amount) for key, amount in components.items() if amount}
    whole = sum(known.values())
    if not whole:
        return SafeString("")
    parts = [
        (key, known[key] / whole, f"{COMPONENT_LABELS.get(key, key)} {wording.percent(known[key] / whole)}")
        for key in in_order(known)
    ]
    return svg.shares(
        parts, f"Components of {name}: {', '.join(title for _, _, title in parts)}", css="cost-bar"
    )


def missing_words(sums: Sums) -> str:
    """Why a figure is absent or incomplete: "2 lines unpriced, 1 without data"; "" when it is complete."""
    parts = []
    if sums.unpriced:
        parts.append(f"{wording.plural(sums.unpriced, 'daily line')} unpriced")
    if sums.no_data:
        parts.append(f"{wording.plural(sums.no_data, 'daily line')} without data")
    return ", ".join(parts)


def item_words(component: str, item: str) -> str:
    """ "2 GB", "ml.c5.large", "gp2 volume", "hours not read"."""
    if item == UNREAD:
        return "hours not read"
    if component == CostComponent.STORAGE:
        return f"{item} volume"
    if component in {CostComponent.DATA_IN, CostComponent.DATA_OUT}:
        return ""
    if component != CostComponent.INSTANCE_TIME and item.isdigit():
        return f"{int(item) / 1024:g} GB"
    return item


@lru_cache(maxsize=2048, typed=True)
def endpoint_url(pk: int | str) -> str:
    """The cost tab of an endpoint's page; "" where that page is not routed."""
    try:
        return f"{reverse('endpoints:detail', args=[pk])}?tab=cost"
    except NoReverseMatch:
        return ""


def _line_row(line: FormulaLine, amount: Decimal | None) -> LineRow:
    unit = UNIT_WORDS.get(line.unit, line.unit)
    quantity = "quantity not known" if line.quantity is None else f"{_quantity(line.quantity)} {unit}"
    price = _price(line)
    is_formula = line.quantity is not None and line.item != UNREAD
    exact = ""
    if line.quantity is not None and is_formula:
        taken = f" − ${line.discount.normalize():,f}" if line.discount else ""
        exact = f"{line.quantity.normalize():,f} {unit} × {price}{taken}"
    notes = [*line.discount_notes, *line.notes]
    more = [f"and {len(notes) - SHOWN_NOTES} more notes"] if len(notes) > SHOWN_NOTES else []
    return LineRow(
        component=line.component,
        label=" · ".join(
            filter(None, [COMPONENT_LABELS.get(line.component, line.component), _item(line), line.region])
        ),
        formula=f"{quantity} × {price}{_taken(line)}" if is_formula else quantity,
        formula_exact=exact,
        source=", ".join(dict.fromkeys(_short(text) for text in line.sources)),
        source_full="; ".join(line.sources),
        confidence=CONFIDENCE_WORDS[line.confidence],
        is_doubtful=line.confidence not in {Confidence.MEASURED, Confidence.ESTIMATED},
        notes=". ".join(text[:1].upper() + text[1:] for text in [*notes[:SHOWN_NOTES], *more]),
        amount=amount,
        exact=line.amount,
        data_until=line.data_until,
    )


def _price(line: FormulaLine) -> str:
    if line.usd_per_unit is not None:
        return f"${line.usd_per_unit.normalize():f}"
    return "no price" if line.amount is None else "a price that changed within a day"


def _taken(line: FormulaLine) -> str:
    return f" − {wording.usd(line.discount)} discount" if line.discount else ""


def _item(line: FormulaLine) -> str:
    return item_words(line.component, line.item)


def _quantity(value: Decimal) -> str:
    digits = 0 if value >= 1000 or value == value.to_integral() else 3
    return wording.amount(value, digits)


def _short(source: str) -> str:
    """The publisher and the date of a price source: "AWS Price List API, 2026-09-01"."""
    publisher, _, _ = source.replace(";", ",").partition(",")
    date = source.rpartition(", ")[2]
    return f"{publisher}, {date}" if date and date != publisher else publisher
