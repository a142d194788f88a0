"""The explorer's SQL over sums to date (fleet.rollups.to_date): whole days of any span as differences of a few days."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fleet.queries.cost_plan import Mark

USES = ("calls", "compute_s", "idle_usd", "spare_usd")
_LINE, _VARIANT = ("variant_id", "component", "item"), ("variant_id",)
_COUNTS = ("known", "unpriced", "no_data")
_MONTH = """
SELECT {chosen} AS drawn, %(month_{n})s::date, SUM(l.amount), SUM(l.known), ARRAY[{amounts}], ARRAY[{counts}]
FROM (SELECT p.* FROM fleet_costtodate p WHERE p.month = %(month_{n})s {where}) l {chosen_joins}
WHERE {with_others} OR {chosen} IS NOT NULL GROUP BY drawn
"""


def whole(given: Sequence[Mark], values: dict[str, Any]) -> str:
    """The whole days by line, the marks' values added. A line that two years hold stands twice; braces are left."""
    parts = []
    for year in _years(given):
        known, unpriced, no_data = (year.sum("now", name) for name in _COUNTS)
        before, lines = year.sum("before", "known"), " + ".join(year.sum("before", name) for name in _COUNTS)
        amount = f"CASE WHEN {known} > 0 THEN {year.sum('now', 'amount')} END"
        parts.append(f"""SELECT {year.keys(_LINE)}, {amount} AS amount, {amount} AS compared,
            CASE WHEN {before} > 0 THEN {year.sum("before", "amount")} END AS before,
            {unpriced} AS unpriced, {no_data} AS no_data,
            {known} + {unpriced} + {no_data} AS lines, {lines} AS lines_before
        FROM {year.rows("fleet_costtodate", _LINE, ("amount", *_COUNTS), values)}""")  # noqa: S608
    # A line of neither span stands in sums to date until its year is over.
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) p WHERE lines > 0 OR lines_before > 0"  # noqa: S608


def uses(given: Sequence[Mark], values: dict[str, Any]) -> str:
    """What each variant did on the whole days, in the same way.

    By variant first: a sum of parts of seconds over many would not come out even where nothing was used.
    """
    parts = []
    for year in _years([mark for mark in given if mark.now]):
        sums = ", ".join(
            f"CASE WHEN {year.sum('now', f'{name}_n')} > 0 THEN {year.sum('now', name)} END AS {name}"
            for name in USES
        )
        names = [each for name in USES for each in (name, f"{name}_n")]
        rows = year.rows("fleet_usetodate", _VARIANT, names, values)
        parts.append(f"SELECT {year.keys(_VARIANT)}, {sums} FROM {rows}")  # noqa: S608
    return " UNION ALL ".join(parts)


@dataclass(frozen=True)
class _Year:
    """The marks of a year by month, the newest first: its rows hold every line of the months before it."""

    months: Sequence[Sequence[Mark]]

    def keys(self, names: Iterable[str]) -> str:
        return ", ".join(f"m0.{name}" for name in ("endpoint_id", *names))

    def sum(self, of: str, name: str) -> str:
        """What the marks make of a figure in the span (now) or the one before."""
        terms = []
        for n, month in enumerate(self.months):
            for mark in month:
                sign = getattr(mark, of)
                column = f"m{n}.{name}_{mark.day.day}"
                if sign:
                    terms.append(f"{'+' if sign > 0 else '-'} {f'COALESCE({column}, 0)' if n else column}")
        return f"({' '.join(terms).removeprefix('+ ') or 0})"

    def rows(self, table: str, keys: Sequence[str], names: Sequence[str], values: dict[str, Any]) -> str:
        """A row a line with the sums to date of every mark, each month read once."""
        found = []
        for n, month in enumerate(self.months):
            first = month[0].month
            values[f"to_date_{first:%Y_%m}"] = first
            columns = [
                f"p.{name} + COALESCE(p.{name}_days[{mark.day.day}], 0) AS {name}_{mark.day.day}"
                for mark in month
                for name in names
            ]
            rows = f"""(SELECT p.endpoint_id, {", ".join(f"p.{key}" for key in keys)}, {", ".join(columns)}
                FROM {table} p WHERE p.month = %(to_date_{first:%Y_%m})s {{where}} OFFSET 0) m{n}"""  # noqa: S608
            found.append(f"LEFT JOIN {rows} USING ({', '.join(keys)})" if n else rows)
        return " ".join(found)


def _years(given: Sequence[Mark]) -> list[_Year]:
    found: dict[int, dict[date, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for mark in sorted(given, key=lambda mark: mark.day, reverse=True):
        found[mark.day.year][mark.month].append(mark)
    return [_Year(list(months.values())) for months in found.values()]


def months(days: Iterable[date]) -> tuple[str, dict[str, Any], dict[date, list[date]]]:
    """The statement that adds up the sums to date of some days by what is drawn, its values, and its days by month.

    Its columns: the key, None for all others; the month; amount and lines with one before it; both up to each day.
    """
    by_month: dict[date, list[date]] = defaultdict(list)
    for day in sorted(days):
        by_month[day.replace(day=1)].append(day)
    parts = []
    for n, asked in enumerate(by_month.values()):
        lists = {
            name: ", ".join(f"COALESCE(SUM({column}[{day.day}]), 0)" for day in asked)
            for name, column in (("{amounts}", "amount_days"), ("{counts}", "known_days"))
        }
        part = _MONTH.replace("{n}", str(n))
        for name, text in lists.items():
            part = part.replace(name, text)
        parts.append(part)
    return "UNION ALL".join(parts), {f"month_{n}": month for n, month in enumerate(by_month)}, by_month
