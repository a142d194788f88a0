"""Partitioned bucket tables: fleet.sync.partitions adds a partition ahead of need; the default one loses nothing."""

from django.db import migrations

COLUMNS = """
    variant_id bigint NOT NULL,
    at timestamptz NOT NULL,
    period_s integer NOT NULL,
    invocations double precision,
    errors_4xx double precision,
    errors_5xx double precision,
    model_latency_ms_sum double precision,
    model_latency_count double precision,
    model_latency_ms_p50 double precision,
    model_latency_ms_p90 double precision,
    model_latency_ms_p99 double precision,
    overhead_ms_avg double precision,
    overhead_ms_max double precision,
    setup_count double precision,
    setup_ms_avg double precision,
    setup_ms_p50 double precision,
    setup_ms_p99 double precision,
    concurrency_utilization_max double precision,
    memory_pct double precision,
    provisioned_utilization_max double precision,
    provisioned_executions_max double precision,
    provisioned_invocations double precision,
    spillover_invocations double precision,
    instance_minutes double precision,
    cpu_pct double precision,
    gpu_pct double precision,
    disk_pct double precision,
    loaded_models double precision,
    cache_hit_sum double precision,
    cache_hit_count double precision,
    unload_count double precision,
    load_count double precision,
    load_ms_avg double precision,
    download_ms_avg double precision,
    loading_wait_ms_sum double precision,
    processed double precision,
    invocation_failures double precision,
    expired double precision,
    backlog_max double precision,
    oldest_age_s_max double precision,
    backlog_without_capacity double precision,
    PRIMARY KEY (variant_id, at)
"""


def create(table: str) -> str:
    return (
        f"CREATE TABLE {table} ({COLUMNS}) PARTITION BY RANGE (at);"
        f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT;"
        f"CREATE INDEX {table}_at ON {table} USING brin (at);"
    )


class Migration(migrations.Migration):
    dependencies = [("fleet", "0001_initial")]

    operations = [
        migrations.RunSQL(create("fleet_finebucket"), "DROP TABLE fleet_finebucket"),
        migrations.RunSQL(create("fleet_hourbucket"), "DROP TABLE fleet_hourbucket"),
    ]
