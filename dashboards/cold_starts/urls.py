"""Routes of the Cold starts page."""

from django.urls import path

from dashboards.cold_starts import views

app_name = "cold_starts"
urlpatterns = [
    path("", views.page, name="page"),
    path("cold-starts.csv", views.as_csv, name="csv"),
    path("chart/", views.chart, name="chart"),
    path("calibration/", views.calibration, name="calibration"),
]
