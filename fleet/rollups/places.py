"""Traffic by hour and cost by day of every account, every region and the whole fleet, for charts of many endpoints."""

from datetime import date

from django.db import connection, transaction

from fleet.models import PlaceDay, PlaceHour, StaleDay
from fleet.queries.cost_scope import Span
from fleet.rollups import periods

_LOCK = 7_405_317
_HOURS = """
INSERT INTO fleet_placehour (place, at, calls, errors_5xx, serverless_calls, cold_starts, busy_calls,
    busy_cold_starts, cache_hits, cache_lookups, unloads)
SELECT COALESCE(a.account_id, s.region, ''), b.at, SUM(COALESCE(b.invocations, b.processed)), SUM(b.errors_5xx),
    SUM(b.invocations) FILTER (WHERE e.kind = 'serverless'),
    SUM(b.setup_count) FILTER (WHERE e.kind = 'serverless'),
    SUM(b.invocations) FILTER (WHERE e.kind = 'serverless' AND b.invocations > 0),
    SUM(b.setup_count) FILTER (WHERE e.kind = 'serverless' AND b.invocations > 0),
    SUM(b.cache_hit_sum) FILTER (WHERE e.kind = 'multi-model'),
    SUM(b.cache_hit_count) FILTER (WHERE e.kind = 'multi-model'),
    SUM(b.unload_count) FILTER (WHERE e.kind = 'multi-model')
FROM fleet_hourbucket b
JOIN fleet_variantstatus v ON v.id = b.variant_id AND v.removed_at IS NULL AND NOT v.is_shadow
JOIN fleet_endpoint e ON e.id = v.endpoint_id AND e.closed_at IS NULL
JOIN fleet_shard s ON s.id = e.shard_id JOIN fleet_account a ON a.id = s.account_id
WHERE b.at >= %(start)s AND b.at < %(end)s
GROUP BY GROUPING SETS ((a.account_id, b.at), (s.region, b.at), (b.at))
"""
_DAYS = """
INSERT INTO fleet_placeday (place, day, kind, component, amount, unpriced, no_data, earliest_until, latest_until)
SELECT COALESCE(a.account_id, s.region, ''), c.day, e.kind, c.component, SUM(c.amount),
    COUNT(*) FILTER (WHERE c.confidence = 'unpriced'), COUNT(*) FILTER (WHERE c.confidence = 'no-data'),
    MIN(c.data_until), MAX(c.data_until)
FROM fleet_dailycost c JOIN fleet_endpoint e ON e.id = c.endpoint_id
JOIN fleet_shard s ON s.id = e.shard_id JOIN fleet_account a ON a.id = s.account_id
WHERE c.day = %(day)s
GROUP BY GROUPING SETS ((a.account_id, c.day, e.kind, c.component), (s.region, c.day, e.kind, c.component),
    (c.day, e.kind, c.component))
"""


def update_places() -> list[date]:
    """Add up again every UTC day that fleet.ledger marked; those days. Two at once do no harm: one of them waits."""
    marked = list(StaleDay.objects.values_list("pk", "shard_id", "day"))
    days = sorted({day for *_, day in marked}, reverse=True)
    for day in days:
        with transaction.atomic():
            _write(day)
    periods.update((shard_id, day) for _, shard_id, day in marked)
    StaleDay.objects.filter(pk__in=[pk for pk, *_ in marked]).delete()
    return days


def _write(day: date) -> None:
    window = Span(day, day)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        PlaceHour.objects.filter(at__gte=window.start, at__lt=window.end).delete()
        cursor.execute(_HOURS, {"start": window.start, "end": window.end})
        PlaceDay.objects.filter(day=day).delete()
        cursor.execute(_DAYS, {"day": day})
