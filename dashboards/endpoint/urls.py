"""Routes of one endpoint's page, included by dashboards.endpoints.urls under its name."""

from django.urls import path

from dashboards.advisor import goals
from dashboards.cache import hosted
from dashboards.cost_options import what_if
from dashboards.endpoint import data_sizes, ownership, views
from dashboards.planner import views as planner

urlpatterns = [
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/tab/<slug:key>/", views.detail, name="tab"),
    path("<int:pk>/ownership/", ownership.change, name="ownership"),
    path("<int:pk>/data-sizes/", data_sizes.change, name="data_sizes"),
    path("<int:pk>/hosted-models/", hosted.change, name="hosted_models"),
    path("<int:pk>/goals/", goals.change, name="goals"),
    path("<int:pk>/what-if/", what_if.page, name="what_if"),
    path("<int:pk>/planner/", planner.page, name="planner"),
    path("<int:pk>/planner/chart/", planner.chart, name="planner_chart"),
    path("<int:pk>/chart/<slug:name>/", views.chart, name="chart"),
]
