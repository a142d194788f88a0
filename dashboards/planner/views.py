"""The planner of one serverless endpoint: each way to keep it warm, what it would change, and where it is applied."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import access, htmx, scope
from dashboards.endpoint import tabs
from dashboards.planner import charts, confidence, minutes, others, rows, weekly, words
from dashboards.planner.forms import WishesForm
from fleet.analysis.planner.choices import Choice, Verdict, choose
from fleet.models import Endpoint, VariantStatus
from fleet.planning import forecasts
from fleet.planning.plans import Plan
from fleet.queries import planning as queries
from fleet.types import Kind, ServerlessCapacity

PART = "planner-answer"


@require_GET
def page(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """The answer about an endpoint, or what it waits for; looking at it asks for a forecast that is not there."""
    endpoint = access.endpoint_for(request, pk)
    scope.read(request, has_range=False)
    variant = queries.variant_of(endpoint) if endpoint.kind == Kind.SERVERLESS else None
    live = queries.capacity_now(variant) if variant is not None else None
    context = _head(request, endpoint, variant)
    if variant is None or live is None or endpoint.closed_at:
        return htmx.page(request, "pages/planner/page.html", context, part=PART, settled=True)
    answer = forecasts.ask(variant, now=timezone.now())
    context |= {"answer": answer, "live": live, "kept": minutes.KEPT}
    if answer.minutes is not None:
        context["fetch"] = minutes.told(answer.minutes, variant, timezone.now())
    if answer.plan is not None:
        context |= _planned(request, endpoint, answer.plan, live) | {
            "trackings": others.trackings(answer.plan, variant, live),
            "confidence": confidence.told(answer.plan, answer.row, answer.minutes),
            "explain": confidence.explain(answer.plan, answer.row),
        }
    return htmx.page(request, "pages/planner/page.html", context, part=PART, settled=not answer.is_waiting)


@require_GET
def chart(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """The figure of the curve, with what the address asks for marked. It never asks for a forecast."""
    endpoint = access.endpoint_for(request, pk)
    variant = queries.variant_of(endpoint)
    live = queries.capacity_now(variant) if variant is not None else None
    row = queries.stored(variant) if variant is not None else None
    held = forecasts.plan_of(row) if row is not None else None
    if held is None or live is None:
        return htmx.figure(charts.curve((), None))
    _, choice = _chosen(request, held := held.under(live), live)
    return htmx.figure(charts.curve(held.options, choice.option))


def _head(request: htmx.HtmxHttpRequest, endpoint: Endpoint, variant: VariantStatus | None) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "variant": variant,
        "is_serverless": endpoint.kind == Kind.SERVERLESS,
        "crumbs": [
            {"label": "Endpoints", "url": reverse("endpoints:page")},
            {"label": endpoint.name, "url": tabs.url(endpoint.pk, "cold-starts")},
            {"label": "Planner"},
        ],
        "may_operate": access.may(request.user, "operator"),
    }


def _planned(
    request: htmx.HtmxHttpRequest, endpoint: Endpoint, held: Plan, live: ServerlessCapacity
) -> dict[str, Any]:
    form, choice = _chosen(request, held, live)
    strong, rest = words.sentence(choice, held)
    is_open = choice.verdict is Verdict.OPEN
    chosen = held.first_step if is_open else choice.option
    address = reverse("endpoints:planner_chart", args=[endpoint.pk])
    return {
        "plan": held,
        "form": form,
        "choice": choice,
        "strong": strong,
        "rest": rest,
        "rows": [rows.row(one, held, endpoint.pk, live, choice.option) for one in rows.shown(choice)],
        "chosen": rows.panel(chosen, held, endpoint.pk, live) if chosen is not None else None,
        "is_open": is_open,
        "chart_url": f"{address}?{request.GET.urlencode()}",
        "weekly": [weekly.weekly(one, held, endpoint.pk, live) for one in held.schedules],
        "tracking_assumed": others.assumed(),
        "sizes": others.sizes(held),
        "lines": [rows.lines(one, held) for one in rows.priced(held, chosen)],
    }


def _chosen(request: htmx.HtmxHttpRequest, held: Plan, live: ServerlessCapacity) -> tuple[WishesForm, Choice]:
    asked = [name for name in WishesForm.base_fields if name in request.GET]
    form = WishesForm(request.GET if asked else None)
    form.is_valid()
    return form, choose(held.options, form.wishes(live))
