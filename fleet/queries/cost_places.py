"""Bars of the explorer's chart from the costs of days by place, instead of from every line."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import Trunc

from fleet.models import PlaceDay
from fleet.queries.cost_cover import buckets, grain_of
from fleet.queries.cost_plan import Plan
from fleet.queries.cost_scope import CostFilter, GroupBy, Span
from fleet.queries.rolled import place_q


def bars(
    where: CostFilter, by: GroupBy, plan: Plan, keys: list[str]
) -> dict[str | None, list[Decimal | None]] | None:
    """What the whole days of each bar of the plan's span (cost_cover.buckets) cost in some accounts or regions.

    None where the groups are no places, or only a part of each is asked for. One query.
    """
    others = {GroupBy.ACCOUNT: where.scope.regions, GroupBy.REGION: where.scope.accounts}
    if others.get(by, True) or not where.is_of_places or plan.compared is None:
        return None
    sums = _sums(where, Q(place__in=keys), plan.compared, grain_of(plan.span), "place")
    found: dict[str, dict[date, Decimal | None]] = defaultdict(dict)
    for place, first, amount in sums:
        found[place][first] = amount
    return {key: [found[key].get(bar.first) for bar in buckets(plan.span)] for key in keys}


def stacked(where: CostFilter, span: Span, grain: str, by: GroupBy) -> dict[str, dict[date, Decimal | None]]:
    """Amounts by kind or component, and by the first day of each day, week or month; where.is_of_places. One query."""
    found: dict[str, dict[date, Decimal | None]] = defaultdict(dict)
    for key, first, amount in _sums(where, place_q(where.scope) or Q(), span, grain, by.value):
        found[key][first] = amount
    return dict(found)


def totals(where: CostFilter, span: Span, grain: str) -> dict[date, Decimal | None]:
    """Amounts by the first day of each day, week or month; where.is_of_places. One query."""
    return dict(_sums(where, place_q(where.scope) or Q(), span, grain))


def _sums(where: CostFilter, places: Q, span: Span, grain: str, *keys: str) -> Iterable[Any]:
    """Keys, the first day of a day, week or month, and what it cost in some places. One query."""
    kinds = Q(kind__in=where.kinds) if where.kinds else Q()
    rows = PlaceDay.objects.filter(places, kinds, span.q).annotate(first=Trunc("day", grain)).order_by()
    return rows.values_list(*keys, "first").annotate(total=Sum("amount"))
