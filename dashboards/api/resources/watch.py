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
from dashboards.api.schemas import Listed, Money, Place, money
from fleet.queries import quotas, sync
from fleet.queries.records import watching
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
    """One quota. used counts what endpoints hold, pending what running operations add; room may be negative.

    claim: what would be held with every scalable target at its maximum, null where nothing scales; error: AWS's words
    when Service Quotas was last refused.
    """

    subject: str
    used: int
    pending: int
    claim: int | None
    reported: float | None = Field(description="Service Quotas' value.")
    documented: int | None = Field(description="AWS's default.")
    limit: int | None
    room: int | None
    share: float | None
    source: str | None = Field(
        description="Service Quotas, or AWS's documented default; null without a limit."
    )
    read_at: datetime | None
    error: str | None
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
    return paging.listed(request, "sync", found, scope, _region)


@router.get("/quotas", response=Quotas, summary="Quotas")
def quota_ledger(request: HttpRequest, query: Query[Listing]) -> dict[str, Any]:
    """What counts against each quota of each account region, what is allowed, what is left."""
    scope = query.filter(request)
    after = paging.after(query.cursor, "quotas", (str, str, str))
    found = quotas.by_key(scope, after=after, limit=query.limit)
    return paging.listed(request, "quotas", found, scope, watching.quota)


def _region(row: ShardRow) -> dict[str, Any]:
    record = watching.region(row)
    return {**record, "cloudwatch_today": money(record["cloudwatch_today_usd"])}
