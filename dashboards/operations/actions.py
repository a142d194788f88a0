"""The forms that start an operation: validated while one types, planned on submit, nothing sent to AWS."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboards import access, client, htmx, scope
from dashboards.operations import instance_words, words
from dashboards.operations.forms import ConcurrencyForm, ConversionForm, MemoryForm, WishForm
from fleet.errors import Refusal, Refused
from fleet.models import Endpoint, User
from fleet.operations import drafts, lifecycle
from fleet.operations.kinds import KINDS, Observed, OperationKind
from fleet.planning import predictions

PART = "action-form"
CHOOSE = "choose"
"""Name of the buttons that fill in an instance type: what was typed stays, and nothing is planned."""
TYPING = "action-fields"
"""Id of the element whose changes ask for validation only; any other POST is a submission."""


@dataclass(frozen=True)
class Page:
    """One action page: its template, kind and the form's first values."""

    kind: OperationKind
    template: str
    context: dict[str, Any]


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def change_concurrency(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Max and provisioned concurrency of a serverless endpoint."""
    endpoint = access.endpoint_for(request, pk)
    seen, refusals = drafts.standing(endpoint, request.user)
    form = ConcurrencyForm(data(request), initial=first_values(request, ConcurrencyForm.start(seen)))
    page = Page(OperationKind.CHANGE_CONCURRENCY, "pages/operations/change_concurrency.html", {})
    return answer(request, endpoint, seen, refusals, form, page)


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def change_memory(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Memory size of a serverless endpoint."""
    endpoint = access.endpoint_for(request, pk)
    seen, refusals = drafts.standing(endpoint, request.user)
    form = MemoryForm(data(request), initial=first_values(request, MemoryForm.start(seen)))
    page = Page(OperationKind.CHANGE_MEMORY, "pages/operations/change_memory.html", {})
    return answer(request, endpoint, seen, refusals, form, page)


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def convert(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Convert a serverless endpoint to real-time; there is no way back."""
    endpoint = access.endpoint_for(request, pk)
    seen, refusals = drafts.standing(endpoint, request.user)
    start = first_values(request, {"instance_count": "1"})
    count = str(request.POST.get("instance_count", start["instance_count"]))
    choices = drafts.conversions(endpoint, seen, count, now=timezone.now()) if not refusals else None
    form = ConversionForm(
        data(request),
        initial=start,
        options=choices.options if choices else (),
        is_admin=access.may(request.user, User.Role.ADMIN),
    )
    page = Page(OperationKind.CONVERT, "pages/operations/convert.html", {"choices": choices, "count": count})
    return answer(request, endpoint, seen, refusals, form, page)


def answer(
    request: htmx.HtmxHttpRequest,
    endpoint: Endpoint,
    seen: Observed,
    standing: tuple[Refusal, ...],
    form: WishForm,
    page: Page,
) -> HttpResponse:
    """The page, its form with live effect, the refused form (422), or the planned operation's page."""
    scope.read(request, has_range=False)
    is_typing = request.htmx.trigger == TYPING or CHOOSE in request.POST
    found = None
    if request.method == "POST" and form.is_valid():
        if not is_typing:
            try:
                planned = _plan(request, endpoint, form)
                return htmx.redirect(request, "operations:detail", planned.code)
            except Refused as refused:
                form.refuse(refused.refusals)
        else:
            found = drafts.draft(endpoint, form.wish(), actor=request.user, now=timezone.now())
            form.refuse(found.refusals, is_typing=True)
    context = _context(request, endpoint, seen, standing, form, page, found)
    status = 200
    if standing:
        status = 409
    elif request.method == "POST" and not is_typing:
        status = 422
    return htmx.page(request, page.template, context, part=PART, status=status)


def _context(
    request: htmx.HtmxHttpRequest,
    endpoint: Endpoint,
    seen: Observed,
    standing: tuple[Refusal, ...],
    form: WishForm,
    page: Page,
    found: drafts.Draft | None,
) -> dict[str, Any]:
    label = KINDS[page.kind].label
    if found is None and not standing:
        found = _first_draft(request, endpoint, form)
    return page.context | {
        "endpoint": endpoint,
        "seen": seen,
        "form": form,
        "standing": standing,
        "crumbs": [
            {"label": "Endpoints", "url": reverse("endpoints:page")},
            {"label": endpoint.name, "url": reverse("endpoints:detail", args=[endpoint.pk])},
            {"label": label},
        ],
        "effect": _effect(found, seen, page) if found else None,
    }


def _effect(found: drafts.Draft, seen: Observed, page: Page) -> words.Effect:
    if page.kind is OperationKind.CHANGE_SCHEDULE:
        return words.schedule_effect(found, timezone.now())
    if page.kind is OperationKind.CHANGE_INSTANCES:
        return instance_words.instances_effect(found)
    if page.kind in (OperationKind.SPLIT_MODELS, OperationKind.DELETE_SPLIT):
        return instance_words.split_effect(found)
    return words.effect(found, seen)


def _first_draft(request: htmx.HtmxHttpRequest, endpoint: Endpoint, form: WishForm) -> drafts.Draft:
    """The effect before anything is typed: of the values a link brought, else of today's."""
    if request.method == "GET" and not request.GET:
        return drafts.ledger_only(endpoint, request.user)
    values = {name: str(form[name].value() or "") for name in form.fields}
    wish = type(form).read(values)
    return drafts.draft(endpoint, wish, actor=request.user, now=timezone.now())


def _plan(request: htmx.HtmxHttpRequest, endpoint: Endpoint, form: WishForm) -> Any:
    now = timezone.now()
    planned = lifecycle.plan(
        endpoint,
        form.wish(),
        reason=form.cleaned_data.get("reason", ""),
        form_token=form.cleaned_data["form_token"],
        actor=request.user,
        now=now,
        address=client.address(request),
    )
    predictions.keep(planned, now=now)
    return planned


def data(request: htmx.HtmxHttpRequest) -> Any:
    """What was sent, with the instance type that a button chose; None where nothing was."""
    if request.method != "POST":
        return None
    if CHOOSE not in request.POST:
        return request.POST
    sent = request.POST.copy()
    sent["instance_type"] = str(sent[CHOOSE])
    return sent


def first_values(request: htmx.HtmxHttpRequest, start: dict[str, Any]) -> dict[str, Any]:
    """First values, which a link (plan again, choose this type) may replace."""
    known = (
        "max_concurrency", "provisioned_concurrency", "route", "memory_mb", "instance_type", "instance_count",
    )  # fmt: skip
    return start | {name: request.GET[name] for name in known if name in request.GET}
