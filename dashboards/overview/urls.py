"""Routes of the overview."""

from django.urls import path

from dashboards.overview import views

app_name = "overview"
urlpatterns = [
    path("", views.page, name="page"),
    path("overview/costs.json", views.costs, name="costs"),
]
