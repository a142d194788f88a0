"""Routes of the endpoints list."""

from django.urls import include, path

from dashboards.endpoints import views

app_name = "endpoints"
urlpatterns = [
    path("", views.endpoint_list, name="page"),
    path("endpoints.csv", views.endpoint_csv, name="csv"),
    path("", include("dashboards.endpoint.urls")),
    path("", include("dashboards.endpoint.urls")),
]
