"""The API described: as an OpenAPI document for programs, as a page for people."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from dashboards import htmx
from dashboards.api.auth import BearerToken
from dashboards.api.problems import KINDS
from dashboards.api.reference import groups
from dashboards.api.site import document


def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document, for whoever is signed in or has a token."""
    if not request.user.is_authenticated:
        BearerToken()(request)
    return JsonResponse(document())


@require_GET
def docs(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Every resource with its parameters and the shape of its answer."""
    context = {
        "groups": groups(document()),
        "problems": KINDS,
        "base": settings.BASE_URL,
        "limit": settings.API_REQUESTS_PER_MINUTE,
    }
    return htmx.page(request, "pages/api/docs.html", context)
