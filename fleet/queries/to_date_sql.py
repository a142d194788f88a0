"""The explorer's SQL over sums to date (fleet.rollups.to_date): whole days of any span as differences of a few days."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from fleet.queries.cost_plan import Mark

USES = ("calls", "compute_s", "idle_usd", "spare_usd")
_COUNTS = ("known", "unpriced", "no_data")
_SIGNED = "SUM(CASE {slot} WHEN 1 THEN {name} WHEN -1 THEN -{name} END)"
_MARKS = "unnest(%(mark_months)s::date[], %(mark_days)s::int[], %(nows)s::int[], %(befores)s::int[])"


def _up_to(names: Iterable[str]) -> str:
    return ", ".join(f"p.{name} + COALESCE(p.{name}_days[w.n], 0) AS {name}" for name in names)


# The whole days by line; a line of neither span stands in sums to date until its year is over.
WHOLE = f"""dated AS (
    SELECT p.*, w.now, w.earlier FROM {_MARKS} AS w (month, n, now, earlier)
    CROSS JOIN LATERAL (
        SELECT p.endpoint_id, p.variant_id, p.component, p.item, {_up_to(("amount", *_COUNTS))}
        FROM fleet_costtodate p WHERE p.month = w.month {{where}} OFFSET 0
    ) p
), summed AS (
    SELECT endpoint_id, variant_id, component, item, {_SIGNED.format(slot="now", name="amount")} AS amount,
        {_SIGNED.format(slot="earlier", name="amount")} AS before,
        {", ".join(f"SUM(now * {name}) AS {name}" for name in _COUNTS)},
        SUM(earlier * known) AS known_before, SUM(earlier * (known + unpriced + no_data)) AS lines_before
    FROM dated GROUP BY endpoint_id, variant_id, component, item
), whole AS (
    SELECT endpoint_id, variant_id, component, item, CASE WHEN known > 0 THEN amount END AS amount,
        CASE WHEN known > 0 THEN amount END AS compared, CASE WHEN known_before > 0 THEN before END AS before,
        unpriced, no_data, known + unpriced + no_data AS lines, lines_before
    FROM summed WHERE known + unpriced + no_data > 0 OR lines_before > 0
)"""  # noqa: S608 - the names above only
_USE = ", ".join(
    f"CASE WHEN SUM(now * {name}_n) > 0 THEN {_SIGNED.format(slot='now', name=name)} END AS {name}"
    for name in USES
)
# By variant first: a sum of parts of seconds over many would not come out even where nothing was used.
USE = f"""
    SELECT endpoint_id, variant_id, {_USE} FROM (
        SELECT p.*, w.now FROM {_MARKS} AS w (month, n, now, earlier)
        CROSS JOIN LATERAL (
            SELECT p.endpoint_id, p.variant_id, {_up_to(each for name in USES for each in (name, f"{name}_n"))}
            FROM fleet_usetodate p WHERE p.month = w.month {{where}} OFFSET 0
        ) p
    ) dated GROUP BY endpoint_id, variant_id
"""  # noqa: S608 - the names above only
_MONTH = """
SELECT CASE WHEN key = ANY(%(keys)s) THEN key END AS drawn, %(month_{n})s::date, SUM(amount), SUM(known),
    ARRAY[{amounts}], ARRAY[{counts}]
FROM (SELECT ({key})::text AS key, l.amount, l.known, l.amount_days, l.known_days FROM (
    SELECT p.* FROM fleet_costtodate p WHERE p.month = %(month_{n})s {where}) l {joins}) keyed
WHERE {with_others} OR key = ANY(%(keys)s) GROUP BY drawn
"""


def marks(given: Sequence[Mark], *, is_use: bool = False) -> dict[str, Any]:
    """The values of WHOLE, or of USE, for some days."""
    found = [mark for mark in given if mark.now or not is_use]
    return {
        "mark_months": [mark.month for mark in found], "mark_days": [mark.day.day for mark in found],
        "nows": [mark.now for mark in found], "befores": [mark.before for mark in found],
    }  # fmt: skip


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
