"""The table of the Costs page as a file: every group, unrounded; amounts add up to the total of the page."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from dashboards.costs import groups
from dashboards.costs.figures import aliases_of, every_group, name_of
from dashboards.costs.groups import Change
from dashboards.costs.wanted import Wanted
from fleet.queries import costs
from fleet.queries.cost_cube import CubeRow, Use
from fleet.queries.cost_scope import GroupBy, Span
from fleet.queries.export import defused

HEAD = (
    "key",
    "name",
    "account_id",
    "region",
    "endpoints",
    "amount_usd",
    "compared_usd",
    "before_usd",
    "change_usd",
    "change_ratio",
    "standing",
    "calls",
    "usd_per_1000_calls",
    "compute_seconds",
    "usd_per_compute_second",
    "idle_usd",
    "spare_usd",
    "unpriced_lines",
    "lines_without_data",
)
TEXTS = 4
"""As many columns of HEAD are words that somebody else chose."""


@dataclass(frozen=True)
class GroupTable:
    """All rows of a grouping as values of HEAD; None is not known."""

    wanted: Wanted
    compared: Span | None
    before: Span | None
    total: CubeRow
    rows: list[tuple[Any, ...]]

    @classmethod
    def read(cls, wanted: Wanted, today: date) -> "GroupTable":
        """At most six queries."""
        cube, used, planned, why_not = every_group(wanted, today)
        keys, by = [row.key for row in cube.rows], wanted.grouping
        named = costs.endpoints(keys) if by.by is GroupBy.ENDPOINT else {}
        aliases = aliases_of(keys) if by.by is GroupBy.ACCOUNT else {}
        rows = []
        for row in cube.rows:
            shard = named[row.key].shard if row.key in named else None
            place = (shard.account.account_id, shard.region) if shard else ("", "")
            name = name_of(by, row.key, named, aliases)
            rows.append(
                (row.key, name, *place, *_figures(row, used.get(row.key, Use()), groups.change(row, why_not)))
            )
        return cls(wanted, planned.compared, planned.before, cube.total, rows)

    def csv(self) -> str:
        """A head and a line per group; what is not known is an empty cell, never 0."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(HEAD)
        for row in self.rows:
            writer.writerow([*map(defused, row[:TEXTS]), *map(_text, row[TEXTS:])])
        return out.getvalue()

    def document(self) -> dict[str, Any]:
        """The same with what was asked; amounts are strings, so that nothing rounds them."""
        return {
            "group": self.wanted.by.value,
            "tag": self.wanted.grouping.tag or None,
            "days": _days(self.wanted.span),
            "compared_days": _days(self.compared),
            "before_days": _days(self.before),
            "total_usd": _text(self.total.amount) or None,
            "unpriced_lines": self.total.unpriced,
            "lines_without_data": self.total.no_data,
            "rows": [dict(zip(HEAD, map(_json, row), strict=True)) for row in self.rows],
        }


def _figures(row: CubeRow, use: Use, change: Change) -> tuple[Any, ...]:
    return (
        row.endpoints,
        row.amount,
        row.compared,
        row.before,
        change.usd,
        None if change.ratio is None else change.ratio.quantize(Decimal("1e-6")),
        change.moved.value,
        use.calls,
        groups.per(row.amount, use.calls, 1000),
        use.compute_s,
        groups.per(row.amount, use.compute_s),
        use.idle_usd,
        use.spare_usd,
        row.unpriced,
        row.no_data,
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return (
        f"{value:f}"
        if isinstance(value, Decimal)
        else f"{value:.15g}"
        if isinstance(value, float)
        else str(value)
    )


def _json(value: Any) -> Any:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _days(span: Span | None) -> dict[str, str] | None:
    return None if span is None else {"first": span.first.isoformat(), "last": span.last.isoformat()}
