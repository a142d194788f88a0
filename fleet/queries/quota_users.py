"""Who holds a quota: the endpoints behind the lines of one page of the ledger, the largest first; one query each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from fleet.queries.quotas import Group, Line

TOP = 3
PEAK_DAYS = 7


@dataclass(frozen=True)
class User:
    """One endpoint's part of a line. peak: the most slots in use at once in seven days, None where not measured."""

    endpoint_id: int
    name: str
    amount: int
    peak: int | None = None


Key = tuple[int, str]


def users(lines: Sequence[Line], now: datetime) -> dict[Key, list[User]]:
    """(shard id, subject) → its largest endpoints, at most three; counts of endpoints have none. One query."""
    shards = [line.shard_id for line in lines if line.group != Group.ENDPOINTS]
    if not shards:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_TOP, {"shards": shards, "top": TOP, "since": now - timedelta(days=PEAK_DAYS)})
        rows = cursor.fetchall()
    found: dict[Key, list[User]] = {}
    for shard_id, subject, *rest in rows:
        found.setdefault((shard_id, subject), []).append(User(*rest))
    return found


def busiest(lines: Sequence[Line], now: datetime) -> dict[int, int]:
    """Shard id → the most serverless slots in use in any hour of the last 24; shards without a figure are left out.

    Each endpoint's highest minute of the hour is added, as if all fell together: never less than what was in use.
    Utilisation counts against today's max concurrency.
    """
    shards = [line.shard_id for line in lines if line.group == Group.CONCURRENCY]
    if not shards:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_BUSIEST, {"shards": shards, "since": now - timedelta(hours=24), "now": now})
        return dict(cursor.fetchall())


_TOP = """
WITH held AS (
    SELECT e.shard_id, 'serverless-concurrency' AS subject, e.id, e.name, v.id AS variant_id,
        greatest(v.max_concurrency, v.desired_max_concurrency) AS amount, v.max_concurrency
    FROM fleet_variantstatus v JOIN fleet_endpoint e ON e.id = v.endpoint_id
    WHERE e.shard_id = ANY(%(shards)s) AND e.closed_at IS NULL AND v.removed_at IS NULL
    UNION ALL
    SELECT e.shard_id, 'provisioned-concurrency', e.id, e.name, NULL,
        greatest(v.provisioned_concurrency, v.desired_provisioned_concurrency), NULL
    FROM fleet_variantstatus v JOIN fleet_endpoint e ON e.id = v.endpoint_id
    WHERE e.shard_id = ANY(%(shards)s) AND e.closed_at IS NULL AND v.removed_at IS NULL
    UNION ALL
    SELECT e.shard_id, 'instances:' || v.instance_type, e.id, e.name, NULL,
        sum(greatest(v.current_instance_count, v.desired_instance_count))::int, NULL
    FROM fleet_variantstatus v JOIN fleet_endpoint e ON e.id = v.endpoint_id
    WHERE e.shard_id = ANY(%(shards)s) AND e.closed_at IS NULL AND v.removed_at IS NULL AND v.instance_type <> ''
    GROUP BY e.shard_id, v.instance_type, e.id, e.name
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY shard_id, subject ORDER BY amount DESC, name, id) AS place
    FROM held WHERE amount > 0
)
SELECT shard_id, subject, id, name, amount, (
    SELECT round(max(b.concurrency_utilization_max) * r.max_concurrency)::int
    FROM fleet_hourbucket b WHERE b.variant_id = r.variant_id AND b.at >= %(since)s
) AS peak
FROM ranked r WHERE place <= %(top)s ORDER BY shard_id, subject, place
"""
_BUSIEST = """
SELECT shard_id, max(used)::int FROM (
    SELECT e.shard_id, b.at, sum(round(b.concurrency_utilization_max * v.max_concurrency)) AS used
    FROM fleet_hourbucket b
    JOIN fleet_variantstatus v ON v.id = b.variant_id AND v.removed_at IS NULL AND v.max_concurrency IS NOT NULL
    JOIN fleet_endpoint e ON e.id = v.endpoint_id AND e.closed_at IS NULL
    WHERE e.shard_id = ANY(%(shards)s) AND b.at >= %(since)s AND b.at < %(now)s
        AND b.concurrency_utilization_max IS NOT NULL
    GROUP BY e.shard_id, b.at
) hours GROUP BY shard_id
"""
