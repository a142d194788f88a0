"""Why calls started cold, day by day. Written by fleet.cold_start_days only."""

from typing import ClassVar

from django.db import models

from fleet.models.accounts import Shard
from fleet.models.endpoints import VariantStatus


class ColdStartDay(models.Model):
    """Cold starts of one variant on a UTC day by cause, and what provisioned concurrency did then.

    Only hours with a set-up sample are in it. idle to unknown: as fleet.analysis.cold_starts tells them; at_limit:
    minutes in which max concurrency was reached.
    """

    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    idle = models.FloatField(default=0)
    spill_over = models.FloatField(default=0)
    growth = models.FloatField(default=0)
    deploy = models.FloatField(default=0)
    unknown = models.FloatField(default=0)
    at_limit = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "variant"], name="one_cold_start_day_per_variant")
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.day}"


class ColdStartCount(models.Model):
    """How far the causes of one shard are counted: from `since` to `until`, ends of hours."""

    shard = models.OneToOneField(
        Shard, on_delete=models.CASCADE, related_name="cold_start_count", primary_key=True
    )
    since = models.DateTimeField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.shard_id} to {self.until}"
