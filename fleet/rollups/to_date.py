"""What each line cost and each variant did from 1 January to every day: any span is the difference of two days.

A month of a line is one row with its days in it. Each row is worked out from the daily rows of its month and from the
row of the month before; when a day changed, its month and those after it in the year are written again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction

from fleet.queries.cost_cover import DAY, MONTH, following, piece_of
from fleet.queries.cost_sql import USES
from fleet.rollups import upsert

_LOCK = 7_405_320
_OF_SHARDS = "e.shard_id = ANY(%(shards)s)"


@dataclass(frozen=True)
class _Table:
    """A table of sums to date. figures: name → the SQL of what a daily row adds to it."""

    name: str
    keys: Sequence[str]
    figures: Mapping[str, str]
    rows: str

    @property
    def sql(self) -> str:
        """The statement that writes one month of some shards."""
        names, keys = list(self.figures), ", ".join(self.keys)
        running = ", ".join(f"SUM({share}) OVER up_to AS {name}" for name, share in self.figures.items())
        lists = ", ".join(f"array_agg({name} ORDER BY n) AS {name}" for name in names)
        before = ", ".join(
            f"p.{name} + COALESCE(p.{name}_days[cardinality(p.{name}_days)], 0) AS {name}" for name in names
        )
        ended, days = (
            ", ".join(f"COALESCE(p.{name}, 0) AS {name}" for name in names),
            ", ".join(map(_days, names)),
        )
        return upsert.statement(
            self.name,
            ("month",),
            self.keys,
            [column for name in names for column in (name, f"{name}_days")],
            f"""
    WITH daily AS (
        SELECT endpoint_id, {keys}, extract(day FROM day)::int AS n, {running} FROM ({self.rows}) c
        WINDOW up_to AS (PARTITION BY {keys} ORDER BY day ROWS UNBOUNDED PRECEDING)
    ), month AS (
        SELECT endpoint_id, {keys}, array_agg(n ORDER BY n) AS ns, {lists} FROM daily GROUP BY endpoint_id, {keys}
    ), p AS (
        SELECT p.endpoint_id, {keys}, {before} FROM fleet_endpoint e JOIN {self.name} p ON p.endpoint_id = e.id
        WHERE {_OF_SHARDS} AND p.month = %(month)s::date - interval '1 month'
            AND extract(month FROM p.month) < 12
    )
    SELECT COALESCE(m.endpoint_id, p.endpoint_id) AS endpoint_id, {keys}, {ended}, {days}
    FROM month m FULL JOIN p USING ({keys})""",  # noqa: S608 - names and statements of this module only
        )


def _days(name: str) -> str:
    """One value for each day of the month: of a day without a row that of the day before it."""
    return f"""CASE WHEN NOT 0 = ALL (m.{name}) THEN
        CASE WHEN cardinality(m.ns) = %(days)s THEN m.{name} ELSE ARRAY(
            SELECT COALESCE(m.{name}[width_bucket(n, m.ns)], 0) FROM generate_series(1, %(days)s) n) END
    END AS {name}_days"""  # noqa: S608 - names of this module only


_COSTS = _Table(
    "fleet_costtodate",
    ("variant_id", "component", "item"),
    {
        "amount": "COALESCE(amount, 0)",
        "known": "(amount IS NOT NULL)::int",
        "unpriced": "(confidence = 'unpriced')::int",
        "no_data": "(confidence = 'no-data')::int",
    },
    f"""SELECT c.endpoint_id, c.variant_id, c.component, c.item, c.day, c.amount, c.confidence
        FROM fleet_endpoint e JOIN fleet_dailycost c ON c.endpoint_id = e.id
            AND c.day >= %(month)s AND c.day <= %(last)s WHERE {_OF_SHARDS}""",  # noqa: S608 - the condition above
)
_USES = _Table(
    "fleet_usetodate",
    ("variant_id",),
    {
        column: share
        for name in USES
        for column, share in ((name, f"COALESCE({name}, 0)"), (f"{name}_n", f"({name} IS NOT NULL)::int"))
    },
    f"""SELECT d.endpoint_id, d.variant_id, d.first AS day, {", ".join(f"d.{name}" for name in USES)}
        FROM fleet_endpoint e JOIN fleet_useperiod d ON d.endpoint_id = e.id
            AND d.grain = '{DAY}' AND d.first >= %(month)s AND d.first <= %(last)s WHERE {_OF_SHARDS}""",  # noqa: S608 - the same
)


def write(changed: Iterable[tuple[int, date]], today: date) -> None:
    """Write the months of (shard, UTC day)s that changed and those after them in the same year, but for today."""
    due: dict[date, set[int]] = defaultdict(set)
    for shard_id, first in {(shard_id, piece_of(MONTH, day).first) for shard_id, day in changed}:
        month = first
        while month < today and month.year == first.year:
            due[month].add(shard_id)
            month = following(MONTH, month)
    for month, shards in sorted(due.items()):
        last = min(following(MONTH, month), today) - timedelta(days=1)
        values: dict[str, Any] = {"shards": sorted(shards), "month": month, "last": last, "days": last.day}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            for table in (_COSTS, _USES):
                cursor.execute(table.sql, values)
