"""Routes of the API: its resources, its description, and an answer of its own shape for every other path."""

from django.urls import URLPattern, URLResolver, path

from dashboards.api import views
from dashboards.api.guard import guarded, unknown
from dashboards.api.site import api


def _guarded(pattern: URLPattern | URLResolver) -> URLPattern:
    assert isinstance(pattern, URLPattern), "routers are flat"
    pattern.callback = guarded(pattern.callback)
    return pattern


app_name = "api"
urlpatterns = [
    path("docs", views.docs, name="docs"),
    path("openapi.json", guarded(views.openapi), name="openapi"),
    *(_guarded(pattern) for pattern in api.urls[0]),
    path("<path:rest>", guarded(unknown), name="unknown"),
]
