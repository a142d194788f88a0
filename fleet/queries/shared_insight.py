"""What pages of figures tell every reader of a scope alike, as fleet.queries.kept keeps it: their rows too.

Which rows come first, and what all of them are together, costs more to find the larger the fleet is, while all of it is
as old as the last reading of metrics. Few of each are kept: a page is some hundred kilobytes.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from fleet.queries import cache, cold_starts, observer, scaling, sync
from fleet.queries.cache import CachePage
from fleet.queries.cold_starts import ColdStartPage
from fleet.queries.kept import Kept, Moment
from fleet.queries.observer import Observer
from fleet.queries.rolled import Freshness
from fleet.queries.scaling import ScalingPage
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.queries.sync_state import Fleet
from fleet.types import MetricRow

P = TypeVar("P")
_cold: Kept[ColdStartPage] = Kept(most=16)
_caches: Kept[CachePage] = Kept(most=16)
_buckets: Kept[Sequence[MetricRow]] = Kept(most=16)
_targets: Kept[ScalingPage] = Kept(most=8)
_fleets: Kept[Fleet] = Kept(most=4)
_observers: Kept[Observer] = Kept(most=16)


def cold_start_page(
    scope: ScopeFilter, window: TimeRange, fresh: Freshness, looked: Moment, *, sort: str, descending: bool,
    offset: int, size: int,
) -> ColdStartPage:  # fmt: skip
    """fleet.queries.cold_starts.page."""
    how = {"sort": sort, "descending": descending, "offset": offset, "size": size}
    return _page(_cold, cold_starts.page, scope, window, fresh, looked, how)


def cache_page(
    scope: ScopeFilter, window: TimeRange, fresh: Freshness, looked: Moment, *, sort: str, descending: bool,
    offset: int, size: int,
) -> CachePage:  # fmt: skip
    """fleet.queries.cache.page."""
    how = {"sort": sort, "descending": descending, "offset": offset, "size": size}
    return _page(_caches, cache.page, scope, window, fresh, looked, how)


def _page(
    kept: Kept[P], read: Callable[..., P], scope: ScopeFilter, window: TimeRange, fresh: Freshness, looked: Moment,
    how: Mapping[str, object],
) -> P:  # fmt: skip
    made = partial(read, scope, window, fresh, **how)
    return kept.get((scope, window.key, *how.values()), looked, made)


def cache_buckets(
    scope: ScopeFilter, window: TimeRange, fresh: Freshness, looked: Moment
) -> Sequence[MetricRow]:
    """fleet.queries.cache.buckets."""
    return _buckets.get((scope, window.key), looked, partial(cache.buckets, scope, window, fresh))


def scaling_page(scope: ScopeFilter, looked: Moment, *, offset: int, size: int) -> ScalingPage:
    """fleet.queries.scaling.page."""
    read = partial(scaling.page, scope, offset=offset, size=size)
    return _targets.get((scope, offset, size), looked, read)


def regions(scope: ScopeFilter, looked: Moment | None, *, now: datetime, late_after: timedelta) -> Fleet:
    """fleet.queries.sync.fleet. looked None: somebody waits for what a sync brings, and is told it as it is."""
    read = partial(sync.fleet, scope, now=now, late_after=late_after)
    if looked is None:
        return read()
    found = _fleets.get((scope, late_after), looked, read)
    return read() if found.is_fetching else found


def watching(scope: ScopeFilter, looked: Moment | None, *, now: datetime) -> Observer:
    """fleet.queries.observer.read; looked as above."""
    read = partial(observer.read, scope, now=now)
    return _observers.get(scope, looked, read) if looked else read()
