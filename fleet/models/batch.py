"""Batch transform jobs. Written by fleet.sync.batch only; AWS keeps jobs for ever, so rows are never deleted."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from fleet.models.accounts import Shard


class TransformJob(models.Model):
    """One transform job as AWS describes it.

    `status` is AWS's word even when it is one Flotilla does not know. started_at to ended_at is what AWS bills
    ("TransformStartTime", API DescribeTransformJob); null = not reported. described_at null: to be
    described (again), since only the listing told of it or of its last change; tags_read_at null: tags unknown.
    missing_at: when AWS, asked by name, last had no such job, missing_since when it first had none; last_seen_at: when
    AWS last described it as not ended, null for jobs that were never seen under way. is_older_unread: a listing was
    last read so far and not to its end, so that older jobs may be missing.
    """

    ENDED: ClassVar = ("Completed", "Failed", "Stopped")
    """Statuses after which AWS changes nothing about a job (API DescribeTransformJob)."""

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
    tags_read_at = models.DateTimeField(null=True)
    missing_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    is_older_unread = models.BooleanField(default=False)
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

    @property
    def is_lost(self) -> bool:
        """AWS no longer knows it, and never said how it ended."""
        return self.missing_since is not None and self.status not in self.ENDED

    @property
    def billed_until(self) -> datetime | None:
        """AWS's end of the job; of a lost one when it was last seen under way; None while it runs."""
        if self.ended_at is not None or not self.is_lost:
            return self.ended_at
        return self.last_seen_at or self.first_seen_at
