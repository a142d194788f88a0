"""The Scaling page: every scalable target in plain words."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dashboards import htmx, scope
from dashboards.tables import Page
from fleet.queries import scaling as queries


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Targets with their bounds, policies and schedules; orphans; provisioned concurrency nothing scales."""
    scoped = scope.read(request, has_range=False)
    counts = queries.counts(scoped.filter)
    pager = Page.read(request.GET, counts.targets)
    found = queries.page(scoped.filter, counts, slice(pager.offset, pager.offset + pager.size))
    context = {
        "found": found,
        "rows": found.targets,
        "pager": pager,
        "query": scoped.query,
    }
    return htmx.page(request, "pages/scaling/page.html", context, part="scaling-targets")
