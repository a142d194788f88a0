"""What a variant is made of, over time: hours of containers and components, and what components reserved."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import InferenceComponent, VariantStatus


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


class ComponentPeriod(models.Model):
    """What one inference component held over [start, end); end null = still; null = not reported or not reserved.

    cpu_cores, accelerators, memory_mb: reserved for each copy. is_inferred: from before Flotilla first looked, taken to
    have been as found. Written by fleet.sync.component_periods; shares out the cost of the instances.
    """

    component = models.ForeignKey(InferenceComponent, on_delete=models.CASCADE, related_name="periods")
    start = models.DateTimeField()
    end = models.DateTimeField(null=True, blank=True)
    is_inferred = models.BooleanField(default=False)
    copies = models.PositiveIntegerField(null=True)
    cpu_cores = models.FloatField(null=True)
    accelerators = models.FloatField(null=True)
    memory_mb = models.PositiveIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["start"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["component"], condition=models.Q(end=None), name="one_open_period_per_component"
            )
        ]

    def __str__(self) -> str:
        return f"{self.component_id} from {self.start:%Y-%m-%d %H:%M}"
