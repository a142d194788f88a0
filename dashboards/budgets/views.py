"""The Budgets pages: all of them, one with its burn-down, and the form that makes or changes one."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboards import access, client, htmx, wording
from dashboards.budgets import charts, forms
from dashboards.budgets.forms import BudgetForm
from dashboards.budgets.standing import sentence, standings
from dashboards.budgets.tiles import tiles
from dashboards.htmx import HtmxHttpRequest
from fleet import budgets
from fleet.errors import Refused
from fleet.models import Budget
from fleet.models.budgets import usual_thresholds
from fleet.queries import budgets as queries
from fleet.queries import forecast
from fleet.queries.cost_scope import CostFilter
from fleet.queries.forecast import Outlook

FORM = "pages/budgets/form.html"


@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    """Every budget, the worst first."""
    rows = standings(Budget.objects.select_related("stand", "owner"), timezone.now().date())
    computed = [row.stand.computed_at for row in rows if row.stand]
    context = {
        "rows": rows,
        "sentence": sentence(rows) if rows else "",
        "as_of": min(computed, default=None),
        "may_change": access.may(request.user, "operator"),
    }
    return htmx.page(request, "pages/budgets/page.html", context)


@require_GET
def detail(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """One budget: where it stands, its burn-down, and what it is told by."""
    budget = access.budget_for(request, pk)
    seen, today = _outlook(budget), timezone.now().date()
    (row,) = standings([budget], today)
    context = {
        "row": row,
        "tiles": tiles(row, seen),
        "chart_src": reverse("budgets:chart", args=[pk]),
        "chart_table": charts.table(budget.amount_usd, row.period, seen, today),
        "legend": charts.LEGEND,
        "gaps": len(seen.forecast.gaps),
        "may_change": access.may(request.user, "operator"),
    }
    return htmx.page(request, "pages/budgets/budget.html", context)


@require_GET
def chart(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Figure JSON: what is left of the budget by day."""
    budget, today = access.budget_for(request, pk), timezone.now().date()
    period = queries.period_of(budget, today)
    return htmx.figure(charts.burn_down(budget.amount_usd, period, _outlook(budget), today))


@require_http_methods(["GET", "POST"])
@access.require_role("operator")
def new(request: HtmxHttpRequest) -> HttpResponse:
    """Make a budget."""
    start = {"thresholds": ", ".join(map(str, usual_thresholds())), "forecast_pct": 100}
    start |= {name: request.GET.getlist(name) for name in ("accounts", "regions", "teams", "kinds")}
    start |= {name: request.GET.get(name, "") for name in ("endpoints", "tags", "name")}
    return _form(request, None, BudgetForm(request.POST or None, initial=start))


@require_http_methods(["GET", "POST"])
@access.require_role("operator")
def edit(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Change a budget."""
    budget = access.budget_for(request, pk)
    return _form(request, budget, BudgetForm(request.POST or None, initial=forms.initial(budget)))


@require_GET
@access.require_role("operator")
def matches(request: HtmxHttpRequest) -> HttpResponse:
    """How many endpoints the scope in the form would hold."""
    form = BudgetForm(request.GET)
    form.is_valid()
    return htmx.page(request, FORM, {"form": form, **_matches(form.where())}, part="budget-matches")


@require_POST
@access.require_role("operator")
def remove(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Remove a budget."""
    budget = access.budget_for(request, pk)
    budgets.remove(budget, actor=request.user, address=client.address(request))
    messages.success(request, f"Budget “{budget.name}” removed.")
    return htmx.redirect(request, "budgets:page")


def _form(request: HtmxHttpRequest, budget: Budget | None, form: BudgetForm) -> HttpResponse:
    if form.is_bound and form.is_valid() and (saved := _save(request, budget, form)):
        amount = wording.usd(saved.amount_usd)
        every = "a quarter" if saved.period == Budget.Period.QUARTERLY else "a month"
        messages.success(request, f"Budget “{saved.name}” set to {amount} {every}.")
        return htmx.redirect(request, "budgets:detail", saved.pk)
    where = form.where() if form.is_bound else queries.where_of(budget) if budget else CostFilter()
    context = {"form": form, "budget": budget, **_matches(where)}
    parts = ("budget-form", "budget-matches")
    return htmx.page(request, FORM, context, part=parts, status=422 if form.is_bound else 200)


def _save(request: HtmxHttpRequest, budget: Budget | None, form: BudgetForm) -> Budget | None:
    try:
        return budgets.save(
            form.wish(),
            budget=budget,
            actor=request.user,
            now=timezone.now(),
            address=client.address(request),
        )
    except Refused as refused:
        for refusal in refused.refusals:
            form.add_error(refusal.field or None, refusal.message)
        return None


def _matches(where: CostFilter | None) -> dict[str, Any]:
    """matching: None while the scope cannot be read."""
    is_all = where is not None and where == CostFilter()
    return {"matching": None if where is None else queries.matching(where), "is_whole_fleet": is_all}


def _outlook(budget: Budget) -> Outlook:
    today = timezone.now().date()
    return forecast.outlook(queries.where_of(budget), queries.period_of(budget, today), today=today)
