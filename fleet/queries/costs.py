"""What the fleet cost: day sums and groups over DailyCost. Days are UTC, both ends of a span belong to it.

A sum is None only when no line has an amount; unpriced lines and lines without data are counted beside it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Case, Count, F, Max, Min, Q, QuerySet, Sum, Value, When

from fleet.costs.lines import add
from fleet.models import CostSpan, CostWindow, DailyCost, Endpoint, EndpointWindow, HourBucket, PlaceDay
from fleet.queries import keyset
from fleet.queries.cost_lines import endpoint_lines as endpoint_lines
from fleet.queries.cost_scope import OF_LINES, CostFilter, GroupBy, Grouping, Span, Sums, grouping
from fleet.queries.cost_scope import month_to_date as month_to_date
from fleet.queries.rolled import TOMORROW, place_q
from fleet.types import Confidence, CostComponent, Kind

_UNPRICED = Count("pk", filter=Q(confidence=Confidence.UNPRICED))
_NO_DATA = Count("pk", filter=Q(confidence=Confidence.NO_DATA))
_ACCOUNT = ("shard__account__account_id", "shard__account__alias")
_NAMES = ("name", "kind", "team", "closed_at", "shard__region", *_ACCOUNT)
_LINES = {"total": Sum("amount"), "unpriced": _UNPRICED, "no_data": _NO_DATA}
_SUMMED = {"total": Sum("amount"), "unpriced": Sum("unpriced"), "no_data": Sum("no_data")}


@dataclass(frozen=True)
class DayCost:
    """What one kind of endpoint spent on one component on one day. data_until: the oldest end of data in it.

    kind and component are "" where it is all that was spent on the day.
    """

    day: date
    kind: str
    component: str
    sums: Sums
    data_until: datetime


@dataclass(frozen=True)
class Group:
    """One row of "where it goes". key is the value of LOOKUPS as text; components: amounts by component."""

    key: str
    label: str
    sums: Sums
    components: dict[str, Decimal | None] = field(default_factory=dict)
    endpoints: int = 0
    endpoint: Endpoint | None = None
    calls: float | None = None

    @property
    def usd_per_1000(self) -> Decimal | None:
        """Cost per 1,000 calls; None without calls or without an amount."""
        if self.sums.amount is None or not self.calls:
            return None
        return self.sums.amount * 1000 / Decimal(repr(self.calls))


def days(where: CostFilter, span: Span, *, is_rolled: bool = False, is_whole: bool = False) -> list[DayCost]:
    """Day sums by kind and component, oldest first; is_whole: one for each day. One query.

    is_rolled: Freshness.has_costs holds today.
    """
    places = place_q(where.scope) if is_rolled and where.is_of_places else None
    keys = ("day",) if is_whole else ("day", "kind", "component")
    if places is not None:
        kinds = Q(kind__in=where.kinds) if where.kinds else Q()
        rows: QuerySet[Any] = PlaceDay.objects.filter(places, kinds, span.q)
        sums = {**_SUMMED, "until": Min("earliest_until")}
    else:
        rows = DailyCost.objects.filter(where.q(), where.lines, span.q).annotate(kind=F("endpoint__kind"))
        sums = {**_LINES, "until": Min("data_until")}
    found = rows.order_by(*keys).values_list(*keys).annotate(**sums)
    if is_whole:
        return [DayCost(day, "", "", Sums(*amounts), until) for day, *amounts, until in found]
    return [
        DayCost(day, kind, component, Sums(*amounts), until)
        for day, kind, component, *amounts, until in found
    ]


def total(found: Iterable[DayCost], span: Span | None = None) -> Sums:
    """Day costs added up, those of `span` only when it is given."""
    parts = [cost.sums for cost in found if span is None or span.first <= cost.day <= span.last]
    return Sums(add(p.amount for p in parts), sum(p.unpriced for p in parts), sum(p.no_data for p in parts))


def kept_total(where: CostFilter, key: str, today: date) -> Sums:
    """What the kept span `key` (fleet.queries.cost_spans) cost: its kept whole days, and today. Two queries.

    Exact while the span is that of `today` and none of its days waits to be added up again (no StaleDay).
    """
    whole = CostSpan.objects.filter(where.q(), where.lines, key=key).aggregate(**_SUMMED)
    running = DailyCost.objects.filter(where.q(), where.lines, day=today).aggregate(**_LINES)
    parts = [Sums(each["total"], each["unpriced"] or 0, each["no_data"] or 0) for each in (whole, running)]
    return Sums(add(p.amount for p in parts), sum(p.unpriced for p in parts), sum(p.no_data for p in parts))


def stacked(
    found: Iterable[DayCost], by: Callable[[DayCost], str], shown: Sequence[date]
) -> dict[str, list[Decimal | None]]:
    """Amounts by `by` and day, aligned with `shown`: None where nothing was priced."""
    sums: dict[str, dict[date, list[Decimal | None]]] = defaultdict(lambda: defaultdict(list))
    for cost in found:
        sums[by(cost)][cost.day].append(cost.sums.amount)
    return {key: [add(parts.get(day, [])) for day in shown] for key, parts in sums.items()}


def group_sums(
    where: CostFilter, span: Span, by: GroupBy | Grouping, *, ascending: bool = False, key: str = ""
) -> Sequence[tuple[str, Sums]]:
    """Every group's sums by key, the most expensive first, groups without an amount last. One query.

    key: the summed window that is the span (Freshness.cost_key), "" adds up the daily costs.
    """
    order = F("total").asc(nulls_last=True) if ascending else F("total").desc(nulls_last=True)
    rows, sums = _keyed(where, span, by, key)
    found = rows.values_list("cost_key").annotate(**sums).order_by(order, "cost_key")
    return [(str(name), Sums(amount, unpriced, no_data)) for name, amount, unpriced, no_data in found]


def group_slice(
    where: CostFilter,
    span: Span,
    by: GroupBy | Grouping,
    *,
    after: keyset.Key | None,
    limit: int,
    key: str = "",
) -> keyset.Slice[tuple[str, Sums]]:
    """The groups by key, `limit` of them after one (int for endpoints, else text). One query; key as in group_sums."""
    rows, sums = _keyed(where, span, by, key)
    if after is not None:
        rows = rows.filter(cost_key__gt=after[0])
    found = rows.values_list("cost_key").annotate(**sums).order_by("cost_key")[: limit + 1]
    shown = keyset.cut(list(found), lambda row: (row[0],), limit)
    groups = [(str(name), Sums(amount, unpriced, no_data)) for name, amount, unpriced, no_data in shown.rows]
    return keyset.Slice(groups, shown.last)


def group_total(where: CostFilter, span: Span, *, key: str = "") -> Sums:
    """What all groups of any grouping add up to. One query; key as in group_sums."""
    rows, sums = _rows(where, span, key)
    found = rows.order_by().aggregate(**sums)
    return Sums(found["total"], found["unpriced"] or 0, found["no_data"] or 0)


def _rows(where: CostFilter, span: Span, key: str) -> tuple[QuerySet[Any], Mapping[str, Aggregate]]:
    """What a span's costs are added up from, and how."""
    if key and not where.has_lines:
        keys = (key, f"{key}{TOMORROW}")
        return CostWindow.objects.filter(where.q(), key__in=keys, last=span.last), _SUMMED
    return DailyCost.objects.filter(where.q(), where.lines, span.q), _LINES


