"""Formula lines: quantity × price − discount = amount with source and confidence, of an endpoint, a group, a file."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet, Sum

from fleet.costs.data import UNKNOWN_NOTE
from fleet.costs.lines import add, worst
from fleet.costs.price_book import HOSTING_DATA, UNITS
from fleet.models import DailyCost, Endpoint
from fleet.queries.cost_scope import LOOKUPS, CostFilter, GroupBy, Grouping, Span, Sums, grouping
from fleet.types import Confidence, CostComponent

_FORMULA = (
    "component",
    "item",
    "unit",
    "usd_per_unit",
    "confidence",
    "price_source",
    "note",
    "discount_note",
)
_ORDER = list(CostComponent)


@dataclass(frozen=True)
class FormulaLine:
    """One rate of one component over a span: quantity × usd_per_unit − discount = amount.

    amount None: no price (UNPRICED) or no data (NO_DATA). sources, notes, discount_notes: what the days behind it say,
    each once. data_until: end of the data of the newest of these days. region: where lines of several may stand side
    by side, else "".
    """

    component: str
    item: str
    unit: str
    quantity: Decimal | None
    usd_per_unit: Decimal | None
    amount: Decimal | None
    confidence: Confidence
    sources: tuple[str, ...]
    notes: tuple[str, ...]
    discount: Decimal = Decimal(0)
    discount_notes: tuple[str, ...] = ()
    data_until: datetime | None = None
    region: str = ""

    @property
    def list_amount(self) -> Decimal | None:
        """What it would have cost without discounts, USD; None without an amount."""
        return None if self.amount is None else self.amount + self.discount


@dataclass(frozen=True)
class ExportRow:
    """One formula line of one endpoint, for a file."""

    account_id: str
    account: str
    region: str
    endpoint: str
    kind: str
    team: str
    line: FormulaLine


def endpoint_lines(endpoint_id: int, start_day: date, end_day: date) -> list[FormulaLine]:
    """What one endpoint cost from start_day to end_day, both included, by component and rate. One query."""
    rows = DailyCost.objects.filter(Span(start_day, end_day).q, endpoint=endpoint_id)
    return _lines(rows, "endpoint_id").get(str(endpoint_id), [])


def data_gaps(endpoints: int, requests: int, responses: int) -> list[FormulaLine]:
    """Data in and out for which nobody assumed a size, as lines without an amount.

    requests, responses: how many of the endpoints have an assumption. These lines stand in no table, because nothing
    was worked out: AWS publishes no bytes of an endpoint.
    """
    gaps = []
    for component, assumed in ((CostComponent.DATA_IN, requests), (CostComponent.DATA_OUT, responses)):
        missing = endpoints - assumed
        whose = "" if endpoints == 1 else f"{missing:,} of {endpoints:,} endpoints: "
        note, unit = f"{whose}{UNKNOWN_NOTE}", UNITS[component]
        line = FormulaLine(
            component.value, HOSTING_DATA, unit, None, None, None, Confidence.NO_DATA, (), (note,)
        )
        gaps += [line] if missing else []
    return gaps


def explained_lines(
    where: CostFilter, span: Span, by: GroupBy | Grouping | None = None, key: str = ""
) -> list[FormulaLine]:
    """Formula lines of the filter over the span, or of one group of it, data_gaps at the end. Two queries."""
    rows = DailyCost.objects.filter(where.q(), where.lines, span.q)
    if by is not None:
        rows = rows.annotate(cost_key=grouping(by).expression()).filter(cost_key=key)
    by_region = _lines(rows, LOOKUPS[GroupBy.REGION])
    is_one_place = by is GroupBy.ENDPOINT
    found = [
        line if is_one_place else replace(line, region=region)
        for region, lines in by_region.items()
        for line in lines
    ]
    found.sort(key=lambda line: (*_place(line), line.region))
    if by is GroupBy.COMPONENT:
        return found
    costing = Exists(rows.filter(endpoint=OuterRef("pk")))
    sizes = {"requests": "data_assumption__request_kb", "responses": "data_assumption__response_kb"}
    counts = {name: Count(column) for name, column in {"endpoints": "pk", **sizes}.items()}
    return [*found, *data_gaps(**Endpoint.objects.filter(costing).aggregate(**counts))]


def group_lines(
    where: CostFilter, span: Span, by: GroupBy | Grouping, keys: Sequence[str]
) -> dict[str, list[FormulaLine]]:
    """Formula lines of some groups by key. One query, none when no group is asked for."""
    if not keys:
        return {}
    rows = DailyCost.objects.filter(where.q(), where.lines, span.q).annotate(
        cost_key=grouping(by).expression()
    )
    return _lines(rows.filter(cost_key__in=keys), "cost_key")


def total(found: Iterable[FormulaLine]) -> Sums:
    """Sum of lines as it stands under them."""
    shown = list(found)
    return Sums(
        add(line.amount for line in shown),
        sum(line.confidence is Confidence.UNPRICED for line in shown),
        sum(line.confidence is Confidence.NO_DATA for line in shown),
    )


def missing(where: CostFilter, span: Span) -> list[tuple[int, str, str, str, str]]:
    """Lines that are in no figure: (endpoint id, endpoint, component, item, confidence), unpriced first. One query."""
    rows = (
        DailyCost.objects.filter(where.q(), where.lines, span.q, amount=None)
        .values_list("endpoint_id", "endpoint__name", "component", "item", "confidence")
        .annotate(first=Min("day"))
        .order_by("-confidence", "endpoint__name", "endpoint_id", "component", "item")
    )
    return [(pk, name, component, item, confidence) for pk, name, component, item, confidence, _ in rows]


def unreadable(where: CostFilter) -> list[tuple[int, str]]:
    """(id, name) of open endpoints that AWS does not let Flotilla read, so that nothing about them can be priced."""
    found = Endpoint.objects.filter(where.q(""), closed_at=None, variants=None).exclude(unreadable=None)
    return list(found.order_by("name", "pk").values_list("pk", "name"))


def export(where: CostFilter, span: Span) -> Iterator[ExportRow]:
    """Every formula line of every endpoint, dearest account first by name; amounts add up to the page's total."""
    place = (
        "endpoint__shard__account__account_id",
        "endpoint__shard__account__alias",
        "endpoint__shard__region",
        "endpoint__name",
        "endpoint__kind",
        "endpoint__team",
    )
    rows = DailyCost.objects.filter(where.q(), where.lines, span.q)
    lines = _lines(rows, "endpoint_id")
    named = rows.order_by(*place, "endpoint_id").values_list("endpoint_id", *place).distinct()
    for key, *words in named:
        account_id, account, region, endpoint, kind, team = words
        for line in lines.get(str(key), []):
            yield ExportRow(account_id, account, region, endpoint, kind, team, line)


