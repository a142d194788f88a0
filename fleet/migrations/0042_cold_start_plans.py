import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0041_judged_caches"),
    ]

    operations = [
        migrations.CreateModel(
            name="ColdStartCount",
            fields=[
                (
                    "shard",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="cold_start_count",
                        serialize=False,
                        to="fleet.shard",
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ColdStartDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("idle", models.FloatField(default=0)),
                ("spill_over", models.FloatField(default=0)),
                ("growth", models.FloatField(default=0)),
                ("deploy", models.FloatField(default=0)),
                ("unknown", models.FloatField(default=0)),
                ("at_limit", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="PlannedForecast",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("claimed_until", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("computed_at", models.DateTimeField(null=True)),
                ("window_start", models.DateTimeField(null=True)),
                ("window_end", models.DateTimeField(null=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("document", models.JSONField(default=dict)),
                ("step_level", models.PositiveSmallIntegerField(null=True)),
                ("step_usd", models.DecimalField(decimal_places=6, max_digits=16, null=True)),
                ("step_avoided", models.FloatField(null=True)),
                ("missing", models.JSONField(default=list)),
                ("failure", models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name="Prediction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("option", models.CharField(max_length=255)),
                ("level_low", models.PositiveSmallIntegerField()),
                ("level_high", models.PositiveSmallIntegerField()),
                ("standing", models.CharField(max_length=16)),
                ("window_start", models.DateTimeField()),
                ("window_end", models.DateTimeField()),
                ("calls", models.FloatField()),
                ("cold", models.FloatField()),
                ("cold_low", models.FloatField()),
                ("cold_high", models.FloatField()),
                ("usd", models.DecimalField(decimal_places=6, max_digits=16, null=True)),
                ("next_days", models.PositiveSmallIntegerField(null=True)),
            ],
            options={
                "ordering": ["-made_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="PredictionCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("days", models.PositiveSmallIntegerField()),
                ("start", models.DateTimeField()),
                ("end", models.DateTimeField()),
                ("checked_at", models.DateTimeField()),
                ("outcome", models.CharField(max_length=16)),
                ("expected", models.FloatField()),
                ("low", models.FloatField()),
                ("high", models.FloatField()),
                ("expected_calls", models.FloatField()),
                ("seen", models.FloatField(null=True)),
                ("calls", models.FloatField()),
                ("sentence", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["days"],
            },
        ),
        migrations.AddField(
            model_name="coldstartday",
            name="variant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="fleet.variantstatus"
            ),
        ),
        migrations.AddField(
            model_name="plannedforecast",
            name="variant",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="planned_forecast",
                to="fleet.variantstatus",
            ),
        ),
        migrations.AddField(
            model_name="prediction",
            name="operation",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="prediction", to="fleet.operation"
            ),
        ),
        migrations.AddField(
            model_name="prediction",
            name="variant",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="predictions",
                to="fleet.variantstatus",
            ),
        ),
        migrations.AddField(
            model_name="predictioncheck",
            name="prediction",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="checks", to="fleet.prediction"
            ),
        ),
        migrations.AddConstraint(
            model_name="coldstartday",
            constraint=models.UniqueConstraint(
                fields=("day", "variant"), name="one_cold_start_day_per_variant"
            ),
        ),
        migrations.AddIndex(
            model_name="prediction",
            index=models.Index(
                condition=models.Q(("next_days__isnull", False)),
                fields=["next_days"],
                name="prediction_to_compare",
            ),
        ),
        migrations.AddConstraint(
            model_name="predictioncheck",
            constraint=models.UniqueConstraint(
                fields=("prediction", "days"), name="one_check_per_prediction_and_day"
            ),
        ),
    ]
