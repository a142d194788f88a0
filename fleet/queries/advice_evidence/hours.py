"""What each live variant did over the hours that the advisor looks at: one statement for many variants."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

HOUR = timedelta(hours=1)
WINDOW = timedelta(days=14)
HOURS = int(WINDOW / HOUR)


@dataclass(frozen=True)
class Hours:
    """One variant's stored hours and what they add up to; None = not reported.

    at: hours since the window's start, oldest first; beside them calls, busy_ms, minutes (of instances), cpu_pct,
    memory_pct, warm and spilled (calls) and used (highest ratio of the max concurrency), each empty where no hour
    reported any. Percentages as CloudWatch publishes them: CPU and GPU added up over cores and GPUs.
    """

    at: Sequence[int] = ()
    calls: Sequence[float | None] = ()
    busy_ms: Sequence[float | None] = ()
    minutes: Sequence[float | None] = ()
    cpu_pct: Sequence[float | None] = ()
    memory_pct: Sequence[float | None] = ()
    warm: Sequence[float | None] = ()
    spilled: Sequence[float | None] = ()
    used: Sequence[float | None] = ()
    sums: "Sums" = field(default_factory=lambda: Sums())

    @cached_property
    def most_used(self) -> float | None:
        """The highest of `used`, None = not reported. Kept: several figures rest on it."""
        return max([each for each in self.used if each is not None], default=None)


@dataclass(frozen=True)
class Sums:
    """Counts added, gauges' means and highest hours, latencies of the middle and the highest hour; ms and percent."""

    errors_4xx: float | None = None
    errors_5xx: float | None = None
    latency_ms_p50: float | None = None
    latency_ms_p99: float | None = None
    latency_ms_p99_max: float | None = None
    overhead_ms_avg: float | None = None
    memory_max: float | None = None
    gpu_mean: float | None = None
    gpu_max: float | None = None
    gpu_memory_max: float | None = None
    disk_max: float | None = None
    cold: float | None = None
    cold_ms_p50: float | None = None
    cold_ms_p99: float | None = None
    warm_use_max: float | None = None
    backlog_max: float | None = None
    age_max_s: float | None = None
    expired: float | None = None
    load_ms: float | None = None
    download_ms: float | None = None


