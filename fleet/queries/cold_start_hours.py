"""When cold starts fall: calls and cold starts of serverless endpoints by hour of the week and over time, UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDay, TruncHour

from fleet.models import PlaceHour, VariantStatus
from fleet.queries.scope import TimeRange
from fleet.queries.usage import bucket_model


@dataclass(frozen=True)
class HourCell:
    """One hour of the week, UTC; cold None where no call was made."""

    weekday: int
    hour: int
    calls: float | None
    cold: float | None


@dataclass(frozen=True)
class TrendPoint:
    """One hour or day of the window; calls, cold: those of serverless endpoints in it."""

    at: datetime
    calls: float
    cold: float

    @property
    def share(self) -> float | None:
        return self.cold / self.calls if self.calls else None


def is_daily(window: TimeRange) -> bool:
    """Whether a trend is told by days: hours of more than a week are too many to read."""
    return window.length > timedelta(days=7)


def hour_cells(variants: QuerySet[VariantStatus], window: TimeRange) -> dict[tuple[int, int], HourCell]:
    """Cold starts and calls by (ISO weekday, hour), UTC; hours without any stored call are absent."""
    found = (
        bucket_model(window)
        .objects.filter(
            variant__in=variants.values("pk"), at__gte=window.start, at__lt=window.end, invocations__gt=0
        )
        .order_by()
        .annotate(weekday=ExtractIsoWeekDay("at"), hour=ExtractHour("at"))
        .values("weekday", "hour")
        .annotate(calls=Sum("invocations"), cold=Sum("setup_count"))
    )
    return {
        (c["weekday"], c["hour"]): HourCell(c["weekday"], c["hour"], c["calls"], c["cold"] or 0.0)
        for c in found
    }


def place_cells(places: Q, window: TimeRange) -> dict[tuple[int, int], HourCell]:
    """The grid from the hours of the places that make up the scope, each whole hour that the window touches."""
    start = (
        window.start.replace(minute=0, second=0, microsecond=0) if window.has_fine_buckets else window.start
    )
    found = (
        PlaceHour.objects.filter(places, at__gte=start, at__lt=window.end, busy_calls__gt=0)
        .order_by()
        .annotate(weekday=ExtractIsoWeekDay("at"), hour_of_day=ExtractHour("at"))
        .values_list("weekday", "hour_of_day")
        .annotate(Sum("busy_calls"), Sum("busy_cold_starts"))
    )
    return {(day, hour): HourCell(day, hour, calls, cold or 0.0) for day, hour, calls, cold in found}


def trend(variants: QuerySet[VariantStatus], window: TimeRange) -> list[TrendPoint]:
    """Calls and cold starts over the window, oldest first; hours or days without a call are absent."""
    stored = bucket_model(window).objects.filter(
        variant__in=variants.values("pk"), at__gte=window.start, at__lt=window.end, invocations__gt=0
    )
    found = stored.order_by().annotate(step=_step(window)).values_list("step")
    return _points(found.annotate(Sum("invocations"), Sum("setup_count")))


def place_trend(places: Q, window: TimeRange) -> list[TrendPoint]:
    """The same from the hours of the places that make up the scope, each whole hour that the window touches."""
    start = window.start.replace(minute=0, second=0, microsecond=0)
    stored = PlaceHour.objects.filter(places, at__gte=start, at__lt=window.end, busy_calls__gt=0)
    found = stored.order_by().annotate(step=_step(window)).values_list("step")
    return _points(found.annotate(Sum("busy_calls"), Sum("busy_cold_starts")))


def _step(window: TimeRange) -> TruncDay | TruncHour:
    return (TruncDay if is_daily(window) else TruncHour)("at", tzinfo=UTC)


def _points(found: Any) -> list[TrendPoint]:
    return [TrendPoint(at, calls, cold or 0.0) for at, calls, cold in sorted(found)]
