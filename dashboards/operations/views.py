"""The list of operations, and the page of one: plan, progress and result at the same address."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dashboards import access, client, files, htmx, scope
from dashboards.operations import instance_words, words
from dashboards.operations.forms import ConfirmForm
from dashboards.planner import outcomes
from dashboards.planner.words import LONGEST
from dashboards.tables import Page
from fleet.errors import Refusal, Refused, StalePlan, TransitionLost
from fleet.models import Operation, User
from fleet.operations import lifecycle
from fleet.operations.kinds import KINDS, OperationKind
from fleet.queries import operations as queries
from fleet.queries import ownership, resources

EXCLUDED_BY_SERVERLESS = (
    "GPU instances",
    "AWS Marketplace packages",
    "Private Docker registries",
    "Multi-model endpoints",
    "VPC configuration",
    "Network isolation",
    "Data capture",
    "Several production variants",
    "Model Monitor",
    "Inference pipelines",
)
"""Source: "Serverless Inference: feature exclusions", Amazon SageMaker developer guide, read November 2026."""


@require_GET
def operation_list(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Running operations and waiting plans, then what ended."""
    found = scope.read(request, has_range=False)
    counts = queries.counts(found.filter)
    ended = queries.ended(found.filter)
    page = Page.read(request.GET, ended.count())
    context = {
        "counts": counts,
        "open": [(row, words.state_word(row)) for row in queries.open_rows(found.filter)],
        "ended": [(row, words.state_word(row)) for row in ended[page.offset : page.offset + page.size]],
        "page": page,
        "csv_url": files.url(request, "operations:csv"),
    }
    return htmx.page(
        request, "pages/operations/list.html", context, part="operations-table", settled=not counts.running
    )


@require_GET
def as_csv(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """Every operation of the scope, newest first."""
    return files.as_csv("operations", resources.operations_of(scope.read(request, has_range=False).filter))


@require_GET
def detail(request: htmx.HtmxHttpRequest, code: str) -> HttpResponse:
    """One operation; the region polls itself while it runs."""
    operation = access.operation_for(request, code)
    scope.read(request, has_range=False)
    is_settled = operation.state not in Operation.ACTIVE
    return htmx.page(
        request,
        "pages/operations/detail.html",
        _context(request, operation, _form(operation)),
        part="operation-state",
        settled=is_settled,
    )


@require_POST
@access.require_role(User.Role.OPERATOR)
def confirm(request: htmx.HtmxHttpRequest, code: str) -> HttpResponse:
    """Queue a plan; a second click finds it queued already."""
    operation = access.operation_for(request, code)
    form = _form(operation, request.POST)
    status = 422
    if form.is_valid():
        try:
            _confirm(request, operation, form)
            return htmx.redirect(request, "operations:detail", operation.code)
        except Refused as refused:
            form.refuse(refused.refusals)
        except (StalePlan, TransitionLost) as error:
            status = 409
            form.refuse([Refusal("", "stale", str(error))])
    return _again(request, operation, form, status)


@require_POST
@access.require_role(User.Role.OPERATOR)
def cancel(request: htmx.HtmxHttpRequest, code: str) -> HttpResponse:
    """Cancel a plan or a queued operation; AWS cannot stop a running update."""
    operation = access.operation_for(request, code)
    try:
        lifecycle.cancel(operation, actor=request.user, now=timezone.now(), address=client.address(request))
    except TransitionLost as error:
        form = _form(operation, {})
        form.refuse([Refusal("", "started", str(error))])
        return _again(request, operation, form, 409)
    return htmx.redirect(request, "operations:detail", operation.code)


def _confirm(request: htmx.HtmxHttpRequest, operation: Operation, form: ConfirmForm) -> None:
    lifecycle.confirm(
        operation,
        actor=request.user,
        reason=form.cleaned_data["reason"],
        typed_name=form.cleaned_data.get("typed_name", ""),
        now=timezone.now(),
        address=client.address(request),
    )


def _again(
    request: htmx.HtmxHttpRequest, operation: Operation, form: ConfirmForm, status: int
) -> HttpResponse:
    operation.refresh_from_db()
    scope.read(request, has_range=False)
    context = _context(request, operation, form)
    return htmx.page(request, "pages/operations/detail.html", context, part="operation-state", status=status)


def _form(operation: Operation, data: Any = None) -> ConfirmForm:
    spec = KINDS[OperationKind(operation.kind)]
    return ConfirmForm(data, operation=operation, is_irreversible=spec.is_irreversible)


def _context(request: htmx.HtmxHttpRequest, operation: Operation, form: ConfirmForm) -> dict[str, Any]:
    now, found = timezone.now(), queries.detail(operation)
    spec = KINDS[OperationKind(operation.kind)]
    may_operate = access.may(request.user, spec.role)
    return {
        "operation": operation,
        "detail": found,
        "plan": operation.plan,
        "spec": spec,
        "form": form,
        "sentence": words.sentence(found, now),
        "state_word": words.state_word(operation),
        "steps": words.steps(found, now),
        "cost": words.cost_panel(operation),
        "quota_after": words.quota_after(operation),
        "exclusions": EXCLUDED_BY_SERVERLESS,
        "blast": ownership.blast_radius(operation.endpoint),
        "is_convert": operation.kind == OperationKind.CONVERT,
        "is_active": operation.state in Operation.ACTIVE,
        "may_operate": may_operate,
        "not_allowed": ""
        if may_operate
        else f"You are signed in as {request.user.role}; this needs {spec.role}.",
        **_ways(operation),
        **outcomes.of_operation(operation),
        **instance_words.split_result(operation),
    }


def _ways(operation: Operation) -> dict[str, Any]:
    """Where one may go from an operation: plan it again, plan the way back, or to the list."""
    again = reverse(words.FORMS[OperationKind(operation.kind)], args=[operation.endpoint_id])
    return {
        "again_url": _address(again, operation, back=False),
        "back_url": _address(again, operation, back=True),
        "crumbs": [{"label": "Operations", "url": reverse("operations:page")}, {"label": str(operation)}],
    }


def _address(form: str, operation: Operation, *, back: bool) -> str:
    """A form, filled in; by the operation's name alone where its fields would be too long for an address."""
    address = f"{form}?{urlencode(words.plan_again(operation, back=back))}"
    if len(address) < LONGEST:
        return address
    return f"{form}?{urlencode({'back' if back else 'again': operation.code})}"
