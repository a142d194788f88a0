"""Routes of the Costs page."""

from django.urls import path

from dashboards.costs import billed, explain, savings_plans, views

app_name = "costs"
urlpatterns = [
    path("", views.page, name="page"),
    path("chart/", views.chart, name="chart"),
    path("csv/", views.csv_file, name="csv"),
    path("groups/", views.groups_file, name="groups"),
    path("explain/", explain.lines, name="explain"),
    path("billed/", billed.page, name="billed"),
    path("billed/csv/", billed.csv_file, name="billed-csv"),
    path("billed/tags/csv/", billed.tags_csv, name="billed-tags-csv"),
    path("savings-plans/", savings_plans.page, name="savings-plans"),
    path("savings-plans/chart/", savings_plans.chart, name="savings-plans-chart"),
    path("budget/", views.budget, name="budget"),
]
