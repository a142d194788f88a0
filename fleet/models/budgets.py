"""Budgets."""

from typing import ClassVar

from django.db import models


class Budget(models.Model):
    """A monthly budget over the fleet, one account or one team (the empty scope is the whole fleet)."""

    name = models.CharField(max_length=100, unique=True)
    monthly_usd = models.DecimalField(max_digits=14, decimal_places=2)
    account = models.ForeignKey("fleet.Account", null=True, blank=True, on_delete=models.CASCADE)
    team = models.CharField(max_length=256, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(monthly_usd__gt=0), name="budget_positive")
        ]

    def __str__(self) -> str:
        return self.name
