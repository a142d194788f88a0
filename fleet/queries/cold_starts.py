"""Cold starts over a scope: which serverless endpoints make them, when, and how many seconds callers waited.

A cold start is counted as one ModelSetupTime sample. AWS nowhere says that the metric is emitted on cold starts
only, so every count is an estimate and says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import F, FloatField, Max, Min, Q, QuerySet, Sum

from fleet.models import Endpoint, EndpointWindow, HourBucket, VariantStatus
from fleet.queries import keyset
from fleet.queries.cold_start_hours import HourCell, hour_cells, place_cells
from fleet.queries.rolled import NOT_SUMMED, Freshness, place_q
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.queries.usage import Middle, bucket_model
from fleet.types import Kind

PUBLISHED_WITHIN = timedelta(days=30)
"""A variant that had a set-up sample this recently publishes the metric: silence then means no cold start."""


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
class ColdStartPage:
    """Everything the page shows; rows sorted by wasted seconds, unknown last."""

    rows: list[ColdStartRow]
    cells: dict[tuple[int, int], HourCell]
    calls: float | None
    cold: float | None
    wasted_s: float | None
    other_kinds: int
    data_until: datetime | None

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

    def most_of_it(self, part: float = 0.9) -> list[ColdStartRow]:
        """The fewest endpoints that together make at least `part` of the wasted seconds."""
        found: list[ColdStartRow] = []
        reached = 0.0
        for row in self.rows:
            if not row.wasted_s or not self.wasted_s or reached >= part * self.wasted_s:
                break
            found.append(row)
            reached += row.wasted_s
        return found


class _Facts(NamedTuple):
    """What the mirror knows of a live variant of an open serverless endpoint, in the order of _COLUMNS."""

    variant_id: int
    variant: str
    memory_mb: int | None
    max_concurrency: int | None
    provisioned_concurrency: int | None
    endpoint_id: int
    name: str
    owner: str
    region: str
    account: str
    account_id: str


_COLUMNS = (
    "pk", "name", "memory_mb", "max_concurrency", "provisioned_concurrency", "endpoint_id", "endpoint__name",
    "endpoint__owner", "endpoint__shard__region", "endpoint__shard__account__alias",
    "endpoint__shard__account__account_id",
)  # fmt: skip
"""Plain values: thousands of variants are read for their totals, and four objects each would cost ten times that."""


def page(scope: ScopeFilter, window: TimeRange, fresh: Freshness = NOT_SUMMED) -> ColdStartPage:
    """Rows, grid and totals of every open serverless endpoint in the scope; the totals are the rows' sums.

    Figures are those of fleet.rollups where `fresh` says that these cover the window; the grid then counts whole hours.
    """
    live = _variants(scope)
    variants = [_Facts(*row) for row in live.values_list(*_COLUMNS)]
    ids = [v.variant_id for v in variants]
    # A summary is an endpoint's: where one has two live variants, their rows alone tell them apart.
    is_summed = fresh.covers(window) and len({v.endpoint_id for v in variants}) == len(variants)
    if is_summed:
        sums, published = _summed({v.endpoint_id: v.variant_id for v in variants}, window, scope)
    else:
        sums = _sums(ids, window)
        published = publishing([pk for pk in ids if not sums.get(pk, {}).get("cold")], window)
    places = place_q(scope) if is_summed else None
    rows = [_row(v, sums.get(v.variant_id, {}), v.variant_id in published) for v in variants]
    rows.sort(key=lambda r: (r.wasted_s is None, -(r.wasted_s or 0), -(r.cold or 0), -(r.calls or 0), r.name))
    known = [row for row in rows if row.cold is not None]
    others = Endpoint.objects.filter(scope.q("shard"), closed_at=None).exclude(kind=Kind.SERVERLESS)
    return ColdStartPage(
        rows=rows,
        cells=hour_cells(ids, window) if places is None else place_cells(places, window),
        calls=_sum(row.calls for row in known),
        cold=_sum(row.cold for row in known),
        wasted_s=_sum(row.wasted_s for row in known),
        other_kinds=others.count(),
        data_until=live.aggregate(until=Min("metrics_until"))["until"],
    )


def by_key(
    scope: ScopeFilter, window: TimeRange, *, after: keyset.Key | None, limit: int
) -> tuple[keyset.Slice[ColdStartRow], datetime | None]:
    """The rows of `page` by name, `limit` of them after a key (name, variant id); until when every one has data."""
    variants = _variants(scope).select_related("endpoint__shard__account")
    until = variants.order_by().aggregate(until=Min("metrics_until"))["until"]
    found = keyset.rows(variants, ("endpoint__name", "pk"), after, limit)
    sums = _sums([v.pk for v in found.rows], window)
    published = publishing([v.pk for v in found.rows if not sums.get(v.pk, {}).get("cold")], window)
    rows = [_row(_facts(v), sums.get(v.pk, {}), v.pk in published) for v in found.rows]
    return keyset.Slice(rows, found.last), until


def _variants(scope: ScopeFilter) -> QuerySet[VariantStatus]:
    """Live variants of open serverless endpoints."""
    is_there = Q(endpoint__closed_at=None, removed_at=None, is_shadow=False)
    found = VariantStatus.objects.filter(scope.q("endpoint__shard"), is_there, endpoint__kind=Kind.SERVERLESS)
    return found.order_by().defer("endpoint__document", "endpoint__search_text", "endpoint__tags")


def _facts(variant: VariantStatus) -> _Facts:
    endpoint = variant.endpoint
    shard = endpoint.shard
    return _Facts(
        variant.pk, variant.name, variant.memory_mb, variant.max_concurrency, variant.provisioned_concurrency,
        endpoint.pk, endpoint.name, endpoint.owner, shard.region, shard.account.alias, shard.account.account_id,
    )  # fmt: skip


def _summed(
    variant_of: dict[int, int], window: TimeRange, scope: ScopeFilter
) -> tuple[dict[int, dict[str, Any]], set[int]]:
    """_sums and publishing by variant, from the endpoints' summaries. One query."""
    rows = EndpointWindow.objects.filter(
        scope.q("endpoint__shard"), key=window.key, endpoint__kind=Kind.SERVERLESS, endpoint__closed_at=None
    ).values_list(
        "endpoint_id", "publishes_setup", "invocations", "cold_starts", "setup_wasted_ms", "setup_p50_ms",
        "setup_p99_ms", "spillover",
    )  # fmt: skip
    sums, published = {}, set()
    names = ("calls", "cold", "wasted_ms", "p50", "p99", "spillover")
    for endpoint_id, publishes, *figures in rows:
        variant = variant_of.get(endpoint_id)
        if variant is not None:
            sums[variant] = dict(zip(names, figures, strict=True))
            published |= {variant} if publishes else set()
    return sums, published


