"""Incidents: the list beside the one being looked at."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dashboards import access, client, files, htmx, scope
from dashboards.alerts import rows, words
from dashboards.alerts.forms import AcknowledgeForm
from dashboards.looking import look
from fleet.alerts import incidents
from fleet.errors import Refused
from fleet.models import Incident
from fleet.queries import alerts as queries
from fleet.queries import resources


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """The worst open incident, or the list alone where nothing is open."""
    return _incidents(request, None)


@require_GET
def as_csv(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """The incidents that the page counts, newest first: those open, and those resolved in the last 30 days."""
    since = timezone.now() - queries.RESOLVED_FOR
    return files.as_csv(
        "incidents", resources.incidents_of(scope.read(request, has_range=False).filter, since)
    )


@require_GET
def detail(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """One incident; the mails link here."""
    return _incidents(request, access.incident_for(request, pk))


@require_GET
def chart(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """The figure of the metric an incident is about."""
    incident = access.incident_for(request, pk)
    return htmx.figure(words.chart(incident, queries.window(incident, now=timezone.now())))


@require_POST
@access.require_role("operator")
def acknowledge(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Say that one is on it; the first to say so wins."""
    form = AcknowledgeForm(request.POST)
    incident = access.incident_for(request, pk)
    if form.is_valid():
        try:
            incidents.acknowledge(
                pk,
                actor=request.user,
                note=form.cleaned_data["note"],
                now=timezone.now(),
                address=client.address(request),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Acknowledged. The mail about its end still comes.")
            return htmx.redirect(request, "alerts:detail", pk)
    return _incidents(request, incident, form, status=422)


def _incidents(
    request: htmx.HtmxHttpRequest,
    chosen: Incident | None,
    form: AcknowledgeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    scoped = scope.read(request, has_range=False)
    now = timezone.now()
    look(request)
    found = queries.incidents(scoped.filter, now=now)
    shown = chosen or queries.worst(found)
    context = {
        "found": found,
        "open_rows": rows.rows(found.open, shown, scoped.query, now),
        "resolved_rows": rows.rows(found.resolved, shown, scoped.query, now),
        "sentence": words.sentence(found),
        "tabs": words.tabs("page", found.open_total),
        "incident": shown,
        "is_chosen": chosen is not None,
        "query": scoped.query,
        "csv_url": files.url(request, "alerts:csv"),
    }
    if shown:
        context |= _shown(shown, form or AcknowledgeForm(), now)
    return htmx.page(request, "pages/alerts/incidents.html", context, part="incident-list", status=status)


def _shown(incident: Incident, form: AcknowledgeForm, now: datetime) -> dict[str, Any]:
    """What the page says about the incident beside the list."""
    window = queries.window(incident, now=now)
    return {
        "silent_since": words.silent_since(incident, window, now),
        "summary": words.summary(incident),
        "timeline": words.timeline(incident, queries.mails_of(incident), now),
        "chart_url": reverse("alerts:chart", args=[incident.pk]),
        "chart_table": words.chart_table(incident, window) if window.times else None,
        "form": form,
    }
