"""Costs of every endpoint of some shards over the days of each window, from their daily costs."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from fleet.queries.cost_scope import Span
from fleet.queries.rolled import EVENING, TOMORROW
from fleet.queries.scope import TimeRange, window_start

KEYS = ("24h", "7d", "30d", "month")
"""The windows whose days the Costs page groups."""

# A component whose last line left the window has no new row to take the place of its old one.
_WINDOWS = """
WITH fresh AS (
    SELECT c.endpoint_id, w.key, c.component, w.first, w.last, SUM(c.amount) AS amount,
        COUNT(*) FILTER (WHERE c.confidence = 'unpriced') AS unpriced,
        COUNT(*) FILTER (WHERE c.confidence = 'no-data') AS no_data
    FROM fleet_endpoint e JOIN fleet_dailycost c ON c.endpoint_id = e.id
    JOIN unnest(%(keys)s::text[], %(firsts)s::date[], %(lasts)s::date[]) AS w (key, first, last)
        ON c.day >= w.first AND c.day <= w.last
    WHERE e.shard_id = ANY(%(shards)s) AND c.day >= %(oldest)s
    GROUP BY c.endpoint_id, w.key, c.component, w.first, w.last
), gone AS (
    DELETE FROM fleet_costwindow old USING fleet_endpoint e
    WHERE old.endpoint_id = e.id AND e.shard_id = ANY(%(shards)s) AND NOT EXISTS (
        SELECT FROM fresh WHERE (fresh.key, fresh.endpoint_id, fresh.component)
            = (old.key, old.endpoint_id, old.component))
)
INSERT INTO fleet_costwindow AS old (endpoint_id, key, component, first, last, amount, unpriced, no_data)
SELECT endpoint_id, key, component, first, last, amount, unpriced, no_data FROM fresh
ORDER BY key, endpoint_id, component
ON CONFLICT (key, endpoint_id, component) DO UPDATE SET first = EXCLUDED.first, last = EXCLUDED.last,
    amount = EXCLUDED.amount, unpriced = EXCLUDED.unpriced, no_data = EXCLUDED.no_data
WHERE (old.first, old.last, old.amount, old.unpriced, old.no_data)
    IS DISTINCT FROM (EXCLUDED.first, EXCLUDED.last, EXCLUDED.amount, EXCLUDED.unpriced, EXCLUDED.no_data)
"""
_MONTH = """
INSERT INTO fleet_monthcost AS old (endpoint_id, month, usd, unpriced)
SELECT e.id, %(month)s, SUM(w.amount), COALESCE(SUM(w.unpriced), 0)
FROM fleet_endpoint e LEFT JOIN fleet_costwindow w ON w.endpoint_id = e.id AND w.key = 'month'
WHERE e.shard_id = ANY(%(shards)s) GROUP BY e.id ORDER BY e.id
ON CONFLICT (endpoint_id) DO UPDATE SET month = EXCLUDED.month, usd = EXCLUDED.usd, unpriced = EXCLUDED.unpriced
WHERE (old.month, old.usd, old.unpriced) IS DISTINCT FROM (EXCLUDED.month, EXCLUDED.usd, EXCLUDED.unpriced)
"""


def write(shard_ids: Sequence[int], now: datetime) -> None:
    """Write the costs of all windows that end now (aware), in the evening those of tomorrow too, and of the month."""
    spans = {key: span(key, now) for key in KEYS}
    if now.astimezone(UTC).hour >= EVENING:
        spans |= {f"{key}{TOMORROW}": span(key, now + timedelta(days=1)) for key in KEYS}
    values: dict[str, Any] = {
        "shards": list(shard_ids), "keys": list(spans), "firsts": [each.first for each in spans.values()],
        "lasts": [each.last for each in spans.values()], "month": month(now),
        "oldest": min(each.first for each in spans.values()),
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in (_WINDOWS, _MONTH):
            cursor.execute(statement, values)


def span(key: str, end: datetime) -> Span:
    """The UTC days that the window `key` ending at `end` touches."""
    days = TimeRange(key, key, window_start(key, end), end).days
    return Span(days[0], days[-1]) if days else Span(end.date(), end.date())


def month(now: datetime) -> date:
    """The first of the month, UTC."""
    return now.astimezone(UTC).date().replace(day=1)
