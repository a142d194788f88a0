"""The Cold starts page."""

from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from dashboards import files, htmx, scope
from dashboards.cold_starts import rows, tables
from dashboards.tables import Page, Sort
from fleet.queries import cold_starts as queries
from fleet.queries import resources, rolled


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Share of calls, seconds lost, when, and which endpoints make most of it."""
    scoped = scope.read(request, default="7d")
    sort = Sort.read(request.GET, queries.SORTS, "-wasted")
    wanted = Page.asked(request.GET)
    found = queries.page(
        scoped.filter, scoped.range, rolled.freshness(scoped.filter), sort=sort.key, descending=sort.descending,
        offset=wanted.offset, size=wanted.size,
    )  # fmt: skip
    context = {
        "found": found,
        "tiles": tables.tiles(found, scoped.range),
        "grid": tables.hour_grid({key: (c.calls, c.cold) for key, c in found.cells.items()}),
        "rows": rows.rows(found.rows, scoped.query),
        "sort": sort,
        "pager": Page.read(request.GET, found.total),
        "window": scoped.range,
        "query": scoped.query,
        "csv_url": files.url(request, "cold_starts:csv"),
    }
    return htmx.page(request, "pages/cold_starts/page.html", context, part="cold-start-table")


@require_GET
def as_csv(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """Every serverless variant of the scope, as the API has them."""
    scoped = scope.read(request, default="7d")
    return files.as_csv("cold-starts", resources.cold_starts_of(scoped.filter, scoped.range))
