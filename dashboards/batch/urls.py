"""Routes of the Batch page."""

from django.urls import path

from dashboards.batch import views

app_name = "batch"
urlpatterns = [
    path("", views.page, name="page"),
    path("jobs.csv", views.as_csv, name="csv"),
    path("jobs.json", views.as_json, name="json"),
    path("<int:pk>/", views.detail, name="detail"),
]
