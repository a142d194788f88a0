import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0038_backfills_that_never_ended"),
    ]

    operations = [
        migrations.AddField(
            model_name="billreading",
            name="tag_error",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="billreading",
            name="tag_from",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="billreading",
            name="tag_key",
            field=models.CharField(blank=True, default="", max_length=128),
        ),
        migrations.AddField(
            model_name="billreading",
            name="tag_until",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="BilledTag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("tag_value", models.CharField(blank=True, max_length=256)),
                ("usage_type", models.CharField(max_length=128)),
                ("amount", models.DecimalField(decimal_places=10, max_digits=24)),
                ("currency", models.CharField(max_length=8)),
                ("is_estimated", models.BooleanField()),
                ("read_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="billed_tags",
                        to="fleet.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "day", "tag_value", "usage_type"), name="one_bill_per_tag_day"
                    )
                ],
            },
        ),
    ]
