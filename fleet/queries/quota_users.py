"""Who holds a quota: the endpoints behind the lines of one page of the ledger, the largest first; one query each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from fleet.queries.quotas import Group, Line

TOP = 3
PEAK_DAYS = 7
SUMMED_WITHIN = timedelta(hours=12)
"""An endpoint's seven days that were added up this recently stand for its hours."""


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
        since, oldest = now - timedelta(days=PEAK_DAYS), now - SUMMED_WITHIN
        cursor.execute(_TOP, {"shards": shards, "top": TOP, "since": since, "oldest": oldest})
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


# Place by place, by index: a page has the lines of fifty places at most, and the fleet may have thousands.
_LIVE = """
WITH live AS MATERIALIZED (
    SELECT e.shard_id, e.id, e.name, v.id AS variant_id, v.instance_type, v.max_concurrency,
        greatest(v.max_concurrency, v.desired_max_concurrency) AS slots,
        greatest(v.provisioned_concurrency, v.desired_provisioned_concurrency) AS warm,
        greatest(v.current_instance_count, v.desired_instance_count) AS running,
        count(*) OVER (PARTITION BY e.id) AS variants
    FROM (SELECT DISTINCT unnest(%(shards)s::bigint[]) AS id) shard
    CROSS JOIN LATERAL (
        SELECT id, shard_id, name FROM fleet_endpoint WHERE shard_id = shard.id AND closed_at IS NULL OFFSET 0
    ) e
    CROSS JOIN LATERAL (
        SELECT * FROM fleet_variantstatus WHERE endpoint_id = e.id AND removed_at IS NULL OFFSET 0
    ) v
)"""
_TOP = f"""{_LIVE}, held AS (
    SELECT shard_id, 'serverless-concurrency' AS subject, id, name, variant_id, slots AS amount, max_concurrency,
        variants
    FROM live
    UNION ALL
    SELECT shard_id, 'provisioned-concurrency', id, name, NULL, warm, NULL, NULL FROM live
    UNION ALL
    SELECT shard_id, 'instances:' || instance_type, id, name, NULL, sum(running)::int, NULL, NULL
    FROM live WHERE instance_type <> '' GROUP BY shard_id, instance_type, id, name
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY shard_id, subject ORDER BY amount DESC, name, id) AS place
    FROM held WHERE amount > 0
)
SELECT shard_id, subject, id, name, amount, CASE WHEN variant_id IS NOT NULL THEN (
    SELECT round(greatest(max(b.concurrency_utilization_max), summed.highest) * r.max_concurrency)::int
    FROM fleet_hourbucket b WHERE b.variant_id = r.variant_id AND b.at >= coalesce(summed.until, %(since)s)
) END AS peak
FROM ranked r
LEFT JOIN LATERAL (
    -- The highest hour of the seven days that fleet.rollups added up; what came since is read from the hours.
    SELECT w.concurrency AS highest, date_trunc('hour', w.until) AS until
    FROM fleet_endpointwindow w WHERE w.key = '7d' AND w.endpoint_id = r.id AND w.until > %(oldest)s
) summed ON r.variants = 1
WHERE place <= %(top)s ORDER BY shard_id, subject, place
"""  # noqa: S608 - made of the text above
_BUSIEST = f"""{_LIVE}
SELECT shard_id, max(used)::int FROM (
    SELECT shard_id, b.at, sum(round(b.concurrency_utilization_max * live.max_concurrency)) AS used
    FROM live CROSS JOIN LATERAL (
        SELECT at, concurrency_utilization_max FROM fleet_hourbucket
        WHERE variant_id = live.variant_id AND at >= %(since)s AND at < %(now)s
            AND concurrency_utilization_max IS NOT NULL OFFSET 0
    ) b
    WHERE live.max_concurrency IS NOT NULL GROUP BY shard_id, b.at
) hours GROUP BY shard_id
"""  # noqa: S608
