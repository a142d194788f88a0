"""Routes of the Prices page."""

from django.urls import path

from dashboards.prices import entry_views, views

app_name = "prices"
urlpatterns = [
    path("", views.page, name="page"),
    path("prices.csv", views.csv_file, name="csv"),
    path("of/<slug:region>/<slug:component>/<path:item>/", views.item, name="item"),
    path("new/<slug:what>/", entry_views.new, name="new"),
    path("<slug:what>/<int:pk>/end/", entry_views.end, name="end"),
    path("<slug:what>/<int:pk>/remove/", entry_views.remove, name="remove"),
]
