"""Cold starts and model caches: the tables of their pages."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from dashboards.api import paging
from dashboards.api.parameters import Listing, Window
from dashboards.api.schemas import EndpointRef, Listed, WindowOut, window_out
from fleet.queries import cache, cold_starts
from fleet.queries.keyset import Slice
from fleet.queries.records import insight

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
    hosted_models: int | None = Field(description="As somebody entered it: AWS publishes no such figure.")
    verdict: str
    verdict_since: datetime | None = Field(description="null: longer than seven days, or not judged yet.")
    why: str | None


class Caches(Listed):
    """A page of multi-model endpoints by name."""

    window: WindowOut
    data_until: datetime | None
    items: list[CacheOut]


@router.get("/cold-starts", response=ColdStarts, summary="Cold starts of serverless endpoints")
def cold_starts_by_endpoint(request: HttpRequest, query: Query[InsightQuery]) -> dict[str, Any]:
    """Cold starts, their share of calls and the waiting they caused, per open serverless endpoint."""
    return _listed(request, query, "cold-starts", cold_starts.by_key, insight.cold_starts)


@router.get("/cache", response=Caches, summary="Model caches of multi-model endpoints")
def cache_by_endpoint(request: HttpRequest, query: Query[InsightQuery]) -> dict[str, Any]:
    """Hit ratio, loads, unloads and the verdict, per open multi-model endpoint."""
    return _listed(request, query, "cache", cache.by_key, insight.cache)


def _listed(
    request: HttpRequest,
    query: InsightQuery,
    name: str,
    by_key: Callable[..., tuple[Slice[Any], datetime | None]],
    record: Callable[..., Mapping[str, Any]],
) -> dict[str, Any]:
    scope, window = query.filter(request), query.window()
    after = paging.after(query.cursor, name, (str, int))
    found, data_until = by_key(scope, window, after=after, limit=query.limit)
    return {
        "window": window_out(window),
        "data_until": data_until,
        **paging.listed(request, name, found, scope, partial(record, window=window)),
    }
