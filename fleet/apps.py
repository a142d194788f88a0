"""The domain application."""

from django.apps import AppConfig


class FleetConfig(AppConfig):
    """Models and services of the fleet."""

    name = "fleet"
    default_auto_field = "django.db.models.BigAutoField"
