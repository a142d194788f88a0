"""Writes wide metric rows: binary COPY into a staging table, then one merge that touches only rows that differ."""

from collections.abc import Sequence

from django.db import connection, transaction

from fleet.catalogue import COLUMNS
from fleet.sync import partitions
from fleet.types import MetricRow

_ALL = ("variant_id", "at", "period_s", *COLUMNS)
_TYPES = ["int8", "timestamptz", "int4", *["float8"] * len(COLUMNS)]


def merge(table: str, rows: Sequence[MetricRow]) -> int:
    """Insert or amend rows of `table` (partitions.FINE_TABLE or HOUR_TABLE); the number of rows that changed.

    A value that is not reported this time leaves the stored one alone. Finer rows inside a coarser one are replaced,
    so that an endpoint that changed its hosting option is not counted twice.
    """
    if not rows:
        return 0
    last = max(row.at for row in rows)
    partitions.ensure(table, min(row.at for row in rows), last + partitions.AHEAD)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE staged (LIKE {table}) ON COMMIT DROP")
        with cursor.copy(f"COPY staged ({', '.join(_ALL)}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_TYPES)
            # In key order: two merges that meet on the same rows then lock them in the same order.
            for row in sorted(rows, key=lambda row: (row.variant_id, row.at)):
                copy.write_row((row.variant_id, row.at, row.period_s, *map(row.values.get, COLUMNS)))
        cursor.execute(_REPLACE_FINER.format(table=table))
        cursor.execute(_MERGE.format(table=table))
        changed = int(cursor.rowcount)
        cursor.execute("DROP TABLE staged")
    return changed


_REPLACE_FINER = """
DELETE FROM {table} AS old USING staged AS new
WHERE old.variant_id = new.variant_id
  AND old.at >= new.at AND old.at < new.at + make_interval(secs => new.period_s)
  AND old.period_s < new.period_s
"""
_MERGE = (
    f"INSERT INTO {{table}} AS old ({', '.join(_ALL)}) SELECT {', '.join(_ALL)} FROM staged "  # noqa: S608
    "ON CONFLICT (variant_id, at) DO UPDATE SET period_s = EXCLUDED.period_s, "
    + ", ".join(f"{column} = COALESCE(EXCLUDED.{column}, old.{column})" for column in COLUMNS)
    + f" WHERE (old.period_s, {', '.join(f'old.{c}' for c in COLUMNS)}) IS DISTINCT FROM "
    + f"(EXCLUDED.period_s, {', '.join(f'COALESCE(EXCLUDED.{c}, old.{c})' for c in COLUMNS)})"
)
