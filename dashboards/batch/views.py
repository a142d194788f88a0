"""The Batch page: what transform jobs did, cost and failed at; and one job with its settings."""

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import access, files, htmx, scope
from dashboards.batch import tables
from dashboards.batch.forms import JobFilters
from dashboards.tables import Page
from fleet.queries import batch as queries
from fleet.queries.records import leftovers

RANGE = "7d"


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Jobs of the scope and window, with filters, costs and failures word for word."""
    scoped, filters, now = scope.read(request, default=RANGE), JobFilters.read(request.GET), timezone.now()
    held = queries.prices_of(filters.criteria.scope)
    found = queries.summary(filters.criteria, scoped.range, now, held)
    pager = Page.read(request.GET, found.total)
    rows = queries.rows(
        filters.criteria, scoped.range, now, sort=filters.sort.key, descending=filters.sort.descending,
        offset=pager.offset, limit=pager.size, held=held,
    )  # fmt: skip
    context = {
        "found": found,
        "rows": [(row, tables.why_no_cost(row)) for row in rows],
        "tiles": tables.tiles(found, scoped.range),
        "filters": filters,
        "facets": filters.facets(found),
        "chips": filters.chips(request.GET),
        "pager": pager,
        "window": scoped.range,
        "query": scoped.query,
        "files": [(word, files.url(request, name)) for word, name in _FILES],
        "no_records": tables.NO_RECORDS,
        "wants_rail": True,
    }
    return htmx.page(request, "pages/batch/page.html", context, part="job-list")


@require_GET
def as_csv(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """For a spreadsheet."""
    return files.as_csv("batch", _records(request))


@require_GET
def as_json(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """The same records as JSON; amounts are decimal text, null is "not known"."""
    return files.as_json("batch", _records(request))


@require_GET
def detail(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """One job: how it went, what it cost line by line, its settings and what stands out in them."""
    job = access.transform_job_for(request, pk)
    scoped = scope.read(request, has_range=False)
    row = queries.one(job, timezone.now())
    context = {
        "row": row,
        "job": job,
        "why_no_cost": tables.why_no_cost(row),
        "facts": tables.facts(row),
        "tags": sorted(job.tags.items()),
        "peers": queries.peers(job),
        "no_records": tables.NO_RECORDS,
        "formula": tables.FORMULA,
        "query": scoped.query,
        "crumbs": [{"label": "Batch", "url": f"{reverse('batch:page')}?{scoped.query}"}, {"label": job.name}],
    }
    return htmx.page(request, "pages/batch/detail.html", context)


_FILES = (("CSV", "batch:csv"), ("JSON", "batch:json"))


def _records(request: htmx.HtmxHttpRequest) -> files.Records:
    """Every job the filter means, in the table's order."""
    scoped, filters = scope.read(request, default=RANGE), JobFilters.read(request.GET)
    rows = queries.every(
        filters.criteria,
        scoped.range,
        timezone.now(),
        sort=filters.sort.key,
        descending=filters.sort.descending,
    )
    return map(leftovers.job, rows)
