"""What several pages of a scope tell every reader alike, as fleet.queries.kept keeps it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from fleet.queries import endpoint_counts, forecast, overview, rolled, shell
from fleet.queries import freshness as ages
from fleet.queries.cost_scope import CostFilter, Span
from fleet.queries.endpoint_counts import Need
from fleet.queries.forecast import Outlook
from fleet.queries.freshness import Old
from fleet.queries.kept import Kept, Moment
from fleet.queries.overview import DayCosts, Trouble, Unreadable
from fleet.queries.rolled import Freshness
from fleet.queries.scope import ScopeFilter
from fleet.queries.shell import Standing

_fresh: Kept[Freshness] = Kept(most=256)
_spent: Kept[Decimal | None] = Kept(most=256)
_day_costs: Kept[DayCosts] = Kept(most=256)
_outlook: Kept[Outlook] = Kept(most=256)
_lost: Kept[Sequence[Unreadable]] = Kept(most=256)
_need: Kept[Need] = Kept(most=256)
_troubles: Kept[Sequence[Trouble]] = Kept(most=256)
_standing: Kept[Standing] = Kept(most=1)
_old: Kept[Old] = Kept(most=256)


def freshness(scope: ScopeFilter, looked: Moment) -> Freshness:
    """fleet.queries.rolled.freshness."""
    return _fresh.get(scope, looked, partial(rolled.freshness, scope))


def month_to_date(scope: ScopeFilter, today: date, fresh: Freshness, looked: Moment) -> Decimal | None:
    """fleet.queries.overview.month_to_date."""
    return _spent.get((scope, today), looked, partial(overview.month_to_date, scope, today, fresh))


def day_costs(
    scope: ScopeFilter, days: Sequence[date], today: date, fresh: Freshness, looked: Moment
) -> DayCosts:
    """fleet.queries.overview.costs of `days`, with those besides that the month's forecast rests on.

    Several windows of a scope show the same days.
    """
    also = forecast.reach(forecast.month_of(today), today)
    read = partial(overview.costs, scope, days, fresh, also=also)
    return _day_costs.get((scope, Span(days[0], days[-1]), today), looked, read)


def outlook(scope: ScopeFilter, costs: DayCosts, today: date, looked: Moment) -> Outlook:
    """What the month will have cost. costs: of day_costs(), whichever days were asked for: they tell the same."""
    month = forecast.month_of(today)
    make = partial(forecast.outlook_of, costs.sums, CostFilter(scope), month, today=today)
    return _outlook.get((scope, today), looked, make)


def unreadable(scope: ScopeFilter, looked: Moment) -> Sequence[Unreadable]:
    """fleet.queries.overview.unreadable."""
    return _lost.get(scope, looked, partial(overview.unreadable, scope))


def need(scope: ScopeFilter, looked: Moment) -> Need:
    """fleet.queries.endpoint_counts.need."""
    return _need.get(scope, looked, partial(endpoint_counts.need, scope))


def troubles(scope: ScopeFilter, looked: Moment) -> Sequence[Trouble]:
    """fleet.queries.overview.troubles."""
    return _troubles.get(scope, looked, partial(overview.troubles, scope))


def standing(now: datetime, late_after: timedelta, looked: Moment) -> Standing:
    """fleet.queries.shell.standing."""
    return _standing.get(late_after, looked, partial(shell.standing, now, late_after))


def old(
    scope: ScopeFilter, now: datetime, late_after: timedelta, parts: tuple[str, ...], looked: Moment
) -> Old:
    """fleet.queries.freshness.old."""
    read = partial(ages.old, scope, now=now, late_after=late_after, parts=parts)
    return _old.get((scope, late_after, parts), looked, read)
