"""Calls, errors and cold starts of a whole scope over a window, over the one before and by day."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Case, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate

from fleet.analysis import series
from fleet.models import FineBucket, HourBucket, PlaceHour, ShardWindow
from fleet.queries.rolled import NOT_SUMMED, Freshness, place_q
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.queries.usage import bucket_model_before
from fleet.types import Kind


@dataclass(frozen=True)
class Traffic:
    """Calls of some time. serverless_calls: those that can start cold. None: not reported."""

    calls: float | None = None
    errors_5xx: float | None = None
    serverless_calls: float | None = None
    cold_starts: float | None = None


@dataclass(frozen=True)
class TrafficOf:
    """Traffic of a window, of the one before it, and of the window's UTC days, oldest first, for a little line."""

    now: Traffic
    before: Traffic
    days: list[Traffic]


def traffic(scope: ScopeFilter, window: TimeRange, fresh: Freshness = NOT_SUMMED) -> TrafficOf:
    """Traffic of exactly the window and of the one before, and per UTC day, of variants that are there and answer.

    From the summaries of fleet.rollups where these cover the window, else added up in one query.
    """
    places = place_q(scope)
    if places is not None and fresh.covers(window):
        return _summed(scope, window, places)
    return _added_up(scope, window)


def _summed(scope: ScopeFilter, window: TimeRange, places: Q) -> TrafficOf:
    """Two queries: the shards' windows, and the hours of the places."""
    figures = [field.name for field in fields(Traffic)]
    sums = ShardWindow.objects.filter(scope.q("shard"), key=window.key).aggregate(
        **{f"{name}{part}_sum": Sum(f"{name}{part}") for part in ("", "_before") for name in figures}
    )
    now, before = (Traffic(*(sums[f"{name}{part}_sum"] for name in figures)) for part in ("", "_before"))
    hours = PlaceHour.objects.filter(places, at__gte=window.start, at__lt=window.end)
    days = (
        hours.annotate(day=TruncDate("at", tzinfo=UTC))
        .values_list("day")
        .order_by("day")
        .annotate(Sum("calls"), Sum("errors_5xx"), Sum("serverless_calls"), Sum("cold_starts"))
    )
    return TrafficOf(now, before, [Traffic(*figures) for _, *figures in days])


def _added_up(scope: ScopeFilter, window: TimeRange) -> TrafficOf:
    """Hours, and up to a day fine buckets where the window begins or ends inside an hour; the window before is read

    as everywhere (usage.bucket_model_before). One query.
    """
    start, end, since = window.start, window.end, window.previous.start
    first, last = (_hour(start, up=True), _hour(end)) if window.has_fine_buckets else (start, end)
    is_fine_before = bucket_model_before(window) is FineBucket
    before = When(at__lt=start, then=Value(_BEFORE))
    found = _grouped(
        HourBucket,
        scope,
        Q(at__gte=start if is_fine_before else since, at__lt=end),
        Case(before, When(at__gte=first, at__lt=last, then=Value(_NOW)), default=Value(_EDGE)),
    )
    if window.has_fine_buckets:
        edges = Q(at__gte=start, at__lt=first) | Q(at__gte=max(first, last), at__lt=end)
        if is_fine_before:
            edges |= Q(at__gte=since, at__lt=start)
        found = found.union(_grouped(FineBucket, scope, edges, Case(before, default=Value(_FINE))), all=True)
    rows = [(slot, day, Traffic(*sums)) for day, slot, *sums in found]
    days: dict[date, list[Traffic]] = defaultdict(list)
    for slot, day, sums in rows:
        if slot in {_NOW, _EDGE}:
            days[day].append(sums)
    return TrafficOf(
        now=_added(sums for slot, _, sums in rows if slot in {_NOW, _FINE}),
        before=_added(sums for slot, _, sums in rows if slot == _BEFORE),
        days=[_added(parts) for _, parts in sorted(days.items())],
    )


# Whole hours of the window, hours it cuts, their minutes inside of it, and the window before.
_NOW, _EDGE, _FINE, _BEFORE = "now", "edge", "fine", "before"


def _grouped(
    model: type[FineBucket | HourBucket], scope: ScopeFilter, when: Q, slot: Case
) -> QuerySet[Any, Any]:
    serverless = Q(variant__endpoint__kind=Kind.SERVERLESS)
    is_there = Q(variant__endpoint__closed_at=None, variant__removed_at=None, variant__is_shadow=False)
    rows = model.objects.filter(when, is_there, scope.q("variant__endpoint__shard")).order_by()
    return (
        rows.annotate(day=TruncDate("at", tzinfo=UTC), slot=slot)
        .values_list("day", "slot")
        .annotate(
            calls=Sum(Coalesce("invocations", "processed")),
            errors=Sum("errors_5xx"),
            serverless=Sum("invocations", filter=serverless),
            cold=Sum("setup_count", filter=serverless),
        )
    )


def _added(parts: Iterable[Traffic]) -> Traffic:
    columns = zip(*(astuple(part) for part in parts), strict=True)
    return Traffic(*(series.total(column) for column in columns))


def _hour(at: datetime, *, up: bool = False) -> datetime:
    """The full hour at or before `at`; up: at or after it."""
    shift = timedelta(hours=1, microseconds=-1) if up else timedelta()
    return (at + shift).replace(minute=0, second=0, microsecond=0)
