"""The Batch page: what transform jobs did, cost and failed at; and one job with its settings."""

import csv

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import access, htmx, scope
from dashboards.batch import tables
from dashboards.batch.forms import JobFilters
from dashboards.scope import PageScope
from dashboards.tables import Page
from fleet.queries import batch as queries

RANGE = "7d"


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Jobs of the scope and window, with filters, costs and failures word for word."""
    scoped, filters, now = scope.read(request, default=RANGE), JobFilters.read(request.GET), timezone.now()
    found = queries.summary(filters.criteria, scoped.range, now)
    pager = Page.read(request.GET, found.total)
    context = {
        "found": found,
        "rows": _rows(filters, scoped, pager),
        "tiles": tables.tiles(found, scoped.range),
        "filters": filters,
        "facets": filters.facets(found),
        "chips": filters.chips(request.GET),
        "pager": pager,
        "window": scoped.range,
        "query": scoped.query,
        "files": [(word, f"{reverse(name)}?{request.GET.urlencode()}") for word, name in _FILES],
        "no_records": tables.NO_RECORDS,
        "wants_rail": True,
    }
    return htmx.page(request, "pages/batch/page.html", context, part="job-list")


@require_GET
def as_csv(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Every job the filter means, in the table's order, as CSV."""
    rows = _rows(JobFilters.read(request.GET), scope.read(request, default=RANGE))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="transform-jobs.csv"'
    csv.writer(response).writerows(tables.csv_rows(row for row, _ in rows))
    return response


@require_GET
def as_json(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """The same records as JSON; amounts are decimal text, null is "not known"."""
    rows = _rows(JobFilters.read(request.GET), scope.read(request, default=RANGE))
    return JsonResponse({"jobs": list(tables.records(row for row, _ in rows))})


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


def _rows(
    filters: JobFilters, scoped: PageScope, pager: Page | None = None
) -> list[tuple[queries.JobRow, str]]:
    """Rows of the page (all of them without a pager), each with why it has no cost."""
    rows = queries.rows(
        filters.criteria,
        scoped.range,
        timezone.now(),
        sort=filters.sort.key,
        descending=filters.sort.descending,
        offset=pager.offset if pager else 0,
        limit=pager.size if pager else None,
    )
    return [(row, tables.why_no_cost(row)) for row in rows]
