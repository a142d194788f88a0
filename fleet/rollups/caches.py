"""Model caches of the multi-model endpoints of some shards over one window, and over the one before."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from fleet.queries.scope import TimeRange, window_start
from fleet.queries.usage import bucket_model, bucket_model_before

_SUMS = {
    "look_ups": "SUM(b.cache_hit_count)",
    "hits": "SUM(b.cache_hit_sum)",
    "unloads": "SUM(b.unload_count)",
    "loads": "SUM(b.load_count)",
    "wait_ms": "SUM(b.loading_wait_ms_sum)",
    "latency_ms": "SUM(b.model_latency_ms_sum)",
    "loaded_models": "AVG(b.loaded_models)",
    "memory_pct": "AVG(b.memory_pct)",
    "disk_pct": "AVG(b.disk_pct)",
    "covered_s": "SUM(b.period_s) FILTER (WHERE b.cache_hit_count IS NOT NULL OR b.unload_count IS NOT NULL)",
}
_SQL = f"""
INSERT INTO fleet_cachewindow (variant_id, key, is_before, {", ".join(_SUMS)})
SELECT v.id, %(key)s, %(is_before)s, {", ".join(_SUMS.values())}
FROM fleet_endpoint e JOIN fleet_variantstatus v ON v.endpoint_id = e.id AND v.removed_at IS NULL AND NOT v.is_shadow
LEFT JOIN {{table}} b ON b.variant_id = v.id AND b.at >= %(start)s AND b.at < %(end)s
WHERE e.shard_id = ANY(%(shards)s) AND e.kind = 'multi-model'
GROUP BY v.id ORDER BY v.id
ON CONFLICT (key, is_before, variant_id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _SUMS)}
"""  # noqa: S608 - the names above and table names of models only


def write(shard_ids: Sequence[int], key: str, end: datetime) -> None:
    """Write the window `key` (scope.WINDOW_KEYS) that ends at `end` (aware), and the one before, of every variant."""
    window = TimeRange(key, key, window_start(key, end), end)
    halves = ((False, window, bucket_model(window)), (True, window.previous, bucket_model_before(window)))
    with connection.cursor() as cursor:
        for is_before, part, model in halves:
            cursor.execute(
                _SQL.format(table=model._meta.db_table),
                {
                    "shards": list(shard_ids), "key": key, "is_before": is_before, "start": part.start,
                    "end": part.end,
                },
            )  # fmt: skip
