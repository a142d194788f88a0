"""In which order the endpoints list comes: by a column of the mirror, by a measured figure, by cost or by state."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import isnan, nan
from typing import Any

from django.db.models import Case, Count, F, FloatField, Q, Sum, Value, When
from django.db.models.functions import Cast, NullIf

from fleet.models import DailyCost, Endpoint, EndpointWindow, MonthCost, VariantStatus
from fleet.queries import endpoint_index
from fleet.queries.endpoint_index import Index
from fleet.queries.endpoint_measures import Measures, measures, with_silence
from fleet.queries.endpoints import STATE_ORDER, Criteria
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
"""By endpoint or its place; one without a figure is absent."""


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

    def places() -> Iterator[int]:
        keys = [F(key).desc() if descending else F(key).asc() for key in DATABASE_SORTS[sort]]
        found = Endpoint.objects.order_by(*keys, "pk").values_list("pk", flat=True)
        # One that was added since the index was made is not in it yet.
        return (index.places[pk] for pk in found if pk in index.places)

    return Order(
        endpoint_index.page(index.ordered(index.meant(criteria), (sort, descending), places), wanted)
    )


def summed(
    index: Index,
    criteria: Criteria,
    window: TimeRange,
    today: date,
    sort: str,
    descending: bool,
    wanted: slice,
) -> Order:
    """A slice of the order by summaries. For each index they are read once: of a window for all of its columns."""
    month = today.replace(day=1)

    def places() -> Sequence[int]:
        if sort in _WHENEVER:
            spent = index.remembered(("spent", month), lambda: _spent(index, month))
            usd = _known(spent["cost"])
            return _by_state(index, usd, descending) if sort == "state" else _by_figure(all_, usd, descending)
        figures = index.remembered(("summed", window.key), lambda: _summed(index, window.key))
        return _by_figure(all_, _known(figures[sort]), descending)

    all_ = range(len(index.ids))
    # Neither state nor cost depends on the window.
    key = (sort, descending, month) if sort in _WHENEVER else (sort, descending, window.key)
    return Order(endpoint_index.page(index.ordered(index.meant(criteria), key, places), wanted))


def _summed(index: Index, key: str) -> endpoint_index.Figures:
    """Of the measured columns."""
    rows = EndpointWindow.objects.filter(key=key).values_list("endpoint_id", *_SUMMED.values())
    return _by_place(index, tuple(_SUMMED), rows)


def _spent(index: Index, month: date) -> endpoint_index.Figures:
    rows = MonthCost.objects.filter(month=month).values_list("endpoint_id", Cast("usd", FloatField()))
    return _by_place(index, ("cost",), rows)


def _by_place(index: Index, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> endpoint_index.Figures:
    """rows: an endpoint's id and its figures, None where there is none."""
    found = {column: array("d", [nan]) * len(index.ids) for column in columns}
    for pk, *figures in rows:
        place = index.places.get(pk)
        for column, figure in zip(columns, figures, strict=True):
            if place is not None and figure is not None:
                found[column][place] = figure
    return found


def _known(column: "array[float]") -> Figures:
    return {place: figure for place, figure in enumerate(column) if not isnan(figure)}


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
        at = {index.places[pk]: figure for pk, figure in usd.items()}
        marked = set(ids)
        ordered = [index.ids[place] for place in _by_state(index, at, descending)]
        return Order([pk for pk in ordered if pk in marked][wanted], costs=spent)
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
    """The places of all endpoints: gravest first, then dearest, then by name."""
    rank = [0] * len(index.ids)
    for n, state in enumerate(STATE_ORDER):
        for place in index.places_of(index.sets["state"].get(state, 0)):
            rank[place] = n
    ordered = sorted(range(len(rank)), key=lambda place: (rank[place], -usd.get(place, 0.0)))
    return ordered[::-1] if descending else ordered


def _by_figure(ids: Sequence[int], figures: Figures, descending: bool) -> list[int]:
    """What is unknown comes last in both directions: it is neither the largest nor the smallest.

    ids: of endpoints or their places, by name, in which order those of the same figure stay.
    """
    known = sorted((pk for pk in ids if pk in figures), key=figures.__getitem__, reverse=descending)
    return [*known, *(pk for pk in ids if pk not in figures)]
