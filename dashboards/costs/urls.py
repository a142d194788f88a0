"""Routes of the Costs page."""

from django.urls import path

from dashboards.costs import explain, views

app_name = "costs"
urlpatterns = [
    path("", views.page, name="page"),
    path("chart/", views.chart, name="chart"),
    path("csv/", views.csv_file, name="csv"),
    path("explain/", explain.lines, name="explain"),
    path("budget/", views.budget, name="budget"),
]
