"""Rows of the endpoints list: capacity, traffic, latency, errors and cost of each, None where nothing is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, OuterRef, Q, Subquery, Sum

from fleet.models import Endpoint, Incident, InferenceComponent, VariantStatus
from fleet.queries import endpoint_index, endpoint_order
from fleet.queries.endpoint_index import Index
from fleet.queries.endpoint_measures import Measures, measures, sparks, with_silence
from fleet.queries.endpoint_order import DATABASE_SORTS, Cost
from fleet.queries.endpoint_order import MEASURED_SORTS as MEASURED_SORTS
from fleet.queries.endpoint_order import SORTS as SORTS
from fleet.queries.endpoints import Criteria, with_state
from fleet.queries.kept import Moment, moment
from fleet.queries.rolled import NOT_SUMMED, Freshness
from fleet.queries.scope import TimeRange


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
    application: str
    measures: Measures
    cost: Cost
    spark: tuple[float | None, ...]
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
    fresh: Freshness = NOT_SUMMED,
    index: Index | None = None,
    looked: Moment | None = None,
) -> list[Row]:
    """Rows offset … offset + limit in order; sort is one of SORTS. Seven queries at most, whatever the fleet's size.

    "state" means gravest first, then dearest first. limit None: all of them. Figures are those of fleet.rollups where
    `fresh` says that these cover the window, else added up from buckets and daily costs. index: what tells which rows,
    the one kept by default; looked: when the reader began to look, now by default; what stands in a row is read now.
    """
    wanted = slice(offset, None if limit is None else offset + limit)
    order, is_rolled = _order(criteria, window, today, sort, descending, wanted, fresh, index, looked)
    found = _read(order.ids, window, today)
    return found if is_rolled else _added_up(found, order, window, today)


def ids(
    criteria: Criteria, window: TimeRange, today: date, *, sort: str, descending: bool, fresh: Freshness
) -> list[int]:
    """The endpoints of all rows, in their order."""
    return _order(criteria, window, today, sort, descending, slice(None), fresh)[0].ids


def _order(
    criteria: Criteria,
    window: TimeRange,
    today: date,
    sort: str,
    descending: bool,
    wanted: slice,
    fresh: Freshness,
    index: Index | None = None,
    looked: Moment | None = None,
) -> tuple[endpoint_order.Order, bool]:
    """Which endpoints, and whether the figures that were added up before tell."""
    looked = looked or moment()
    index = index or endpoint_index.current(looked)
    is_rolled = fresh.covers(window) and fresh.has_costs(today)
    if sort in DATABASE_SORTS:
        return endpoint_order.by_mirror(index, looked, criteria, sort, descending, wanted), is_rolled
    if is_rolled:
        return endpoint_order.summed(index, looked, criteria, window, today, sort, descending, wanted), True
    return endpoint_order.added_up(index, criteria, window, today, sort, descending, wanted), False


_IDENTITY = ("pk", "name", "kind", "status", "status_since", "state")
_LABELS = ("owner", "team", "application")
# Shadows are left out of capacity: their calls are copies.
_ROWS = """
SELECT e.*, v.max_concurrency, v.instances, v.desired,
    w.calls, w.p99_ms,
    CASE WHEN w.cold_starts IS NULL AND w.calls <> 0 AND w.publishes_setup THEN 0 ELSE w.cold_starts END,
    w.cache_hits, w.cache_lookups, w.errors_5xx, w.concurrency, w.spark, m.usd, m.unpriced
FROM unnest(%s::bigint[]) WITH ORDINALITY shown (id, place)
JOIN ({endpoints}) e (
    id, name, kind, status, status_since, state, incident, is_unreadable, account, region, owner, team, application,
    copies
) ON e.id = shown.id
LEFT JOIN LATERAL (
    SELECT sum(max_concurrency) AS max_concurrency, sum(current_instance_count) AS instances,
        sum(desired_instance_count) AS desired
    FROM fleet_variantstatus WHERE endpoint_id = shown.id AND removed_at IS NULL AND NOT is_shadow
) v ON true
LEFT JOIN fleet_endpointwindow w ON w.endpoint_id = shown.id AND w.key = %s
LEFT JOIN fleet_monthcost m ON m.endpoint_id = shown.id AND m.month = %s
ORDER BY shown.place
"""
_OF_ENDPOINT, _OF_VARIANTS, _OF_WINDOW = 14, 17, 24
"""Where the columns of each end; then come the little line and the cost."""


@lru_cache(maxsize=1)
def _statement() -> tuple[str, tuple[Any, ...]]:
    """Put together once: what differs between two looks is bound.

    The gravest open incident of an endpoint is the first by severity: "critical" sorts before "warning".
    """
    incidents = Incident.objects.filter(endpoint=OuterRef("pk"), resolved_at=None).order_by(
        "severity", "opened_at"
    )
    copies = InferenceComponent.objects.filter(endpoint=OuterRef("pk"), removed_at=None).order_by()
    endpoints = with_state(Endpoint.objects.order_by()).values_list(
        *_IDENTITY,
        Subquery(incidents.values("title")[:1]),
        ExpressionWrapper(Q(unreadable__isnull=False), output_field=BooleanField()),
        "shard__account__alias",
        "shard__region",
        *_LABELS,
        Subquery(copies.values("endpoint").annotate(n=Sum("current_copies")).values("n")),
    )
    inner, values = endpoints.query.sql_with_params()
    return _ROWS.format(endpoints=inner), values


def _read(shown: Sequence[int], window: TimeRange, today: date) -> list[Row]:
    """The rows of some endpoints in their order, with the figures of fleet.rollups. One query."""
    if not shown:
        return []
    statement, values = _statement()
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(shown), *values, window.key, today.replace(day=1)])
        return [_row(row) for row in cursor.fetchall()]


def _row(row: tuple[Any, ...]) -> Row:
    pk, name, kind, status, since, state, incident, is_unreadable, *texts, copies = row[:_OF_ENDPOINT]
    account, region, owner, team, application = texts
    max_concurrency, instances, desired = row[_OF_ENDPOINT:_OF_VARIANTS]
    spark, usd, unpriced = row[_OF_WINDOW:]
    return Row(
        pk=pk,
        name=name,
        kind=kind,
        status=status,
        status_since=since,
        state=state,
        incident=incident or "",
        is_unreadable=is_unreadable,
        account=account,
        region=region,
        owner=owner,
        team=team,
        application=application,
        measures=Measures(*row[_OF_VARIANTS:_OF_WINDOW]),
        cost=Cost(usd, unpriced or 0),
        spark=tuple(spark or ()),
        max_concurrency=max_concurrency,
        instances=instances,
        desired_instances=desired,
        copies=copies,
    )


def _added_up(rows: Sequence[Row], order: endpoint_order.Order, window: TimeRange, today: date) -> list[Row]:
    """The same rows with figures from buckets and daily costs."""
    shown = [row.pk for row in rows]
    answering = VariantStatus.objects.filter(endpoint__in=shown, removed_at=None, is_shadow=False)
    of_variant = dict(answering.order_by().values_list("pk", "endpoint_id"))
    measured = order.measures if order.measures is not None else measures(list(of_variant), window)
    known, spark = with_silence(measured, shown, window), sparks(of_variant, window)
    costs = order.costs if order.costs is not None else endpoint_order.costs(shown, today)
    return [
        replace(
            row,
            measures=known.get(row.pk, Measures()),
            cost=costs.get(row.pk, Cost()),
            spark=tuple(spark.get(row.pk, ())),
        )
        for row in rows
    ]
