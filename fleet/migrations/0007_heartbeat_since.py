"""A heartbeat knows since when it has been unbroken; rows of before start anew with the next tick."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0006_cost_ledger")]

    operations = [
        migrations.RunSQL("DELETE FROM fleet_heartbeat", migrations.RunSQL.noop),
        migrations.AddField("heartbeat", "since", models.DateTimeField()),
    ]
