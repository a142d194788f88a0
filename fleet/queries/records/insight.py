"""Cold starts and model caches, a variant each, over a window."""

from datetime import datetime

from fleet.queries.cache import CacheRow
from fleet.queries.cold_starts import ColdStartRow
from fleet.queries.records.place import Place
from fleet.queries.scope import TimeRange


class _Variant(Place):
    id: int
    name: str
    variant: str
    owner: str
    window_start: datetime
    window_end: datetime


class ColdStarts(_Variant):
    """A variant of a serverless endpoint over a window. id: the endpoint's."""

    memory_mb: int | None
    max_concurrency: int | None
    provisioned_concurrency: int | None
    calls: float | None
    cold_starts: float | None
    share: float | None
    added_wait_s: float | None
    setup_p50_ms: float | None
    setup_p99_ms: float | None
    spillover: float | None
    source: str


class Cache(_Variant):
    """A variant of a multi-model endpoint over a window. id: the endpoint's."""

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
    hosted_models: int | None
    verdict: str
    verdict_since: datetime | None
    why: str | None


def cold_starts(row: ColdStartRow, window: TimeRange) -> ColdStarts:
    """Of a row of fleet.queries.cold_starts."""
    return {
        **_variant(row, window),
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


def cache(row: CacheRow, window: TimeRange) -> Cache:
    """Of a row of fleet.queries.cache."""
    use, kept = row.use, row.judgement
    return {
        **_variant(row, window),
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
        "hosted_models": kept.hosted if kept else None,
        "verdict": row.verdict.value,
        "verdict_since": kept.since if kept else None,
        "why": _why_no_ratio(use.look_ups),
    }


def _variant(row: ColdStartRow | CacheRow, window: TimeRange) -> _Variant:
    return {
        "account_id": row.account_id,
        "account": row.account,
        "region": row.region,
        "id": row.endpoint_id,
        "name": row.name,
        "variant": row.variant,
        "owner": row.owner,
        "window_start": window.start,
        "window_end": window.end,
    }


def _why_no_ratio(look_ups: float | None) -> str | None:
    if look_ups is None:
        return "ModelCacheHit was not reported in this window"
    return None if look_ups else "No model was looked up in this window"
