"""What the frame of every page shows: open incidents, running operations, accounts and the age of their data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from fleet import heartbeat
from fleet.models import AlertRule, Operation

NAMED = 3
"""As many late shards are named; the others are counted."""
_ID_DIGITS = 12


@dataclass(frozen=True)
class ShardAge:
    """One enabled shard: when its endpoints and its figures were last read, None for never."""

    alias: str
    region: str
    inventory_at: datetime | None
    metrics_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """The frame's figures over the whole fleet, whatever the page is narrowed to.

    accounts: (12-digit id, alias) of those with an enabled shard, by alias; regions: theirs, by name. late: shards
    whose last good sync is too old, or that never had one; never_read: the latter. oldest: the NAMED least recently
    read, never read ones first. oldest_at: the least recent good sync of a shard that had one.
    """

    open_incidents: int
    critical_incidents: int
    running_operations: int
    accounts: list[tuple[str, str]]
    regions: list[str]
    shards: int
    late: int
    never_read: int
    oldest_at: datetime | None
    oldest: tuple[ShardAge, ...]
    ticked_at: datetime | None = None

    def silent_since(self, now: datetime) -> datetime | None:
        """The last sign of life of the background work when it is too long ago, else None."""
        ticked = self.ticked_at
        return ticked if ticked and now - ticked > heartbeat.silence_limit() else None


def standing(now: datetime, late_after: timedelta) -> Standing:
    """One query, whatever the size of the fleet. now: aware; late_after: the age from which a sync is late."""
    bound: dict[str, Any] = {
        "late_before": now - late_after, "critical": AlertRule.Severity.CRITICAL, "tick": heartbeat.TICK,
        "active": [state.value for state in Operation.ACTIVE], "named": NAMED,
    }  # fmt: skip
    with connection.cursor() as cursor:
        # Written out: every page asks it, and putting it together anew would cost more than the answer.
        cursor.execute(_STANDING, bound)
        rows = cursor.fetchall()
    incidents, critical, running, ticked_at, shards, never_read, late, oldest_at, accounts, regions, *_ = (
        rows[0]
    )
    named = [(each[:_ID_DIGITS], each[_ID_DIGITS:]) for each in accounts]
    return Standing(
        open_incidents=incidents,
        critical_incidents=critical,
        running_operations=running,
        accounts=sorted(named, key=lambda each: (each[1], each[0])),
        regions=sorted(regions),
        shards=shards,
        late=late,
        never_read=never_read,
        oldest_at=oldest_at,
        oldest=tuple(ShardAge(*row[-4:]) for row in rows if row[-4] is not None),
        ticked_at=ticked_at,
    )


_STANDING = """
WITH watched AS MATERIALIZED (
    SELECT s.account_id, s.region, s.inventory_ok_at, s.metrics_ok_at,
        CASE WHEN s.inventory_ok_at IS NOT NULL AND s.metrics_ok_at IS NOT NULL
            THEN least(s.inventory_ok_at, s.metrics_ok_at) END AS read_at
    FROM fleet_shard s JOIN fleet_account a ON a.id = s.account_id WHERE a.enabled AND s.enabled
), alerts AS (
    SELECT count(*), count(*) FILTER (WHERE severity = %(critical)s) FROM fleet_incident WHERE resolved_at IS NULL
), running AS (
    SELECT count(*) FROM fleet_operation WHERE state = ANY(%(active)s)
), ages AS (
    SELECT count(*), count(*) FILTER (WHERE read_at IS NULL),
        count(*) FILTER (WHERE read_at IS NULL OR read_at < %(late_before)s), min(read_at)
    FROM watched
), oldest AS (
    SELECT a.alias, w.region, w.inventory_ok_at, w.metrics_ok_at, w.read_at
    FROM watched w JOIN fleet_account a ON a.id = w.account_id
    ORDER BY w.read_at NULLS FIRST, a.alias, w.region LIMIT %(named)s
)
SELECT alerts.*, running.*, (SELECT at FROM fleet_heartbeat WHERE name = %(tick)s), ages.*,
    ARRAY(SELECT account_id || alias FROM fleet_account WHERE id IN (SELECT account_id FROM watched)),
    ARRAY(SELECT DISTINCT region FROM watched),
    oldest.alias, oldest.region, oldest.inventory_ok_at, oldest.metrics_ok_at
FROM alerts CROSS JOIN running CROSS JOIN ages LEFT JOIN oldest ON true
ORDER BY oldest.read_at NULLS FIRST, oldest.alias, oldest.region
"""
