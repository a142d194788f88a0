"""The figures of every endpoint of some shards over one window, added up by PostgreSQL in one statement.

They equal fleet.queries.endpoint_measures over the same window, which tests hold them to.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from fleet.models import FineBucket, HourBucket
from fleet.queries.cold_starts import PUBLISHED_WITHIN
from fleet.queries.endpoint_measures import SparkGrid
from fleet.queries.scope import TimeRange, window_start
from fleet.queries.usage import bucket_model, bucket_model_before
from fleet.rollups.costs import span

_FIGURES = {
    "calls": "SUM(COALESCE(b.invocations, b.processed)) {when}",
    "invocations": "SUM(b.invocations) {when}",
    "p99_ms": "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY b.model_latency_ms_p99) {when}",
    "cold_starts": "SUM(b.setup_count) {when}",
    "cache_hits": "SUM(b.cache_hit_sum) {when}",
    "cache_lookups": "SUM(b.cache_hit_count) {when}",
    "errors_5xx": "SUM(b.errors_5xx) {when}",
    "concurrency": "MAX(b.concurrency_utilization_max) {when}",
    "setup_wasted_ms": "SUM(b.setup_count * b.setup_ms_avg) {when}",
    "setup_p50_ms": "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY b.setup_ms_p50) {when}",
    "setup_p99_ms": "MAX(b.setup_ms_p99) {when}",
    "spillover": "SUM(b.spillover_invocations) {when}",
}
_BEFORE = {
    "calls_before": "SUM(COALESCE(b.invocations, b.processed))",
    "invocations_before": "SUM(b.invocations)",
    "cold_starts_before": "SUM(b.setup_count)",
    "errors_5xx_before": "SUM(b.errors_5xx)",
}
_CALLS = "CASE WHEN e.kind = 'asynchronous' THEN b.processed ELSE b.invocations END"
_SPAN = {
    "span_calls": f"SUM({_CALLS})",
    "span_calls_next": f"SUM({_CALLS}) FILTER (WHERE b.at >= %(next_start)s)",
}
_PUBLISHES = (
    "BOOL_OR(b.setup_count > 0 AND e.kind = 'serverless' "
    "AND b.at >= %(published_start)s AND b.at < %(now_end)s)"
)
_WRITTEN = ("until", *_FIGURES, *_BEFORE, *_SPAN, "publishes_setup", "spark")


def _read(table: str, start: str, end: str, *, live: bool = True) -> str:
    removed = " AND e.removed_at IS NULL" if live else ""
    return (
        f"FROM everything e JOIN {table} b ON b.variant_id = e.variant_id AND b.at >= %({start})s "
        f"AND b.at < %({end})s{removed}"
    )


def _columns(figures: Mapping[str, str], when: str = "") -> str:
    return ", ".join(f"{sql.format(when=when)} AS {name}" for name, sql in figures.items())


def _parts(now_table: str, before_table: str, spark_table: str, hours: str) -> dict[str, str]:
    """The common table expressions. Where the window is read from hours, its days come with the same reading."""
    in_window = "FILTER (WHERE b.at >= %(now_start)s AND b.at < %(now_end)s AND e.removed_at IS NULL)"
    by = "GROUP BY e.endpoint_id"
    if now_table == hours:
        sums = {
            "days": f"SELECT e.endpoint_id, {_columns(_FIGURES, in_window)}, {_columns(_SPAN)}, "
            f"{_PUBLISHES} AS publishes {_read(hours, 'span_start', 'span_end', live=False)} {by}",
        }
    else:
        sums = {
            "now_sums": f"SELECT e.endpoint_id, {_columns(_FIGURES)} {_read(now_table, 'now_start', 'now_end')} {by}",
            "span_sums": f"SELECT e.endpoint_id AS span_endpoint_id, {_columns(_SPAN)} "
            f"{_read(hours, 'span_start', 'span_end', live=False)} {by}",
            "days": "SELECT *, COALESCE(cold_starts > 0, false) AS publishes FROM (SELECT DISTINCT endpoint_id FROM "
            "everything) ids LEFT JOIN now_sums USING (endpoint_id) "
            "LEFT JOIN span_sums ON span_endpoint_id = endpoint_id",
        }
    return {
        **sums,
        "before_sums": f"SELECT e.endpoint_id, {_columns(_BEFORE)} "
        f"{_read(before_table, 'before_start', 'before_end')} {by}",
        "slots": f"SELECT e.endpoint_id, SUM(COALESCE(b.invocations, b.processed)) AS calls, {_SLOT} AS slot "
        f"{_read(spark_table, 'spark_start', 'spark_end')} {by}, slot",
        "lines": _LINES,
    }


_SLOT = "LEAST(FLOOR((EXTRACT(epoch FROM b.at) - %(spark_epoch)s) / %(step_s)s)::int, %(points)s - 1)"
_LINES = """
    SELECT ids.endpoint_id, ARRAY_AGG(slots.calls ORDER BY n) AS spark
    FROM (SELECT DISTINCT endpoint_id FROM slots) ids CROSS JOIN generate_series(0, %(points)s - 1) n
    LEFT JOIN slots ON slots.endpoint_id = ids.endpoint_id AND slots.slot = n
    GROUP BY ids.endpoint_id"""
_SQL = f"""
WITH everything AS (
    SELECT v.id AS variant_id, v.removed_at, e.id AS endpoint_id, e.kind
    FROM fleet_endpoint e JOIN fleet_variantstatus v ON v.endpoint_id = e.id
    WHERE e.shard_id = ANY(%(shards)s) AND NOT v.is_shadow
), {{parts}}
INSERT INTO fleet_endpointwindow AS old (endpoint_id, key, {", ".join(_WRITTEN)})
SELECT e.id, %(key)s, %(now_end)s, {", ".join(f"days.{name}" for name in _FIGURES)},
    {", ".join(f"before_sums.{name}" for name in _BEFORE)}, {", ".join(f"days.{name}" for name in _SPAN)},
    COALESCE(days.publishes, false) OR COALESCE(month.publishes_setup, false),
    COALESCE(lines.spark, '{{{{}}}}')
