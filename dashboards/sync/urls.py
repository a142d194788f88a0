"""Routes of the Sync page."""

from django.urls import path

from dashboards.sync import views

app_name = "sync"
urlpatterns = [path("", views.page, name="page"), path("<int:pk>/now/", views.sync_now, name="now")]