_ARRAYS = {
    "calls": "CASE WHEN v.is_async THEN b.processed ELSE b.invocations END",
    "busy_ms": "b.model_latency_ms_sum",
    "minutes": "b.instance_minutes",
    "cpu_pct": "b.cpu_pct",
    "memory_pct": "b.memory_pct",
    "warm": "b.provisioned_invocations",
    "spilled": "b.spillover_invocations",
    "used": "b.concurrency_utilization_max",
}
_MIDDLE = "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY {})"
_SUMS = {
    "errors_4xx": "SUM(errors_4xx)",
    "errors_5xx": "SUM(errors_5xx)",
    "latency_ms_p50": _MIDDLE.format("model_latency_ms_p50"),
    "latency_ms_p99": _MIDDLE.format("model_latency_ms_p99"),
    "latency_ms_p99_max": "MAX(model_latency_ms_p99)",
    "overhead_ms_avg": "SUM(overhead_ms_avg * invocations) "
    "/ NULLIF(SUM(invocations) FILTER (WHERE overhead_ms_avg IS NOT NULL), 0)",
    "memory_max": "MAX(memory_pct)",
    "gpu_mean": "AVG(gpu_pct)",
    "gpu_max": "MAX(gpu_pct)",
    "gpu_memory_max": "MAX(gpu_memory_pct)",
    "disk_max": "MAX(disk_pct)",
    "cold": "SUM(setup_count)",
    "cold_ms_p50": _MIDDLE.format("setup_ms_p50"),
    "cold_ms_p99": "MAX(setup_ms_p99)",
    "warm_use_max": "MAX(provisioned_utilization_max)",
    "backlog_max": "MAX(backlog_max)",
    "age_max_s": "MAX(oldest_age_s_max)",
    "expired": "SUM(expired)",
    "load_ms": "SUM(load_ms_avg * load_count)",
    "download_ms": "SUM(download_ms_avg * load_count)",
}
_COLUMNS = (
    "errors_4xx", "errors_5xx", "model_latency_ms_p50", "model_latency_ms_p99", "overhead_ms_avg", "invocations",
    "gpu_pct", "gpu_memory_pct", "disk_pct", "setup_count", "setup_ms_p50", "setup_ms_p99",
    "provisioned_utilization_max", "backlog_max", "oldest_age_s_max", "expired", "load_ms_avg", "load_count",
    "download_ms_avg",
)  # fmt: skip
# Each variant by itself, through the primary key: of a join PostgreSQL makes one scan of the whole fleet's hours, which
# every chunk would repeat. Rows come in order, so that every array is in the order of its hours without its own sort.
# DATE_PART, as EXTRACT counts in numeric, at several times the CPU.
_SQL = f"""
SELECT v.id, found.*
FROM UNNEST(%(ids)s::bigint[], %(is_async)s::boolean[]) AS v (id, is_async)
CROSS JOIN LATERAL (
    SELECT ARRAY_AGG(hour), {", ".join(f"CASE WHEN COUNT({name}) > 0 THEN ARRAY_AGG({name}) END" for name in _ARRAYS)},
        {", ".join(_SUMS.values())}
    FROM (
        SELECT FLOOR((DATE_PART('epoch', b.at) - %(epoch)s::float8) / 3600)::int AS hour,
            {", ".join(f"{sql} AS {name}" for name, sql in _ARRAYS.items())},
            {", ".join(f"b.{name}" for name in _COLUMNS)}
        FROM fleet_hourbucket b WHERE b.variant_id = v.id AND b.at >= %(start)s AND b.at < %(end)s
        ORDER BY b.at
    ) hours
    HAVING COUNT(*) > 0
) found
"""  # noqa: S608 - the names above only
_FULL_MINUTES = """
SELECT b.variant_id, COUNT(*) * 1.0
FROM fleet_finebucket b
WHERE b.variant_id = ANY(%(ids)s) AND b.at >= %(start)s AND b.at < %(end)s AND b.concurrency_utilization_max >= 1
GROUP BY b.variant_id
"""


def window(now: datetime) -> tuple[datetime, datetime]:
    """The last WINDOW of whole hours before `now`, aware."""
    end = now.replace(minute=0, second=0, microsecond=0)
    return end - WINDOW, end


def read(variants: Sequence[tuple[int, bool]], now: datetime) -> dict[int, Hours]:
    """By variant (id, is asynchronous): its hours of `window`; one without a stored hour is left out. One query."""
    start, end = window(now)
    bound: dict[str, Any] = {
        "ids": [pk for pk, _ in variants], "is_async": [is_async for _, is_async in variants],
        "start": start, "end": end, "epoch": start.timestamp(),
    }  # fmt: skip
    found = {}
    with _binary() as cursor, connection.cursor() as plain:
        # Figures are put in here as in every statement of Django's, so that it is planned and logged like those.
        cursor.execute(plain.mogrify(_SQL, bound))
        for pk, at, *rest in cursor.fetchall():
            arrays = (each or () for each in rest[: len(_ARRAYS)])
            found[pk] = Hours(at, **dict(zip(_ARRAYS, arrays, strict=True)), sums=Sums(*rest[len(_ARRAYS) :]))
    return found


def _binary() -> CursorWrapper:
    """A cursor whose results travel as they are in memory: as text every number would be printed and parsed."""
    connection.ensure_connection()
    raw: Any = psycopg.Cursor(connection.connection)
    raw.format = psycopg.pq.Format.BINARY
    return connection.make_debug_cursor(raw) if connection.queries_logged else connection.make_cursor(raw)


def full_minutes(variant_ids: Sequence[int], now: datetime) -> dict[int, float]:
    """Minutes in which all of the max concurrency was in use, by variant that had any. One query, none without ids."""
    if not variant_ids:
        return {}
    start, end = window(now)
    with connection.cursor() as cursor:
        cursor.execute(_FULL_MINUTES, {"ids": list(variant_ids), "start": start, "end": end})
        return dict(cursor.fetchall())
