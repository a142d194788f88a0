"""Sync state and quotas: how far the mirror can be trusted, and how much room AWS leaves."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from dashboards.api import paging
from dashboards.api.parameters import Listing
from dashboards.api.schemas import Listed, Money, Place, as_of, money
from fleet.queries import quotas, sync
from fleet.queries.quotas import Line
from fleet.queries.sync_state import ShardRow

router = Router(tags=["watching"])


class ErrorOut(Schema):
    """AWS's own words; action is the IAM action that is missing where permissions are the reason."""

    code: str
    message: str
    action: str
    request_id: str
    since: str


class SectionOut(Schema):
    """One part of a region's sync. ok_at null: never succeeded."""

    name: str
    ok_at: datetime | None
    tried_at: datetime | None
    error: ErrorOut | None


class RegionOut(Place):
    """One account region. is_late: no good inventory within the limit, or never."""

    inventory_at: datetime | None
    metrics_at: datetime | None
    is_late: bool
    failures: int = Field(description="Failed syncs in a row.")
    last_duration_ms: int | None
    calls_today: int
    throttles_today: int
    cloudwatch_today: Money = Field(description="Estimated from metrics requested, UTC day.")
    history_share: float | None = Field(description="Part of the hourly history that is stored, 0 to 1.")
    sections: list[SectionOut]


class Sync(Listed):
    """A page of account regions by account and region."""

    items: list[RegionOut]


class QuotaOut(Place):
    """One quota. used counts what endpoints hold, pending what running operations add; room may be negative."""

    subject: str
    used: int
    pending: int
    limit: int | None
    room: int | None
    share: float | None
    source: str | None = Field(
        description="Service Quotas, or AWS's documented default; null without a limit."
    )
    read_at: datetime | None
    why: str | None


class Quotas(Listed):
    """A page of quotas by account, region and subject."""

    items: list[QuotaOut]


@router.get("/sync", response=Sync, summary="Sync state")
def sync_state(request: HttpRequest, query: Query[Listing]) -> dict[str, Any]:
    """Per account region: when each part was last read, what failed, and what watching cost today."""
    scope = query.filter(request)
    late_after = timedelta(seconds=settings.STALE_AFTER_S)
    after = paging.after(query.cursor, "sync", (str, str))
    found = sync.by_key(scope, now=timezone.now(), late_after=late_after, after=after, limit=query.limit)
    return {
        "items": [_region(row) for row in found.rows],
        "next": paging.link(request, "sync", found),
        "as_of": as_of(scope),
    }


@router.get("/quotas", response=Quotas, summary="Quotas")
def quota_ledger(request: HttpRequest, query: Query[Listing]) -> dict[str, Any]:
    """What counts against each quota of each account region, what is allowed, what is left."""
    scope = query.filter(request)
    after = paging.after(query.cursor, "quotas", (str, str, str))
    found = quotas.by_key(scope, after=after, limit=query.limit)
    return {
        "items": [_quota(line) for line in found.rows],
        "next": paging.link(request, "quotas", found),
        "as_of": as_of(scope),
    }


def _region(row: ShardRow) -> dict[str, Any]:
    shard = row.shard
    return {
        "account_id": shard.account.account_id,
        "account": shard.account.alias,
        "region": shard.region,
        "inventory_at": shard.inventory_ok_at,
        "metrics_at": shard.metrics_ok_at,
        "is_late": row.is_late,
        "failures": shard.failures,
        "last_duration_ms": shard.last_duration_ms,
        "calls_today": row.calls,
        "throttles_today": row.throttles,
        "cloudwatch_today": money(row.cloudwatch_usd),
        "history_share": row.backfill.share if row.backfill else None,
        "sections": [
            {"name": s.name, "ok_at": s.ok_at, "tried_at": s.tried_at, "error": s.error} for s in row.sections
        ],
    }


def _quota(line: Line) -> dict[str, Any]:
    source = None if line.limit is None else "documented" if line.reported is None else "service-quotas"
    refused = line.error.get("message") if line.error else None
    return {
        "account_id": line.account_id,
        "account": line.alias,
        "region": line.region,
        "subject": line.subject,
        "used": line.used,
        "pending": line.pending,
        "limit": line.limit,
        "room": line.room,
        "share": line.share,
        "source": source,
        "read_at": line.quotas_read_at,
        "why": None if line.limit is not None else refused or "Neither reported nor documented",
    }
