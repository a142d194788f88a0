"""Writes wide metric rows by binary COPY: those later than any stored straight into their table.

The others go into a staging table, then in one merge that touches only rows that differ.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from fleet.catalogue import BY_COLUMN, COLUMNS, Metric
from fleet.sync import partitions
from fleet.types import MetricRow

Row = tuple[Any, ...]
Hour = tuple[int, int]
"""A variant and the start of an hour, epoch seconds UTC."""
MANY = 200
"""From so many rows on it pays to find out which of them are new."""
_EPOCH_S = 946_684_800
"""PostgreSQL's own zero, 2000-01-01 UTC: its binary times are microseconds since."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one period that fill the same columns: (variant id, bucket start in epoch seconds, value per column…).

    None = not reported. A bucket stands in one row only.
    """

    period_s: int
    columns: tuple[str, ...]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did. touched: the hours that hold a new row or one that differs, where sums over rows are due."""

    changed: int = 0
    touched: frozenset[Hour] = frozenset()

    def __add__(self, other: "Merged") -> "Merged":
        return Merged(self.changed + other.changed, self.touched | other.touched)


def merge(table: str, rows: Sequence[MetricRow]) -> Merged:
    """merge_blocks for rows that come one by one."""
    blocks: dict[int, Block] = {}
    for row in sorted(rows, key=lambda row: (row.variant_id, row.at)):
        block = blocks.setdefault(row.period_s, Block(row.period_s, COLUMNS, []))
        block.rows.append((row.variant_id, int(row.at.timestamp()), *map(row.values.get, COLUMNS)))
    return merge_blocks(table, list(blocks.values()))


def merge_blocks(table: str, blocks: Sequence[Block]) -> Merged:
    """Insert or amend rows of `table` (partitions.FINE_TABLE or HOUR_TABLE), all or nothing.

    A value that is not reported this time leaves the stored one alone. Finer rows inside a coarser one are replaced,
    so that an endpoint that changed its hosting option is not counted twice.
    """
    stamps = [row[1] for block in blocks for row in block.rows]
    if not stamps:
        return Merged()
    first, last = (datetime.fromtimestamp(at, UTC) for at in (min(stamps), max(stamps)))
    partitions.ensure(table, first, last + partitions.AHEAD)
    done = Merged()
    with transaction.atomic(), connection.cursor() as cursor:
        # In a fixed order: two merges that meet on the same rows then lock them in the same one.
        for block in sorted(blocks, key=lambda block: (block.columns, block.period_s)):
            done += _merge_one(cursor, table, block)
    return done


def add_up(hours: Iterable[Hour]) -> Merged:
    """Make or amend the hour rows of these (variant, hour) from their fine rows, where that is exact.

    Counts and maxima, and averages whose number of samples is stored; a percentile of an hour is never made from
    those of its parts, and stays as it was.
    """
    wanted = sorted(hours)
    if not wanted:
        return Merged()
    first, last = (
        datetime.fromtimestamp(at, UTC) for at in (min(h for _, h in wanted), max(h for _, h in wanted))
    )
    partitions.ensure(partitions.HOUR_TABLE, first, last + partitions.AHEAD)
    with connection.cursor() as cursor:
        # The bounds say to the planner which partitions it is about.
        bounds = [first, last + timedelta(hours=1)]
        cursor.execute(_ADD_UP, [*map(_array, zip(*wanted, strict=True)), *bounds])
        return _merged(cursor)


def _array(numbers: Iterable[int]) -> str:
    """As one text: psycopg writes arrays item by item, which costs several times as much."""
    return f"{{{','.join(map(str, numbers))}}}"


def _merge_one(cursor: CursorWrapper, table: str, block: Block) -> Merged:
    """Rows without any later one of their variant are appended, at a third of the CPU of a merge."""
    if len(block.rows) < MANY:
        return _amend(cursor, table, block)
    newest = _newest(cursor, table, block)
    if not newest:
        return _append(cursor, table, block)
    old = [row for row in block.rows if row[1] <= newest.get(row[0], -1)]
    new = [row for row in block.rows if row[1] > newest.get(row[0], -1)]
    done = _amend(cursor, table, replace(block, rows=old)) if old else Merged()
    return done + _append(cursor, table, replace(block, rows=new)) if new else done


def _newest(cursor: CursorWrapper, table: str, block: Block) -> dict[int, int]:
    """The newest row that each variant has within the block's time, epoch seconds; without those that have none."""
    stamps = {row[1] for row in block.rows}
    bounds = (datetime.fromtimestamp(at, UTC) for at in (min(stamps), max(stamps) + block.period_s))
    cursor.execute(
        f"SELECT variant_id, extract(epoch FROM max(at))::int8 FROM {table} "  # noqa: S608
        "WHERE variant_id = ANY(%s::int8[]) AND at >= %s AND at < %s GROUP BY variant_id",
        [_array({row[0] for row in block.rows}), *bounds],
    )
    return dict(cursor.fetchall())


