"""Forecasts for any cost filter, from the daily costs that are stored."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from fleet.costs.forecast import LOOK_BACK, Forecast, forecast
from fleet.models import ChangeEvent
from fleet.queries import costs, rolled
from fleet.queries.cost_scope import CostFilter, Span, Sums

_DAY = timedelta(days=1)
_CHANGES = (ChangeEvent.Category.CONFIG, ChangeEvent.Category.CAPACITY)


@dataclass(frozen=True)
class Outlook:
    """A forecast of a period beside what is known of it: costs by day, the lines that are in no sum, today so far."""

    forecast: Forecast
    days: dict[date, Decimal | None]
    unpriced: int
    no_data: int
    today: Decimal | None
    data_until: datetime | None


def outlook(where: CostFilter, period: Span, *, today: date) -> Outlook:
    """Forecast `period`, which `today` lies in, for the endpoints of the filter. At most three queries.

    The oldest day of a history that does not reach back far enough tells nothing: the costs began within it.
    """
    start = min(period.first, today - timedelta(days=LOOK_BACK))
    is_rolled = rolled.freshness(where.scope).has_costs(today)
    found = costs.days(where, Span(start, today), is_rolled=is_rolled)
    days = {day: costs.total(found, Span(day, day)).amount for day in sorted({each.day for each in found})}
    inside = costs.total(found, Span(period.first, today))
    newest = [each.data_until for each in found if each.day == max(days)]
    return Outlook(
        forecast=forecast(
            days,
            first=period.first,
            last=period.last,
            today=today,
            changes=changes(where, Span(start, today)),
            begins=first if (first := min(days, default=start)) > start else None,
        ),
        days=days,
        unpriced=inside.unpriced,
        no_data=inside.no_data,
        today=days.get(today),
        data_until=min(newest, default=None),
    )


def spent(where: CostFilter, period: Span, *, today: date) -> Sums:
    """What is known of a period so far. At most two queries."""
    so_far = Span(period.first, min(today, period.last))
    is_rolled = rolled.freshness(where.scope).has_costs(today)
    return costs.total(costs.days(where, so_far, is_rolled=is_rolled))


def changes(where: CostFilter, span: Span) -> Collection[date]:
    """Days on which a config or a capacity of the endpoints a filter names was changed; () for wider filters."""
    if not where.endpoints:
        return ()
    at = ChangeEvent.objects.filter(
        endpoint__in=where.endpoints, category__in=_CHANGES, at__gte=span.start, at__lt=span.end
    )
    return {moment.date() for moment in at.values_list("at", flat=True)}
