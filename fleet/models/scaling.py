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


class ScalingHistory(models.Model):
    """What is read of Application Auto Scaling's activities on one dimension of an endpoint; it outlives its target.

    target_since: the target's creation, null where none was ever seen; closed_at: when it was seen to be gone.
    [read_from, read_until): all activities that began in it were read, null = none yet. Written by fleet.sync only.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="scaling_histories")
    resource_id = models.CharField(max_length=512)
    dimension = models.CharField(max_length=96)
    variant_name = models.CharField(max_length=63, blank=True)
    target_since = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    read_from = models.DateTimeField(null=True)
    read_until = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["resource_id", "dimension"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint", "resource_id", "dimension"], name="one_history_per_dimension"
            )
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} {self.dimension}"


class ScalingActivity(models.Model):
    """One scaling activity as AWS tells it; a Successful one's level holds from ended_at.

    to_level: the level its description names, null where it names none. Status, texts: AWS's own words.
    """

    SUCCESSFUL = "Successful"
    MOVING = ("Pending", "InProgress")

    history = models.ForeignKey(ScalingHistory, on_delete=models.CASCADE, related_name="activities")
    activity_id = models.CharField(max_length=256)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=32)
    status_message = models.TextField(blank=True)
    cause = models.TextField(blank=True)
    description = models.TextField(blank=True)
    to_level = models.PositiveIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["-begun_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["history", "activity_id"], name="one_row_per_scaling_activity")
        ]
        indexes: ClassVar = [
            models.Index(fields=["history", "begun_at"], name="scaling_activity_by_begin"),
            models.Index(
                fields=["history", "ended_at"],
                name="scaling_level_by_end",
                condition=models.Q(status="Successful", to_level__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.description} {self.status}"
