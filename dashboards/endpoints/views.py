"""The endpoints list: find, compare, open."""

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import files, htmx, scope
from dashboards.endpoints import rows
from dashboards.endpoints.forms import EndpointFilters
from dashboards.endpoints.sentence import sentence, strip
from dashboards.htmx import HtmxHttpRequest
from dashboards.looking import look
from dashboards.tables import Page
from fleet.queries import endpoint_counts, endpoint_index, endpoint_records, endpoint_rows, rolled, shared


@require_GET
def endpoint_list(request: HtmxHttpRequest) -> HttpResponse:
    """Facets, search, sorted table; the whole state stands in the URL."""
    scoped = scope.read(request, default="24h")
    filters, now, looked = EndpointFilters.read(request.GET), timezone.now(), look(request)
    index = endpoint_index.current(looked)
    counted = endpoint_counts.counted(filters.criteria, index)
    page = Page.read(request.GET, counted.total)
    fresh = shared.freshness(scoped.filter, looked)
    lines = endpoint_rows.rows(
        filters.criteria, scoped.range, now.date(), sort=filters.sort.key,
        descending=filters.sort.descending, offset=page.offset, limit=page.size, fresh=fresh,
        index=index, looked=looked,
    )  # fmt: skip
    context = {
        "rows": rows.rows(lines, now),
        "facets": filters.facets(counted.facets),
        "chips": filters.chips(request.GET, counted.facets.aliases),
        "filters": filters,
        "page": page,
        "window": scoped.range,
        "sentence": sentence(counted.fleet, scoped.filter, fresh, looked),
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
