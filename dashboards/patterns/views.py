"""The pattern page: every component in all its states, for the people who build pages. Figures are invented."""

from datetime import UTC, datetime

from django.conf import settings
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from dashboards import htmx, scope
from dashboards.access import may
from dashboards.htmx import HtmxHttpRequest
from dashboards.patterns import samples

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@require_GET
def patterns(request: HtmxHttpRequest) -> HttpResponse:
    """All components; shown while debugging and to admins, 404 to everybody else."""
    _only_builders(request)
    scope.read(request)
    return htmx.page(request, "pages/patterns.html", samples.context(request.GET))


@require_GET
def chart(request: HtmxHttpRequest, name: str) -> HttpResponse:
    """Figure JSON of one sample chart."""
    _only_builders(request)
    if name not in samples.CHARTS:
        raise Http404
    return htmx.figure(samples.CHARTS[name]())


def _only_builders(request: HtmxHttpRequest) -> None:
    if not (settings.DEBUG or may(request.user, "admin")):
        raise Http404
