"""Incidents: what is or was wrong, since when, and who took it."""

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from dashboards.api import paging
from dashboards.api.auth import is_bound, permitted
from dashboards.api.parameters import Id, Listing
from dashboards.api.schemas import EndpointRef, Listed, endpoint_ref
from fleet.models import AlertRule, Incident
from fleet.queries import alerts, keyset
from fleet.queries.records import changes
from fleet.queries.scope import ScopeFilter

router = Router(tags=["incidents"])


class IncidentsQuery(Listing):
    """Which incidents."""

    state: Literal["open", "resolved", "all"] = Field("open", description="Open ones unless told otherwise.")
    severity: list[AlertRule.Severity] = Field([], max_length=5, description="Repeatable.")


class IncidentOut(Schema):
    """One episode of a rule on one subject; endpoint null when it is about no single endpoint."""

    id: int
    rule: str
    severity: str
    title: str
    cause: str
    endpoint: EndpointRef | None
    opened_at: datetime
    condition_since: datetime
    last_true_at: datetime
    resolved_at: datetime | None
    resolution: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class Fact(Schema):
    """A figure of the opening."""

    label: str
    value: str


class IncidentDetail(IncidentOut):
    """An incident with its words and figures, which are those of its opening."""

    summary: str
    advice: str
    facts: list[Fact]
    acknowledged_note: str


class Incidents(Listed):
    """A page of incidents, newest first."""

    items: list[IncidentOut]


@router.get("/incidents", response=Incidents, summary="Incidents")
def incidents(request: HttpRequest, query: Query[IncidentsQuery]) -> dict[str, Any]:
    """Newest first. Those about no endpoint (budgets, sync) show to tokens that read every account."""
    scope = query.filter(request)
    rows = alerts.every(scope, with_fleet=not is_bound(request))
    if query.state != "all":
        rows = rows.filter(resolved_at__isnull=query.state == "open")
    if query.severity:
        rows = rows.filter(severity__in=query.severity)
    after = paging.after(query.cursor, "incidents", (datetime, int))
    found = keyset.rows(rows, ("-opened_at", "-pk"), after, query.limit)
    return paging.listed(request, "incidents", found, scope, _incident)


@router.get("/incidents/{id}", response=IncidentDetail, summary="One incident")
def incident(request: HttpRequest, id: Path[Id]) -> dict[str, Any]:
    """Open or resolved."""
    rows = alerts.every(permitted(request, ScopeFilter()), with_fleet=not is_bound(request))
    found = rows.filter(pk=id).first()
    if found is None:
        raise Http404
    return {
        **_incident(found),
        "summary": found.summary,
        "advice": found.advice,
        "facts": [{"label": str(label), "value": str(value)} for label, value in found.facts],
        "acknowledged_note": found.acknowledged_note,
    }


def _incident(row: Incident) -> dict[str, Any]:
    return {**changes.incident(row), "endpoint": endpoint_ref(row.endpoint) if row.endpoint else None}