def _keyed(
    where: CostFilter, span: Span, by: GroupBy | Grouping, key: str
) -> tuple[QuerySet[Any], Mapping[str, Aggregate]]:
    """The same with the key of each row's group; windows know neither models nor items."""
    wanted = grouping(by)
    rows, sums = _rows(where, span, "" if wanted.by in {GroupBy.MODEL, GroupBy.INSTANCE_TYPE} else key)
    return rows.annotate(cost_key=wanted.expression()), sums


def groups(
    where: CostFilter, span: Span, by: GroupBy | Grouping, shown: Sequence[tuple[str, Sums]], *, key: str = ""
) -> list[Group]:
    """The groups of `shown` (a page of group_sums) with their components, calls and names. At most three queries."""
    keys = [name for name, _ in shown]
    what = grouping(by).by
    parts: dict[str, dict[str, Decimal | None]] = defaultdict(dict)
    rows = _keyed(where, span, by, key)[0].filter(cost_key__in=keys)
    aliases: dict[str, str] = {}
    alias = Max("endpoint__shard__account__alias") if what is GroupBy.ACCOUNT else Value("")
    sums_by_part = rows.values_list("cost_key", "component").annotate(total=Sum("amount"), alias=alias)
    for name, component, amount, called_so in sums_by_part.order_by():
        parts[str(name)][component] = amount
        aliases[str(name)] = called_so
    counted = dict.fromkeys(keys, 1) if what is GroupBy.ENDPOINT else _members(rows)
    called = calls(where, span, by, keys, key=key)
    named = endpoints(keys) if what is GroupBy.ENDPOINT else {}
    return [
        Group(
            key=name,
            label=named[name].name if name in named else aliases.get(name) or name,
            sums=sums,
            components=parts[name],
            endpoints=counted.get(name, 0),
            endpoint=named.get(name),
            calls=called.get(name),
        )
        for name, sums in shown
    ]


