"""The figures of every endpoint of one shard over one window, added up by PostgreSQL in one statement.

They equal fleet.queries.endpoint_measures over the same window, which tests hold them to.
"""

from datetime import datetime
from typing import Any

from django.db import connection

from fleet.models import FineBucket, HourBucket
from fleet.queries.cold_starts import PUBLISHED_WITHIN
from fleet.queries.cost_scope import Span
from fleet.queries.endpoint_measures import SparkGrid
from fleet.queries.scope import TimeRange, window_start
from fleet.queries.usage import bucket_model, bucket_model_before

_NOW = {
    "calls": "SUM(COALESCE(b.invocations, b.processed))",
    "invocations": "SUM(b.invocations)",
    "p99_ms": "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY b.model_latency_ms_p99)",
    "cold_starts": "SUM(b.setup_count)",
    "cache_hits": "SUM(b.cache_hit_sum)",
    "cache_lookups": "SUM(b.cache_hit_count)",
    "errors_5xx": "SUM(b.errors_5xx)",
    "concurrency": "MAX(b.concurrency_utilization_max)",
    "setup_wasted_ms": "SUM(b.setup_count * b.setup_ms_avg)",
    "setup_p50_ms": "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY b.setup_ms_p50)",
    "setup_p99_ms": "MAX(b.setup_ms_p99)",
    "spillover": "SUM(b.spillover_invocations)",
}
_BEFORE = {
    "calls_before": "SUM(COALESCE(b.invocations, b.processed))",
    "invocations_before": "SUM(b.invocations)",
    "cold_starts_before": "SUM(b.setup_count)",
    "errors_5xx_before": "SUM(b.errors_5xx)",
}
_WRITTEN = ("until", *_NOW, *_BEFORE, "span_calls", "publishes_setup", "spark")
_LIVE = "live JOIN {table} b ON b.variant_id = live.variant_id AND b.at >= %({name}_start)s AND b.at < %({name}_end)s"
_ALL = _LIVE.replace("live", "everything")

_SQL = f"""
WITH everything AS (
    SELECT v.id AS variant_id, v.removed_at, e.id AS endpoint_id, e.kind
    FROM fleet_endpoint e JOIN fleet_variantstatus v ON v.endpoint_id = e.id WHERE e.shard_id = %(shard)s
), live AS (
    SELECT variant_id, endpoint_id FROM everything WHERE removed_at IS NULL
), now_sums AS (
    SELECT live.endpoint_id, {", ".join(f"{sql} AS {name}" for name, sql in _NOW.items())}
    FROM {_LIVE.format(table="{now_table}", name="now")} GROUP BY live.endpoint_id
), before_sums AS (
    SELECT live.endpoint_id, {", ".join(f"{sql} AS {name}" for name, sql in _BEFORE.items())}
    FROM {_LIVE.format(table="{before_table}", name="before")} GROUP BY live.endpoint_id
), span_sums AS (
    SELECT everything.endpoint_id,
        SUM(CASE WHEN kind = 'asynchronous' THEN b.processed ELSE b.invocations END) AS span_calls
    FROM {_ALL.format(table="fleet_hourbucket", name="span")} GROUP BY everything.endpoint_id
), publishing AS (
    SELECT DISTINCT everything.endpoint_id
    FROM {_ALL.format(table="fleet_hourbucket", name="published")}
    WHERE kind = 'serverless' AND b.setup_count > 0
), slots AS (
    SELECT live.endpoint_id, SUM(COALESCE(b.invocations, b.processed)) AS calls,
        LEAST(FLOOR((EXTRACT(epoch FROM b.at) - %(spark_epoch)s) / %(step_s)s)::int, %(points)s - 1) AS slot
    FROM {_LIVE.format(table="{spark_table}", name="spark")} GROUP BY live.endpoint_id, slot
), lines AS (
    SELECT ids.endpoint_id, ARRAY_AGG(slots.calls ORDER BY n) AS spark
    FROM (SELECT DISTINCT endpoint_id FROM slots) ids CROSS JOIN generate_series(0, %(points)s - 1) n
    LEFT JOIN slots ON slots.endpoint_id = ids.endpoint_id AND slots.slot = n
    GROUP BY ids.endpoint_id
)
INSERT INTO fleet_endpointwindow AS old (endpoint_id, key, {", ".join(_WRITTEN)})
SELECT e.id, %(key)s, %(now_end)s, {", ".join((*_NOW, *_BEFORE))}, span_calls, p.endpoint_id IS NOT NULL,
    COALESCE(lines.spark, '{{{{}}}}')
FROM fleet_endpoint e
LEFT JOIN now_sums ON now_sums.endpoint_id = e.id
LEFT JOIN before_sums ON before_sums.endpoint_id = e.id
LEFT JOIN span_sums ON span_sums.endpoint_id = e.id
LEFT JOIN publishing p ON p.endpoint_id = e.id
LEFT JOIN lines ON lines.endpoint_id = e.id
WHERE e.shard_id = %(shard)s
ORDER BY e.id
ON CONFLICT (key, endpoint_id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _WRITTEN)}
"""  # noqa: S608 - the names above and table names of models only


def write(shard_id: int, key: str, end: datetime) -> None:
    """Write the window `key` (scope.WINDOW_KEYS) that ends at `end` (aware) for every endpoint of the shard."""
    window = TimeRange(key, key, window_start(key, end), end)
    before, grid = window.previous, SparkGrid.of(window)
    span = Span(window.days[0], window.days[-1]) if window.days else Span(end.date(), end.date())
    sql = _SQL.format(
        now_table=_table(bucket_model(window)),
        before_table=_table(bucket_model_before(window)),
        spark_table=_table(grid.model),
    )
    values: dict[str, Any] = {
        "shard": shard_id, "key": key, "now_start": window.start, "now_end": end, "before_start": before.start,
        "before_end": before.end, "span_start": span.start, "span_end": span.end,
        "published_start": end - PUBLISHED_WITHIN, "published_end": end, "spark_start": grid.start,
        "spark_end": grid.end, "spark_epoch": grid.start.timestamp(), "step_s": grid.step_s, "points": grid.points,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _table(model: type[FineBucket] | type[HourBucket]) -> str:
    return model._meta.db_table
