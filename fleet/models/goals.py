"""What people know or want of an endpoint that AWS cannot report."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import Endpoint
from fleet.models.people import User


class EndpointGoal(models.Model):
    """What callers need of one endpoint, as a person said; null = nobody did. Written by fleet.advice.goals.

    latency_ms: the longest p99 that is still fine; largest_kb: of the largest request, KB of 1,024 bytes. is_queueable:
    callers can fetch the answer later; is_offline: all input is there beforehand, and nobody waits.
    """

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, related_name="goal")
    latency_ms = models.PositiveIntegerField(null=True)
    largest_kb = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    is_queueable = models.BooleanField(null=True)
    is_offline = models.BooleanField(null=True)
    set_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(latency_ms__gte=1) | models.Q(latency_ms=None),
                name="goal_latency_above_zero",
            ),
            models.CheckConstraint(
                condition=models.Q(largest_kb__gt=0) | models.Q(largest_kb=None), name="goal_size_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"goals of {self.endpoint_id}"
