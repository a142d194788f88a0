"""The CSV of the Costs page: one row per endpoint and formula line; list amount − discount = amount.

The amounts add up to the page's total.
"""

import csv
import io
from collections.abc import Iterable, Iterator

from fleet.queries.cost_lines import ExportRow
from fleet.queries.cost_scope import Span
from fleet.queries.export import defused

HEAD = (
    "first_day",
    "last_day",
    "account_id",
    "account",
    "region",
    "endpoint",
    "kind",
    "team",
    "component",
    "item",
    "quantity",
    "unit",
    "usd_per_unit",
    "list_amount_usd",
    "discount_usd",
    "amount_usd",
    "confidence",
    "price_source",
    "note",
    "discounts",
)


def lines(rows: Iterable[ExportRow], span: Span) -> Iterator[str]:
    """CSV text line by line, the head first. An unknown figure is an empty cell, never 0."""
    yield _text(HEAD)
    for row in rows:
        line = row.line
        place = (row.account_id, row.account, row.region, row.endpoint, row.kind, row.team)
        discount = None if line.amount is None else line.discount
        quantity, *prices = (
            "" if value is None else f"{value:f}"
            for value in (line.quantity, line.usd_per_unit, line.list_amount, discount, line.amount)
        )
        texts = (line.sources, line.notes, line.discount_notes)
        words = (line.confidence.value, *("; ".join(each) for each in texts))
        yield _text(
            (
                span.first.isoformat(),
                span.last.isoformat(),
                *map(defused, place),
                line.component,
                defused(line.item),
                quantity,
                line.unit,
                *prices,
                *map(defused, words),
            )
        )


def _text(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
