"""In which order the endpoints list comes: by a column of the mirror, by a measured figure, by cost or by state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
    F,
    FilteredRelation,
    FloatField,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf

from fleet.models import DailyCost, Endpoint, VariantStatus
from fleet.queries import endpoint_index
from fleet.queries.endpoint_index import Index
from fleet.queries.endpoint_measures import Measures, measures, with_silence
from fleet.queries.endpoints import STATE_ORDER, Criteria, state_rank
from fleet.queries.scope import TimeRange
from fleet.types import Confidence

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
_WHENEVER = frozenset({"state", "cost"})
"""Orders that are the same in every window."""

_SUMMED: dict[str, Any] = {
    "calls": F("summary__calls"),
    "p99": F("summary__p99_ms"),
    "cold": Case(
        When(
            Q(summary__cold_starts=None, summary__publishes_setup=True, summary__calls__gt=0), then=Value(0.0)
        ),
        default=F("summary__cold_starts") / NullIf(F("summary__calls"), Value(0.0)),
        output_field=FloatField(),
    ),
    "hit": F("summary__cache_hits") / NullIf(F("summary__cache_lookups"), Value(0.0)),
    "errors": F("summary__errors_5xx") / NullIf(F("summary__calls"), Value(0.0)),
    "cost": F("spent__usd"),
}
"""The measured columns over a joined summary (EndpointWindow) and month (MonthCost)."""


@dataclass(frozen=True)
class Cost:
    """Month to date in USD; usd None when nothing is priced yet; unpriced: lines without a price in the sum."""

    usd: Decimal | None = None
    unpriced: int = 0


@dataclass(frozen=True)
class Order:
    """Endpoint ids in the order asked for, and what had to be worked out for it, so that it is not asked twice."""

    ids: list[int]
    measures: dict[int, Measures] | None = None
    costs: dict[int, Cost] | None = None


def by_mirror(index: Index, criteria: Criteria, sort: str, descending: bool, wanted: slice) -> Order:
    """A slice of the order by a column of the mirror, one of DATABASE_SORTS. A query for each new index."""

    def read() -> QuerySet[Any, int]:
        keys = [F(key).desc() if descending else F(key).asc() for key in DATABASE_SORTS[sort]]
        return Endpoint.objects.order_by(*keys, "pk").values_list("pk", flat=True)

    return Order(endpoint_index.page(index.ordered(index.meant(criteria), (sort, descending), read), wanted))


def summed(
    index: Index,
    criteria: Criteria,
    window: TimeRange,
    today: date,
    sort: str,
    descending: bool,
    wanted: slice,
) -> Order:
    """A slice of the order by summaries; PostgreSQL sorts all endpoints, once for each index. One query then."""
    month = today.replace(day=1)

    def read() -> QuerySet[Any, int]:
        found = Endpoint.objects.alias(
            summary=FilteredRelation("windows", condition=Q(windows__key=window.key)),
            spent=FilteredRelation("month_cost", condition=Q(month_cost__month=month)),
        )
        return found.order_by(*_keys(sort, descending)).values_list("pk", flat=True)

    # Neither state nor cost depends on the window.
    key = (sort, descending, month) if sort in _WHENEVER else (sort, descending, window.key)
    return Order(endpoint_index.page(index.ordered(index.meant(criteria), key, read), wanted))


def _keys(sort: str, descending: bool) -> list[Any]:
    """What is unknown comes last in both directions; equal figures stand by name."""
    if sort != "state":
        figure = _SUMMED[sort]
        return [figure.desc(nulls_last=True) if descending else figure.asc(nulls_last=True), "name", "pk"]
    rank = state_rank()
    usd = Coalesce(F("spent__usd"), Value(Decimal(0)), output_field=DecimalField())
    if descending:
        return [rank.desc(), usd.asc(), "-name", "-pk"]
    return [rank.asc(), usd.desc(), "name", "pk"]


def added_up(
    index: Index,
    criteria: Criteria,
    window: TimeRange,
    today: date,
    sort: str,
    descending: bool,
    wanted: slice,
) -> Order:
    """A slice of the order by figures added up now from buckets and daily costs."""
    meant = index.meant(criteria)
    ids = index.by_name(meant)
    if sort in _WHENEVER:
        spent = costs(ids, today)
        usd = {pk: float(cost.usd) for pk, cost in spent.items() if cost.usd is not None}
        if sort == "cost":
            return Order(_by_figure(ids, usd, descending)[wanted], costs=spent)
        return Order(_by_state(index, meant, usd, descending)[wanted], costs=spent)
    answering = VariantStatus.objects.filter(endpoint__in=ids, removed_at=None, is_shadow=False)
    measured = measures(answering.only("pk"), window)
    if sort == "cold":
        measured = with_silence(measured, ids, window)
    figures = {pk: value for pk, m in measured.items() if (value := getattr(m, MEASURE_OF[sort])) is not None}
    return Order(_by_figure(ids, figures, descending)[wanted], measures=measured)


def costs(ids: Sequence[int], today: date) -> dict[int, Cost]:
    """Month to date of endpoints, added up from their daily costs; those without any line are absent."""
    sums = (
        DailyCost.objects.filter(endpoint__in=ids, day__gte=today.replace(day=1), day__lte=today)
        .order_by()
        .values_list("endpoint_id")
        .annotate(usd=Sum("amount"), unpriced=Count("pk", filter=Q(confidence=Confidence.UNPRICED)))
    )
    return {pk: Cost(usd, unpriced) for pk, usd, unpriced in sums}


def _by_state(index: Index, meant: int, usd: dict[int, float], descending: bool) -> list[int]:
    """Gravest first, then dearest; the sets of the states have the places, so that no row is looked at."""
    ordered = [
        pk
        for state in STATE_ORDER
        for pk in sorted(
            index.by_name(meant & index.sets["state"].get(state, 0)), key=lambda pk: -usd.get(pk, 0.0)
        )
    ]
    return ordered[::-1] if descending else ordered


def _by_figure(ids: list[int], figures: dict[int, float], descending: bool) -> list[int]:
    """What is unknown comes last in both directions: it is neither the largest nor the smallest."""
    known = sorted((pk for pk in ids if pk in figures), key=lambda pk: figures[pk], reverse=descending)
    return known + [pk for pk in ids if pk not in figures]
