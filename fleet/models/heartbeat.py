"""Signs of life of the background work."""

from django.db import models


class Heartbeat(models.Model):
    """When a periodic task last ran, and since when without a long gap; written by fleet.heartbeat only."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"
