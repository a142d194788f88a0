"""Route of the pattern page."""

from django.urls import path

from dashboards.patterns import views

app_name = "patterns"
urlpatterns = [
    path("", views.patterns, name="page"),
    path("chart/<slug:name>.json", views.chart, name="chart"),
]
