"""Figures added up when they are written, so that no page adds up a fleet. Written by fleet.rollups only.

Every row can be worked out again from buckets and daily costs; none holds anything those do not.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fleet.models.accounts import Shard
from fleet.models.endpoints import Endpoint, VariantStatus


class RollupState(models.Model):
    """How far the summaries of one shard reach: the end of the last hour, day and longer windows, and of the costs.

    periods_at: when its whole history was first added up by weeks and months; they are kept up to date from then on.
    spans_on: the UTC day whose spans of costs (fleet.queries.cost_spans) are kept.
    """

    shard = models.OneToOneField(Shard, on_delete=models.CASCADE, related_name="rollup", primary_key=True)
    hour_until = models.DateTimeField(null=True)
    day_until = models.DateTimeField(null=True)
    long_until = models.DateTimeField(null=True)
    costs_until = models.DateTimeField(null=True)
    periods_at = models.DateTimeField(null=True)
    spans_on = models.DateField(null=True)
    endpoints = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"summaries of {self.shard_id}"


class EndpointWindow(models.Model):
    """Figures of one endpoint over the window `key` (1h, 24h, 7d, 30d, month) that ended at `until`.

    Counts are sums over all live variants but shadows, which answer nobody. p99_ms, setup_p50_ms: the middle bucket's;
    setup_p99_ms, concurrency: the highest bucket's. *_before: the window of equal length before. span_calls: calls of
    the whole UTC days the window touches; span_calls_next: of those among them that the same window touches tomorrow.
    publishes_setup: it had a set-up sample in 30 days. spark: calls by step. None: not reported.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="windows")
    key = models.CharField(max_length=8)
    until = models.DateTimeField()
    calls = models.FloatField(null=True)
    invocations = models.FloatField(null=True)
    p99_ms = models.FloatField(null=True)
    cold_starts = models.FloatField(null=True)
    cache_hits = models.FloatField(null=True)
    cache_lookups = models.FloatField(null=True)
    errors_5xx = models.FloatField(null=True)
    concurrency = models.FloatField(null=True)
    setup_wasted_ms = models.FloatField(null=True)
    setup_p50_ms = models.FloatField(null=True)
    setup_p99_ms = models.FloatField(null=True)
    spillover = models.FloatField(null=True)
    calls_before = models.FloatField(null=True)
    invocations_before = models.FloatField(null=True)
    cold_starts_before = models.FloatField(null=True)
    errors_5xx_before = models.FloatField(null=True)
    span_calls = models.FloatField(null=True)
    span_calls_next = models.FloatField(null=True)
    publishes_setup = models.BooleanField(default=False)
    spark = ArrayField(models.FloatField(null=True), default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "endpoint"], name="one_summary_per_endpoint_window")
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.key}"


class ShardWindow(models.Model):
    """Traffic of one shard over the window `key`: EndpointWindow added up over the endpoints that are there.

    serverless_calls, cold_starts: of serverless endpoints; *_before: the window of equal length before. None: not
    reported.
    """

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=8)
    calls = models.FloatField(null=True)
    errors_5xx = models.FloatField(null=True)
    serverless_calls = models.FloatField(null=True)
    cold_starts = models.FloatField(null=True)
    calls_before = models.FloatField(null=True)
    errors_5xx_before = models.FloatField(null=True)
    serverless_calls_before = models.FloatField(null=True)
    cold_starts_before = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "shard"], name="one_summary_per_shard_window")
        ]

    def __str__(self) -> str:
        return f"{self.shard_id} {self.key}"


class CacheWindow(models.Model):
    """Model cache of one variant of a multi-model endpoint over the window `key`, or over the one before (is_before).

    Counts are sums, gauges means over buckets. covered_s: seconds of buckets with look-ups or unloads; None: not
    reported.
    """

    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=8)
    is_before = models.BooleanField(default=False)
    look_ups = models.FloatField(null=True)
    hits = models.FloatField(null=True)
    unloads = models.FloatField(null=True)
    loads = models.FloatField(null=True)
    wait_ms = models.FloatField(null=True)
    latency_ms = models.FloatField(null=True)
    loaded_models = models.FloatField(null=True)
    memory_pct = models.FloatField(null=True)
    disk_pct = models.FloatField(null=True)
    covered_s = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key", "is_before", "variant"], name="one_cache_per_variant_window"
            )
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.key}"


