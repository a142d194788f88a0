"""Routes of the Budgets pages."""

from django.urls import path

from dashboards.budgets import views

app_name = "budgets"
urlpatterns = [
    path("", views.page, name="page"),
    path("new/", views.new, name="new"),
    path("matches/", views.matches, name="matches"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/remove/", views.remove, name="remove"),
    path("<int:pk>/chart/", views.chart, name="chart"),
]
