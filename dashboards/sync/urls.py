"""Routes of the Sync page."""

from django.urls import path

from dashboards.sync import views

app_name = "sync"
urlpatterns = [
    path("", views.page, name="page"),
    path("sync.csv", views.as_csv, name="csv"),
    path("retry/", views.retry_failing, name="retry-failing"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/now/", views.sync_now, name="now"),
]
