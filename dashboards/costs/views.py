"""The Costs page: what the fleet cost, where it goes, from which prices; its chart, its CSV and its budget."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from dashboards import access, client, htmx, scope, wording
from dashboards.costs import batch, charts, export, tiles
from dashboards.costs.figures import WEEK, Figures
from dashboards.costs.forms import BudgetForm
from dashboards.costs.missing import missing_parts
from dashboards.costs.wanted import STACKS, Wanted, span_words
from dashboards.htmx import HtmxHttpRequest
from dashboards.scope import PageScope
from dashboards.tables import Sort
from fleet import budgets
from fleet.errors import Refused
from fleet.models import Account
from fleet.queries import billing, cost_lines, costs, rolled
from fleet.queries import budgets as budget_queries
from fleet.queries.cost_scope import GroupBy

RANGE = "month"
NOUNS = {
    GroupBy.ACCOUNT: "accounts",
    GroupBy.REGION: "regions",
    GroupBy.TEAM: "teams",
    GroupBy.KIND: "kinds",
    GroupBy.ENDPOINT: "endpoints",
    GroupBy.COMPONENT: "components",
}


@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    """Sentence, tiles, cost per day and where it goes."""
    scoped = scope.read(request, default=RANGE)
    wanted = Wanted.read(request.GET, scoped)
    figures = Figures.read(wanted, timezone.now().date())
    rows, rest = figures.table()
    context = {
        "figures": figures,
        "rows": rows,
        "rest": rest,
        "rest_count": figures.total_groups - len(rows),
        "sort": Sort("cost", not wanted.ascending),
        "tiles": tiles.tiles(figures),
        "batch": batch.line(wanted, scoped),
        "billed_through": billing.billed_through(scoped.filter),
        "can_budget": budget_queries.account_of(wanted.where) is not None,
        **_words(figures),
        **_chart(wanted, figures),
        **_links(wanted, scoped),
    }
    return htmx.page(request, "pages/costs/page.html", context, part="cost-table")


@require_GET
def chart(request: HtmxHttpRequest) -> HttpResponse:
    """Figure JSON: cost per day."""
    scoped = scope.read(request, default=RANGE)
    wanted = Wanted.read(request.GET, scoped)
    is_rolled = rolled.freshness(wanted.where.scope).has_costs(timezone.now().date())
    found = costs.days(wanted.where, wanted.span, is_rolled=is_rolled)
    budget = budget_queries.find(wanted.where)
    return htmx.figure(charts.cost_per_day(found, wanted.stack, wanted.span.days, budget))


@require_GET
def csv_file(request: HtmxHttpRequest) -> StreamingHttpResponse:
    """Every formula line of every endpoint in view; amounts unrounded."""
    scoped = scope.read(request, default=RANGE)
    wanted = Wanted.read(request.GET, scoped)
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


def _words(figures: Figures) -> dict[str, Any]:
    span, today = figures.wanted.span, figures.today
    change, direction = tiles.change_words(
        figures.yesterday.amount, figures.week_before.amount, today - WEEK - tiles.DAY
    )
    unpriced = len({each.endpoint_id for each in figures.unpriced})
    return {
        "span": span_words(span, today),
        "month_usd": wording.usd(figures.month.amount),
        "yesterday_usd": wording.usd(figures.yesterday.amount),
        "change": change if direction else "",
        "unpriced_words": wording.plural(unpriced, "endpoint") if unpriced else "",
        "is_one_unpriced": unpriced == 1,
        "missing_parts": missing_parts(figures.missing),
    }


def _chart(wanted: Wanted, figures: Figures) -> dict[str, Any]:
    found, days = figures.shown_days, wanted.span.days
    return {
        "chart_src": f"{reverse('costs:chart')}?{wanted.link()}",
        "chart_caption": f"USD by UTC day, {span_words(wanted.span, figures.today)}, stacked by {wanted.stack}",
        "chart_table": charts.table(found, wanted.stack, days),
        "legend": charts.legend(found, wanted.stack, days),
        "component_legend": charts.legend(found, "component", days),
        "stacks": [(stack, wanted.link(stack=stack), stack == wanted.stack) for stack in STACKS],
    }


def _links(wanted: Wanted, scoped: PageScope) -> dict[str, Any]:
    return {
        "by": wanted.by,
        "noun": NOUNS[wanted.by],
        "groupings": [
            (each.value, wanted.link(group=each.value, open=None), each is wanted.by) for each in GroupBy
        ],
        "chips": wanted.chips(),
        "csv_url": f"{reverse('costs:csv')}?{wanted.link(open=None)}",
        "budget_url": f"{reverse('costs:budget')}?{scoped.query}",
        "query": scoped.query,
    }
