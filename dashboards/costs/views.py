"""The Costs page: what the fleet cost, where it goes, from which prices; its chart, its CSV and its budget."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from dashboards import access, client, htmx, scope, wording
from dashboards.charts import as_json
from dashboards.costs import charts, drawing, export, page_words, period, whole_page
from dashboards.costs.figures import plan, top_labels
from dashboards.costs.forms import BudgetForm
from dashboards.costs.group_files import GroupTable
from dashboards.costs.wanted import Wanted
from dashboards.htmx import HtmxHttpRequest
from dashboards.looking import look
from fleet import budgets
from fleet.errors import Refused
from fleet.models import Account
from fleet.queries import budgets as budget_queries
from fleet.queries import cost_lines, rolled

RANGE = period.DEFAULT


@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    """Sentence, tiles, cost over time and where it goes."""
    scoped = scope.read(request, default=RANGE, has_range=False)
    looked, now = look(request), timezone.now()
    found = whole_page.told(request.GET, scoped, looked, now, is_part=htmx.wants_part(request))
    context = {**found, "wants_rail": True, "now": now}
    return htmx.page(request, "pages/costs/page.html", context, part="cost-table")


@require_GET
def chart(request: HtmxHttpRequest) -> HttpResponse:
    """Cost by day, week or month: the part that the Costs page reads for itself, else a page with its table."""
    wanted, today = _asked(request), timezone.now().date()
    fresh = rolled.freshness(wanted.where.scope)
    planned = plan(wanted.span, today, fresh)
    labels, has_others = ({}, False) if drawing.has_fixed_layers(wanted) else top_labels(wanted, planned)
    drawn = drawing.read(wanted, fresh, planned, today, labels, has_others)
    context = {
        "figure": as_json(charts.figure(drawn, budget_queries.find(wanted.where))),
        "legend": charts.legend(drawn),
        "chart_table": charts.table(drawn),
        "costs_url": f"{reverse('costs:page')}?{wanted.link(top=None, others=None)}",
        **page_words.chart(wanted, today),
    }
    return htmx.page(request, "pages/costs/chart.html", context, part="cost-chart")


@require_GET
def groups_file(request: HtmxHttpRequest) -> HttpResponse:
    """Every row of the table, of all its pages, unrounded: CSV, or JSON with format=json."""
    wanted = _asked(request)
    table = GroupTable.read(wanted, timezone.now().date())
    name = f"flotilla-costs-by-{wanted.by}-{wanted.span.first}-{wanted.span.last}"
    if request.GET.get("format") == "json":
        response: HttpResponse = JsonResponse(table.document(), json_dumps_params={"indent": 1})
        name += ".json"
    else:
        response, name = HttpResponse(table.csv(), content_type="text/csv; charset=utf-8"), f"{name}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _asked(request: HtmxHttpRequest) -> Wanted:
    scoped = scope.read(request, default=RANGE, has_range=False)
    return whole_page.asked(request.GET, scoped)[0]


@require_GET
def csv_file(request: HtmxHttpRequest) -> StreamingHttpResponse:
    """Every formula line of every endpoint in view; amounts unrounded."""
    wanted = _asked(request)
    rows = cost_lines.export(wanted.where, wanted.span)
    response = StreamingHttpResponse(export.lines(rows, wanted.span), content_type="text/csv; charset=utf-8")
    name = f"flotilla-costs-{wanted.span.first}-{wanted.span.last}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@access.require_role("operator")
def budget(request: HtmxHttpRequest) -> HttpResponse:
    """Set, change or remove the budget of the fleet, or of the one account the page is narrowed to."""
    scoped = scope.read(request, default=RANGE, has_range=False)
    wanted = Wanted.read(request.GET, scoped)
    account = _budget_account(wanted)
    current = budget_queries.find(wanted.where)
    form = BudgetForm(request.POST or None, initial={"monthly_usd": current.amount_usd if current else None})
    back = f"{reverse('costs:page')}?{scoped.query}"
    if request.method == "POST" and _save_budget(request, form, account):
        return htmx.redirect(request, back)
    context = {"form": form, "current": current, "account": account, "back": back}
    status = 422 if form.is_bound else 200
    return htmx.page(request, "pages/costs/budget.html", context, part="budget-form", status=status)


def _save_budget(request: HtmxHttpRequest, form: BudgetForm, account: Account | None) -> bool:
    """True when the budget is as the person asked; False leaves the form with its errors."""
    who: dict[str, Any] = {"actor": request.user, "address": client.address(request)}
    if "remove" in request.POST:
        if budgets.remove_of(account, **who):
            messages.success(request, "Budget removed.")
        return True
    if not form.is_valid():
        return False
    amount = form.cleaned_data["monthly_usd"]
    try:
        budgets.set_monthly(account=account, monthly_usd=amount, now=timezone.now(), **who)
    except Refused as refused:
        for refusal in refused.refusals:
            form.add_error("monthly_usd", refusal.message)
        return False
    messages.success(request, f"Budget set to {wording.usd(amount)} a month.")
    return True


def _budget_account(wanted: Wanted) -> Account | None:
    account_id = budget_queries.account_of(wanted.where)
    if account_id is None:
        raise Http404("A budget belongs to the whole fleet or to one account.")
    if not account_id:
        return None
    found = Account.objects.filter(account_id=account_id).first()
    if found is None:
        raise Http404("No such account.")
    return found
