"""Bars of the explorer's chart by account or region, from the costs of days by place instead of from every line."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum
from django.db.models.functions import Trunc

from fleet.models import PlaceDay
from fleet.queries.cost_cover import buckets, grain_of
from fleet.queries.cost_plan import Plan
from fleet.queries.cost_scope import CostFilter, GroupBy


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
