"""The endpoints list: find, compare, open."""

import csv

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import htmx, scope
from dashboards.endpoints import tables
from dashboards.endpoints.forms import EndpointFilters
from dashboards.endpoints.sentence import sentence, strip
from dashboards.htmx import HtmxHttpRequest
from dashboards.scope import PageScope
from dashboards.tables import Page
from fleet.queries import endpoint_rows, endpoints, rolled


@require_GET
def endpoint_list(request: HtmxHttpRequest) -> HttpResponse:
    """Facets, search, sorted table; the whole state stands in the URL."""
    scoped = scope.read(request, default="24h")
    filters = EndpointFilters.read(request.GET)
    counted = endpoints.counted(filters.criteria)
    page = Page.read(request.GET, endpoints.matching(counted.found, filters.criteria))
    found = endpoints.facets(counted.found, filters.criteria)
    fresh = rolled.freshness(scoped.filter)
    rows = _rows(filters, scoped, fresh, page)
    context = {
        "lines": [tables.line(row) for row in rows],
        "facets": filters.facets(found, counted),
        "chips": filters.chips(request.GET, found.aliases),
        "filters": filters,
        "page": page,
        "window": scoped.range,
        "sentence": sentence(counted.everything, scoped.filter, fresh),
        "strip": strip(counted.found, filters.criteria),
        "calls_label": f"Calls, {scope.RANGES[scoped.range.key][0].lower()}",
        "wants_rail": True,
        "csv_url": _csv_url(request),
    }
    return htmx.page(request, "pages/endpoints/list.html", context, part="endpoint-list")


@require_GET
def endpoint_csv(request: HtmxHttpRequest) -> HttpResponse:
    """Every row the filter means, in the table's order, as CSV."""
    scoped = scope.read(request, default="24h")
    filters = EndpointFilters.read(request.GET)
    rows = _rows(filters, scoped, rolled.freshness(scoped.filter))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="endpoints.csv"'
    csv.writer(response).writerows(tables.csv_rows(rows))
    return response


def _rows(
    filters: EndpointFilters, scoped: PageScope, fresh: rolled.Freshness, page: Page | None = None
) -> list[endpoint_rows.Row]:
    return endpoint_rows.rows(
        filters.criteria, scoped.range, timezone.now().date(), sort=filters.sort.key,
        descending=filters.sort.descending, offset=page.offset if page else 0, limit=page.size if page else None,
        fresh=fresh,
    )  # fmt: skip


def _csv_url(request: HtmxHttpRequest) -> str:
    """The export of what is shown, all pages of it."""
    query = request.GET.copy()
    query.pop("page", None)
    return f"{reverse('endpoints:csv')}?{query.urlencode()}"
