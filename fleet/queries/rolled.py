"""When figures that were added up beforehand (fleet.rollups) may stand for stored buckets and daily costs.

They may for the windows of the range control, as they end now. Every other window is added up from the rows
themselves, and so is everything while a shard has not been summed up yet (just added, or no worker for long).
"""

from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, Sum

from fleet.models import Endpoint, EndpointWindow, Shard
from fleet.queries.scope import LENGTHS, WINDOW_KEYS, ScopeFilter, TimeRange, window_start

_STATE = {"1h": "hour_until", "24h": "day_until"}
_OLDEST = {"1h": timedelta(minutes=45), "24h": timedelta(hours=6)}
_OLDEST_LONG = timedelta(hours=12)
_CLOCK = timedelta(minutes=1)


def has_windows(window: TimeRange, scope: ScopeFilter | None = None) -> bool:
    """Whether EndpointWindow holds `window` for every shard of the scope. At most one query."""
    if not _is_current(window):
        return False
    return _all_since(
        scope, _STATE.get(window.key, "long_until"), window.end, _OLDEST.get(window.key, _OLDEST_LONG)
    )


def has_costs(now: datetime, scope: ScopeFilter | None = None) -> bool:
    """Whether costs of windows that end now are summed up for every shard of the scope. One query."""
    return _all_since(scope, "costs_until", now, _OLDEST_LONG)


def cost_key(first: date, last: date, now: datetime) -> str:
    """The window whose days are exactly first … last, "" when none has them."""
    for key in (*LENGTHS, "month"):
        days = TimeRange(key, key, window_start(key, now), now).days
        if days and (days[0], days[-1]) == (first, last):
            return key
    return ""


def place_q(scope: ScopeFilter) -> Q | None:
    """Condition on the places that make up the scope; None where no sum of places is the scope.

    Regions stand for the whole fleet: there are fewer of them than accounts.
    """
    if scope.accounts and scope.regions:
        return None
    if scope.accounts:
        return Q(place__in=scope.accounts)
    if scope.regions:
        return Q(place__in=scope.regions)
    return Q(place__in=Shard.objects.values("region"))


def sums(scope: ScopeFilter, window: TimeRange, **columns: Sum) -> dict[str, float | None]:
    """Sums over the open endpoints' windows. One query."""
    found: dict[str, float | None] = EndpointWindow.objects.filter(
        scope.q("endpoint__shard"), key=window.key, endpoint__closed_at=None
    ).aggregate(**columns)
    return found


def _is_current(window: TimeRange) -> bool:
    return window.key in WINDOW_KEYS and window.start == window_start(window.key, window.end)


def _all_since(scope: ScopeFilter | None, field: str, end: datetime, oldest: timedelta) -> bool:
    fresh = Q(**{f"rollup__{field}__gt": end - oldest, f"rollup__{field}__lte": end + _CLOCK})
    late = Shard.objects.exclude(fresh).filter(scope.q() if scope else Q())
    return not late.filter(Exists(Endpoint.objects.filter(shard=OuterRef("pk")))).exists()
