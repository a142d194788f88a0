"""The Cache page: multi-model endpoints and how often a call found its model loaded."""

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import access, files, htmx, scope
from dashboards.cache import charts, rows, tables
from dashboards.cache import curve as curves
from dashboards.looking import look
from dashboards.tables import Page, Sort
from fleet import hosted_models
from fleet.queries import cache as queries
from fleet.queries import cache_forecast, resources, rolled, shared, shared_insight
from fleet.queries import endpoint as endpoints

RANGE = "7d"


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Hit ratio, unloads and verdict of every multi-model endpoint in the scope."""
    scoped = scope.read(request, default=RANGE)
    looked = look(request)
    fresh = shared.freshness(scoped.filter, looked)
    sort, wanted = Sort.read(request.GET, queries.SORTS, "hits"), Page.asked(request.GET)
    found = shared_insight.cache_page(
        scoped.filter, scoped.range, fresh, looked, sort=sort.key, descending=sort.descending,
        offset=wanted.offset, size=wanted.size,
    )  # fmt: skip
    buckets = shared_insight.cache_buckets(scoped.filter, scoped.range, fresh, looked)
    context = {
        "found": found,
        "tiles": tables.tiles(found, scoped.range),
        "rows": rows.rows(found.rows, scoped.query),
        "chart_src": f"{reverse('cache:chart')}?{scoped.query}",
        "chart_table": charts.table(buckets, scoped.range),
        "chart_step": charts.caption(scoped.range),
        "sort": sort,
        "pager": Page.read(request.GET, found.total),
        "window": scoped.range,
        "query": scoped.query,
        "csv_url": files.url(request, "cache:csv"),
    }
    return htmx.page(request, "pages/cache/page.html", context, part="cache-table")


@require_GET
def chart(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Hit ratio and unloads of the whole scope on one time axis."""
    scoped = scope.read(request, default=RANGE)
    buckets = queries.buckets(scoped.filter, scoped.range, rolled.freshness(scoped.filter))
    return htmx.figure(charts.hit_ratio(buckets, scoped.range))


@require_GET
def curve(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Forecast hit ratio of one endpoint by the models that fit in memory."""
    main = endpoints.head(access.endpoint_for(request, pk)).main
    entered = hosted_models.entered(main.endpoint) if main else None
    return htmx.figure(curves.chart(cache_forecast.outlook(main, entered, timezone.now()) if main else None))


@require_GET
def as_csv(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """Every multi-model variant of the scope, as the API has them."""
    scoped = scope.read(request, default=RANGE)
    return files.as_csv("cache", resources.caches_of(scoped.filter, scoped.range))
