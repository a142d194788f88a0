"""Budgets of any scope, monthly or quarterly. What stands keeps its amount, its scope and the share it is told at."""

from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import fleet.models.budgets


def carry_over(apps: Any, schema_editor: Any) -> None:
    """One account, one team and the rule's share become lists; nobody is told of a forecast they did not ask for."""
    budgets = apps.get_model("fleet", "Budget").objects.select_related("account")
    rule = apps.get_model("fleet", "AlertRule").objects.filter(key="budget-passed").first()
    share = int((rule.parameters if rule else {}).get("share_pct", 100))
    for budget in budgets:
        budget.accounts = [budget.account.account_id] if budget.account else []
        budget.teams = [budget.team] if budget.team else []
        budget.thresholds, budget.forecast_pct = [share], None
        budget.save()


def strings(length: int) -> Any:
    return django.contrib.postgres.fields.ArrayField(
        base_field=models.CharField(max_length=length), blank=True, default=list, size=None
    )


class Migration(migrations.Migration):
    dependencies = [("fleet", "0024_billed_costs")]

    operations = [
        migrations.RemoveConstraint("budget", "budget_positive"),
        migrations.RenameField("budget", "monthly_usd", "amount_usd"),
        migrations.AddConstraint(
            "budget",
            models.CheckConstraint(condition=models.Q(("amount_usd__gt", 0)), name="budget_positive"),
        ),
        migrations.AlterModelOptions("budget", {"ordering": ["name"]}),
        migrations.AddField(
            "budget",
            "period",
            models.CharField(
                choices=[("monthly", "Monthly"), ("quarterly", "Quarterly")], default="monthly", max_length=16
            ),
        ),
        migrations.AddField("budget", "accounts", strings(12)),
        migrations.AddField("budget", "regions", strings(32)),
        migrations.AddField(
            "budget",
            "teams",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(blank=True, max_length=256), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField("budget", "kinds", strings(32)),
        migrations.AddField("budget", "tags", models.JSONField(blank=True, default=list)),
        migrations.AddField(
            "budget",
            "endpoints",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            "budget",
            "thresholds",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                blank=True,
                default=fleet.models.budgets.usual_thresholds,
                size=None,
            ),
        ),
        migrations.AddField(
            "budget", "forecast_pct", models.PositiveSmallIntegerField(blank=True, default=100, null=True)
        ),
        migrations.AddField(
            "budget",
            "owner",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="budgets",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("budget", "owner_email", models.EmailField(blank=True, max_length=254)),
        migrations.RunPython(carry_over, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField("budget", "account"),
        migrations.RemoveField("budget", "team"),
        migrations.CreateModel(
            name="BudgetStand",
            fields=[
                (
                    "budget",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="stand",
                        serialize=False,
                        to="fleet.budget",
                    ),
                ),
                ("period_first", models.DateField()),
                ("spent", models.DecimalField(decimal_places=12, max_digits=24, null=True)),
                ("unpriced", models.PositiveIntegerField(default=0)),
                ("no_data", models.PositiveIntegerField(default=0)),
                ("total", models.DecimalField(decimal_places=6, max_digits=24, null=True)),
                ("low", models.DecimalField(decimal_places=6, max_digits=24, null=True)),
                ("high", models.DecimalField(decimal_places=6, max_digits=24, null=True)),
                ("reason", models.CharField(blank=True, max_length=255)),
                ("computed_at", models.DateTimeField()),
                ("forecast_at", models.DateTimeField()),
            ],
        ),
    ]
