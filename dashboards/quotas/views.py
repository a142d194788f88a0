"""The Quotas page: what each account region may still take, who holds the rest, and whether more would fit."""

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import files, htmx, scope
from dashboards.quotas import rows, tables
from dashboards.quotas.wanted import Wanted
from dashboards.tables import PAGE_SIZE, Page
from fleet.queries import quota_users
from fleet.queries.quotas import Ledger, ledger
from fleet.queries.records import watching
from fleet.queries.scope import ScopeFilter


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Every quota of the scope, the tightest first; ?add= asks whether so many more would fit."""
    scoped = scope.read(request, has_range=False)
    now = timezone.now()
    wanted = Wanted.read(request.GET)
    found = _ledger(scoped.filter, wanted, page=wanted.page)
    pager = Page.read(request.GET, found.total)
    if not found.lines and wanted.page > 1:
        found = _ledger(scoped.filter, wanted, page=1)
        pager = Page(1, found.total)
    users = quota_users.users(found.lines, now)
    busiest = quota_users.busiest(found.lines, now)
    shown = [tables.row(line, users, busiest, wanted.more, now) for line in found.lines]
    context = {
        "found": found,
        "wanted": wanted,
        "tightest": shown[0] if shown else None,
        "rows": rows.rows(shown, wanted.more),
        "denied": tables.denied(found.lines),
        "page": pager,
        "csv_url": f"{reverse('quotas:csv')}?{wanted.query(request.GET)}",
        "query": scoped.query,
    }
    return htmx.page(request, "pages/quotas/page.html", context, part="quota-list")


@require_GET
def export(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """Every quota the filter means, in the table's order."""
    scoped = scope.read(request, has_range=False)
    found = _ledger(scoped.filter, Wanted.read(request.GET), page=None)
    return files.as_csv("quotas", map(watching.quota, found.lines))


def _ledger(where: ScopeFilter, wanted: Wanted, *, page: int | None) -> Ledger:
    return ledger(
        where,
        groups=wanted.groups,
        sort=wanted.sort.key,
        descending=wanted.sort.descending,
        offset=(page - 1) * PAGE_SIZE if page else 0,
        limit=PAGE_SIZE if page else None,
        more=wanted.more,
    )
