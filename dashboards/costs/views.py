"""The Costs page: what the fleet cost, where it goes, from which prices; its chart, its CSV and its budget."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from dashboards import access, client, htmx, scope, wording
from dashboards.costs import batch, charts, drawing, export, page_words, period, rose, table_rows, tiles
from dashboards.costs.figures import Figures, plan, top_labels
from dashboards.costs.forms import BudgetForm
from dashboards.costs.group_files import GroupTable
from dashboards.costs.wanted import Wanted
from dashboards.htmx import HtmxHttpRequest
from dashboards.scope import PageScope
from dashboards.tables import Sort
from fleet import budgets
from fleet.errors import Refused
from fleet.models import Account
from fleet.queries import billing, cost_lines, cost_tags, rolled
from fleet.queries import budgets as budget_queries
from fleet.queries.cost_scope import GroupBy

RANGE = period.DEFAULT


@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    """Sentence, tiles, cost over time and where it goes."""
    scoped, wanted, tag_keys = _asked(request)
    figures = Figures.read(wanted, timezone.now().date())
    rows, rest = figures.table()
    context = {
        "figures": figures,
        "wanted": wanted,
        "rows": rows,
        "table_rows": table_rows.body(rows, wanted.by),
        "rest": rest,
        "rest_count": figures.cube.groups - len(rows),
        "sort": Sort(wanted.order.value, not wanted.ascending),
        "tiles": tiles.tiles(figures),
        "batch": batch.line(wanted, scoped),
        "billed_through": billing.billed_through(scoped.filter),
        "rose": rose.read(wanted.where, timezone.now()) if not htmx.wants_part(request) else None,
        "can_budget": budget_queries.account_of(wanted.where) is not None,
        "wants_rail": True,
        "now": timezone.now(),
        **page_words.words(figures),
        **page_words.chart(wanted, figures),
        **page_words.links(wanted, scoped, tag_keys, figures),
    }
    return htmx.page(request, "pages/costs/page.html", context, part="cost-table")


@require_GET
def chart(request: HtmxHttpRequest) -> HttpResponse:
    """Figure JSON: cost by day, week or month."""
    _, wanted, _ = _asked(request)
    today = timezone.now().date()
    fresh = rolled.freshness(wanted.where.scope)
    planned = plan(wanted.span, today, fresh)
    labels = {} if drawing.has_fixed_layers(wanted) else top_labels(wanted, planned)
    drawn = drawing.read(wanted, fresh, planned, today, labels)
    return htmx.figure(charts.figure(drawn, budget_queries.find(wanted.where)))


@require_GET
def groups_file(request: HtmxHttpRequest) -> HttpResponse:
    """Every row of the table, of all its pages, unrounded: CSV, or JSON with format=json."""
    _, wanted, _ = _asked(request)
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


def _asked(request: HtmxHttpRequest) -> tuple[PageScope, Wanted, list[str]]:
    """Scope, wish and, for a grouping by tag, the keys in use; the commonest stands in for one that is not named."""
    scoped = scope.read(request, default=RANGE, has_range=False)
    wanted = Wanted.read(request.GET, scoped)
    if wanted.by is not GroupBy.TAG:
        return scoped, wanted, []
    keys = cost_tags.keys(wanted.where)
    return scoped, wanted if wanted.tag else replace(wanted, tag=keys[0] if keys else ""), keys


@require_GET
def csv_file(request: HtmxHttpRequest) -> StreamingHttpResponse:
    """Every formula line of every endpoint in view; amounts unrounded."""
    _, wanted, _ = _asked(request)
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
