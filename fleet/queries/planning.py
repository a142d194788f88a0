"""What the cold-start planner reads: minutes of one variant, what it held, and forecasts with how they turned out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Min, QuerySet

from fleet.models import (
    Endpoint,
    FineBucket,
    HourBucket,
    MinuteFetch,
    PlannedForecast,
    PredictionCheck,
    VariantStatus,
)
from fleet.queries import cold_starts, scaling_history
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.types import Capacity, MetricRow, ServerlessCapacity

LONGEST = timedelta(days=14)
"""Minutes are kept for fifteen days; the oldest of them may go while they are read."""
HISTORY = timedelta(days=90)
"""So far back memory sizes are compared: older calls are of another model, as like as not."""
CALIBRATED = 400
"""As many of the newest comparisons make the fleet's calibration."""
_COLUMNS = (
    "invocations", "model_latency_ms_sum", "model_latency_count", "model_latency_ms_p50", "model_latency_ms_p90",
    "overhead_ms_avg", "setup_count", "setup_ms_avg", "concurrency_utilization_max",
)  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """Everything a forecast of one variant rests on but the prices. [start, end) was read in minutes throughout."""

    start: datetime
    end: datetime
    rows: Sequence[MetricRow]
    capacities: tuple[Capacity, ...]
    publishes_setups: bool

    @property
    def hours(self) -> float:
        return max(0.0, (self.end - self.start).total_seconds() / 3600)


def variant_of(endpoint: Endpoint) -> VariantStatus | None:
    """The serverless variant that answers callers; None while none is known."""
    return (
        VariantStatus.objects.filter(endpoint=endpoint, removed_at=None, is_shadow=False)
        .exclude(memory_mb=None)
        .select_related("endpoint", "planned_forecast")
        .first()
    )


def capacity_now(variant: VariantStatus) -> ServerlessCapacity | None:
    """What the variant holds now, None when it was not described."""
    if variant.memory_mb is None or variant.max_concurrency is None:
        return None
    return ServerlessCapacity(
        variant.memory_mb, variant.max_concurrency, variant.provisioned_concurrency or None
    )


def inputs(variant: VariantStatus, now: datetime) -> Inputs | None:
    """Minutes of up to two weeks that ended with the last whole hour read; None before the first reading.

    Eight queries, ten where something scales the variant.
    """
    if variant.metrics_until is None:
        return None
    end = _floor(min(variant.metrics_until, now))
    return stretch(variant, min(end, max(_useful_from(variant, end), _read_since(variant, end))), end)


def unread(variant: VariantStatus, now: datetime) -> tuple[datetime, datetime] | None:
    """The part of the planner's window whose minutes were never read, whole hours; None where there is none.

    Nothing is missing before the first regular reading, which brings the newest of them.
    """
    if variant.metrics_until is None:
        return None
    end = _floor(min(variant.metrics_until, now))
    start, until = _floor(_useful_from(variant, end)), _read_since(variant, end)
    return (start, until) if start < until else None


def _useful_from(variant: VariantStatus, end: datetime) -> datetime:
    """The start of the longest window that a forecast could rest on."""
    begun = min((one.start for one in _capacities(variant, end - LONGEST)), default=end)
    return max(end - LONGEST, begun, variant.endpoint.created_at)


def stretch(variant: VariantStatus, start: datetime, end: datetime) -> Inputs:
    """Minutes of [start, end) and what the variant held in it."""
    window = TimeRange("planner", "the planner's window", start, end)
    publishes = bool(cold_starts.publishing([variant.pk], window))
    return Inputs(start, end, _rows(variant, start, end), _capacities(variant, start), publishes)


def history(variant: VariantStatus, end: datetime) -> Inputs:
    """Hours of as long as they say something of the variant as it is, with what it held in them. Three queries."""
    start = end - HISTORY
    stored = HourBucket.objects.filter(variant=variant.pk, at__gte=start, at__lt=end)
    return Inputs(start, end, _read(variant, stored), _capacities(variant, start), publishes_setups=False)


def _floor(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _read_since(variant: VariantStatus, end: datetime) -> datetime:
    """From when on minutes were read: some hours before the endpoint was first seen, or what was fetched beyond.

    A minute that is stored was read, whatever brought it.
    """
    seen = _floor(variant.endpoint.first_seen_at - timedelta(hours=settings.FINE_HISTORY_HOURS))
    stored = FineBucket.objects.filter(variant=variant.pk, at__gte=end - LONGEST, at__lt=end)
    first = stored.aggregate(first=Min("at"))["first"]
    fetched = MinuteFetch.objects.filter(variant=variant).values_list("done_from", flat=True).first()
    return min(at for at in (seen, first and _floor(first), fetched) if at is not None)


def _rows(variant: VariantStatus, start: datetime, end: datetime) -> list[MetricRow]:
    return _read(variant, FineBucket.objects.filter(variant=variant.pk, at__gte=start, at__lt=end))


def _read(variant: VariantStatus, found: QuerySet[Any]) -> list[MetricRow]:
    return [
        MetricRow(variant.pk, at, period_s, dict(zip(_COLUMNS, values, strict=True)))
        for at, period_s, *values in found.order_by("at").values_list("at", "period_s", *_COLUMNS)
    ]


def _capacities(variant: VariantStatus, since: datetime) -> tuple[Capacity, ...]:
    """What the variant held since, oldest first, with the levels that auto scaling gave it."""
    periods = variant.capacity_periods.exclude(end__lte=since).order_by("start")
    scaled = scaling_history.levels_of(variant.endpoint, since=since)
    return scaling_history.laid(
        map(scaling_history.capacity, periods), scaled.get((variant.endpoint_id, variant.name), ())
    )


def stored(variant: VariantStatus) -> PlannedForecast | None:
    """The newest forecast of a variant, or the wish for one."""
    return PlannedForecast.objects.filter(variant=variant).first()


def checks(scope: ScopeFilter, variant: VariantStatus | None = None) -> list[PredictionCheck]:
    """The newest comparisons of the scope, or of one variant, with their predictions and endpoints. One query."""
    found = PredictionCheck.objects.filter(scope.q("prediction__variant__endpoint__shard"))
    if variant is not None:
        found = found.filter(prediction__variant=variant)
    return list(
        found.select_related("prediction__variant__endpoint", "prediction__operation").order_by(
            "-end", "-pk"
        )[:CALIBRATED]
    )


@dataclass(frozen=True)
class Step:
    """The first step of a stored forecast: USD and cold starts a month; None = nothing is clearly better than today."""

    usd: Decimal | None
    avoided: float | None


def steps(variant_ids: Sequence[int]) -> dict[int, Step]:
    """Of these variants, those with a forecast, and its first step. One query."""
    found = PlannedForecast.objects.filter(variant__in=variant_ids, computed_at__isnull=False, missing=[])
    return {
        pk: Step(usd, avoided)
        for pk, usd, avoided in found.values_list("variant_id", "step_usd", "step_avoided")
    }
