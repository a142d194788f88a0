"""Rows of the endpoints list: capacity, traffic, latency, errors and cost of each, None where nothing is known."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q, Sum

from fleet.models import DailyCost, Endpoint, Incident, InferenceComponent, VariantStatus
from fleet.queries.endpoint_measures import Measures, measures, sparks
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
MEASURED_SORTS = frozenset({"state", "calls", "p99", "cold", "hit", "errors", "cost"})
SORTS = frozenset(DATABASE_SORTS) | MEASURED_SORTS


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
    """Rows offset … offset + limit in order; sort is one of SORTS. Nine queries at most, whatever the fleet's size.

    "state" means gravest first, then dearest first. limit None: all of them (for an export).
    """
    ids = _ordered_ids(criteria, window, today, sort, descending)
    shown = ids[offset:] if limit is None else ids[offset : offset + limit]
    endpoints = {
        endpoint.pk: endpoint
        for endpoint in selected(criteria)
        .filter(pk__in=shown)
        .select_related("shard__account")
        .defer("document", "search_text", "tags")
    }
    shown = [pk for pk in shown if pk in endpoints]
    variants = _variants(shown)
    of_variant = {variant.pk: variant.endpoint_id for group in variants.values() for variant in group}
    measured, spark = measures(list(of_variant), window), sparks(of_variant, window)
    costs, incidents, copies = _costs(shown, today), _incidents(shown), _copies(shown)
    return [
        _row(
            endpoints[pk], variants.get(pk, []), measured.get(pk, Measures()), costs.get(pk, Cost()),
            spark.get(pk, []), incidents.get(pk, ""), copies.get(pk),
        )
        for pk in shown
    ]  # fmt: skip


def _ordered_ids(
    criteria: Criteria, window: TimeRange, today: date, sort: str, descending: bool
) -> list[int]:
    found = selected(criteria)
    if sort in DATABASE_SORTS:
        keys = [F(key).desc() if descending else F(key).asc() for key in DATABASE_SORTS[sort]]
        return list(found.order_by(*keys, "pk").values_list("pk", flat=True))
    listed = list(found.order_by("name", "pk").values_list("pk", "state"))
    keys_of = _figures([pk for pk, _ in listed], window, today, sort)
    if sort == "state":
        ranks = {state.value: n for n, state in enumerate(STATE_ORDER)}
        listed.sort(key=lambda item: (ranks[item[1]], -(keys_of.get(item[0]) or 0)), reverse=False)
        return [pk for pk, _ in (reversed(listed) if descending else listed)]
    # What is unknown comes last in both directions: it is neither the largest nor the smallest.
    known = [pk for pk, _ in listed if keys_of.get(pk) is not None]
    known.sort(key=lambda pk: keys_of[pk] or 0, reverse=descending)
    return known + [pk for pk, _ in listed if keys_of.get(pk) is None]


def _figures(ids: Sequence[int], window: TimeRange, today: date, sort: str) -> dict[int, float | None]:
    if sort in {"cost", "state"}:
        return {pk: float(c.usd) if c.usd is not None else None for pk, c in _costs(ids, today).items()}
    of_variant = VariantStatus.objects.filter(endpoint__in=ids, removed_at=None).values_list("pk", flat=True)
    names = {
        "calls": "calls",
        "p99": "p99_ms",
        "cold": "cold_share",
        "hit": "hit_ratio",
        "errors": "error_share",
    }
    return {pk: getattr(m, names[sort]) for pk, m in measures(list(of_variant), window).items()}


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


def _incidents(ids: Sequence[int]) -> dict[int, str]:
    """Title of the gravest open incident per endpoint ("critical" sorts before "warning")."""
    found: dict[int, str] = {}
    incidents = Incident.objects.filter(endpoint__in=ids, resolved_at=None).order_by("severity", "opened_at")
    for pk, title in incidents.values_list("endpoint_id", "title"):
        found.setdefault(pk, title)
    return found


def _copies(ids: Sequence[int]) -> dict[int, int]:
    sums: Any = (
        InferenceComponent.objects.filter(endpoint__in=ids, removed_at=None)
        .order_by()
        .values_list("endpoint_id")
        .annotate(copies=Sum("current_copies"))
    )
    return {pk: copies for pk, copies in sums if copies is not None}


def _row(
    endpoint: "WithAnnotations[Endpoint, StateAnnotation]",
    variants: list[VariantStatus],
    measured: Measures,
    cost: Cost,
    spark: list[float | None],
    incident: str,
    copies: int | None,
) -> Row:
    serving = [variant for variant in variants if not variant.is_shadow]
    return Row(
        pk=endpoint.pk,
        name=endpoint.name,
        kind=endpoint.kind,
        status=endpoint.status,
        status_since=endpoint.status_since,
        state=endpoint.state,
        incident=incident,
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
        copies=copies,
    )


def _total(values: Any) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
