"""Rows of the endpoints list: capacity, traffic, latency, errors and cost of each, None where nothing is known."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from fleet.models import Endpoint, Incident, InferenceComponent, VariantStatus
from fleet.queries import endpoint_order
from fleet.queries.endpoint_measures import Measures, measures, sparks, summaries, with_silence
from fleet.queries.endpoint_order import MEASURED_SORTS as MEASURED_SORTS
from fleet.queries.endpoint_order import SORTS as SORTS
from fleet.queries.endpoint_order import Cost
from fleet.queries.endpoints import Criteria, StateAnnotation, selected
from fleet.queries.rolled import NOT_SUMMED, Freshness
from fleet.queries.scope import TimeRange

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class RowAnnotation(StateAnnotation):
    """What the page's endpoints carry beside their state."""

    incident: str | None
    copies: int | None


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
    fresh: Freshness = NOT_SUMMED,
) -> list[Row]:
    """Rows offset … offset + limit in order; sort is one of SORTS. Seven queries at most, whatever the fleet's size.

    "state" means gravest first, then dearest first. limit None: all of them. Figures are those
    of fleet.rollups where `fresh` says that these cover the window, else added up from buckets and daily costs.
    """
    wanted = slice(offset, None if limit is None else offset + limit)
    order, is_rolled = _order(criteria, window, today, sort, descending, wanted, fresh)
    shown = order.ids
    endpoints = {endpoint.pk: endpoint for endpoint in _endpoints(criteria, shown)}
    variants = _variants(shown)
    if is_rolled:
        known, spark = summaries(shown, window)
    else:
        of_variant = {variant.pk: variant.endpoint_id for group in variants.values() for variant in group}
        measured = order.measures if order.measures is not None else measures(list(of_variant), window)
        known, spark = with_silence(measured, shown, window), sparks(of_variant, window)
    costs = order.costs if order.costs is not None else endpoint_order.costs(shown, today)
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
) -> tuple[endpoint_order.Order, bool]:
    """Which endpoints, and whether the figures that were added up before tell."""
    is_rolled = fresh.covers(window) and fresh.has_costs(today)
    found = endpoint_order.summed if is_rolled else endpoint_order.added_up
    return found(criteria, window, today, sort, descending, wanted), is_rolled


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
    """Live variants that answer: a shadow's calls are copies."""
    found: dict[int, list[VariantStatus]] = defaultdict(list)
    for variant in VariantStatus.objects.filter(endpoint__in=ids, removed_at=None, is_shadow=False):
        found[variant.endpoint_id].append(variant)
    return found


def _row(
    endpoint: "WithAnnotations[Endpoint, RowAnnotation]",
    variants: list[VariantStatus],
    measured: Measures,
    cost: Cost,
    spark: list[float | None],
) -> Row:
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
        application=endpoint.application,
        measures=measured,
        cost=cost,
        spark=spark,
        max_concurrency=_total(variant.max_concurrency for variant in variants),
        instances=_total(variant.current_instance_count for variant in variants),
        desired_instances=_total(variant.desired_instance_count for variant in variants),
        copies=endpoint.copies,
    )


def _total(values: Any) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
