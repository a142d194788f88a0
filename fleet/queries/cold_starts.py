"""Cold starts over a scope: which serverless endpoints make them, when, and how many seconds callers waited.

A cold start is counted as one ModelSetupTime sample. AWS nowhere says that the metric is emitted on cold starts
only, so every count is an estimate and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import Min, Q, QuerySet

from fleet.models import Endpoint, HourBucket, VariantStatus
from fleet.queries import keyset
from fleet.queries.cold_start_hours import HourCell, TrendPoint, hour_cells, place_cells, place_trend
from fleet.queries.cold_start_hours import trend as trend_of
from fleet.queries.cold_start_sql import LINES, ORDERS
from fleet.queries.rolled import NOT_SUMMED, Freshness, place_q
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.queries.usage import bucket_model
from fleet.types import Kind

PUBLISHED_WITHIN = timedelta(days=30)
"""A variant that had a set-up sample this recently publishes the metric: silence then means no cold start."""
MOST = 0.9
"""The part of the wait that as few endpoints as possible are told to make."""
SORTS = tuple(ORDERS)
NAMED = 3
"""As many of them are named."""
_TOTALS = 11
"""Columns of the statement that are the same in every row."""


class Source(StrEnum):
    """Where a count comes from."""

    SAMPLES = "ModelSetupTime samples"
    NO_SAMPLES = "no ModelSetupTime sample in 30 days"
    NO_CALLS = "no calls"


@dataclass(frozen=True)
class ColdStartRow:
    """One serverless endpoint over the window. cold None: unknown; setup_p50_ms is that of the middle bucket,

    setup_p99_ms that of the worst one. wasted_s = Σ samples × average set-up time.
    """

    endpoint_id: int
    name: str
    account: str
    region: str
    owner: str
    memory_mb: int | None
    max_concurrency: int | None
    provisioned_concurrency: int | None
    calls: float | None
    cold: float | None
    wasted_s: float | None
    setup_p50_ms: float | None
    setup_p99_ms: float | None
    spillover: float | None
    source: Source
    account_id: str = ""
    variant: str = ""
    variant_id: int = 0

    @property
    def share(self) -> float | None:
        """Cold starts per call, None without calls or count."""
        return self.cold / self.calls if self.cold is not None and self.calls else None


@dataclass(frozen=True)
class Named:
    """An endpoint that is named beside a figure."""

    endpoint_id: int
    name: str


@dataclass(frozen=True)
class ColdStartPage:
    """Rows of one page, and what holds over all rows of the scope.

    total: rows in all; concerned: those with a cold start. calls, cold, wasted_s: of the rows whose cold starts are
    known. worst_p99_ms: the highest of any row, of worst_name. most_count: the fewest endpoints that together make
    MOST of the wait; most: the first NAMED of them.
    """

    rows: list[ColdStartRow]
    cells: dict[tuple[int, int], HourCell]
    other_kinds: int
    total: int = 0
    concerned: int = 0
    calls: float | None = None
    cold: float | None = None
    wasted_s: float | None = None
    data_until: datetime | None = None
    worst_p99_ms: float | None = None
    worst_name: str | None = None
    most_count: int = 0
    most: Sequence[Named] = ()

    @property
    def share(self) -> float | None:
        """Cold starts per call over all rows whose cold starts are known."""
        return self.cold / self.calls if self.cold is not None and self.calls else None

    @property
    def per_start_s(self) -> float | None:
        """Seconds one cold start added on average."""
        return self.wasted_s / self.cold if self.wasted_s is not None and self.cold else None

    @property
    def per_start_ms(self) -> float | None:
        """The same in milliseconds."""
        return self.per_start_s * 1000 if self.per_start_s is not None else None


def page(
    scope: ScopeFilter,
    window: TimeRange,
    fresh: Freshness = NOT_SUMMED,
    *,
    sort: str = "wasted",
    descending: bool = True,
    offset: int = 0,
    size: int = 50,
) -> ColdStartPage:
    """A page of the open serverless endpoints in the scope (the last one beyond it), the grid, and their totals.

    Figures are those of fleet.rollups where `fresh` says that these cover the window; the grid then counts whole hours.
    """
    is_summed = fresh.covers(window)
    rows, totals = _lines(
        scope, window, is_summed=is_summed, order=f"{ORDERS[sort]} {'DESC' if descending else 'ASC'} NULLS LAST",
        offset=offset, size=size,
    )  # fmt: skip
    total, concerned, calls, cold, wasted_s, until, worst, worst_name, most_count, most_ids, most_names = (
        totals
    )
    places = place_q(scope) if is_summed else None
    others = Endpoint.objects.filter(scope.q("shard"), closed_at=None).exclude(kind=Kind.SERVERLESS)
    return ColdStartPage(
        rows=rows,
        cells=hour_cells(_variants(scope), window) if places is None else place_cells(places, window),
        other_kinds=others.count(),
        total=total,
        concerned=concerned,
        calls=calls,
        cold=cold,
        wasted_s=wasted_s,
        data_until=until,
        worst_p99_ms=worst,
        worst_name=worst_name,
        most_count=most_count,
        most=[Named(pk, name) for pk, name in zip(most_ids, most_names, strict=True)],
    )


def trend(scope: ScopeFilter, window: TimeRange, fresh: Freshness = NOT_SUMMED) -> list[TrendPoint]:
    """Calls and cold starts of the scope by hour, or by day beyond a week. One query."""
    places = place_q(scope) if fresh.covers(window) else None
    return trend_of(_variants(scope), window) if places is None else place_trend(places, window)


def by_key(
    scope: ScopeFilter, window: TimeRange, *, after: keyset.Key | None, limit: int
) -> tuple[keyset.Slice[ColdStartRow], datetime | None]:
    """The rows of `page` by name, `limit` of them after a key (name, variant id); until when every one has data."""
    variants = _variants(scope).select_related("endpoint").only("endpoint__name")
    until = variants.order_by().aggregate(until=Min("metrics_until"))["until"]
    found = keyset.rows(variants, ("endpoint__name", "pk"), after, limit)
    of = {row.variant_id: row for row in _lines(scope, window, variants=[v.pk for v in found.rows])[0]}
    return keyset.Slice([of[v.pk] for v in found.rows if v.pk in of], found.last), until


def _variants(scope: ScopeFilter) -> QuerySet[VariantStatus]:
    """Live variants of open serverless endpoints."""
    is_there = Q(endpoint__closed_at=None, removed_at=None, is_shadow=False)
    found = VariantStatus.objects.filter(scope.q("endpoint__shard"), is_there, endpoint__kind=Kind.SERVERLESS)
    return found.order_by()


def _lines(
    scope: ScopeFilter,
    window: TimeRange,
    *,
    is_summed: bool = False,
    variants: Sequence[int] | None = None,
    order: str = "name",
    offset: int = 0,
    size: int | None = None,
) -> tuple[list[ColdStartRow], Sequence[Any]]:
    """Rows of the scope, or of some of its variants, and the totals as the statement has them. One query."""
    bound: dict[str, Any] = {
        "accounts": list(scope.accounts), "regions": list(scope.regions), "is_summed": is_summed, "key": window.key,
        "variants": None if variants is None else list(variants), "start": window.start, "end": window.end,
        "published_since": window.end - PUBLISHED_WITHIN, "part": MOST, "named": NAMED, "offset": offset, "size": size,
    }  # fmt: skip
    buckets = bucket_model(window)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(LINES.format(order=order, buckets=buckets), bound)
        found = cursor.fetchall()
    shown = [_row(row[_TOTALS:]) for row in found if row[-1] is not None]
    return shown, found[0][:_TOTALS]


def publishing(variant_ids: list[int], window: TimeRange) -> set[int]:
    """Of these variants, those with a set-up sample in the last 30 days before the window's end."""
    return set(
        HourBucket.objects.filter(
            variant_id__in=variant_ids,
            at__gte=window.end - PUBLISHED_WITHIN,
            at__lt=window.end,
            setup_count__gt=0,
        )
        .order_by()
        .values_list("variant_id", flat=True)
        .distinct()
    )


def _row(stored: Sequence[Any]) -> ColdStartRow:
    """A row of the statement, whose columns are in the order of ColdStartRow's up to `source`."""
    *fields, account_id, variant, variant_id = stored
    calls, cold = fields[8:10]
    source = Source.SAMPLES if cold is not None else Source.NO_SAMPLES if calls else Source.NO_CALLS
    return ColdStartRow(*(*fields, source, account_id, variant, variant_id))
