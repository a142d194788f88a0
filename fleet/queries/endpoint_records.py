"""Endpoints as plain records, for the API and for files: state, capacity, scaling, tags, cost and traffic."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery, Sum

from fleet.models import Endpoint, EndpointWindow, Incident, InferenceComponent, ScalableTarget, VariantStatus
from fleet.queries import costs, keyset, rolled, usage
from fleet.queries.cost_scope import Span, Sums
from fleet.queries.endpoint_measures import Measures, measures, summaries, with_silence
from fleet.queries.endpoints import Criteria, selected, with_state
from fleet.queries.scope import ScopeFilter, TimeRange, window_start

_ENDPOINT_FIELDS = (
    "name",
    "arn",
    "status",
    "status_since",
    "failure_reason",
    "kind",
    "kind_reason",
    "config_name",
    "created_at",
    "modified_at",
    "closed_at",
    "described_at",
    "unreadable",
    "owner",
    "team",
    "application",
    "tags",
)
FIGURES = {
    "calls": "calls",
    "p99_ms": "p99_ms",
    "error_share": "error_share",
    "cold_starts": "cold_starts",
    "cold_start_share": "cold_share",
    "cache_hit_ratio": "hit_ratio",
}
"""Columns of the window, by the measure they hold."""
COLUMNS = (
    "id",
    "account_id",
    "account",
    "region",
    "state",
    "incident",
    *_ENDPOINT_FIELDS,
    "variants",
    "component_copies",
    "scaling",
    "cost_month_to_date_usd",
    "cost_is_complete",
    "window_start",
    "window_end",
    *FIGURES,
)
_CHUNK = 500
_VARIANT_FIELDS = (
    "name",
    "is_shadow",
    "model_name",
    "instance_type",
    "volume_gb",
    "current_instance_count",
    "desired_instance_count",
    "current_weight",
    "memory_mb",
    "max_concurrency",
    "provisioned_concurrency",
    "desired_max_concurrency",
    "desired_provisioned_concurrency",
)


def every(
    scope: ScopeFilter, window: TimeRange, *, now: datetime, with_closed: bool
) -> Iterator[dict[str, Any]]:
    """One record per endpoint by account, region and name, keys as in COLUMNS; holds no more than _CHUNK of them.

    None where AWS reported nothing; money is a Decimal in USD, month to date in UTC.
    """
    rows = Endpoint.objects.filter(scope.q("shard"))
    if not with_closed:
        rows = rows.filter(closed_at=None)
    order = ("shard__account__alias", "shard__region", "name", "id")
    ids = list(rows.order_by(*order).values_list("pk", flat=True))
    yield from of_ids(ids, window, now=now, fresh=rolled.freshness(scope))


def of_ids(
    ids: Sequence[int], window: TimeRange, *, now: datetime, fresh: rolled.Freshness
) -> Iterator[dict[str, Any]]:
    """The records of these endpoints in this order, _CHUNK at a time; one that has gone meanwhile is left out."""
    for first in range(0, len(ids), _CHUNK):
        chunk = ids[first : first + _CHUNK]
        found = _loaded(with_state(Endpoint.objects.filter(pk__in=chunk))).in_bulk()
        yield from _records([found[pk] for pk in chunk if pk in found], window, now, fresh)


def endpoint_slice(
    criteria: Criteria, window: TimeRange, *, now: datetime, after: keyset.Key | None, limit: int
) -> keyset.Slice[dict[str, Any]]:
    """The records of a filter by name, `limit` of them after a key (name, id); keys as in COLUMNS.

    Figures are those of fleet.rollups where these cover the window; window_start and window_end are then the
    summary's own. A constant number of queries, whatever the fleet's size and the limit.
    """
    found = keyset.rows(_loaded(selected(criteria)), ("name", "pk"), after, limit)
    fresh = rolled.freshness(criteria.scope)
    return keyset.Slice(list(_records(found.rows, window, now, fresh)), found.last)


def endpoint(pk: int, scope: ScopeFilter, window: TimeRange, *, now: datetime) -> dict[str, Any] | None:
    """The record of one endpoint of the scope, closed ones too, as endpoint_slice has it; None when there is none."""
    rows = list(_loaded(with_state(Endpoint.objects.filter(scope.q("shard"), pk=pk))))
    fresh = rolled.freshness(scope)
    return next(_records(rows, window, now, fresh), None)


def _records(
    rows: Sequence[Any], window: TimeRange, now: datetime, fresh: rolled.Freshness
) -> Iterator[dict[str, Any]]:
    today = now.astimezone(UTC).date()
    month = Span(today.replace(day=1), today)
    traffic, windows = _traffic(rows, window, fresh)
    money = costs.endpoint_totals([row.pk for row in rows], month)
    for row in rows:
        sums, figures = money.get(row.pk, Sums()), traffic.get(row.pk, Measures())
        record = _record(row, sums, figures, windows.get(row.pk, window))
        yield record | {"cost_is_complete": _is_complete(row, sums, month)}


def _traffic(
    rows: Sequence[Endpoint], window: TimeRange, fresh: rolled.Freshness
) -> tuple[dict[int, Measures], dict[int, TimeRange]]:
    """Figures by endpoint, and the windows they are of where these are not the one asked for."""
    ids = [row.pk for row in rows]
    if fresh.covers(window):
        ended = EndpointWindow.objects.filter(key=window.key, endpoint__in=ids).values_list(
            "endpoint", "until"
        )
        windows = {
            pk: TimeRange(window.key, window.label, window_start(window.key, until), until)
            for pk, until in ended
        }
        return summaries(ids, window)[0], windows
    measured = measures([v.pk for row in rows for v in row.variants.all() if not v.is_shadow], window)
    return with_silence(measured, ids, window), {}


def _loaded(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """With everything a record is made of: five queries in all."""
    incidents = Incident.objects.filter(endpoint=OuterRef("pk"), resolved_at=None).order_by(
        "severity", "opened_at"
    )
    copies = InferenceComponent.objects.filter(endpoint=OuterRef("pk"), removed_at=None).order_by()
    targets = ScalableTarget.objects.prefetch_related("policies", "scheduled_actions")
    return (
        rows.defer("document", "search_text")
        .annotate(
            incident=Subquery(incidents.values("title")[:1]),
            component_copies=Subquery(
                copies.values("endpoint").annotate(n=Sum("current_copies")).values("n")
            ),
        )
        .select_related("shard__account")
        .prefetch_related(
            Prefetch("variants", VariantStatus.objects.filter(removed_at=None)),
            Prefetch("scalable_targets", targets),
        )
    )


def _record(row: Any, money: Sums, traffic: Measures, window: TimeRange) -> dict[str, Any]:
    return {
        "id": row.pk,
        "account_id": row.shard.account.account_id,
        "account": row.shard.account.alias,
        "region": row.shard.region,
        "state": row.state,
        "incident": row.incident or "",
        **{field: getattr(row, field) for field in _ENDPOINT_FIELDS},
        "variants": [{field: getattr(v, field) for field in _VARIANT_FIELDS} for v in row.variants.all()],
        "component_copies": row.component_copies,
        "scaling": [_target(target) for target in row.scalable_targets.all()],
        "cost_month_to_date_usd": money.amount,
        "window_start": window.start,
        "window_end": window.end,
        **{column: getattr(traffic, measure) for column, measure in FIGURES.items()},
    }


def _is_complete(row: Endpoint, money: Sums, month: Span) -> bool:
    """Whether every line of the month has an amount, and the history since its start (or the endpoint's) is stored."""
    since, read_from = max(month.start, row.created_at), row.shard.backfill_until
    is_stored = read_from is not None and since >= read_from
    known = is_stored or usage.history_reaches([row.shard], since)
    return known and money.amount is not None and money.is_complete


def _target(target: ScalableTarget) -> dict[str, Any]:
    return {
        "resource_id": target.resource_id,
        "dimension": target.dimension,
        "min_capacity": target.min_capacity,
        "max_capacity": target.max_capacity,
        "policies": [{"name": p.name, "type": p.policy_type} for p in target.policies.all()],
        "scheduled_actions": [
            {"name": a.name, "schedule": a.schedule} for a in target.scheduled_actions.all()
        ],
    }
