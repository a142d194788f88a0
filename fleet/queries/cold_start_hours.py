"""When cold starts fall: calls and cold starts of serverless endpoints by hour of the week, UTC."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

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
