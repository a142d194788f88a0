"""Cold starts and model caches: the tables of their pages."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from dashboards.api import paging
from dashboards.api.parameters import Listing, Window
from dashboards.api.schemas import EndpointRef, Listed, WindowOut, as_of, window_out
from fleet.queries import cache, cold_starts
from fleet.queries.cache import CacheRow
from fleet.queries.cold_starts import ColdStartRow

router = Router(tags=["insight"])


class InsightQuery(Listing, Window):
    """Where, and over which window."""


class ColdStartOut(EndpointRef):
    """A variant of a serverless endpoint. source: what the count rests on, and why it is null."""

    variant: str
    owner: str
    memory_mb: int | None
    max_concurrency: int | None
    provisioned_concurrency: int | None
    calls: float | None
    cold_starts: float | None = Field(description="ModelSetupTime samples: an estimate.")
    share: float | None = Field(description="Cold starts per call.")
    added_wait_s: float | None = Field(description="Samples × average set-up time.")
    setup_p50_ms: float | None
    setup_p99_ms: float | None
    spillover: float | None
    source: str


class ColdStarts(Listed):
    """A page of serverless endpoints by name."""

    window: WindowOut
    data_until: datetime | None
    items: list[ColdStartOut]


class CacheOut(EndpointRef):
    """A variant of a multi-model endpoint. verdict: healthy, warming, thrashing or no data."""

    variant: str
    owner: str
    instance_type: str
    instance_count: int | None
    hit_ratio: float | None
    lookups: float | None
    loads: float | None
    unloads: float | None
    unloads_per_hour: float | None
    loaded_models: float | None
    wait_share: float | None
    memory_percent: float | None
    disk_percent: float | None
    verdict: str
    why: str | None


class Caches(Listed):
    """A page of multi-model endpoints by name."""

    window: WindowOut
    data_until: datetime | None
    items: list[CacheOut]


@router.get("/cold-starts", response=ColdStarts, summary="Cold starts of serverless endpoints")
def cold_starts_by_endpoint(request: HttpRequest, query: Query[InsightQuery]) -> dict[str, Any]:
    """Cold starts, their share of calls and the waiting they caused, per open serverless endpoint."""
    scope, window = query.filter(request), query.window()
    after = paging.after(query.cursor, "cold-starts", (str, int))
    found, data_until = cold_starts.by_key(scope, window, after=after, limit=query.limit)
    return {
        "window": window_out(window),
        "data_until": data_until,
        "items": [_cold(row) for row in found.rows],
        "next": paging.link(request, "cold-starts", found),
        "as_of": as_of(scope),
    }


@router.get("/cache", response=Caches, summary="Model caches of multi-model endpoints")
def cache_by_endpoint(request: HttpRequest, query: Query[InsightQuery]) -> dict[str, Any]:
    """Hit ratio, loads, unloads and the verdict, per open multi-model endpoint."""
    scope, window = query.filter(request), query.window()
    after = paging.after(query.cursor, "cache", (str, int))
    found, data_until = cache.by_key(scope, window, after=after, limit=query.limit)
    return {
        "window": window_out(window),
        "data_until": data_until,
        "items": [_cache(row) for row in found.rows],
        "next": paging.link(request, "cache", found),
        "as_of": as_of(scope),
    }


def _ref(row: ColdStartRow | CacheRow) -> dict[str, Any]:
    return {
        "id": row.endpoint_id,
        "name": row.name,
        "account_id": row.account_id,
        "account": row.account,
        "region": row.region,
        "variant": row.variant,
        "owner": row.owner,
    }


def _cold(row: ColdStartRow) -> dict[str, Any]:
    return {
        **_ref(row),
        "memory_mb": row.memory_mb,
        "max_concurrency": row.max_concurrency,
        "provisioned_concurrency": row.provisioned_concurrency,
        "calls": row.calls,
        "cold_starts": row.cold,
        "share": row.share,
        "added_wait_s": row.wasted_s,
        "setup_p50_ms": row.setup_p50_ms,
        "setup_p99_ms": row.setup_p99_ms,
        "spillover": row.spillover,
        "source": row.source.value,
    }


def _cache(row: CacheRow) -> dict[str, Any]:
    use = row.use
    return {
        **_ref(row),
        "instance_type": row.instance_type,
        "instance_count": row.instance_count,
        "hit_ratio": use.hit_ratio,
        "lookups": use.look_ups,
        "loads": use.loads,
        "unloads": use.unloads,
        "unloads_per_hour": use.unloads_per_hour,
        "loaded_models": use.loaded_models,
        "wait_share": use.wait_share,
        "memory_percent": row.memory_pct,
        "disk_percent": row.disk_pct,
        "verdict": row.verdict.value,
        "why": _why_no_ratio(use.look_ups),
    }


def _why_no_ratio(look_ups: float | None) -> str | None:
    if look_ups is None:
        return "ModelCacheHit was not reported in this window"
    return None if look_ups else "No model was looked up in this window"
