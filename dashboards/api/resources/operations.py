"""Operations: what was asked of AWS, how it went step by step, and how it ended."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from dashboards.api import paging
from dashboards.api.auth import permitted
from dashboards.api.parameters import Code, Listing, OptionalId
from dashboards.api.schemas import EndpointRef, Listed, Money, endpoint_ref, money
from fleet.models import Operation
from fleet.queries import keyset
from fleet.queries import operations as queries
from fleet.queries.records import changes
from fleet.queries.scope import ScopeFilter

router = Router(tags=["operations"])


class OperationsQuery(Listing):
    """Which operations."""

    state: list[Operation.State] = Field([], max_length=20, description="Repeatable; none means all.")
    endpoint: OptionalId = Field(None, description="Those of one endpoint.")


class StepOut(Schema):
    """One step. read_back: what AWS said afterwards, the proof that it was done."""

    position: int
    action: str
    title: str
    state: str
    attempts: int
    read_back: str
    request_id: str
    started_at: datetime | None
    finished_at: datetime | None


class OperationOut(Schema):
    """One change to one endpoint. verdict: what AWS's state proved in the end, "" before."""

    code: str
    kind: str
    endpoint: EndpointRef
    variant: str
    state: str
    verdict: str
    verdict_detail: str
    reason: str
    requested_by: str | None
    monthly_cost_change: Money
    planned_at: datetime
    confirmed_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


class OperationDetail(OperationOut):
    """An operation with its wish, its steps and AWS's refusal word for word."""

    parameters: dict[str, Any]
    observed: dict[str, Any]
    failure_reason: str
    aws_error: dict[str, Any] | None
    steps: list[StepOut]


class Operations(Listed):
    """A page of operations, newest first."""

    items: list[OperationOut]


@router.get("/operations", response=Operations, summary="Operations")
def operations(request: HttpRequest, query: Query[OperationsQuery]) -> dict[str, Any]:
    """Operations in any state, newest first."""
    scope = query.filter(request)
    rows = queries.every(scope)
    if query.state:
        rows = rows.filter(state__in=query.state)
    if query.endpoint is not None:
        rows = rows.filter(endpoint=query.endpoint)
    after = paging.after(query.cursor, "operations", (datetime, int))
    found = keyset.rows(rows, ("-planned_at", "-pk"), after, query.limit)
    return paging.listed(request, "operations", found, scope, _operation)


@router.get("/operations/{code}", response=OperationDetail, summary="One operation with its steps")
def operation(request: HttpRequest, code: Path[Code]) -> dict[str, Any]:
    """By its code, without op- before it."""
    found = queries.every(permitted(request, ScopeFilter())).filter(code=code).first()
    if found is None:
        raise Http404
    return {
        **_operation(found),
        "parameters": found.parameters,
        "observed": found.observed,
        "failure_reason": found.failure_reason,
        "aws_error": found.aws_error,
        "steps": list(found.steps.all()),
    }


def _operation(row: Operation) -> dict[str, Any]:
    record = changes.operation(row)
    change = money(record["monthly_cost_change_usd"], "The plan could not price it")
    return {**record, "endpoint": endpoint_ref(row.endpoint), "monthly_cost_change": change}