FROM fleet_endpoint e
LEFT JOIN days ON days.endpoint_id = e.id
LEFT JOIN before_sums ON before_sums.endpoint_id = e.id
LEFT JOIN lines ON lines.endpoint_id = e.id
LEFT JOIN fleet_endpointwindow month ON month.endpoint_id = e.id AND month.key = '30d' AND %(key)s <> '30d'
WHERE e.shard_id = ANY(%(shards)s)
ORDER BY e.id
ON CONFLICT (key, endpoint_id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _WRITTEN)}
"""  # noqa: S608 - the names above and table names of models only


def write(shard_ids: Sequence[int], key: str, end: datetime) -> None:
    """Write the window `key` (scope.WINDOW_KEYS) that ends at `end` (aware) for every endpoint of the shards.

    Whether an endpoint publishes set-up samples is read from 30 days of hours for "30d", which the others take over:
    write that one first.
    """
    window = TimeRange(key, key, window_start(key, end), end)
    before, grid = window.previous, SparkGrid.of(window)
    days, tomorrows = span(key, end), span(key, end + timedelta(days=1))
    tables = (
        _table(model) for model in (bucket_model(window), bucket_model_before(window), grid.model, HourBucket)
    )
    sql = _SQL.format(parts=", ".join(f"{name} AS ({part})" for name, part in _parts(*tables).items()))
    values: dict[str, Any] = {
        "shards": list(shard_ids), "key": key, "now_start": window.start, "now_end": end, "before_start": before.start,
        "before_end": before.end, "span_start": days.start, "span_end": days.end, "next_start": tomorrows.start,
        "published_start": end - PUBLISHED_WITHIN, "spark_start": grid.start,
        "spark_end": grid.end, "spark_epoch": grid.start.timestamp(), "step_s": grid.step_s, "points": grid.points,
    }  # fmt: skip
    with connection.cursor() as cursor:
        # A few variants of many: reading every bucket of the fleet for them is never the shorter way.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL enable_seqscan = on")


def write_shards(shard_ids: Sequence[int]) -> None:
    """Add the windows of the shards' endpoints up, all of them: one may have been closed since they were written."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARDS, [list(shard_ids)])


_OF_SHARD = {
    "calls": "w.calls", "errors_5xx": "w.errors_5xx", "calls_before": "w.calls_before",
    "errors_5xx_before": "w.errors_5xx_before",
}  # fmt: skip
_OF_SERVERLESS = {
    "serverless_calls": "w.invocations", "serverless_calls_before": "w.invocations_before",
    "cold_starts": "w.cold_starts", "cold_starts_before": "w.cold_starts_before",
}  # fmt: skip
_SUMMED = {
    name: f"SUM({column}) FILTER (WHERE e.closed_at IS NULL)" for name, column in _OF_SHARD.items()
} | {
    name: f"SUM({column}) FILTER (WHERE e.closed_at IS NULL AND e.kind = 'serverless')"
    for name, column in _OF_SERVERLESS.items()
}
_SHARDS = f"""
INSERT INTO fleet_shardwindow AS old (shard_id, key, {", ".join(_SUMMED)})
SELECT e.shard_id, w.key, {", ".join(_SUMMED.values())}
FROM fleet_endpoint e JOIN fleet_endpointwindow w ON w.endpoint_id = e.id
WHERE e.shard_id = ANY(%s) GROUP BY e.shard_id, w.key ORDER BY e.shard_id, w.key
ON CONFLICT (key, shard_id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _SUMMED)}
WHERE ({", ".join(f"old.{name}" for name in _SUMMED)})
    IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in _SUMMED)})
"""  # noqa: S608 - the names above only


def _table(model: type[FineBucket] | type[HourBucket]) -> str:
    return model._meta.db_table
