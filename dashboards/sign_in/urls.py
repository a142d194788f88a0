"""Route of the first visit."""

from django.urls import path

from dashboards.sign_in import views

urlpatterns = [path("", views.set_up, name="set-up")]
