"""Figures of the endpoints list: traffic, latency, errors and the little line of calls, by endpoint.

None where CloudWatch reported nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Func, IntegerField, Max, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Extract

from fleet.models import EndpointWindow, FineBucket, HourBucket, VariantStatus
from fleet.queries.cold_starts import PUBLISHED_WITHIN
from fleet.queries.scope import TimeRange
from fleet.queries.usage import Middle, bucket_model
from fleet.types import Kind

SPARK_POINTS = {"1h": 12, "24h": 24, "7d": 28, "30d": 30, "month": 30}


@dataclass(frozen=True)
class Measures:
    """Figures of one endpoint over the window. calls: invocations, or processed requests of an asynchronous one.

    p99_ms: the middle bucket's p99, the highest of the variants'. Ratios between 0 and 1.
    """

    calls: float | None = None
    p99_ms: float | None = None
    cold_starts: float | None = None
    cache_hits: float | None = None
    cache_lookups: float | None = None
    errors_5xx: float | None = None
    concurrency: float | None = None

    @property
    def cold_share(self) -> float | None:
        return self.cold_starts / self.calls if self.cold_starts is not None and self.calls else None

    @property
    def hit_ratio(self) -> float | None:
        return (
            self.cache_hits / self.cache_lookups
            if self.cache_hits is not None and self.cache_lookups
            else None
        )

    @property
    def error_share(self) -> float | None:
        return self.errors_5xx / self.calls if self.errors_5xx is not None and self.calls else None


def measures(variants: Sequence[int] | QuerySet[VariantStatus], window: TimeRange) -> dict[int, Measures]:
    """By endpoint, over all the variants given (ids, or a queryset that stays in the database)."""
    sums = (
        bucket_model(window)
        .objects.filter(variant_id__in=variants, at__gte=window.start, at__lt=window.end)
        .order_by()
        .values_list("variant__endpoint_id")
        .annotate(
            calls=Sum(Coalesce("invocations", "processed")),
            p99_ms=Middle("model_latency_ms_p99"),
            cold_starts=Sum("setup_count"),
            cache_hits=Sum("cache_hit_sum"),
            cache_lookups=Sum("cache_hit_count"),
            errors_5xx=Sum("errors_5xx"),
            concurrency=Max("concurrency_utilization_max"),
        )
    )
    return {pk: Measures(*figures) for pk, *figures in sums}


def summaries(
    ids: Sequence[int], window: TimeRange
) -> tuple[dict[int, Measures], dict[int, list[float | None]]]:
    """Measures (silence counted as no cold start) and little lines of endpoints from their summaries. One query."""
    found = {row.endpoint_id: row for row in EndpointWindow.objects.filter(key=window.key, endpoint__in=ids)}
    return {pk: _measures(row) for pk, row in found.items()}, {pk: row.spark for pk, row in found.items()}


def _measures(row: EndpointWindow) -> Measures:
    is_silent = row.cold_starts is None and row.calls and row.publishes_setup
    return Measures(
        calls=row.calls,
        p99_ms=row.p99_ms,
        cold_starts=0.0 if is_silent else row.cold_starts,
        cache_hits=row.cache_hits,
        cache_lookups=row.cache_lookups,
        errors_5xx=row.errors_5xx,
        concurrency=row.concurrency,
    )


def with_silence(measured: dict[int, Measures], ids: Sequence[int], window: TimeRange) -> dict[int, Measures]:
    """The measures of `ids`, where an endpoint that publishes set-up samples but had none counts zero cold starts."""
    shown = {pk: measured[pk] for pk in ids if pk in measured}
    publishing = _publishing([pk for pk, m in shown.items() if m.cold_starts is None and m.calls], window)
    return {pk: replace(m, cold_starts=0.0) if pk in publishing else m for pk, m in shown.items()}


def _publishing(ids: Sequence[int], window: TimeRange) -> set[int]:
    """Endpoints with a set-up sample in 30 days: their silence in the window means no cold start."""
    return set(
        HourBucket.objects.filter(
            variant__endpoint__in=ids,
            variant__endpoint__kind=Kind.SERVERLESS,
            variant__is_shadow=False,
            at__gte=window.end - PUBLISHED_WITHIN,
            at__lt=window.end,
            setup_count__gt=0,
        )
        .order_by()
        .values_list("variant__endpoint_id", flat=True)
        .distinct()
    )


@dataclass(frozen=True)
class SparkGrid:
    """The steps of a little line: from `start` in `points` steps of step_s to `end`, out of one table of buckets.

    It ends with the last finished bucket: a running hour would let every line fall at its end.
    """

    model: type[FineBucket] | type[HourBucket]
    start: datetime
    end: datetime
    points: int
    step_s: float

    @classmethod
    def of(cls, window: TimeRange) -> "SparkGrid":
        points = SPARK_POINTS.get(window.key, 24)
        # Hours are enough from a day up: twenty-four small numbers do not need the minutes.
        is_short = window.length < timedelta(hours=24)
        model, unit_s = (FineBucket, 300) if is_short else (HourBucket, 3600)
        end = window.end - timedelta(seconds=window.end.timestamp() % unit_s)
        step_s = max(window.length.total_seconds() / points, 60.0)
        return cls(model, end - window.length, end, points, step_s)


def sparks(of_variant: dict[int, int], window: TimeRange) -> dict[int, list[float | None]]:
    """Calls per step, by endpoint; None where no bucket holds any."""
    grid = SparkGrid.of(window)
    slot = Func(
        (Extract("at", "epoch") - Value(grid.start.timestamp())) / Value(grid.step_s),
        function="FLOOR",
        output_field=IntegerField(),
    )
    sums = (
        grid.model.objects.filter(variant_id__in=list(of_variant), at__gte=grid.start, at__lt=grid.end)
        .order_by()
        .annotate(slot=slot)
        .values_list("variant_id", "slot")
        .annotate(calls=Sum(Coalesce("invocations", "processed")))
    )
    found: dict[int, list[float | None]] = {}
    last = grid.points - 1
    for variant_id, n, calls in sums:
        line = found.setdefault(of_variant[variant_id], [None] * grid.points)
        if calls is not None:
            line[min(int(n), last)] = (line[min(int(n), last)] or 0.0) + calls
    return found
