"""Budgets and where they stand."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fleet.models.people import User


def usual_thresholds() -> list[int]:
    """Per cent of a budget at which people are told, unless they choose others."""
    return [50, 80, 100]


class Budget(models.Model):
    """What a part of the fleet should cost at most a month or a quarter; nothing is switched off beyond it.

    Scope: any of the values of one field, all of the fields; nothing chosen is the whole fleet. accounts: 12 digits;
    teams: "" is endpoints without one; tags: [[key, value]]; endpoints: row ids. thresholds: per cent of the amount
    spent, forecast_pct: per cent of the amount forecast, at which people are told; None: not told. owner, owner_email:
    told too. Written by fleet.budgets.
    """

    class Period(models.TextChoices):
        MONTHLY = "monthly"
        QUARTERLY = "quarterly"

    name = models.CharField(max_length=100, unique=True)
    amount_usd = models.DecimalField(max_digits=14, decimal_places=2)
    period = models.CharField(max_length=16, choices=Period.choices, default=Period.MONTHLY)
    accounts = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    regions = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    teams = ArrayField(models.CharField(max_length=256, blank=True), default=list, blank=True)
    kinds = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    tags = models.JSONField(default=list, blank=True)
    endpoints = ArrayField(models.BigIntegerField(), default=list, blank=True)
    thresholds = ArrayField(models.PositiveSmallIntegerField(), default=usual_thresholds, blank=True)
    forecast_pct = models.PositiveSmallIntegerField(null=True, blank=True, default=100)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="budgets")
    owner_email = models.EmailField(blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(amount_usd__gt=0), name="budget_positive")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_whole_fleet(self) -> bool:
        return not (self.accounts or self.regions or self.teams or self.kinds or self.tags or self.endpoints)


class BudgetStand(models.Model):
    """Where a budget stood at computed_at in the period that began on period_first. Written by fleet.budgets.

    spent: None while no day of the period has a cost; unpriced, no_data: lines that are not in it. total, low, high:
    the forecast of the whole period, None with `reason` where there is none; forecast_at: when it was made.
    """

    budget = models.OneToOneField(Budget, on_delete=models.CASCADE, related_name="stand", primary_key=True)
    period_first = models.DateField()
    spent = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    unpriced = models.PositiveIntegerField(default=0)
    no_data = models.PositiveIntegerField(default=0)
    total = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    low = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    high = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    reason = models.CharField(max_length=255, blank=True)
    computed_at = models.DateTimeField()
    forecast_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.budget_id} {self.period_first:%Y-%m}"
