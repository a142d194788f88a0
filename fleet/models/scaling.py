"""The mirror of Application Auto Scaling."""

from typing import ClassVar

from django.db import models

from fleet.models.accounts import Shard
from fleet.models.endpoints import Endpoint


class ScalableTarget(models.Model):
    """A registered scalable target; endpoint null when it points at something that does not exist (any more)."""

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="scalable_targets")
    endpoint = models.ForeignKey(
        Endpoint, null=True, on_delete=models.CASCADE, related_name="scalable_targets"
    )
    variant_name = models.CharField(max_length=63, blank=True)
    resource_id = models.CharField(max_length=512)
    dimension = models.CharField(max_length=96)
    min_capacity = models.PositiveIntegerField()
    max_capacity = models.PositiveIntegerField()
    suspended = models.JSONField(default=dict)
    created_at = models.DateTimeField(null=True)
    document = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["resource_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["shard", "resource_id", "dimension"], name="one_target_per_dimension"
            )
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.dimension}"


class ScalingPolicy(models.Model):
    """A target-tracking or step policy of a scalable target."""

    target = models.ForeignKey(ScalableTarget, on_delete=models.CASCADE, related_name="policies")
    name = models.CharField(max_length=256)
    policy_type = models.CharField(max_length=64)
    configuration = models.JSONField(default=dict)
    document = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "name"], name="one_policy_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class ScheduledAction(models.Model):
    """A scheduled action of a scalable target; schedule is AWS's own expression."""

    target = models.ForeignKey(ScalableTarget, on_delete=models.CASCADE, related_name="scheduled_actions")
    name = models.CharField(max_length=256)
    schedule = models.CharField(max_length=256)
    timezone = models.CharField(max_length=64, blank=True)
    min_capacity = models.PositiveIntegerField(null=True)
    max_capacity = models.PositiveIntegerField(null=True)
    document = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["target", "name"], name="one_action_per_name")
        ]

    def __str__(self) -> str:
        return self.name
