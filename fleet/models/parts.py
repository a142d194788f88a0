"""Hourly figures of what a variant is made of: containers called one by one or in a row, and inference components."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import VariantStatus


class PartHour(models.Model):
    """One hour of one container or inference component of a variant; null = not reported. Written by fleet.sync.parts.

    latency_ms_*: ContainerLatency of a container, ModelLatency of a component. cpu_pct, memory_pct: of a container as
    CloudWatch adds them up over cores; of a component as normalised, 0 to 100.
    """

    class Of(models.TextChoices):
        CONTAINER = "container"
        COMPONENT = "component"

    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="part_hours")
    of = models.CharField(max_length=16, choices=Of.choices)
    name = models.CharField(max_length=63)
    at = models.DateTimeField()
    invocations = models.FloatField(null=True)
    errors_4xx = models.FloatField(null=True)
    errors_5xx = models.FloatField(null=True)
    latency_ms_sum = models.FloatField(null=True)
    latency_count = models.FloatField(null=True)
    latency_ms_max = models.FloatField(null=True)
    cpu_pct = models.FloatField(null=True)
    gpu_pct = models.FloatField(null=True)
    memory_pct = models.FloatField(null=True)

    class Meta:
        ordering: ClassVar = ["at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["variant", "of", "name", "at"], name="one_hour_per_part")
        ]

    def __str__(self) -> str:
        return f"{self.of} {self.name} at {self.at:%Y-%m-%d %H:%M}"
