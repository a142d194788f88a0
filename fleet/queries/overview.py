"""What the overview answers: who needs somebody, what it costs, how callers fare, what changed."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import (
    Count,
    Max,
    Min,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce

from fleet.models import (
    DailyCost,
    MonthCost,
    PlaceDay,
)
from fleet.queries.budgets import SUBJECT
from fleet.queries.cost_scope import Span, Sums
from fleet.queries.costs import DayCost
from fleet.queries.fleet_traffic import Traffic as Traffic
from fleet.queries.fleet_traffic import TrafficOf as TrafficOf
from fleet.queries.fleet_traffic import traffic as traffic
from fleet.queries.overview_sql import TROUBLES, UNREADABLE
from fleet.queries.rolled import NOT_SUMMED, Freshness, place_q
from fleet.queries.scope import ScopeFilter
from fleet.queries.scope_sql import bound
from fleet.types import Confidence


@dataclass(frozen=True)
class Trouble:
    """One open incident; endpoint_id None for one that is not about an endpoint (a budget, the sync).

    rule: its key; operation: the code of the operation it is about, "" for none.
    """

    incident_id: int
    severity: str
    title: str
    cause: str
    summary: str
    since: datetime
    endpoint_id: int | None
    endpoint: str
    kind: str
    is_acknowledged: bool
    rule: str
    operation: str


@dataclass(frozen=True)
class Unreadable:
    """Something AWS would not let us read. endpoint_id None: the whole region; action is the missing IAM action."""

    name: str
    place: str
    region: str
    code: str
    message: str
    action: str
    since: datetime | None
    endpoint_id: int | None


@dataclass(frozen=True)
class DayCosts:
    """Cost per UTC day and kind, USD; a day without any line is absent from a kind's dict.

    sums: every day that was read, by kind only (component ""): those shown and those a forecast rests on.
    """

    days: list[date]
    by_kind: dict[str, dict[date, Decimal]]
    unpriced_endpoints: int
    data_until: datetime | None
    sums: Sequence[DayCost] = ()

    def total(self, day: date) -> Decimal | None:
        """Cost of a day over all kinds, None when nothing was worked out for it."""
        known = [costs[day] for costs in self.by_kind.values() if day in costs]
        return sum(known, Decimal(0)) if known else None


def troubles(scope: ScopeFilter, limit: int = 50) -> list[Trouble]:
    """Open incidents of the scope, critical first, then the longest; those about no endpoint only fleet-wide.

    Of several thresholds that one budget passed in a period, the highest, which opened last, stands for all.
    """
    return [Trouble(*row) for row in _rows(TROUBLES, bound(scope, limit=limit, budget=SUBJECT))]


def unreadable(scope: ScopeFilter) -> list[Unreadable]:
    """Regions whose listing failed last time, then endpoints that could be listed but not described."""
    found = sorted(
        _rows(UNREADABLE, bound(scope)),
        key=lambda row: (row[0] is not None, row[2] if row[0] is None else row[1], row[3]),
    )
    return [
        _unreadable(name or f"{alias} {region}", f"{alias}/{region}", region, json.loads(error) or {}, pk)
        for pk, name, alias, region, error in found
    ]


def costs(
    scope: ScopeFilter, days: Sequence[date], fresh: Freshness = NOT_SUMMED, *, also: Span | None = None
) -> DayCosts:
    """Daily cost by kind over `days` (oldest first), in one query; also: more days to read for `sums`."""
    span = Span(days[0], days[-1])
    read = Span(min(span.first, also.first), max(span.last, also.last)) if also else span
    by_kind, sums = defaultdict[str, dict[date, Decimal]](dict), []
    endpoints = 0
    until: datetime | None = None
    for day, kind, usd, earliest, latest, unpriced, no_data, endpoints in _day_sums(  # noqa: B007 - the same in each
        scope, span, read, fresh
    ):
        sums.append(DayCost(day, kind, "", Sums(usd, unpriced, no_data), earliest))
        if usd is not None and span.first <= day <= span.last:
            by_kind[kind][day] = usd
        if day == span.last and latest is not None:
            until = max(until or latest, latest)
    return DayCosts(
        list(days), dict(by_kind), endpoints, until, sorted(sums, key=lambda each: (each.day, each.kind))
    )


def _day_sums(scope: ScopeFilter, span: Span, read: Span, fresh: Freshness) -> QuerySet[Any, Any]:
    """(day, kind, USD, ends of the oldest and newest data, lines without a price, without data, endpoints unpriced).

    The days of `read`; the last figure is of the last day of `span`. From the places that make up the scope, else
    from the daily costs.
    """
    lines = DailyCost.objects.filter(scope.q("endpoint__shard")).order_by()
    last = lines.filter(day=span.last, amount=None, confidence=Confidence.UNPRICED)
    unpriced = last.values("day").annotate(n=Count("endpoint", distinct=True)).values("n")
    counted = Coalesce(Subquery(unpriced), 0)
    places = place_q(scope)
    # The last day shown is yesterday: places know it since the first hour of today.
    if places is not None and fresh.has_costs(span.last + timedelta(days=1)):
        rows = PlaceDay.objects.filter(places, read.q).order_by()
        return rows.values_list("day", "kind").annotate(
            usd=Sum("amount"),
            earliest=Min("earliest_until"),
            until=Max("latest_until"),
            u=Sum("unpriced"),
            n=Sum("no_data"),
            endpoints=counted,
        )
    found = lines.filter(read.q).values_list("day", "endpoint__kind")
    return found.annotate(
        usd=Sum("amount"),
        earliest=Min("data_until"),
        until=Max("data_until"),
        u=Count("pk", filter=Q(confidence=Confidence.UNPRICED)),
        n=Count("pk", filter=Q(confidence=Confidence.NO_DATA)),
        endpoints=counted,
    )


def month_to_date(scope: ScopeFilter, today: date, fresh: Freshness = NOT_SUMMED) -> Decimal | None:
    """Cost since the first of the month, USD; None when nothing has been worked out."""
    span = Span(today.replace(day=1), today)
    if fresh.has_costs(today):
        spent = MonthCost.objects.filter(scope.q("endpoint__shard"), month=span.first)
        summed: Decimal | None = spent.aggregate(total=Sum("usd"))["total"]
        return summed
    lines = DailyCost.objects.filter(scope.q("endpoint__shard"), span.q)
    total: Decimal | None = lines.aggregate(usd=Sum("amount"))["usd"]
    return total


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def visit(
    seen_at: datetime | None, last_at: datetime | None, since: datetime | None, now: datetime
) -> datetime | None:
    """Since when "your last visit" counts: half an hour without a look begins a new visit.

    seen_at: last look at all; last_at, since: what this session remembers.
    """
    if last_at is not None and now - last_at < timedelta(minutes=30):
        return since
    return seen_at


def _unreadable(name: str, place: str, region: str, error: dict[str, str], pk: int | None) -> Unreadable:
    since = error.get("since")
    return Unreadable(
        name, place, region, error.get("code", ""), error.get("message", ""), error.get("action", ""),
        datetime.fromisoformat(since) if since else None, pk,
    )  # fmt: skip
