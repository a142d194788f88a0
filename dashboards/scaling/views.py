"""The Scaling page: every scalable target in plain words."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dashboards import htmx, scope
from dashboards.scaling import rows
from dashboards.tables import Page
from fleet.queries import scaling as queries


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Targets with their bounds, policies and schedules; orphans; provisioned concurrency nothing scales."""
    scoped = scope.read(request, has_range=False)
    wanted = Page.asked(request.GET)
    found = queries.page(scoped.filter, offset=wanted.offset, size=wanted.size)
    context = {
        "found": found,
        "rows": rows.targets(found.targets, scoped.query),
        "unscaled": rows.unscaled(found.unscaled, scoped.query),
        "pager": Page.read(request.GET, found.target_count),
        "query": scoped.query,
    }
    return htmx.page(request, "pages/scaling/page.html", context, part="scaling-targets")
