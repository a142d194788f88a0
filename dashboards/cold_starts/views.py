"""The Cold starts page."""

from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from dashboards import files, htmx, scope
from dashboards.cold_starts import charts, rows, tables
from dashboards.looking import look
from dashboards.planner import outcomes
from dashboards.tables import Page, Sort
from fleet.queries import cold_start_causes, planning, resources, rolled, shared, shared_insight
from fleet.queries import cold_starts as queries


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Share of calls, seconds lost, when, and which endpoints make most of it."""
    scoped = scope.read(request, default="7d")
    looked = look(request)
    fresh = shared.freshness(scoped.filter, looked)
    sort, wanted = Sort.read(request.GET, queries.SORTS, "-wasted"), Page.asked(request.GET)
    found = shared_insight.cold_start_page(
        scoped.filter, scoped.range, fresh, looked, sort=sort.key,
        descending=sort.descending, offset=wanted.offset, size=wanted.size,
    )  # fmt: skip
    context = {
        "found": found,
        "tiles": tables.tiles(found, scoped.range),
        "grid": tables.hour_grid({key: (c.calls, c.cold) for key, c in found.cells.items()}),
        "rows": rows.rows(found.rows, scoped.query, planning.steps([row.variant_id for row in found.rows])),
        "sort": sort,
        "pager": Page.read(request.GET, found.total),
        "window": scoped.range,
        "query": scoped.query,
        "csv_url": files.url(request, "cold_starts:csv"),
        **charts.why(cold_start_causes.of_scope(scoped.filter, scoped.range)),
        **charts.context(request, scoped, queries.trend(scoped.filter, scoped.range, fresh)),
        **charts.calibrated(planning.checks(scoped.filter), request),
    }
    return htmx.page(request, "pages/cold_starts/page.html", context, part="cold-start-table")


@require_GET
def chart(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Cold starts and their share over time."""
    scoped = scope.read(request, default="7d")
    found = queries.trend(scoped.filter, scoped.range, rolled.freshness(scoped.filter))
    return htmx.figure(charts.trend(found, scoped.range))


@require_GET
def calibration(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """What the planner forecast against what came, over the scope."""
    scoped = scope.read(request, has_range=False)
    return htmx.figure(outcomes.calibration(planning.checks(scoped.filter)))


@require_GET
def as_csv(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """Every serverless variant of the scope, as the API has them."""
    scoped = scope.read(request, default="7d")
    return files.as_csv("cold-starts", resources.cold_starts_of(scoped.filter, scoped.range))