def _members(rows: QuerySet[Any]) -> dict[str, int]:
    """How many endpoints each group has."""
    found = rows.values_list("cost_key").annotate(n=Count("endpoint", distinct=True)).order_by()
    return {str(name): number for name, number in found}


def calls(
    where: CostFilter,
    span: Span,
    by: GroupBy | Grouping,
    keys: Sequence[str] | None = None,
    *,
    key: str = "",
) -> dict[str, float]:
    """Calls by group key, of hours inside the span: Invocations, or requests processed for asynchronous endpoints.

    A shadow's calls are copies and do not count. Groups nobody reported calls for are absent; lines have none of their
    own. key as in group_sums. One query.
    """
    wanted = grouping(by)
    if wanted.by in OF_LINES:
        return {}
    if key and wanted.by is not GroupBy.MODEL and not where.models:
        expression = wanted.expression()
        rows: QuerySet[Any] = EndpointWindow.objects.filter(where.q(), key=key)
        today = When(until__gte=datetime.combine(span.last, time(), UTC), then=F("span_calls"))
        number: Aggregate = Sum(Case(today, default=F("span_calls_next")))
    else:
        expression = (
            F("variant__model_name") if wanted.by is GroupBy.MODEL else wanted.expression("variant__")
        )
        at = Q(at__gte=span.start, at__lt=span.end)
        if where.models:
            at &= Q(variant__model_name__in=where.models)
        rows = HourBucket.objects.filter(where.q("variant__endpoint"), at, variant__is_shadow=False)
        is_async = Q(variant__endpoint__kind=Kind.ASYNCHRONOUS)
        number = Sum(Case(When(is_async, then=F("processed")), default=F("invocations")))
    rows = rows.annotate(cost_key=expression)
    if keys is not None:
        rows = rows.filter(cost_key__in=keys)
    sums = rows.values_list("cost_key").annotate(number=number).order_by()
    return {str(name): calls for name, calls in sums if calls is not None}


def endpoints(keys: Iterable[str]) -> dict[str, Endpoint]:
    """Endpoints by id as text, with shard and account, and of each what names it in a row."""
    found = Endpoint.objects.filter(pk__in=list(keys)).select_related("shard__account").only(*_NAMES)
    return {str(endpoint.pk): endpoint for endpoint in found}


def endpoint_totals(endpoint_ids: Sequence[int], span: Span) -> dict[int, Sums]:
    """Sums by endpoint; endpoints without any line are absent. One query."""
    found = (
        DailyCost.objects.filter(span.q, endpoint__in=endpoint_ids)
        .values_list("endpoint_id")
        .annotate(total=Sum("amount"), unpriced=_UNPRICED, no_data=_NO_DATA)
        .order_by()
    )
    return {key: Sums(amount, unpriced, no_data) for key, amount, unpriced, no_data in found}


def first_day() -> date | None:
    """The oldest day with costs, None before the first."""
    return DailyCost.objects.aggregate(first=Min("day"))["first"]


def computed_at(where: CostFilter) -> datetime | None:
    """When costs of the filter were last computed, None before the first time."""
    return DailyCost.objects.filter(where.q()).aggregate(last=Max("computed_at"))["last"]


def component_of(cost: DayCost) -> str:
    return cost.component


def kind_of(cost: DayCost) -> str:
    return cost.kind


def in_order(keys: Iterable[str], order: Iterable[Any] = (*Kind, *CostComponent)) -> list[str]:
    """Keys of a stack in the fixed order of kinds and components, unknown ones last."""
    rank = {str(value): n for n, value in enumerate(order)}
    return sorted(keys, key=lambda key: (rank.get(key, len(rank)), key))
