"""Costs that rose without their history explaining it."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import Endpoint
from fleet.models.operations import Operation


class CostRise(models.Model):
    """A rise of one endpoint's cost that held on `day`, with what was found of its cause. Written by fleet.cost_rises.

    since: its first day. actual, expected, high: USD of that day, or of the seven that end with it if is_week. cause:
    in words, with when; "" where no change was found. causes: every one found, the likeliest first.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="cost_rises")
    day = models.DateField()
    since = models.DateField()
    is_week = models.BooleanField(default=False)
    actual = models.DecimalField(max_digits=20, decimal_places=6)
    expected = models.DecimalField(max_digits=20, decimal_places=6)
    high = models.DecimalField(max_digits=20, decimal_places=6)
    cause = models.CharField(max_length=255, blank=True)
    causes = models.JSONField(default=list)
    operation = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "day"], name="one_cost_rise_per_day")
        ]
        indexes: ClassVar = [models.Index(fields=["day"], name="cost_rise_by_day")]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.day}"


class PlaceRise(models.Model):
    """A rise of the cost of an account, or of the fleet, that held on `day`. Written by fleet.cost_rises.

    place: as in PlaceDay, "" is the fleet. since to cause: as in CostRise. parts: {"endpoints": [{"endpoint", "name",
    "usd", "text", "operation"}], "more": [number, usd], "components": [[component, usd]]}, what it is made of, the most
    first. is_told: the rises of its endpoints, or of its accounts, tell enough of it that the rest is nothing unusual.
    """

    place = models.CharField(max_length=32)
    day = models.DateField()
    since = models.DateField()
    is_week = models.BooleanField(default=False)
    actual = models.DecimalField(max_digits=20, decimal_places=6)
    expected = models.DecimalField(max_digits=20, decimal_places=6)
    high = models.DecimalField(max_digits=20, decimal_places=6)
    cause = models.CharField(max_length=255, blank=True)
    parts = models.JSONField(default=dict)
    is_told = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["place", "day"], name="one_cost_rise_per_place_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.place or 'fleet'} {self.day}"


class RiseCheck(models.Model):
    """When the rises of a day were last looked for."""

    day = models.DateField(unique=True)
    checked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"rises of {self.day}"
