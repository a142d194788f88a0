"""The endpoints list: find, compare, open."""

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import files, htmx, scope
from dashboards.endpoints import rows, tables
from dashboards.endpoints.forms import EndpointFilters
from dashboards.endpoints.sentence import sentence, strip
from dashboards.htmx import HtmxHttpRequest
from dashboards.tables import Page
from fleet.queries import endpoint_counts, endpoint_records, endpoint_rows, rolled


@require_GET
def endpoint_list(request: HtmxHttpRequest) -> HttpResponse:
    """Facets, search, sorted table; the whole state stands in the URL."""
    scoped = scope.read(request, default="24h")
    filters, now = EndpointFilters.read(request.GET), timezone.now()
    counted = endpoint_counts.counted(filters.criteria)
    page = Page.read(request.GET, counted.total)
    fresh = rolled.freshness(scoped.filter)
    lines = endpoint_rows.rows(
        filters.criteria, scoped.range, now.date(), sort=filters.sort.key,
        descending=filters.sort.descending, offset=page.offset, limit=page.size, fresh=fresh,
    )  # fmt: skip
    context = {
        "rows": rows.rows(map(tables.line, lines), now),
        "facets": filters.facets(counted.facets),
        "chips": filters.chips(request.GET, counted.facets.aliases),
        "filters": filters,
        "page": page,
        "window": scoped.range,
        "sentence": sentence(counted.fleet, scoped.filter, fresh),
        "strip": strip(counted.facets.states, filters.criteria.states),
        "calls_label": f"Calls, {scope.RANGES[scoped.range.key][0].lower()}",
        "wants_rail": True,
        "csv_url": files.url(request, "endpoints:csv"),
    }
    return htmx.page(request, "pages/endpoints/list.html", context, part="endpoint-list")


@require_GET
def endpoint_csv(request: HtmxHttpRequest) -> StreamingHttpResponse:
    """Every endpoint the filter means, in the table's order."""
    scoped, filters, now = (
        scope.read(request, default="24h"),
        EndpointFilters.read(request.GET),
        timezone.now(),
    )
    fresh = rolled.freshness(scoped.filter)
    ids = endpoint_rows.ids(
        filters.criteria, scoped.range, now.date(), sort=filters.sort.key, descending=filters.sort.descending,
        fresh=fresh,
    )  # fmt: skip
    return files.as_csv("endpoints", endpoint_records.of_ids(ids, scoped.range, now=now, fresh=fresh))