def _sums(variant_ids: list[int], window: TimeRange) -> dict[int, dict[str, Any]]:
    found = (
        bucket_model(window)
        .objects.filter(variant_id__in=variant_ids, at__gte=window.start, at__lt=window.end)
        .order_by()
        .values("variant_id")
        .annotate(
            calls=Sum("invocations"),
            cold=Sum("setup_count"),
            wasted_ms=Sum(F("setup_count") * F("setup_ms_avg"), output_field=FloatField()),
            p50=Middle("setup_ms_p50"),
            p99=Max("setup_ms_p99"),
            spillover=Sum("spillover_invocations"),
        )
    )
    return {row["variant_id"]: dict(row) for row in found}


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


def _row(variant: _Facts, sums: dict[str, Any], is_publishing: bool) -> ColdStartRow:
    calls, cold = sums.get("calls"), sums.get("cold")
    source = Source.SAMPLES
    if cold is None and not calls:
        source = Source.NO_CALLS
    elif cold is None and is_publishing:
        cold = 0.0
    elif cold is None:
        source = Source.NO_SAMPLES
    wasted_ms = sums.get("wasted_ms")
    return ColdStartRow(
        endpoint_id=variant.endpoint_id,
        name=variant.name,
        account=variant.account,
        region=variant.region,
        owner=variant.owner,
        memory_mb=variant.memory_mb,
        max_concurrency=variant.max_concurrency,
        provisioned_concurrency=variant.provisioned_concurrency,
        calls=calls,
        cold=cold,
        wasted_s=wasted_ms / 1000 if wasted_ms is not None else (0.0 if cold == 0 else None),
        setup_p50_ms=sums.get("p50"),
        setup_p99_ms=sums.get("p99"),
        spillover=sums.get("spillover"),
        source=source,
        account_id=variant.account_id,
        variant=variant.variant,
        variant_id=variant.variant_id,
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
