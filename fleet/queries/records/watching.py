"""How far the mirror can be trusted, and how much room AWS leaves: account regions and quotas."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from fleet.queries.quotas import Line
from fleet.queries.records.place import Place, place
from fleet.queries.sync_state import ShardRow


class Region(Place):
    """One account region. sections: name, ok_at, tried_at and error of each part."""

    inventory_at: datetime | None
    metrics_at: datetime | None
    is_late: bool
    failures: int
    last_duration_ms: int | None
    calls_today: int
    throttles_today: int
    cloudwatch_today_usd: Decimal
    history_share: float | None
    sections: list[dict[str, Any]]


class Quota(Place):
    """One quota. claim: what would be held with every scalable target at its maximum; error: what AWS said when Service

    Quotas was last refused; why: of a limit of None.
    """

    subject: str
    used: int
    pending: int
    claim: int | None
    reported: float | None
    documented: int | None
    limit: int | None
    room: int | None
    share: float | None
    source: str | None
    read_at: datetime | None
    error: str | None
    why: str | None


def region(row: ShardRow) -> Region:
    """Of a row of fleet.queries.sync."""
    shard = row.shard
    return {
        **place(shard),
        "inventory_at": shard.inventory_ok_at,
        "metrics_at": shard.metrics_ok_at,
        "is_late": row.is_late,
        "failures": shard.failures,
        "last_duration_ms": shard.last_duration_ms,
        "calls_today": row.calls,
        "throttles_today": row.throttles,
        "cloudwatch_today_usd": row.cloudwatch_usd,
        "history_share": row.backfill.share if row.backfill else None,
        "sections": [
            {
                "name": section.name,
                "ok_at": section.ok_at,
                "tried_at": section.tried_at,
                "error": asdict(section.error) if section.error else None,
            }
            for section in row.sections
        ],
    }


def quota(line: Line) -> Quota:
    """Of a line of fleet.queries.quotas."""
    source = None if line.limit is None else "documented" if line.reported is None else "service-quotas"
    refused = line.error.get("message") if line.error else None
    return {
        "account_id": line.account_id,
        "account": line.alias,
        "region": line.region,
        "subject": line.subject,
        "used": line.used,
        "pending": line.pending,
        "claim": line.claim,
        "reported": line.reported,
        "documented": line.documented,
        "limit": line.limit,
        "room": line.room,
        "share": line.share,
        "source": source,
        "read_at": line.quotas_read_at,
        "error": refused,
        "why": None if line.limit is not None else refused or "Neither reported nor documented",
    }
