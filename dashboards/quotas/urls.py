"""Routes of the Quotas page."""

from django.urls import path

from dashboards.quotas import views

app_name = "quotas"
urlpatterns = [path("", views.page, name="page"), path("quotas.csv", views.export, name="csv")]
