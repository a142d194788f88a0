"""Routes of the Scaling page."""

from django.urls import path

from dashboards.scaling import views

app_name = "scaling"
urlpatterns = [path("", views.page, name="page")]