def _lines(rows: QuerySet[DailyCost], lookup: str) -> dict[str, list[FormulaLine]]:
    parts: dict[str, dict[tuple[Any, ...], list[tuple[Any, ...]]]] = defaultdict(lambda: defaultdict(list))
    sums = {"q": Sum("quantity"), "a": Sum("amount"), "d": Sum("discount"), "until": Max("data_until")}
    for key, component, item, unit, usd, *words, quantity, amount, discount, until in (
        rows.values_list(lookup, *_FORMULA).annotate(**sums).order_by()
    ):
        parts[str(key)][component, item, unit, usd, amount is None].append(
            (quantity, amount, discount, until, *words)
        )
    return {
        key: sorted((_line(rate, found) for rate, found in rates.items()), key=_place)
        for key, rates in parts.items()
    }


def _line(rate: tuple[Any, ...], found: Sequence[tuple[Any, ...]]) -> FormulaLine:
    component, item, unit, usd, _ = rate
    quantities, amounts, discounts, ends, confidences, sources, notes, reasons = zip(*found, strict=True)
    return FormulaLine(
        component=component,
        item=item,
        unit=unit,
        quantity=add(quantities),
        usd_per_unit=usd,
        amount=add(amounts),
        confidence=worst(Confidence(each) for each in confidences),
        sources=_distinct(sources),
        notes=_distinct(notes),
        discount=add(discounts) or Decimal(0),
        discount_notes=_distinct(reasons),
        data_until=max(ends),
    )


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts if text}))


def _place(line: FormulaLine) -> tuple[int, str, Decimal]:
    return _ORDER.index(CostComponent(line.component)), line.item, line.usd_per_unit or Decimal(0)
