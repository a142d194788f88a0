"""Route of the overview."""

from django.urls import path

from dashboards.overview import views

app_name = "overview"
urlpatterns = [path("", views.overview, name="page")]
