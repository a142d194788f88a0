"""The mirror of endpoints and what they run. Written by fleet.sync only; rows are closed, never deleted."""

from typing import ClassVar

from django.db import models

from fleet.models.accounts import Shard
from fleet.models.configs import EndpointConfig
from fleet.types import Kind


class Endpoint(models.Model):
    """One endpoint, from its first sighting to closed_at. A name reused later is another row.

    `status` is AWS's word even when it is one Flotilla does not know. `unreadable` holds why the last describe
    failed ({"code", "message", "action", "since", "tried_at"}) while only the listing can be trusted; null when it
    can be read. `activity` is judged from stored buckets by fleet.sync.activity, with its reason in words;
    last_call_at: the newest stored bucket with a call, null when none is stored. `built_from` is judged by
    fleet.sync.built_from, with since when; broken_links: [{"kind", "name", "action", "said"}], what AWS no longer has.
    """

    class Activity(models.TextChoices):
        ACTIVE = "active"
        IDLE = "idle"
        CANNOT_TELL = "cannot-tell"

    class BuiltFrom(models.TextChoices):
        """Whether everything its config names still exists; the words of fleet.analysis.lineage.Verdict."""

        PATCHABLE = "patchable"
        BROKEN = "broken"
        CANNOT_TELL = "cannot-tell"

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="endpoints")
    name = models.CharField(max_length=63)
    arn = models.CharField(max_length=512)
    kind = models.CharField(max_length=32, choices=[(k.value, k.value) for k in Kind], default=Kind.UNKNOWN)
    kind_reason = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=32)
    status_since = models.DateTimeField(null=True, blank=True)
    failure_reason = models.TextField(blank=True)
    config = models.ForeignKey(EndpointConfig, null=True, on_delete=models.SET_NULL, related_name="endpoints")
    config_name = models.CharField(max_length=63, blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    first_seen_at = models.DateTimeField()
    described_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    unreadable = models.JSONField(null=True, blank=True)
    tags = models.JSONField(default=dict)
    owner = models.CharField(max_length=256, blank=True)
    team = models.CharField(max_length=256, blank=True)
    application = models.CharField(max_length=256, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    search_text = models.TextField(blank=True)
    activity = models.CharField(max_length=16, choices=Activity.choices, default=Activity.CANNOT_TELL)
    activity_reason = models.CharField(max_length=255, blank=True)
    last_call_at = models.DateTimeField(null=True, blank=True)
    built_from = models.CharField(
        max_length=16,
        choices=BuiltFrom.choices,
        default=BuiltFrom.CANNOT_TELL,
        db_default=BuiltFrom.CANNOT_TELL,
    )
    built_from_since = models.DateTimeField(null=True, blank=True)
    broken_links = models.JSONField(default=list)
    document = models.JSONField(default=dict)
    unknown_fields = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shard", "name", "created_at"], name="one_endpoint_per_identity")
        ]
        indexes: ClassVar = [
            models.Index(fields=["shard", "name"], name="endpoint_by_name"),
            models.Index(fields=["status"], name="endpoint_by_status", condition=models.Q(closed_at=None)),
            models.Index(
                fields=["shard"],
                name="endpoint_unreadable",
                condition=models.Q(closed_at=None, unreadable__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class VariantStatus(models.Model):
    """A live variant of an endpoint and the identity its metrics and costs hang on (endpoint × variant name).

    removed_at is set when a later config no longer has the variant. metrics_*: read until when, how often and why,
    when next, and the newest bucket with traffic (null: none seen yet).
    """

    class Cadence(models.TextChoices):
        """Why a variant's metrics are read as often as they are."""

        NEW = "new", "not read yet"
        MOVING = "moving", "changed within the hour, or an incident is open"
        BUSY = "busy", "had traffic within the hour"
        IDLE = "idle", "no traffic for an hour"
        SILENT = "silent", "no traffic for a day"
        GONE = "gone", "the variant is gone"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(max_length=63)
    is_shadow = models.BooleanField(default=False)
    model_name = models.CharField(max_length=63, blank=True)
    instance_type = models.CharField(max_length=64, blank=True)
    volume_gb = models.PositiveIntegerField(null=True)
    current_weight = models.FloatField(null=True)
    desired_weight = models.FloatField(null=True)
    current_instance_count = models.PositiveIntegerField(null=True)
    desired_instance_count = models.PositiveIntegerField(null=True)
    memory_mb = models.PositiveIntegerField(null=True)
    max_concurrency = models.PositiveIntegerField(null=True)
    provisioned_concurrency = models.PositiveIntegerField(null=True)
    desired_max_concurrency = models.PositiveIntegerField(null=True)
    desired_provisioned_concurrency = models.PositiveIntegerField(null=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    metrics_until = models.DateTimeField(null=True, blank=True)
    metrics_cadence_s = models.PositiveIntegerField(default=300)
    metrics_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    metrics_why = models.CharField(
        max_length=8, choices=Cadence.choices, default=Cadence.NEW, db_default=Cadence.NEW
    )
    metrics_traffic_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["is_shadow", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "name"], name="one_variant_status_per_endpoint")
        ]

    def __str__(self) -> str:
        return self.name


class CapacityPeriod(models.Model):
    """What a variant held over [start, end); end null = still. is_inferred: before Flotilla first looked,

    taken to have been as found since its config was made. Feeds the cost functions.
    """

    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="capacity_periods")
    start = models.DateTimeField()
    end = models.DateTimeField(null=True, blank=True)
    is_inferred = models.BooleanField(default=False)
    instance_type = models.CharField(max_length=64, blank=True)
    instance_count = models.PositiveIntegerField(null=True)
    volume_gb = models.PositiveIntegerField(null=True)
    memory_mb = models.PositiveIntegerField(null=True)
    max_concurrency = models.PositiveIntegerField(null=True)
    provisioned_concurrency = models.PositiveIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["start"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["variant"], condition=models.Q(end=None), name="one_open_capacity_period_per_variant"
            )
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} from {self.start:%Y-%m-%d %H:%M}"


class InferenceComponent(models.Model):
    """An inference component on an endpoint's variant."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="inference_components")
    name = models.CharField(max_length=63)
    variant_name = models.CharField(max_length=63, blank=True)
    status = models.CharField(max_length=32)
    model_name = models.CharField(max_length=63, blank=True)
    current_copies = models.PositiveIntegerField(null=True)
    desired_copies = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    document = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "name"], name="one_component_per_endpoint")
        ]

    def __str__(self) -> str:
        return self.name


class ChangeEvent(models.Model):
    """One observed difference on an endpoint, whoever made it: the timeline."""

    class Category(models.TextChoices):
        CREATED = "created"
        CLOSED = "closed"
        STATUS = "status"
        CONFIG = "config"
        CAPACITY = "capacity"
        SCALING = "scaling"
        TAGS = "tags"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    category = models.CharField(max_length=16, choices=Category.choices)
    summary = models.CharField(max_length=512)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    operation = models.ForeignKey(
        "fleet.Operation", null=True, on_delete=models.SET_NULL, related_name="changes"
    )

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "-at"], name="change_by_endpoint"),
            models.Index(fields=["-at"], name="change_by_time"),
            models.Index(
                fields=["-at"],
                name="change_of_existence",
                condition=models.Q(category__in=["created", "closed"]),
            ),
        ]

    def __str__(self) -> str:
        return self.summary
