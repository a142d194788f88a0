"""Routes of the Cache page."""

from django.urls import path

from dashboards.cache import views

app_name = "cache"
urlpatterns = [path("", views.page, name="page"), path("chart/", views.chart, name="chart")]