class CostWindow(models.Model):
    """What one endpoint spent on one component over the UTC days the window `key` touches.

    In the last hours of a day `key` + ">" holds the days that the window will touch tomorrow, so that midnight finds
    every sum made. amount None: no line has one; unpriced, no_data: lines without an amount, and why.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="cost_windows")
    key = models.CharField(max_length=8)
    component = models.CharField(max_length=32)
    first = models.DateField()
    last = models.DateField()
    amount = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    unpriced = models.PositiveIntegerField(default=0)
    no_data = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key", "endpoint", "component"], name="one_cost_per_endpoint_window"
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.key} {self.component}"


class MonthCost(models.Model):
    """What one endpoint cost since the first of the month; unpriced: its lines without a price."""

    endpoint = models.OneToOneField(
        Endpoint, on_delete=models.CASCADE, related_name="month_cost", primary_key=True
    )
    month = models.DateField()
    usd = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    unpriced = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.month:%Y-%m}"


class CostPeriod(models.Model):
    """What one variant spent on one component and item in the week (from Monday) or month that begins on `first`.

    As in CostWindow: amount None when no line has one; unpriced, no_data count the daily lines without an amount.
    """

    grain = models.CharField(max_length=8)
    first = models.DateField()
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="+")
    component = models.CharField(max_length=32)
    item = models.CharField(max_length=64)
    amount = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    unpriced = models.PositiveIntegerField(default=0)
    no_data = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["grain", "first", "variant", "component", "item"], name="one_cost_per_variant_period"
            )
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.grain} {self.first} {self.component}"


class UsePeriod(models.Model):
    """What one variant did in the day, week or month that begins on `first`, and what it was paid for in vain.

    calls: requests processed for asynchronous endpoints; a shadow has none. compute_s: sum of model latency. idle_usd:
    instance time of hours without a call; spare_usd: kept-warm time that served nothing. None: not known, which is no
    zero: see docs/costs.md.
    """

    grain = models.CharField(max_length=8)
    first = models.DateField()
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="+")
    calls = models.FloatField(null=True)
    compute_s = models.FloatField(null=True)
    idle_usd = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    spare_usd = models.DecimalField(max_digits=24, decimal_places=12, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["grain", "first", "variant"], name="one_use_per_variant_period")
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.grain} {self.first}"


class PlaceHour(models.Model):
    """Traffic of one hour in one place: an account (its 12 digits), a region or, as "", the whole fleet.

    Over the variants that are there.
    Shadow variants answer nobody and do not count. serverless_calls, cold_starts: of serverless endpoints; busy_*: of
    their hours with calls, for the grid of the week. cache_*, unloads: of multi-model endpoints.
    """

    place = models.CharField(max_length=32)
    at = models.DateTimeField()
    calls = models.FloatField(null=True)
    errors_5xx = models.FloatField(null=True)
    serverless_calls = models.FloatField(null=True)
    cold_starts = models.FloatField(null=True)
    busy_calls = models.FloatField(null=True)
    busy_cold_starts = models.FloatField(null=True)
    cache_hits = models.FloatField(null=True)
    cache_lookups = models.FloatField(null=True)
    unloads = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["place", "at"], name="one_hour_per_place")]

    def __str__(self) -> str:
        return f"{self.place} {self.at:%Y-%m-%d %H:%M}"


class PlaceDay(models.Model):
    """Cost of one UTC day in one place (as in PlaceHour), by kind of endpoint and component."""

    place = models.CharField(max_length=32)
    day = models.DateField()
    kind = models.CharField(max_length=32)
    component = models.CharField(max_length=32)
    amount = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    unpriced = models.PositiveIntegerField(default=0)
    no_data = models.PositiveIntegerField(default=0)
    earliest_until = models.DateTimeField()
    latest_until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["place", "day", "kind", "component"], name="one_cost_per_place_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.day} {self.kind} {self.component}"


class StaleDay(models.Model):
    """A UTC day of a shard whose daily costs changed since the places were added up."""

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()

    def __str__(self) -> str:
        return f"{self.shard_id} {self.day}"
