"""Prices and daily costs."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import Endpoint, VariantStatus
from fleet.types import Confidence, CostComponent

_COMPONENTS = [(c.value, c.value) for c in CostComponent]


class Price(models.Model):
    """One unit price in a region. origin api wins over snapshot; the newest of its origin is in force."""

    class Origin(models.TextChoices):
        API = "api"
        SNAPSHOT = "snapshot"

    region = models.CharField(max_length=32)
    component = models.CharField(max_length=32, choices=_COMPONENTS)
    item = models.CharField(max_length=64)
    unit = models.CharField(max_length=64)
    usd = models.DecimalField(max_digits=20, decimal_places=12)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    source = models.CharField(max_length=512)
    source_date = models.DateField()
    fetched_at = models.DateTimeField()
    is_assumed = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["region", "component", "item", "origin"], name="one_price_per_origin"
            ),
            models.CheckConstraint(condition=models.Q(usd__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.component} {self.item}"


class DailyCost(models.Model):
    """Cost of one variant, UTC day and component; amount null = unpriced or no data, never zero.

    Written by fleet.ledger from hour buckets, capacity periods and prices; usd_per_unit null when it varied.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="daily_costs")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="daily_costs")
    day = models.DateField()
    component = models.CharField(max_length=32, choices=_COMPONENTS)
    item = models.CharField(max_length=64)
    quantity = models.DecimalField(max_digits=24, decimal_places=9, null=True)
    unit = models.CharField(max_length=64)
    usd_per_unit = models.DecimalField(max_digits=20, decimal_places=12, null=True)
    amount = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    confidence = models.CharField(max_length=16, choices=[(c.value, c.value) for c in Confidence])
    price_source = models.CharField(max_length=512, blank=True)
    note = models.CharField(max_length=512, blank=True)
    computed_at = models.DateTimeField()
    data_until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["variant", "day", "component", "item"], name="one_cost_per_component_day"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["day", "endpoint"], name="cost_by_day"),
            models.Index(fields=["endpoint", "day"], name="cost_by_endpoint"),
            models.Index(fields=["day"], name="cost_without_amount", condition=models.Q(amount=None)),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.day} {self.component}"


class CostLedger(models.Model):
    """What the daily costs of one shard were last computed from; fleet.ledger alone reads and writes it.

    day_signatures maps an ISO day to the digest of buckets, capacity and prices behind its lines; epoch is the digest
    of what every day depends on; history_checked_at: when days before yesterday were last compared.
    """

    shard = models.OneToOneField("fleet.Shard", on_delete=models.CASCADE, related_name="cost_ledger")
    epoch = models.CharField(max_length=64, blank=True)
    day_signatures = models.JSONField(default=dict)
    history_checked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"costs of {self.shard_id}"
