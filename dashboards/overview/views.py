"""The overview: who needs you, what yesterday cost, what changed."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dashboards import htmx, scope
from dashboards.htmx import HtmxHttpRequest


@require_GET
def overview(request: HtmxHttpRequest) -> HttpResponse:
    """The first page."""
    scope.read(request, default="30d")
    return htmx.page(request, "pages/overview/page.html", {})
