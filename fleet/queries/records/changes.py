"""What was changed and what went wrong: operations and incidents."""

from datetime import datetime
from decimal import Decimal

from fleet.models import Endpoint, Incident, Operation
from fleet.queries.records.place import Place, place


class _OfEndpoint(Place):
    endpoint_id: int | None
    endpoint_name: str | None


class OperationRecord(_OfEndpoint):
    """One change to one endpoint."""

    code: str
    kind: str
    variant: str
    state: str
    verdict: str
    verdict_detail: str
    reason: str
    requested_by: str | None
    monthly_cost_change_usd: Decimal | None
    planned_at: datetime
    confirmed_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


class IncidentRecord(_OfEndpoint):
    """One episode of a rule on one subject."""

    id: int
    rule: str
    severity: str
    title: str
    cause: str
    opened_at: datetime
    condition_since: datetime
    last_true_at: datetime
    resolved_at: datetime | None
    resolution: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None


def operation(row: Operation) -> OperationRecord:
    """Of an operation with its endpoint's account and who asked for it."""
    return {
        **_of_endpoint(row.endpoint),
        "code": row.code,
        "kind": row.kind,
        "variant": row.variant_name,
        "state": row.state,
        "verdict": row.verdict,
        "verdict_detail": row.verdict_detail,
        "reason": row.reason,
        "requested_by": row.requested_by.get_username() if row.requested_by else None,
        "monthly_cost_change_usd": row.monthly_cost_change_usd,
        "planned_at": row.planned_at,
        "confirmed_at": row.confirmed_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
    }


def incident(row: Incident) -> IncidentRecord:
    """Of an incident with its rule, its endpoint's account and who took it."""
    return {
        **_of_endpoint(row.endpoint),
        "id": row.pk,
        "rule": row.rule.key,
        "severity": row.severity,
        "title": row.title,
        "cause": row.cause,
        "opened_at": row.opened_at,
        "condition_since": row.condition_since,
        "last_true_at": row.last_true_at,
        "resolved_at": row.resolved_at,
        "resolution": row.resolution,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by.get_username() if row.acknowledged_by else None,
    }


def _of_endpoint(row: Endpoint | None) -> _OfEndpoint:
    return {
        **place(row.shard if row else None),
        "endpoint_id": row.pk if row else None,
        "endpoint_name": row.name if row else None,
    }
