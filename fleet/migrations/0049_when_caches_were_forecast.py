from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0048_what_callers_need_and_kept_evidence"),
    ]

    operations = [
        migrations.AddField(
            model_name="cachejudgement",
            name="forecast_at",
            field=models.DateTimeField(null=True),
        ),
    ]
