"""Wide metric buckets, one row per (variant, bucket). Columns follow fleet.catalogue; null = not reported.

Tables are partitioned by time in the migration and written by fleet.sync.metrics through COPY only.
"""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import VariantStatus


class Bucket(models.Model):
    """Columns shared by both resolutions; `at` is the start of the bucket, UTC."""

    pk = models.CompositePrimaryKey("variant_id", "at")
    variant = models.ForeignKey(
        VariantStatus, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    at = models.DateTimeField()
    period_s = models.PositiveIntegerField()
    invocations = models.FloatField(null=True)
    errors_4xx = models.FloatField(null=True)
    errors_5xx = models.FloatField(null=True)
    model_latency_ms_sum = models.FloatField(null=True)
    model_latency_count = models.FloatField(null=True)
    model_latency_ms_p50 = models.FloatField(null=True)
    model_latency_ms_p90 = models.FloatField(null=True)
    model_latency_ms_p99 = models.FloatField(null=True)
    overhead_ms_avg = models.FloatField(null=True)
    overhead_ms_max = models.FloatField(null=True)
    setup_count = models.FloatField(null=True)
    setup_ms_avg = models.FloatField(null=True)
    setup_ms_p50 = models.FloatField(null=True)
    setup_ms_p99 = models.FloatField(null=True)
    concurrency_utilization_max = models.FloatField(null=True)
    memory_pct = models.FloatField(null=True)
    provisioned_utilization_max = models.FloatField(null=True)
    provisioned_executions_max = models.FloatField(null=True)
    provisioned_invocations = models.FloatField(null=True)
    spillover_invocations = models.FloatField(null=True)
    instance_minutes = models.FloatField(null=True)
    cpu_pct = models.FloatField(null=True)
    gpu_pct = models.FloatField(null=True)
    gpu_memory_pct = models.FloatField(null=True)
    disk_pct = models.FloatField(null=True)
    loaded_models = models.FloatField(null=True)
    cache_hit_sum = models.FloatField(null=True)
    cache_hit_count = models.FloatField(null=True)
    unload_count = models.FloatField(null=True)
    load_count = models.FloatField(null=True)
    load_ms_avg = models.FloatField(null=True)
    download_ms_avg = models.FloatField(null=True)
    loading_wait_ms_sum = models.FloatField(null=True)
    processed = models.FloatField(null=True)
    invocation_failures = models.FloatField(null=True)
    expired = models.FloatField(null=True)
    backlog_max = models.FloatField(null=True)
    oldest_age_s_max = models.FloatField(null=True)
    backlog_without_capacity = models.FloatField(null=True)

    class Meta:
        abstract = True


class FineBucket(Bucket):
    """One minute (serverless) or five minutes (other kinds); kept 15 days."""

    class Meta:
        managed = False
        db_table = "fleet_finebucket"
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return f"{self.variant_id} at {self.at:%Y-%m-%d %H:%M}"


class HourBucket(Bucket):
    """One hour, asked from CloudWatch at that period; kept 455 days."""

    class Meta:
        managed = False
        db_table = "fleet_hourbucket"
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return f"{self.variant_id} at {self.at:%Y-%m-%d %H:%M}"
