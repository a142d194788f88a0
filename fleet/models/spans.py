"""Sums of costs and of use over whole spans of days. Written by fleet.rollups only, as in fleet.models.rollups."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fleet.models.endpoints import Endpoint, VariantStatus


class CostSpan(models.Model):
    """What one variant spent on one component and item in the span `key` (fleet.queries.cost_spans).

    RollupState.spans_on says on which UTC day; that day itself is left out.

    amount, compared, before: of the span, of the days of it that are compared, and of the span before; None when no
    line has one. unpriced, no_data, gaps_before: daily lines without an amount. lines*: how many sums it is made of.
    """

    key = models.CharField(max_length=16)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="+")
    component = models.CharField(max_length=32)
    item = models.CharField(max_length=64)
    amount = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    compared = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    before = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    unpriced = models.PositiveIntegerField()
    no_data = models.PositiveIntegerField()
    gaps_before = models.PositiveIntegerField()
    lines = models.PositiveIntegerField()
    lines_compared = models.PositiveIntegerField()
    lines_before = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key", "variant", "component", "item"], name="one_cost_per_variant_span"
            )
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.key} {self.component}"


class UseSpan(models.Model):
    """What one variant did in the span `key`; figures as in UsePeriod."""

    key = models.CharField(max_length=16)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="+")
    calls = models.FloatField(null=True)
    compute_s = models.FloatField(null=True)
    idle_usd = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    spare_usd = models.DecimalField(max_digits=24, decimal_places=12, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "variant"], name="one_use_per_variant_span")
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.key}"


class CostBars(models.Model):
    """What one variant spent on one component and item in each bar of the chart of the span `key`, oldest first.

    bars: as fleet.queries.cost_cover.buckets has them, of whole days like CostSpan; None where no line has an amount.
    """

    key = models.CharField(max_length=16)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="+")
    component = models.CharField(max_length=32)
    item = models.CharField(max_length=64)
    bars = ArrayField(models.DecimalField(max_digits=24, decimal_places=12, null=True))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key", "variant", "component", "item"], name="one_chart_per_variant_span"
            )
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.key} {self.component}"


class CostToDate(models.Model):
    """What one variant spent on one component and item since 1 January, up to each day of the month that begins so.

    Any span is the difference of two of its days. amount, known, unpriced, no_data: of the days before the month: their
    sum, and how many lines had an amount, no price, no data. *_days: what the days of the month add, up to each of
    them; None where none of them has such a line. A line that has ended keeps its sums to the end of its last year.
    """

    month = models.DateField()
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="+")
    component = models.CharField(max_length=32)
    item = models.CharField(max_length=64)
    amount = models.DecimalField(max_digits=24, decimal_places=12)
    known = models.PositiveIntegerField()
    unpriced = models.PositiveIntegerField()
    no_data = models.PositiveIntegerField()
    amount_days = ArrayField(models.DecimalField(max_digits=24, decimal_places=12), null=True)
    known_days = ArrayField(models.SmallIntegerField(), null=True)
    unpriced_days = ArrayField(models.SmallIntegerField(), null=True)
    no_data_days = ArrayField(models.SmallIntegerField(), null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["month", "variant", "component", "item"], name="one_cost_to_date_per_variant_month"
            )
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.month:%Y-%m} {self.component}"


class UseToDate(models.Model):
    """What one variant did since 1 January, up to each day of a month, as in CostToDate; figures as in UsePeriod.

    *_n: how many days had the figure.
    """

    month = models.DateField()
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="+")
    calls = models.FloatField()
    calls_n = models.PositiveIntegerField()
    calls_days = ArrayField(models.FloatField(), null=True)
    calls_n_days = ArrayField(models.SmallIntegerField(), null=True)
    compute_s = models.FloatField()
    compute_s_n = models.PositiveIntegerField()
    compute_s_days = ArrayField(models.FloatField(), null=True)
    compute_s_n_days = ArrayField(models.SmallIntegerField(), null=True)
    idle_usd = models.DecimalField(max_digits=24, decimal_places=12)
    idle_usd_n = models.PositiveIntegerField()
    idle_usd_days = ArrayField(models.DecimalField(max_digits=24, decimal_places=12), null=True)
    idle_usd_n_days = ArrayField(models.SmallIntegerField(), null=True)
    spare_usd = models.DecimalField(max_digits=24, decimal_places=12)
    spare_usd_n = models.PositiveIntegerField()
    spare_usd_days = ArrayField(models.DecimalField(max_digits=24, decimal_places=12), null=True)
    spare_usd_n_days = ArrayField(models.SmallIntegerField(), null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["month", "variant"], name="one_use_to_date_per_variant_month")
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.month:%Y-%m}"
