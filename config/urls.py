"""Routes: health for machines, everything else from dashboards."""

from django.urls import include, path

from config.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("dashboards.urls")),
]

handler403 = "dashboards.errors.forbidden"
handler404 = "dashboards.errors.not_found"
handler500 = "config.middleware.server_error"
