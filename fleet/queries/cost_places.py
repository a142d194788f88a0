"""Bars of the explorer's chart from the costs of days by place, instead of from every line."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

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
    kinds = Q(kind__in=where.kinds) if where.kinds else Q()
    rows = PlaceDay.objects.filter(kinds, plan.compared.q, place__in=keys).order_by()
    sums = rows.annotate(first=Trunc("day", grain_of(plan.span))).values_list("place", "first")
    found: dict[str, dict[date, Decimal | None]] = defaultdict(dict)
    for place, first, amount in sums.annotate(total=Sum("amount")):
        found[place][first] = amount
    return {key: [found[key].get(bar.first) for bar in buckets(plan.span)] for key in keys}


def stacked(where: CostFilter, span: Span, grain: str, by: GroupBy) -> dict[str, dict[date, Decimal | None]]:
    """Amounts by kind or component, and by the first day of each day, week or month; where.is_of_places. One query."""
    kinds = Q(kind__in=where.kinds) if where.kinds else Q()
    rows = PlaceDay.objects.filter(place_q(where.scope) or Q(), kinds, span.q)
    found: dict[str, dict[date, Decimal | None]] = defaultdict(dict)
    sums = rows.annotate(first=Trunc("day", grain)).order_by().values_list(by.value, "first")
    for key, first, amount in sums.annotate(total=Sum("amount")):
        found[key][first] = amount
    return dict(found)


def totals(where: CostFilter, span: Span, grain: str) -> dict[date, Decimal | None]:
    """Amounts by the first day of each day, week or month; where.is_of_places. One query."""
    kinds = Q(kind__in=where.kinds) if where.kinds else Q()
    rows = PlaceDay.objects.filter(place_q(where.scope) or Q(), kinds, span.q)
    sums = rows.annotate(first=Trunc("day", grain)).order_by().values_list("first")
    return dict(sums.annotate(total=Sum("amount")))
