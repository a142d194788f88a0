"""The application people see."""

from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    """Pages, components and the JSON API."""

    name = "dashboards"
    verbose_name = "Dashboards"
