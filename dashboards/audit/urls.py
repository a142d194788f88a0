"""Route of the Audit page."""

from django.urls import path

from dashboards.audit import views

app_name = "audit"
urlpatterns = [path("", views.page, name="page")]