def _append(cursor: CursorWrapper, table: str, block: Block) -> Merged:
    """COPY straight into the table; a merge instead where somebody wrote one of the rows meanwhile."""
    try:
        with transaction.atomic(), connection.wrap_database_errors:
            _copy_new(cursor, table, block)
    except IntegrityError:
        return _amend(cursor, table, block)
    return Merged(len(block.rows), frozenset({(row[0], row[1] // 3600 * 3600) for row in block.rows}))


def _copy_new(cursor: CursorWrapper, table: str, block: Block) -> None:
    names, period_s = ", ".join(block.columns), block.period_s
    with cursor.copy(f"COPY {table} (variant_id, at, period_s, {names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "int8", "int4", *["float8"] * len(block.columns)])
        write = copy.write_row
        for pk, at, *values in block.rows:
            write((pk, (at - _EPOCH_S) * 1_000_000, period_s, *values))


def _amend(cursor: CursorWrapper, table: str, block: Block) -> Merged:
    """Rows that may be stored already."""
    names = ", ".join(block.columns)
    floats = ", ".join(f"{column} float8" for column in block.columns)
    cursor.execute(f"CREATE TEMP TABLE staged (variant_id int8, at_s int8, {floats}) ON COMMIT DROP")
    with cursor.copy(f"COPY staged (variant_id, at_s, {names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "int8", *["float8"] * len(block.columns)])
        for row in block.rows:
            copy.write_row(row)
    if table == partitions.FINE_TABLE and block.period_s > 60:
        cursor.execute(_REPLACE_FINER, [block.period_s, block.period_s])
    source = f"SELECT variant_id, to_timestamp(at_s), {block.period_s}, {names} FROM staged"  # noqa: S608
    cursor.execute(_upsert(table, block.columns, source))
    merged = _merged(cursor)
    cursor.execute("DROP TABLE staged")
    return merged


def _merged(cursor: CursorWrapper) -> Merged:
    found = cursor.fetchall()
    return Merged(sum(n for _, _, n in found), frozenset((pk, hour) for pk, hour, _ in found))


def _upsert(table: str, columns: Sequence[str], source: str) -> str:
    """SQL that writes the rows of `source` where they differ, and returns (variant, hour, rows written)."""
    names = ", ".join(columns)
    kept = ", ".join(f"{column} = COALESCE(EXCLUDED.{column}, old.{column})" for column in columns)
    before = ", ".join(f"old.{column}" for column in columns)
    after = ", ".join(f"COALESCE(EXCLUDED.{column}, old.{column})" for column in columns)
    return (
        f"WITH written AS (INSERT INTO {table} AS old (variant_id, at, period_s, {names}) {source} "  # noqa: S608
        f"ON CONFLICT (variant_id, at) DO UPDATE SET period_s = EXCLUDED.period_s, {kept} "
        f"WHERE (old.period_s, {before}) IS DISTINCT FROM (EXCLUDED.period_s, {after}) "
        "RETURNING variant_id, date_bin('1 hour', at, 'epoch'::timestamptz) AS hour) "
        "SELECT variant_id, extract(epoch FROM hour)::int8, count(*) FROM written GROUP BY variant_id, hour"
    )


def _added(metric: Metric) -> str:
    """SQL that makes a column's hour from its fine rows, "" where that cannot be done exactly."""
    column = f"f.{metric.column}"
    if metric.is_sum:
        return f"sum({column})"
    if metric.statistic == "Maximum":
        return f"max({column})"
    if metric.statistic == "Average" and metric.weight:
        # Host metrics have one sample per instance and minute; a serverless variant's memory one per minute.
        each = f"coalesce(f.{metric.weight}, f.period_s / 60.0)"
        return f"sum({column} * {each}) / nullif(sum({each}) FILTER (WHERE {column} IS NOT NULL), 0)"
    return ""


_ADDABLE = {column: sql for column, metric in BY_COLUMN.items() if (sql := _added(metric))}
_ADD_UP = _upsert(
    partitions.HOUR_TABLE,
    tuple(_ADDABLE),
    f"SELECT w.variant_id, to_timestamp(w.hour), 3600, {', '.join(_ADDABLE.values())} "  # noqa: S608
    "FROM unnest(%s::int8[], %s::int8[]) AS w (variant_id, hour) "
    f"JOIN {partitions.FINE_TABLE} f ON f.variant_id = w.variant_id "
    "AND f.at >= to_timestamp(w.hour) AND f.at < to_timestamp(w.hour + 3600) AND f.at >= %s AND f.at < %s "
    "GROUP BY w.variant_id, w.hour ORDER BY w.variant_id, w.hour",
)
_REPLACE_FINER = f"""
DELETE FROM {partitions.FINE_TABLE} AS old USING staged AS new
WHERE old.variant_id = new.variant_id
  AND old.at >= to_timestamp(new.at_s) AND old.at < to_timestamp(new.at_s + %s) AND old.period_s < %s
"""  # noqa: S608
