import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0043_advice"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScalingCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("checked_at", models.DateTimeField(null=True)),
                ("event_id", models.BigIntegerField(default=0)),
                (
                    "shard",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scaling_check",
                        to="fleet.shard",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScalingFinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("resource_id", models.CharField(max_length=512)),
                ("dimension", models.CharField(max_length=96)),
                ("rule", models.CharField(max_length=32)),
                ("severity", models.CharField(max_length=16)),
                ("title", models.CharField(max_length=255)),
                ("why", models.TextField()),
                ("facts", models.JSONField(default=list)),
                ("source", models.JSONField(default=dict)),
                ("saving_usd", models.DecimalField(decimal_places=2, max_digits=16, null=True)),
                ("proposal", models.JSONField(null=True)),
                ("calls", models.JSONField(default=list)),
                ("since", models.DateTimeField()),
                (
                    "endpoint",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scaling_findings",
                        to="fleet.endpoint",
                    ),
                ),
                (
                    "shard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scaling_findings",
                        to="fleet.shard",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="findings",
                        to="fleet.scalabletarget",
                    ),
                ),
            ],
            options={
                "ordering": ["severity", "rule", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("shard", "resource_id", "dimension", "rule"),
                        name="one_scaling_finding_per_rule",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(
                condition=models.Q(("category__in", ["created", "closed"])),
                fields=["-at"],
                name="change_of_existence",
            ),
        ),
    ]
