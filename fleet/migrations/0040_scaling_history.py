import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0039_billed_tags"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScalingHistory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("resource_id", models.CharField(max_length=512)),
                ("dimension", models.CharField(max_length=96)),
                ("variant_name", models.CharField(blank=True, max_length=63)),
                ("target_since", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("read_from", models.DateTimeField(null=True)),
                ("read_until", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scaling_histories",
                        to="fleet.endpoint",
                    ),
                ),
            ],
            options={
                "ordering": ["resource_id", "dimension"],
            },
        ),
        migrations.CreateModel(
            name="ScalingActivity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("activity_id", models.CharField(max_length=256)),
                ("begun_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("status", models.CharField(max_length=32)),
                ("status_message", models.TextField(blank=True)),
                ("cause", models.TextField(blank=True)),
                ("description", models.TextField(blank=True)),
                ("to_level", models.PositiveIntegerField(null=True)),
                (
                    "history",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="activities",
                        to="fleet.scalinghistory",
                    ),
                ),
            ],
            options={
                "ordering": ["-begun_at", "-id"],
            },
        ),
        migrations.AddConstraint(
            model_name="scalinghistory",
            constraint=models.UniqueConstraint(
                fields=("endpoint", "resource_id", "dimension"), name="one_history_per_dimension"
            ),
        ),
        migrations.AddIndex(
            model_name="scalingactivity",
            index=models.Index(fields=["history", "begun_at"], name="scaling_activity_by_begin"),
        ),
        migrations.AddIndex(
            model_name="scalingactivity",
            index=models.Index(
                condition=models.Q(("status", "Successful"), ("to_level__isnull", False)),
                fields=["history", "ended_at"],
                name="scaling_level_by_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="scalingactivity",
            constraint=models.UniqueConstraint(
                fields=("history", "activity_id"), name="one_row_per_scaling_activity"
            ),
        ),
    ]
