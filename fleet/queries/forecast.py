"""Forecasts for any cost filter, from the daily costs that are stored."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from fleet.costs.forecast import LOOK_BACK, Forecast, forecast
from fleet.costs.lines import add
from fleet.models import ChangeEvent, StaleDay
from fleet.queries import cost_spans, costs, rolled
from fleet.queries.cost_scope import CostFilter, Span, Sums
from fleet.queries.costs import DayCost

_DAY = timedelta(days=1)
_CHANGES = (ChangeEvent.Category.CONFIG, ChangeEvent.Category.CAPACITY)


@dataclass(frozen=True)
class Outlook:
    """A forecast of a period beside what is known of it: costs by day, the lines that are in no sum, today so far.

    so_far: the days of the period up to today.
    """

    forecast: Forecast
    days: dict[date, Decimal | None]
    unpriced: int
    no_data: int
    today: Decimal | None
    data_until: datetime | None
    so_far: Span


def outlook(where: CostFilter, period: Span, *, today: date) -> Outlook:
    """Forecast `period`, which `today` lies in, for the endpoints of the filter. At most three queries."""
    is_rolled = rolled.freshness(where.scope).has_costs(today)
    found = costs.days(where, reach(period, today), is_rolled=is_rolled, is_whole=True)
    return outlook_of(found, where, period, today=today)


def reach(period: Span, today: date) -> Span:
    """The days that a forecast of the period rests on."""
    return Span(min(period.first, today - timedelta(days=LOOK_BACK)), today)


def outlook_of(found: Sequence[DayCost], where: CostFilter, period: Span, *, today: date) -> Outlook:
    """The same from the filter's day sums over reach(). At most one query.

    The oldest day of a history that does not reach back far enough tells nothing: the costs began within it.
    """
    asked = reach(period, today)
    by_day: dict[date, list[Decimal | None]] = defaultdict(list)
    for each in found:
        if asked.first <= each.day <= today:
            by_day[each.day].append(each.sums.amount)
    days = {day: add(by_day[day]) for day in sorted(by_day)}
    first = min(days, default=asked.first)
    inside = costs.total(found, Span(period.first, today))
    newest = [each.data_until for each in found if days and each.day == max(days)]
    return Outlook(
        forecast=forecast(
            days,
            first=period.first,
            last=period.last,
            today=today,
            changes=changes(where, asked),
            begins=first if first > asked.first else None,
        ),
        days=days,
        unpriced=inside.unpriced,
        no_data=inside.no_data,
        today=days.get(today),
        data_until=min(newest, default=None),
        so_far=Span(period.first, today),
    )


def month_of(day: date) -> Span:
    """The calendar month that `day` is in."""
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return Span(day.replace(day=1), after - _DAY)


def spent(where: CostFilter, period: Span, *, today: date) -> Sums:
    """What is known of a period so far. At most four queries.

    From days by place where they are the scope; else from the kept span where there is one, which has few rows of each
    endpoint; else from the daily costs. All three are equal.
    """
    so_far = Span(period.first, min(today, period.last))
    fresh = rolled.freshness(where.scope)
    is_rolled = fresh.has_costs(today)
    is_of_places = is_rolled and where.is_of_places and rolled.place_q(where.scope) is not None
    if not is_of_places and fresh.spans_on == today and (key := _settled_key(where, so_far, today)):
        return costs.kept_total(where, key, today)
    return costs.total(costs.days(where, so_far, is_rolled=is_rolled, is_whole=True))


def _settled_key(where: CostFilter, span: Span, today: date) -> str:
    """The kept span that is `span`; "" where there is none, or a whole day of it waits to be added up again."""
    key = cost_spans.key_of(span, today) if span.first < today else ""
    waiting = StaleDay.objects.filter(where.scope.q("shard"), span.q, day__lt=today)
    return "" if key and waiting.exists() else key


def changes(where: CostFilter, span: Span) -> Collection[date]:
    """Days on which a config or a capacity of the endpoints a filter names was changed; () for wider filters."""
    if not where.endpoints:
        return ()
    at = ChangeEvent.objects.filter(
        endpoint__in=where.endpoints, category__in=_CHANGES, at__gte=span.start, at__lt=span.end
    )
    return {moment.date() for moment in at.values_list("at", flat=True)}
