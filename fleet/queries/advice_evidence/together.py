"""How far the endpoints of one application are called together: one statement for the applications of a chunk."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

LEAST_HOURS = 84
"""Hours, of a week, in which both an endpoint and another of its application must have a figure."""
_SQL = f"""
WITH named AS (
    SELECT DISTINCT application FROM fleet_endpoint WHERE id = ANY(%(ids)s) AND application <> ''
), member AS (
    SELECT e.application, e.id, v.id AS variant_id, e.kind = 'asynchronous' AS is_async
    FROM fleet_endpoint e JOIN named USING (application)
    JOIN fleet_variantstatus v ON v.endpoint_id = e.id AND v.removed_at IS NULL AND NOT v.is_shadow
    WHERE e.closed_at IS NULL
), hourly AS (
    SELECT m.application, m.id, b.at, SUM(CASE WHEN m.is_async THEN b.processed ELSE b.invocations END) AS calls
    FROM member m JOIN fleet_hourbucket b ON b.variant_id = m.variant_id AND b.at >= %(start)s AND b.at < %(end)s
    GROUP BY m.application, m.id, b.at
), beside AS (
    SELECT id, calls, SUM(calls) OVER hour - calls AS others, COUNT(*) OVER hour AS members
    FROM hourly WHERE calls IS NOT NULL WINDOW hour AS (PARTITION BY application, at)
)
SELECT id, CORR(calls, others) FROM beside WHERE members > 1 AND id = ANY(%(ids)s)
GROUP BY id HAVING COUNT(*) >= {LEAST_HOURS} AND CORR(calls, others) IS NOT NULL
"""  # noqa: S608 - a number only


def in_step(ids: Sequence[int], start: datetime, end: datetime) -> dict[int, float]:
    """Correlation (-1 to 1) of an endpoint's hourly calls with those of its application's others together.

    ids: of endpoints with an application; one with too few hours, or with calls that never change, is left out. One
    query, none without ids.
    """
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"ids": list(ids), "start": start, "end": end})
        return dict(cursor.fetchall())
