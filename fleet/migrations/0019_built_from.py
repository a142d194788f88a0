"""Keep on every endpoint whether what it is built from still exists, so that lists and alerts can ask."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0018_summaries_of_caches_and_tomorrow"),
    ]

    operations = [
        migrations.AddField(
            model_name="endpoint",
            name="broken_links",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="built_from",
            field=models.CharField(
                choices=[("patchable", "Patchable"), ("broken", "Broken"), ("cannot-tell", "Cannot Tell")],
                db_default="cannot-tell",
                default="cannot-tell",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="built_from_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
