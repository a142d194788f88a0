"""The resources that files are made of: their columns, and all their records within a scope, a few at a time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from fleet.queries import (
    advice,
    alerts,
    batch,
    batch_jobs,
    cache,
    cold_starts,
    endpoint_records,
    operations,
    orphans,
    quotas,
    sync,
)
from fleet.queries.keyset import Key, Slice
from fleet.queries.records import advice as told
from fleet.queries.records import changes, insight, leftovers, watching
from fleet.queries.scope import ScopeFilter, TimeRange

Records = Iterator[Mapping[str, Any]]
SLICE = 500
"""Rows that are held at once."""


@dataclass(frozen=True)
class Asked:
    """Which records. window: of figures, and of transform jobs; with_closed: also endpoints that are gone."""

    scope: ScopeFilter
    window: TimeRange
    now: datetime
    late_after: timedelta
    with_closed: bool = False


@dataclass(frozen=True)
class Resource:
    """columns: keys of each record, in order; words: what the records are."""

    words: str
    columns: tuple[str, ...]
    every: Callable[[Asked], Records]


def operations_of(scope: ScopeFilter) -> Records:
    """Newest first, in any state."""
    rows = operations.every(scope).order_by("-planned_at", "-pk")
    return map(changes.operation, rows.iterator(SLICE))


def incidents_of(scope: ScopeFilter, resolved_since: datetime | None = None) -> Records:
    """Newest first, those about no single endpoint too; resolved_since: leaves out what was over before that."""
    rows = alerts.every(scope, with_fleet=True).order_by("-opened_at", "-pk")
    if resolved_since is not None:
        rows = rows.exclude(resolved_at__lt=resolved_since)
    return map(changes.incident, rows.iterator(SLICE))


def jobs_of(criteria: batch_jobs.Criteria, window: TimeRange, now: datetime) -> Records:
    """Newest first."""
    return map(leftovers.job, _sliced(partial(batch.by_key, criteria, window, now)))


def cold_starts_of(scope: ScopeFilter, window: TimeRange) -> Records:
    """By name."""
    rows = _sliced(lambda after, limit: cold_starts.by_key(scope, window, after=after, limit=limit)[0])
    return (insight.cold_starts(row, window) for row in rows)


def caches_of(scope: ScopeFilter, window: TimeRange) -> Records:
    """By name."""
    rows = _sliced(lambda after, limit: cache.by_key(scope, window, after=after, limit=limit)[0])
    return (insight.cache(row, window) for row in rows)


def advice_of(scope: ScopeFilter) -> Records:
    """What waits for somebody, the surest saving first."""
    rows = advice.every(advice.Criteria(scope), sort="saving", descending=True)
    return map(told.advice, rows)


def orphans_of(criteria: orphans.Criteria, now: datetime, kinds: tuple[orphans.What, ...]) -> Records:
    """Kind by kind, the oldest first."""
    for what in kinds:
        for first in range(0, orphans.total(what, criteria, now), SLICE):
            for row in orphans.rows(what, criteria, now, offset=first, limit=SLICE):
                yield leftovers.orphan(row, what)


def regions_of(pks: list[int], now: datetime, late_after: timedelta) -> Records:
    """In the order of `pks`."""
    for first in range(0, len(pks), SLICE):
        yield from map(watching.region, sync.rows(pks[first : first + SLICE], now=now, late_after=late_after))


def _quotas(asked: Asked) -> Records:
    return map(watching.quota, _sliced(partial(quotas.by_key, asked.scope)))


def _regions(asked: Asked) -> Records:
    rows = _sliced(partial(sync.by_key, asked.scope, now=asked.now, late_after=asked.late_after))
    return map(watching.region, rows)


def _sliced(read: Callable[..., Slice[Any]]) -> Iterator[Any]:
    """Every row of a list that pages by key, SLICE at a time."""
    after: Key | None = None
    while True:
        found = read(after=after, limit=SLICE)
        yield from found.rows
        if found.last is None:
            return
        after = found.last


def _columns(shape: type) -> tuple[str, ...]:
    return tuple(shape.__annotations__)


RESOURCES = {
    "endpoints": Resource(
        "endpoints: state, capacity, scaling, tags, cost of the month, figures of the window",
        endpoint_records.COLUMNS,
        lambda asked: endpoint_records.every(
            asked.scope, asked.window, now=asked.now, with_closed=asked.with_closed
        ),
    ),
    "cold-starts": Resource(
        "serverless variants: cold starts, share of calls, waiting",
        _columns(insight.ColdStarts),
        lambda asked: cold_starts_of(asked.scope, asked.window),
    ),
    "cache": Resource(
        "multi-model variants: hit ratio, loads, unloads, verdict",
        _columns(insight.Cache),
        lambda asked: caches_of(asked.scope, asked.window),
    ),
    "advice": Resource(
        "what would be better: open and assigned advice with its saving, the surest first",
        _columns(told.AdviceRecord),
        lambda asked: advice_of(asked.scope),
    ),
    "operations": Resource(
        "changes to AWS, newest first",
        _columns(changes.OperationRecord),
        lambda asked: operations_of(asked.scope),
    ),
    "incidents": Resource(
        "incidents, open and resolved, newest first",
        _columns(changes.IncidentRecord),
        lambda asked: incidents_of(asked.scope),
    ),
    "sync": Resource(
        "account regions: when each part was read, what failed", _columns(watching.Region), _regions
    ),
    "quotas": Resource("quotas: what counts, the limit, what is left", _columns(watching.Quota), _quotas),
    "batch": Resource(
        "transform jobs created, running or ended in the window, with cost",
        _columns(leftovers.Job),
        lambda asked: jobs_of(batch_jobs.Criteria(asked.scope), asked.window, asked.now),
    ),
    "orphans": Resource(
        "endpoint configs and models that no endpoint uses, with verdict and proof",
        _columns(leftovers.OrphanRecord),
        lambda asked: orphans_of(orphans.Criteria(asked.scope), asked.now, tuple(orphans.What)),
    ),
}
"""By the name that `manage.py export` and the API know them by."""
