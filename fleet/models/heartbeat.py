"""Signs of life of the background work."""

from django.db import models


class Heartbeat(models.Model):
    """When a periodic task last ran; written by the task itself. Pages warn when `tick` falls silent."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"
