"""Batch transform jobs. Written by fleet.sync.batch only; AWS keeps jobs for ever, so rows are never deleted."""

from typing import ClassVar

from django.db import models

from fleet.models.accounts import Shard


class TransformJob(models.Model):
    """One transform job as AWS describes it.

    `status` is AWS's word even when it is one Flotilla does not know. started_at to ended_at is what AWS bills
    ("TransformStartTime", API DescribeTransformJob); null = not reported. described_at null: only the listing was
    read so far, so settings and start are unknown.
    """

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="transform_jobs")
    name = models.CharField(max_length=63)
    arn = models.CharField(max_length=512)
    status = models.CharField(max_length=32)
    failure_reason = models.TextField(blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    described_at = models.DateTimeField(null=True)
    model_name = models.CharField(max_length=63, blank=True)
    instance_type = models.CharField(max_length=64, blank=True)
    instance_count = models.PositiveIntegerField(null=True)
    batch_strategy = models.CharField(max_length=32, blank=True)
    max_concurrent = models.PositiveIntegerField(null=True)
    max_payload_mb = models.PositiveIntegerField(null=True)
    input_uri = models.CharField(max_length=1024, blank=True)
    output_uri = models.CharField(max_length=1024, blank=True)
    tags = models.JSONField(default=dict)
    document = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shard", "name", "created_at"], name="one_job_per_identity")
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at"], name="job_by_time"),
            models.Index(fields=["shard", "-created_at"], name="job_by_shard"),
        ]

    def __str__(self) -> str:
        return self.name
