"""Rows of the endpoints list: capacity, traffic, latency, errors and cost of each, None where nothing is known."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum

from fleet.models import DailyCost, Endpoint, Incident, InferenceComponent, VariantStatus
from fleet.queries.endpoint_measures import Measures, measures, sparks, with_silence
from fleet.queries.endpoints import STATE_ORDER, Criteria, StateAnnotation, selected
from fleet.queries.scope import TimeRange
from fleet.types import Confidence

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

DATABASE_SORTS = {
    "name": ("name",),
    "kind": ("kind", "name"),
    "place": ("shard__account__alias", "shard__region", "name"),
    "owner": ("owner", "name"),
}
MEASURE_OF = {
    "calls": "calls",
    "p99": "p99_ms",
    "cold": "cold_share",
    "hit": "hit_ratio",
    "errors": "error_share",
}
MEASURED_SORTS = frozenset(MEASURE_OF) | {"state", "cost"}
SORTS = frozenset(DATABASE_SORTS) | MEASURED_SORTS


class RowAnnotation(StateAnnotation):
    """What the page's endpoints carry beside their state."""

    incident: str | None
    copies: int | None


@dataclass(frozen=True)
class Cost:
    """Month to date in USD; usd None when nothing is priced yet; unpriced: lines without a price in the sum."""

    usd: Decimal | None = None
    unpriced: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the list. incident: title of the gravest open incident, "" without one."""

    pk: int
    name: str
    kind: str
    status: str
    status_since: datetime | None
    state: str
    incident: str
    is_unreadable: bool
    account: str
    region: str
    owner: str
    team: str
    measures: Measures
    cost: Cost
    spark: list[float | None]
    max_concurrency: int | None
    instances: int | None
    desired_instances: int | None
    copies: int | None

    @property
    def concurrency_used(self) -> float | None:
        """Most slots in use at once in the window, of max_concurrency."""
        if self.measures.concurrency is None or self.max_concurrency is None:
            return None
        return self.measures.concurrency * self.max_concurrency


def rows(
    criteria: Criteria,
    window: TimeRange,
    today: date,
    *,
    sort: str,
    descending: bool,
    offset: int,
    limit: int | None,
) -> list[Row]:
    """Rows offset … offset + limit in order; sort is one of SORTS. Seven queries, whatever the fleet's size.

    "state" means gravest first, then dearest first. limit None: all of them (for an export).
    """
    order = _order(criteria, window, today, sort, descending)
    shown = order.ids[offset:] if limit is None else order.ids[offset : offset + limit]
    endpoints = {endpoint.pk: endpoint for endpoint in _endpoints(criteria, shown)}
    variants = _variants(shown)
    of_variant = {variant.pk: variant.endpoint_id for group in variants.values() for variant in group}
    measured = order.measures if order.measures is not None else measures(list(of_variant), window)
    known = with_silence(measured, shown, window)
    costs = order.costs if order.costs is not None else _costs(shown, today)
    spark = sparks(of_variant, window)
    return [
        _row(
            endpoints[pk],
            variants.get(pk, []),
            known.get(pk, Measures()),
            costs.get(pk, Cost()),
            spark.get(pk, []),
        )
        for pk in shown
        if pk in endpoints
    ]


@dataclass(frozen=True)
class _Order:
    """Endpoint ids in the order asked for, and what had to be worked out for it, so that it is not asked twice."""

    ids: list[int]
    measures: dict[int, Measures] | None = None
    costs: dict[int, Cost] | None = None


def _order(criteria: Criteria, window: TimeRange, today: date, sort: str, descending: bool) -> _Order:
    found = selected(criteria)
    if sort in DATABASE_SORTS:
        keys = [F(key).desc() if descending else F(key).asc() for key in DATABASE_SORTS[sort]]
        return _Order(list(found.order_by(*keys, "pk").values_list("pk", flat=True)))
    listed = list(found.order_by("name", "pk").values_list("pk", "state"))
    ids = [pk for pk, _ in listed]
    if sort in {"state", "cost"}:
        costs = _costs(ids, today)
        usd = {pk: float(cost.usd) for pk, cost in costs.items() if cost.usd is not None}
        ordered = _by_state(listed, usd, descending) if sort == "state" else _by_figure(ids, usd, descending)
        return _Order(ordered, costs=costs)
    measured = measures(VariantStatus.objects.filter(endpoint__in=ids, removed_at=None).only("pk"), window)
    if sort == "cold":
        measured = with_silence(measured, ids, window)
    figures = {pk: value for pk, m in measured.items() if (value := getattr(m, MEASURE_OF[sort])) is not None}
    return _Order(_by_figure(ids, figures, descending), measures=measured)


def _by_state(listed: list[tuple[int, str]], usd: dict[int, float], descending: bool) -> list[int]:
    ranks = {state.value: n for n, state in enumerate(STATE_ORDER)}
    ordered = sorted(listed, key=lambda item: (ranks[item[1]], -usd.get(item[0], 0.0)))
    return [pk for pk, _ in (reversed(ordered) if descending else ordered)]


def _by_figure(ids: list[int], figures: dict[int, float], descending: bool) -> list[int]:
    """What is unknown comes last in both directions: it is neither the largest nor the smallest."""
    known = sorted((pk for pk in ids if pk in figures), key=lambda pk: figures[pk], reverse=descending)
    return known + [pk for pk in ids if pk not in figures]


def _endpoints(
    criteria: Criteria, ids: Sequence[int]
) -> "QuerySet[WithAnnotations[Endpoint, RowAnnotation]]":
    """The endpoints of the page with their gravest open incident ("critical" sorts before "warning") and copies."""
    incidents = Incident.objects.filter(endpoint=OuterRef("pk"), resolved_at=None).order_by(
        "severity", "opened_at"
    )
    copies = InferenceComponent.objects.filter(endpoint=OuterRef("pk"), removed_at=None).order_by()
    return (
        selected(criteria)
        .filter(pk__in=ids)
        .annotate(
            incident=Subquery(incidents.values("title")[:1]),
            copies=Subquery(copies.values("endpoint").annotate(n=Sum("current_copies")).values("n")),
        )
        .select_related("shard__account")
        .defer("document", "search_text", "tags")
    )


def _variants(ids: Sequence[int]) -> dict[int, list[VariantStatus]]:
    found: dict[int, list[VariantStatus]] = defaultdict(list)
    for variant in VariantStatus.objects.filter(endpoint__in=ids, removed_at=None):
        found[variant.endpoint_id].append(variant)
    return found


def _costs(ids: Sequence[int], today: date) -> dict[int, Cost]:
    sums = (
        DailyCost.objects.filter(endpoint__in=ids, day__gte=today.replace(day=1), day__lte=today)
        .order_by()
        .values_list("endpoint_id")
        .annotate(usd=Sum("amount"), unpriced=Count("pk", filter=Q(confidence=Confidence.UNPRICED)))
    )
    return {pk: Cost(usd, unpriced) for pk, usd, unpriced in sums}


def _row(
    endpoint: "WithAnnotations[Endpoint, RowAnnotation]",
    variants: list[VariantStatus],
    measured: Measures,
    cost: Cost,
    spark: list[float | None],
) -> Row:
    serving = [variant for variant in variants if not variant.is_shadow]
    return Row(
        pk=endpoint.pk,
        name=endpoint.name,
        kind=endpoint.kind,
        status=endpoint.status,
        status_since=endpoint.status_since,
        state=endpoint.state,
        incident=endpoint.incident or "",
        is_unreadable=endpoint.unreadable is not None,
        account=endpoint.shard.account.alias,
        region=endpoint.shard.region,
        owner=endpoint.owner,
        team=endpoint.team,
        measures=measured,
        cost=cost,
        spark=spark,
        max_concurrency=_total(variant.max_concurrency for variant in serving),
        instances=_total(variant.current_instance_count for variant in serving),
        desired_instances=_total(variant.desired_instance_count for variant in serving),
        copies=endpoint.copies,
    )


def _total(values: Any) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
