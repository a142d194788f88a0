import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0040_scaling_history"),
    ]

    operations = [
        migrations.CreateModel(
            name="CacheJudgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("judged_at", models.DateTimeField()),
                ("verdict", models.CharField(max_length=16)),
                ("since", models.DateTimeField(null=True)),
                ("standing", models.CharField(max_length=24)),
                ("reason", models.TextField(blank=True)),
                ("hosted", models.PositiveIntegerField(null=True)),
                ("best_way", models.CharField(blank=True, max_length=24)),
                ("best_instance_type", models.CharField(blank=True, max_length=64)),
                ("best_instance_count", models.PositiveIntegerField(null=True)),
                ("best_endpoints", models.PositiveIntegerField(null=True)),
                ("best_hit", models.FloatField(null=True)),
                ("best_low", models.FloatField(null=True)),
                ("best_high", models.FloatField(null=True)),
                ("best_change_usd", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                (
                    "variant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cache_judgement",
                        to="fleet.variantstatus",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HostedModelCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("count", models.PositiveIntegerField()),
                ("set_at", models.DateTimeField()),
                (
                    "endpoint",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hosted_model_count",
                        to="fleet.endpoint",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1)), name="at_least_one_hosted_model"
                    )
                ],
            },
        ),
    ]
