"""Traffic windows of whole shards, and hours and days of the whole fleet: added up once from what stands there."""

import django.db.models.deletion
from django.db import migrations, models

SHARDS = """
INSERT INTO fleet_shardwindow (shard_id, key, calls, errors_5xx, serverless_calls, cold_starts, calls_before,
    errors_5xx_before, serverless_calls_before, cold_starts_before)
SELECT e.shard_id, w.key, SUM(w.calls) FILTER (WHERE e.closed_at IS NULL),
    SUM(w.errors_5xx) FILTER (WHERE e.closed_at IS NULL),
    SUM(w.invocations) FILTER (WHERE e.closed_at IS NULL AND e.kind = 'serverless'),
    SUM(w.cold_starts) FILTER (WHERE e.closed_at IS NULL AND e.kind = 'serverless'),
    SUM(w.calls_before) FILTER (WHERE e.closed_at IS NULL),
    SUM(w.errors_5xx_before) FILTER (WHERE e.closed_at IS NULL),
    SUM(w.invocations_before) FILTER (WHERE e.closed_at IS NULL AND e.kind = 'serverless'),
    SUM(w.cold_starts_before) FILTER (WHERE e.closed_at IS NULL AND e.kind = 'serverless')
FROM fleet_endpoint e JOIN fleet_endpointwindow w ON w.endpoint_id = e.id GROUP BY e.shard_id, w.key
"""
HOURS = """
INSERT INTO fleet_placehour (place, at, calls, errors_5xx, serverless_calls, cold_starts, busy_calls,
    busy_cold_starts, cache_hits, cache_lookups, unloads)
SELECT '', at, SUM(calls), SUM(errors_5xx), SUM(serverless_calls), SUM(cold_starts), SUM(busy_calls),
    SUM(busy_cold_starts), SUM(cache_hits), SUM(cache_lookups), SUM(unloads)
FROM fleet_placehour WHERE place IN (SELECT region FROM fleet_shard) GROUP BY at
"""
DAYS = """
INSERT INTO fleet_placeday (place, day, kind, component, amount, unpriced, no_data, earliest_until, latest_until)
SELECT '', day, kind, component, SUM(amount), SUM(unpriced), SUM(no_data), MIN(earliest_until), MAX(latest_until)
FROM fleet_placeday WHERE place IN (SELECT region FROM fleet_shard) GROUP BY day, kind, component
"""


class Migration(migrations.Migration):
    dependencies = [
        ("fleet", "0031_cost_rises"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShardWindow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=8)),
                ("calls", models.FloatField(null=True)),
                ("errors_5xx", models.FloatField(null=True)),
                ("serverless_calls", models.FloatField(null=True)),
                ("cold_starts", models.FloatField(null=True)),
                ("calls_before", models.FloatField(null=True)),
                ("errors_5xx_before", models.FloatField(null=True)),
                ("serverless_calls_before", models.FloatField(null=True)),
                ("cold_starts_before", models.FloatField(null=True)),
                (
                    "shard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="fleet.shard"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("key", "shard"), name="one_summary_per_shard_window")
                ],
            },
        ),
        migrations.RunSQL(SHARDS, migrations.RunSQL.noop),
        migrations.RunSQL(HOURS, "DELETE FROM fleet_placehour WHERE place = ''"),
        migrations.RunSQL(DAYS, "DELETE FROM fleet_placeday WHERE place = ''"),
    ]
