"""Routes of the Orphans page."""

from django.urls import path

from dashboards.orphans import views

app_name = "orphans"
urlpatterns = [path("", views.page, name="page"), path("orphans.csv", views.as_csv, name="csv")]
