"""The Advisor: what would be better across the fleet, one advice, sets that could share, what advice saved."""

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import access, files, htmx, scope
from dashboards.advisor import evidence_chart, ledger_rows, rows, sets, shown, tabs, tiles, words
from dashboards.advisor.filters import AdviceFilters
from dashboards.advisor.forms import AssignForm, DismissForm
from dashboards.htmx import HtmxHttpRequest
from dashboards.tables import Page
from fleet.models import Advice, User
from fleet.queries import advice as queries
from fleet.queries import advice_ledger, advice_sets
from fleet.queries.records import advice as records


@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    """Advice for the scope, the surest saving first, with what the best of each endpoint would save together."""
    scoped = scope.read(request, has_range=False)
    filters = AdviceFilters.read(request.GET, request.user)
    found, run = queries.counted(filters.criteria), queries.last_run()
    context = {
        "found": found,
        "run": run,
        "tiles": tiles.tiles(found, run),
        "together": words.together(found.low, found.high),
        "filters": filters,
        "facets": filters.facets(found),
        "chips": filters.chips(request.GET, found.aliases),
        "query": scoped.query,
        "tabs": tabs.links("page", scoped.query),
        "bulk": actions_forms(),
        "csv_url": files.url(request, "advisor:csv"),
        "wants_rail": True,
        **_lines(request, filters, found.total, scoped.query),
    }
    return htmx.page(request, "pages/advisor/page.html", context, part="advice-list")


def _lines(request: HtmxHttpRequest, filters: AdviceFilters, total: int, query: str) -> dict[str, object]:
    """The rows of the page that is asked for."""
    pager, last = Page.read(request.GET, total), advice_ledger.unreliable()
    lines = queries.rows(
        filters.criteria, sort=filters.sort.key, descending=filters.sort.descending, offset=pager.offset,
        limit=pager.size, last=last,
    )  # fmt: skip
    may_choose = access.may(request.user, User.Role.OPERATOR)
    return {
        "pager": pager,
        "rows": rows.rows(lines, query, may_choose=may_choose),
        "may_choose": may_choose,
        "unreliable": last,
    }


@require_GET
def as_csv(request: HtmxHttpRequest) -> StreamingHttpResponse:
    """Every advice that the filter means, in the table's order."""
    scope.read(request, has_range=False)
    filters = AdviceFilters.read(request.GET, request.user)
    found = queries.every(
        filters.criteria, sort=filters.sort.key, descending=filters.sort.descending, last=advice_ledger.unreliable()
    )  # fmt: skip
    return files.as_csv("advice", map(records.advice, found))


@require_GET
def detail(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """One advice with its evidence, its range, its form and what people made of it."""
    return answer(request, access.advice_for(request, pk))


@require_GET
def sharing(request: HtmxHttpRequest) -> HttpResponse:
    """Sets of endpoints that could share one multi-model endpoint; ?state=dismissed: those that were put aside."""
    return sets_page(request)


def sets_page(
    request: HtmxHttpRequest, refused: tuple[int, DismissForm] | None = None, status: int = 200
) -> HttpResponse:
    """The sets; refused: the form of one of them (by primary key) that was refused."""
    scoped = scope.read(request, has_range=False)
    pager, is_dismissed = Page.asked(request.GET), request.GET.get("state") == "dismissed"
    found = advice_sets.page(scoped.filter, offset=pager.offset, size=pager.size, is_dismissed=is_dismissed)
    context = {
        "found": found,
        "is_dismissed": is_dismissed,
        "may_decide": access.may(request.user, User.Role.OPERATOR),
        "sets": [sets.shown(each, found.endpoints, refused) for each in found.rows],
        "pager": Page.read(request.GET, found.total),
        "run": queries.last_run(),
        "query": scoped.query,
        "tabs": tabs.links("sharing", scoped.query),
    }
    return htmx.page(request, "pages/advisor/sharing.html", context, status=status)


@require_GET
def ledger(request: HtmxHttpRequest) -> HttpResponse:
    """What advice that was carried out had promised and what it saved."""
    scoped = scope.read(request, has_range=False)
    savings = advice_ledger.rows(scoped.filter)
    pager = Page.read(request.GET, savings.count())
    every = list(savings)
    context = {
        **ledger_rows.context(every),
        "rows": [ledger_rows.row(each) for each in every[pager.offset : pager.offset + pager.size]],
        "pager": pager,
        "query": scoped.query,
        "tabs": tabs.links("ledger", scoped.query),
    }
    return htmx.page(request, "pages/advisor/ledger.html", context)


def answer(
    request: HtmxHttpRequest,
    row: Advice,
    *,
    dismissing: DismissForm | None = None,
    assigning: AssignForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of one advice, with a form that was refused."""
    scoped = scope.read(request, has_range=False)
    listed = f"{reverse('advisor:page')}?{scoped.query}" if scoped.query else reverse("advisor:page")
    context = {
        **shown.context(row),
        "chart": evidence_chart.drawn(row),
        "dismissing": dismissing or DismissForm(),
        "assigning": assigning or AssignForm(people=people(), initial={"assigned_to": row.assigned_to_id}),
        "may_decide": access.may(request.user, User.Role.OPERATOR),
        "today": timezone.now().date(),
        "query": scoped.query,
        "crumbs": [{"label": "Advisor", "url": listed}, {"label": row.endpoint.name}],
    }
    return htmx.page(request, "pages/advisor/detail.html", context, status=status)


def people() -> QuerySet[User]:
    """Who may be given advice: everybody who may sign in, by name."""
    return User.objects.filter(is_active=True).order_by("username")


def actions_forms() -> dict[str, object]:
    """The fields of the bulk bar."""
    return {
        "dismiss": DismissForm(auto_id="bulk_%s"),
        "assign": AssignForm(people=people(), auto_id="bulk_%s"),
    }
