"""In which order the endpoints list comes: by a column of the mirror, by a measured figure, by cost or by state."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from math import isnan, nan
from typing import Any

from django.db.models import Case, Count, F, FloatField, Q, Sum, Value, When
from django.db.models.functions import Cast, NullIf

from fleet.models import DailyCost, Endpoint, EndpointWindow, MonthCost, VariantStatus
from fleet.queries import endpoint_index
from fleet.queries.endpoint_index import Index
from fleet.queries.endpoint_measures import Measures, measures, with_silence
from fleet.queries.endpoints import STATE_ORDER, Criteria
from fleet.queries.kept import Kept, Moment
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
    "calls": F("calls"),
    "p99": F("p99_ms"),
    "cold": Case(
        When(Q(cold_starts=None, publishes_setup=True, calls__gt=0), then=Value(0.0)),
        default=F("cold_starts") / NullIf(F("calls"), Value(0.0)),
        output_field=FloatField(),
    ),
    "hit": F("cache_hits") / NullIf(F("cache_lookups"), Value(0.0)),
    "errors": F("errors_5xx") / NullIf(F("calls"), Value(0.0)),
}
"""The measured columns over EndpointWindow."""
Figures = Mapping[int, float]
"""By endpoint; one without a figure is absent."""


@dataclass(frozen=True)
class Columns:
    """Figures of endpoints: of each column a number for each id, none where it is not a number."""

    ids: "array[int]"
    of: Mapping[str, "array[float]"]

    def known(self, column: str) -> Figures:
        """Those that have one in this column."""
        return {pk: figure for pk, figure in zip(self.ids, self.of[column], strict=True) if not isnan(figure)}


_orders: Kept["array[int]"] = Kept(most=32)
_columns: Kept[Columns] = Kept(most=8)


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


def by_mirror(
    index: Index, looked: Moment, criteria: Criteria, sort: str, descending: bool, wanted: slice
) -> Order:
    """A slice of the order by a column of the mirror, one of DATABASE_SORTS. One query, where it is not kept."""

    def ids() -> "array[int]":
        keys = [F(key).desc() if descending else F(key).asc() for key in DATABASE_SORTS[sort]]
        return array("Q", Endpoint.objects.order_by(*keys, "pk").values_list("pk", flat=True))

    return _slice(index, criteria, _orders.get((sort, descending), looked, ids), wanted)


def summed(
    index: Index,
    looked: Moment,
    criteria: Criteria,
    window: TimeRange,
    today: date,
    sort: str,
    descending: bool,
    wanted: slice,
) -> Order:
    """A slice of the order by summaries, which are kept: of a window for all of its columns."""
    month = today.replace(day=1)

    def ids() -> "array[int]":
        # As it is kept: an order is as old as the index it is made from, and behind its readers both are made anew.
        all_ = endpoint_index.current(looked)
        if sort in _WHENEVER:
            usd = _columns.get(month, looked, partial(_spent, month)).known("cost")
            if sort == "state":
                return array("Q", _by_state(all_, usd, descending))
            return array("Q", _by_figure(all_.ids, usd, descending))
        columns = _columns.get(window.key, looked, partial(_summed, window.key))
        return array("Q", _by_figure(all_.ids, columns.known(sort), descending))

    # Neither state nor cost depends on the window.
    key = (sort, descending, month if sort in _WHENEVER else window.key)
    return _slice(index, criteria, _orders.get(key, looked, ids), wanted)


def _slice(index: Index, criteria: Criteria, order: Iterable[int], wanted: slice) -> Order:
    return Order(endpoint_index.page(index.ordered(index.meant(criteria), order), wanted))


def _summed(key: str) -> Columns:
    """The measured columns of a window."""
    rows = EndpointWindow.objects.filter(key=key).values_list("endpoint_id", *_SUMMED.values())
    return _columns_of(tuple(_SUMMED), rows)


def _spent(month: date) -> Columns:
    rows = MonthCost.objects.filter(month=month).values_list("endpoint_id", Cast("usd", FloatField()))
    return _columns_of(("cost",), rows)


def _columns_of(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Columns:
    """rows: an endpoint's id and its figures, None where there is none."""
    ids, *columns = array("Q"), *(array("d") for _ in names)
    for pk, *figures in rows:
        ids.append(pk)
        for column, figure in zip(columns, figures, strict=True):
            column.append(nan if figure is None else figure)
    return Columns(ids, dict(zip(names, columns, strict=True)))


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
        ordered = index.ordered(meant, _by_state(index, usd, descending))
        return Order(endpoint_index.page(ordered, wanted), costs=spent)
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


def _by_state(index: Index, usd: Figures, descending: bool) -> list[int]:
    """The ids of all endpoints: gravest first, then dearest, then by name."""
    rank = [0] * len(index.ids)
    for n, state in enumerate(STATE_ORDER):
        for place in index.places_of(index.sets["state"].get(state, 0)):
            rank[place] = n
    places = sorted(range(len(rank)), key=lambda place: (rank[place], -usd.get(index.ids[place], 0.0)))
    return [index.ids[place] for place in (reversed(places) if descending else places)]


def _by_figure(ids: Sequence[int], figures: Figures, descending: bool) -> list[int]:
    """What is unknown comes last in both directions: it is neither the largest nor the smallest.

    ids: of endpoints by name, in which order those of the same figure stay.
    """
    known = sorted((pk for pk in ids if pk in figures), key=figures.__getitem__, reverse=descending)
    return [*known, *(pk for pk in ids if pk not in figures)]
