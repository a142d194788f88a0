"""What if: another capacity in a form, and the month's cost before and after. Its address can be passed on."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from dashboards import access, htmx, scope
from dashboards.cost_options.forms import DAYS, INSTANCES, SERVERLESS, WhatIfForm
from dashboards.endpoint import tabs
from fleet.operations.cost_change import told
from fleet.queries import cost_options, what_if
from fleet.queries import endpoint as queries
from fleet.queries.cost_options import Workplace
from fleet.queries.what_if import Idea
from fleet.types import Kind

RANGE = "7d"
PART = "what-if"


@require_GET
def page(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """The form with today's values, or with the address's and its answer."""
    endpoint = access.endpoint_for(request, pk)
    scoped = scope.read(request, default=RANGE)
    place = cost_options.workplace(queries.head(endpoint), scoped.range)
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "place": place,
        "crumbs": [
            {"label": "Endpoints", "url": reverse("endpoints:page")},
            {"label": endpoint.name, "url": tabs.url(pk, "options", scoped.query)},
            {"label": "What if"},
        ],
        "may_operate": access.may(request.user, "operator"),
        "range_key": scoped.range.key,
    }
    if place is not None:
        context |= _answered(request, place)
    return htmx.page(request, "pages/endpoint/what_if.html", context, part=PART)


def _answered(request: htmx.HtmxHttpRequest, place: Workplace) -> dict[str, Any]:
    is_asked = "hosting" in request.GET
    form = WhatIfForm(
        request.GET if is_asked else None,
        initial=WhatIfForm.start(place),
        machines=cost_options.machines(place.site.region, place.book),
        today=place.site.capacity.instance_type,
    )
    found: dict[str, Any] = {"form": form, "SERVERLESS": SERVERLESS, "INSTANCES": INSTANCES}
    if is_asked and form.is_valid():
        idea = form.idea()
        answer = what_if.answer(place, idea)
        change = told(answer.comparison)
        found |= {
            "cost": change,
            "notes": answer.notes,
            "is_less": change.difference is not None and change.difference < 0,
            "form_url": operation_url(place, idea),
            "is_first_of_two": _first_of_two(place, idea),
        }
    return found


def _first_of_two(place: Workplace, idea: Idea) -> str:
    """What is to be changed first where two operations make the change: "memory", "concurrency"; "" = one does."""
    live, size = place.site.capacity.serverless, idea.serverless
    if live is None or size is None or size == live:
        return ""
    if size.memory_mb != live.memory_mb:
        is_more = replace(size, memory_mb=live.memory_mb) != live or idea.schedule is not None
        return "memory" if is_more else ""
    return "concurrency" if idea.schedule is not None and not _schedules(place, idea) else ""


def operation_url(place: Workplace, idea: Idea) -> str:
    """The form of the operation that makes this change, filled in; "" where no operation does."""
    live, pk = place.site.capacity.serverless, place.variant.endpoint_id
    if _schedules(place, idea):
        return f"{reverse('operations:change-schedule', args=[pk])}?{urlencode(_schedule(idea))}"
    if place.site.kind != Kind.SERVERLESS or live is None:
        return ""
    size = idea.serverless
    if size is None and idea.schedule is not None:
        return ""
    if size is None:
        wanted: dict[str, Any] = {"instance_type": idea.instance_type, "instance_count": idea.instance_count}
        return f"{reverse('operations:convert', args=[pk])}?{urlencode(wanted)}"
    if size == live or (idea.schedule is not None and not size.provisioned_concurrency):
        return ""
    if size.memory_mb != live.memory_mb:
        return f"{reverse('operations:change-memory', args=[pk])}?{urlencode({'memory_mb': size.memory_mb})}"
    wanted = {
        "max_concurrency": size.max_concurrency,
        "provisioned_concurrency": size.provisioned_concurrency or "",
    }
    return f"{reverse('operations:change-concurrency', args=[pk])}?{urlencode(wanted)}"


def _schedules(place: Workplace, idea: Idea) -> bool:
    """Whether a schedule alone makes the change: on what is there today, at levels that auto scaling accepts."""
    held, size = place.site.capacity, idea.serverless
    if idea.schedule is None:
        return False
    if held.serverless is not None:
        same = size is not None and replace(size, provisioned_concurrency=None) == replace(
            held.serverless, provisioned_concurrency=None
        )
        return same and bool(
            size and size.provisioned_concurrency and held.serverless.provisioned_concurrency
        )
    is_async = place.site.kind == Kind.ASYNCHRONOUS
    return size is None and idea.instance_type == held.instance_type and bool(is_async or idea.schedule.rest)


def _schedule(idea: Idea) -> dict[str, Any]:
    schedule = idea.schedule
    assert schedule is not None
    kept = idea.serverless.provisioned_concurrency if idea.serverless else idea.instance_count
    rest = schedule.floor(kept or 1) if idea.serverless else schedule.rest or 0
    days = next(key for key, row in DAYS.items() if row[1] == schedule.weekdays)
    hours = {"from_hour": schedule.start_hour, "to_hour": schedule.end_hour}
    return {"way": "weekly", "days": days, **hours, "level": kept, "rest": rest, "timezone": "UTC"}
