"""Routes of the Cache page."""

from django.urls import path

from dashboards.cache import views

app_name = "cache"
urlpatterns = [
    path("", views.page, name="page"),
    path("cache.csv", views.as_csv, name="csv"),
    path("chart/", views.chart, name="chart"),
    path("curve/<int:pk>/", views.curve, name="curve"),
]
