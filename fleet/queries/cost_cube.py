"""The explorer's reading: costs and use of any span by any grouping, beside the span before, from months, weeks, days.

One statement per question whatever the size of the fleet. None is "not known", never zero.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import connection

from fleet.queries import cost_sql, to_date_sql
from fleet.queries.cost_cover import buckets
from fleet.queries.cost_plan import Plan as Plan
from fleet.queries.cost_plan import ends
from fleet.queries.cost_scope import OF_LINES, CostFilter, Grouping

TOP = 8
"""As many groups are drawn by themselves."""


class Order(StrEnum):
    """What the rows are ordered by; the value stands in the URL."""

    COST = "cost"
    CHANGE = "change"


_ORDERS = {Order.COST: "amount", Order.CHANGE: "COALESCE(compared, 0) - COALESCE(before, 0)"}


@dataclass(frozen=True)
class CubeRow:
    """One group. compared, before: the amounts that `change` compares; lines, lines_before: how many there were.

    Amounts are None when no line has one. unpriced, no_data: daily lines of the span without an amount.
    """

    key: str
    amount: Decimal | None = None
    compared: Decimal | None = None
    before: Decimal | None = None
    unpriced: int = 0
    no_data: int = 0
    lines: int = 0
    lines_before: int = 0
    endpoints: int = 0
    components: Mapping[str, Decimal | None] = field(default_factory=dict)
    rank: int = 0


@dataclass(frozen=True)
class Cube:
    """A page of groups and, with rank up to TOP, the dearest of all; groups: how many there are; total: their sum.

    first_day: the oldest day with any cost, None where there is no group. gaps: parts of the span in no figure,
    unpriced first, those that may not be read last; () where they were not asked for.
    """

    rows: Sequence[CubeRow]
    top: Sequence[CubeRow]
    groups: int
    total: CubeRow
    first_day: date | None = None
    gaps: Sequence["Gap"] = ()


@dataclass(frozen=True)
class Use:
    """What endpoints did for their cost, and what was paid for in vain; None: not known for any of them."""

    calls: float | None = None
    compute_s: float | None = None
    idle_usd: Decimal | None = None
    spare_usd: Decimal | None = None


@dataclass(frozen=True)
class Gap:
    """A part of an endpoint that is in no figure: how many of its daily lines have no price, and no data.

    Neither, and no component: AWS does not let Flotilla read the endpoint at all.
    """

    endpoint_id: int
    name: str
    component: str
    item: str
    unpriced: int
    no_data: int


def rows(
    where: CostFilter,
    by: Grouping,
    plan: Plan,
    *,
    order: Order = Order.COST,
    ascending: bool = False,
    offset: int = 0,
    limit: int | None = None,
    with_gaps: bool = False,
) -> Cube:
    """The groups of a page (limit None: all of them), the dearest TOP, and the sum of all. One query.

    Groups that only the span before has are among them: they are gone. Groups without an amount stand last.
    """
    template = cost_sql.ROWS.replace("{gaps}", cost_sql.GAPS)
    sql, values = cost_sql.statement(template, where, by, plan.read, kept=plan.kept, marks=plan.differences)
    values |= {"offset": offset, "until": 2**31 if limit is None else offset + limit, "top": TOP}
    values |= {"with_gaps": with_gaps, "with_unread": not where.has_lines}
    found = _fetch(sql.format(order=_ORDERS[order], direction="ASC" if ascending else "DESC"), values)
    missing = [Gap(*gap) for gap in json.loads(found[0]["gaps"] or "[]")]
    if found[0]["key"] is None:
        return Cube([], [], 0, CubeRow(""), gaps=missing)
    made = [(row["place"], _row(row)) for row in found]
    shown = [row for place, row in made if values["offset"] < place <= values["until"]]
    top = sorted((row for _, row in made if row.rank <= TOP), key=lambda row: row.rank)
    total = CubeRow("", **_figures(found[0], "total_"), endpoints=int(found[0]["total_endpoints"]))
    return Cube(shown, top, found[0]["groups"], total, found[0]["first_day"], missing)


def series(
    where: CostFilter,
    by: Grouping,
    plan: Plan,
    keys: Sequence[str],
    totals: Sequence[Decimal | None] = (),
    whole: Mapping[str | None, list[Decimal | None]] | None = None,
) -> dict[str | None, list[Decimal | None]]:
    """Amounts by group aligned with the span's bars (cost_cover.buckets); None is all groups but `keys`.

    totals: what the whole days of all groups cost by bar, there being more groups than `keys`: those alone are added
    up. whole: theirs, where they are known. Two queries; three where the totals did not tell enough.
    """
    bars = buckets(plan.span)
    sums: dict[str | None, list[Decimal | None]] = defaultdict(lambda: [None] * len(bars))
    if plan.kept or plan.draws_differences:
        sums |= whole or _whole(where, by, plan, keys, with_others=not totals)
        if totals and not _add_others(sums, totals):
            return series(where, by, plan, keys)
        pieces, template = plan.today, cost_sql.TODAY_SERIES
    else:
        template, pieces = cost_sql.SERIES, plan.in_bars
    if pieces:
        sql, values = cost_sql.statement(template, where, by, pieces)
        with connection.cursor() as cursor:
            cursor.execute(sql, values | {"keys": list(keys)})
            for key, slot, amount in cursor.fetchall():
                sums[key][slot] = _sum((sums[key][slot], amount))
    return dict(sums)


def _add_others(sums: dict[str | None, list[Decimal | None]], totals: Sequence[Decimal | None]) -> bool:
    """Tell all other groups from the totals; False where that cannot tell a cost of nothing from one not known."""
    found: list[Decimal | None] = []
    for n, total in enumerate(totals):
        left = (
            None
            if total is None
            else total - sum((bars[n] or Decimal(0) for bars in sums.values()), Decimal(0))
        )
        if left == 0:
            return False
        found.append(left)
    sums[None] = found
    return True


def _whole(
    where: CostFilter, by: Grouping, plan: Plan, keys: Sequence[str], *, with_others: bool
) -> dict[str | None, list[Decimal | None]]:
    """The whole days of each bar, from kept bars or from sums to date. One query."""
    months: dict[str, Any] = {}
    marks = [ends(span) if span else [] for span in plan.bars]
    if plan.kept:
        lists = ", ".join(f"SUM(bars[{n}])" for n in range(1, len(marks) + 1))
        template = cost_sql.KEPT_SERIES.replace("{bars}", lists)
    else:
        template, months, days = to_date_sql.months({day for each in marks for day, _ in each})
    template = template.replace("{with_others}", str(with_others))
    sql, values = cost_sql.statement(template, where, by, (), kept=plan.kept)
    with connection.cursor() as cursor:
        cursor.execute(sql, values | months | {"keys": list(keys)})
        rows = cursor.fetchall()
    if plan.kept:
        return dict(rows)
    to_date: dict[str | None, dict[date, tuple[Decimal, int]]] = {key: {} for key in keys}
    for key, month, amount, lines, amounts, counts in rows:
        to_date.setdefault(key, {}).update(
            (day, (amount + amounts[n], lines + counts[n])) for n, day in enumerate(days[month])
        )
    drawn = {key: [_difference(found, each) for each in marks] for key, found in to_date.items()}
    return {
        key: bars for key, bars in drawn.items() if key is not None or any(bar is not None for bar in bars)
    }


def _difference(
    to_date: Mapping[date, tuple[Decimal, int]], marks: Sequence[tuple[date, int]]
) -> Decimal | None:
    """What sums to date differ by; None where no line between them has an amount."""
    found = [(sign, *to_date[day]) for day, sign in marks if day in to_date]
    if sum(sign * lines for sign, _, lines in found) <= 0:
        return None
    return sum((sign * amount for sign, amount, _ in found), Decimal(0))


def use(where: CostFilter, by: Grouping, plan: Plan, keys: Sequence[str]) -> tuple[dict[str, Use], Use]:
    """Use of the groups `keys`, and of all groups together; lines have no use of their own. One query.

    Only where Freshness.has_periods holds: days are added up with the weeks and months.
    """
    shown = [] if by.by in OF_LINES else list(keys)
    given: dict[str, Any] = {"kept": plan.kept, "marks": plan.differences}
    sql, values = cost_sql.statement(cost_sql.USE, where, by, plan.of_use, is_use=True, **given)
    found: dict[str, Use] = {}
    parts = []
    with connection.cursor() as cursor:
        cursor.execute(sql, values | {"keys": shown})
        for name, *figures in cursor.fetchall():
            parts.append(Use(*figures))
            if name is not None:
                found[name] = parts[-1]
    total = Use(*(_sum(getattr(part, name) for part in parts) for name in Use.__dataclass_fields__))
    return found, total


def _fetch(sql: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        # As many groups as endpoints do not fit PostgreSQL's usual 4 MB. Both statements go in one message, as one
        # transaction, so that the setting ends with it.
        cursor.execute(f"SET LOCAL work_mem = '32MB'; {sql}", values)
        cursor.nextset()
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _row(found: Mapping[str, Any]) -> CubeRow:
    # Raw cursors leave jsonb as text.
    components: dict[str, str | None] = json.loads(found["components"] or "{}")
    return CubeRow(
        key=found["key"],
        **_figures(found),
        endpoints=found["endpoints"],
        components={name: None if usd is None else Decimal(usd) for name, usd in components.items()},
        rank=found["rank"],
    )


def _figures(found: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Amounts as they came, counts as whole numbers: sums of sums are numeric in SQL."""
    return {
        name: found[prefix + name] if name in cost_sql.AMOUNTS else int(found[prefix + name])
        for name in cost_sql.READ
    }


def _sum(values: Iterable[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None
