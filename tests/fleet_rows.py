"""A fleet of any size straight into PostgreSQL, for tests and benchmarks of pages: no AWS, no simulator, seconds.

Five endpoints a shard and twenty shards an account, every kind among them; hours, minutes and daily costs are made by
the server itself from the variant's number and the time, so that they differ but never between two runs.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model

from fleet.models import (
    Account,
    AlertRule,
    ChangeEvent,
    CostLedger,
    Endpoint,
    Incident,
    ScalableTarget,
    Shard,
    VariantStatus,
)
from fleet.sync import partitions
from fleet.types import Kind

REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
    "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "ap-south-1", "ap-northeast-1", "ap-northeast-2",
    "ap-southeast-1", "ap-southeast-2", "sa-east-1", "ca-central-1", "me-south-1",
)  # fmt: skip
KINDS = (
    Kind.SERVERLESS, Kind.REAL_TIME, Kind.SERVERLESS, Kind.ASYNCHRONOUS, Kind.SERVERLESS, Kind.REAL_TIME,
    Kind.MULTI_MODEL, Kind.SERVERLESS, Kind.REAL_TIME, Kind.INFERENCE_COMPONENT,
)  # fmt: skip
PER_SHARD = 5
TEAMS = ("risk", "search", "ads", "vision", "support", "logistics", "fraud", "")

# Hash of variant and time, 0 to 999: differs from row to row, the same in every run.
_NOISE = "abs(hashtextextended(v.id::text || extract(epoch FROM at)::bigint::text, 7)) %% 1000"
_COLUMNS = (
    "variant_id, at, period_s, invocations, processed, errors_4xx, errors_5xx, model_latency_ms_sum, "
    "model_latency_count, model_latency_ms_p50, model_latency_ms_p90, model_latency_ms_p99, overhead_ms_avg, "
    "setup_count, setup_ms_avg, setup_ms_p50, setup_ms_p99, concurrency_utilization_max, spillover_invocations, "
    "cache_hit_sum, cache_hit_count, unload_count, load_count, loaded_models, memory_pct, instance_minutes"
)
_ROWS = f"""
INSERT INTO {{table}} ({_COLUMNS})
SELECT v.id, at, %(period)s,
    CASE WHEN NOT is_async THEN calls END, CASE WHEN is_async THEN calls END, noise %% 5, noise / 250,
    calls * (20 + noise / 10), calls, 20 + noise / 10, 40 + noise / 8, 80 + noise / 4, 5 + noise / 100,
    CASE WHEN is_serverless AND noise %% 7 = 0 THEN noise %% 13 END,
    CASE WHEN is_serverless AND noise %% 7 = 0 THEN 900 + noise END,
    CASE WHEN is_serverless AND noise %% 7 = 0 THEN 800 + noise END,
    CASE WHEN is_serverless AND noise %% 7 = 0 THEN 2000 + noise END,
    CASE WHEN is_serverless THEN noise / 1000.0 END, CASE WHEN is_serverless THEN noise %% 3 END,
    CASE WHEN is_mme THEN greatest(calls - noise %% 17, 0) END, CASE WHEN is_mme THEN calls END,
    CASE WHEN is_mme THEN noise %% 9 END,
    CASE WHEN is_mme THEN noise %% 11 END, CASE WHEN is_mme THEN 12 END, 40 + noise / 20,
    CASE WHEN NOT is_serverless THEN %(period)s / 60 END
FROM (
    SELECT v.id, at, noise, CASE WHEN noise < %(silent)s THEN 0 ELSE 10 + noise END AS calls,
        e.kind = 'asynchronous' AS is_async, e.kind = 'serverless' AS is_serverless, e.kind = 'multi-model' AS is_mme
    FROM generate_series(%(first)s::timestamptz, %(last)s::timestamptz, make_interval(secs => %(period)s)) at,
        fleet_variantstatus v JOIN fleet_endpoint e ON e.id = v.endpoint_id,
        LATERAL (SELECT {_NOISE} AS noise) n
    WHERE %(any_kind)s OR (e.kind = 'serverless') = %(serverless)s
) v
"""  # noqa: S608 - names above only
COSTS = """
INSERT INTO fleet_dailycost (endpoint_id, variant_id, day, component, item, quantity, unit, usd_per_unit, amount,
    confidence, price_source, note, computed_at, data_until)
SELECT v.endpoint_id, v.id, days.at::date, part, item, 24, 'hour', 0.5,
    CASE WHEN v.id %% 97 = 0 THEN NULL ELSE (1 + v.id %% 50 + extract(day FROM days.at)) * 0.123456789012 END,
    CASE WHEN v.id %% 97 = 0 THEN 'unpriced' ELSE 'estimated' END, 'AWS Price List API, 2026-09-01', '', now(), days.at
FROM fleet_variantstatus v JOIN fleet_endpoint e ON e.id = v.endpoint_id,
    LATERAL (
        SELECT 'execution-on-demand' AS part, '4096' AS item WHERE e.kind = 'serverless'
        UNION ALL SELECT 'kept-warm', '4096' WHERE e.kind = 'serverless' AND v.id %% 5 = 0
        UNION ALL SELECT 'instance-time', 'ml.m5.xlarge' WHERE e.kind <> 'serverless'
        UNION ALL SELECT 'storage', 'gp2' WHERE e.kind <> 'serverless'
    ) parts,
    generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS days (at)
ORDER BY days.at, v.id
"""
_SUMS = (
    "invocations", "processed", "errors_4xx", "errors_5xx", "model_latency_ms_sum", "model_latency_count",
    "setup_count", "spillover_invocations", "cache_hit_sum", "cache_hit_count", "unload_count", "load_count",
    "instance_minutes",
)  # fmt: skip
_ALIGN = f"""
UPDATE fleet_hourbucket h SET {", ".join(f"{name} = f.{name}" for name in _SUMS)}
FROM (SELECT variant_id, date_trunc('hour', at) AS at, {", ".join(f"SUM({name}) AS {name}" for name in _SUMS)}
    FROM fleet_finebucket WHERE at >= %s GROUP BY 1, 2) f
WHERE h.variant_id = f.variant_id AND h.at = f.at
"""  # noqa: S608 - names above only
"""An hour counts what its minutes count, as CloudWatch has it."""


def _columns(model: type[Model], *, but: str) -> str:
    return ", ".join(str(f.column) for f in model._meta.concrete_fields if f.column not in {"id", but})


_COPIES = f"""
WITH made AS (
    INSERT INTO fleet_endpoint (name, {_columns(Endpoint, but="name")})
    SELECT name || '-' || lpad(n::text, 5, '0'), {_columns(Endpoint, but="name")}
    FROM fleet_endpoint, generate_series(1, %(size)s) n WHERE id = %(pk)s
    RETURNING id
)
INSERT INTO fleet_variantstatus (endpoint_id, {_columns(VariantStatus, but="endpoint_id")})
SELECT made.id, {_columns(VariantStatus, but="endpoint_id")} FROM fleet_variantstatus, made
WHERE endpoint_id = %(pk)s
"""  # noqa: S608 - columns of models only


def seed(
    size: int, *, now: datetime, days: int = 31, fine_hours: int = 24, incidents_every: int = 100
) -> None:
    """`size` endpoints with `days` of hours and costs and `fine_hours` of minutes before `now` (aware), analysed."""
    shards = _shards(size, now, days)
    _endpoints(size, shards, now)
    _around(now, incidents_every)
    hour = now.replace(minute=0, second=0, microsecond=0)
    since = hour - timedelta(days=days)
    _buckets(partitions.HOUR_TABLE, 3600, since, hour, None)
    if fine_hours:
        start = now.replace(second=0, microsecond=0) - timedelta(hours=fine_hours)
        start = start.replace(minute=0)
        _buckets(partitions.FINE_TABLE, 60, start, now - timedelta(minutes=2), True)
        _buckets(partitions.FINE_TABLE, 300, start, now - timedelta(minutes=6), False)
        with connection.cursor() as cursor:
            cursor.execute(_ALIGN, [start])
    with connection.cursor() as cursor:
        cursor.execute(COSTS, {"first": since.date(), "last": now.date()})
    analyse()


def add_plain(size: int, *, now: datetime) -> None:
    """`size` more endpoints on the shards there are, without buckets or costs."""
    shards = list(Shard.objects.order_by("pk"))
    _endpoints(
        size,
        [shard for shard in shards for _ in range(-(-size // len(shards) // PER_SHARD))],
        now,
        first=90_000,
    )


def copies(endpoint: Endpoint, size: int) -> None:
    """`size` more endpoints like this one, each with its variants, made by the server: no buckets, no costs."""
    values: dict[str, Any] = {"pk": endpoint.pk, "size": size}
    with connection.cursor() as cursor:
        cursor.execute(_COPIES, values)


def analyse() -> None:
    """Tell the planner what there is, as autovacuum would have by now."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _shards(size: int, now: datetime, days: int) -> list[Shard]:
    count = -(-size // PER_SHARD)
    accounts = Account.objects.bulk_create(
        Account(account_id=f"{500000000000 + n}", alias=f"company-{n:03}")
        for n in range(-(-count // len(REGIONS)))
    )
    hour = now.replace(minute=0, second=0, microsecond=0)
    shards = Shard.objects.bulk_create(
        Shard(
            account=accounts[n // len(REGIONS)], region=REGIONS[n % len(REGIONS)], inventory_ok_at=now,
            metrics_ok_at=now, backfill_from=hour - timedelta(days=days), backfill_until=hour, backfill_done_until=hour,
            sections={"inventory": {"ok_at": now.isoformat(), "tried_at": now.isoformat(), "error": None}},
        )
        for n in range(count)
    )  # fmt: skip
    CostLedger.objects.bulk_create(CostLedger(shard=shard) for shard in shards)
    return shards


def _endpoints(size: int, shards: list[Shard], now: datetime, *, first: int = 0) -> None:
    born = now - timedelta(days=90)
    endpoints = Endpoint.objects.bulk_create(
        (
            Endpoint(
                shard=shards[(n - first) // PER_SHARD], name=f"{KINDS[n % 10]}-{n:05}", kind=KINDS[n % 10],
                status="InService",
                arn=f"arn:aws:sagemaker:eu-west-1:500000000000:endpoint/e-{n}", config_name=f"config-{n}",
                created_at=born, modified_at=born, first_seen_at=born, described_at=now, owner=f"person-{n % 40}",
                team=TEAMS[n % len(TEAMS)], search_text=f"{KINDS[n % 10]}-{n:05} model-{n % 700} image-{n % 90}",
                document={"EndpointName": f"e-{n}", "ProductionVariants": [{"VariantName": "AllTraffic"}] * 2},
            )
            for n in range(first, first + size)
        ),
        batch_size=2_000,
    )  # fmt: skip
    VariantStatus.objects.bulk_create(
        (_variant(endpoint, n, now) for n, endpoint in enumerate(endpoints)), batch_size=2_000
    )


def _variant(endpoint: Endpoint, n: int, now: datetime) -> VariantStatus:
    variant = VariantStatus(
        endpoint=endpoint, name="AllTraffic", model_name=f"model-{n % 700}", metrics_until=now
    )
    if endpoint.kind == Kind.SERVERLESS:
        variant.memory_mb, variant.max_concurrency = 4096, 20
        variant.provisioned_concurrency = 2 if n % 5 == 0 else None
    else:
        variant.instance_type = "ml.m5.xlarge"
        variant.current_instance_count = variant.desired_instance_count = 1 + n % 3
    return variant


def _around(now: datetime, incidents_every: int) -> None:
    """Incidents, changes and scalable targets of some of the endpoints."""
    rule, _ = AlertRule.objects.get_or_create(
        key="bench-rule", defaults={"name": "Errors", "severity": "critical"}
    )
    endpoints = list(Endpoint.objects.order_by("pk").only("pk", "shard_id", "name"))
    Incident.objects.bulk_create(
        Incident(
            rule=rule, endpoint=endpoint, subject=f"endpoint:{endpoint.pk}", title="Errors above 1 %",
            severity="critical" if n % 3 == 0 else "warning", summary="Calls fail.", opened_at=now,
            condition_since=now, last_true_at=now,
        )
        for n, endpoint in enumerate(endpoints[::incidents_every])
    )  # fmt: skip
    ChangeEvent.objects.bulk_create(
        (
            ChangeEvent(
                endpoint=endpoint,
                at=now - timedelta(hours=n % 200),
                category="capacity",
                summary="Instances 1 → 2",
            )
            for n, endpoint in enumerate(endpoints)
        ),
        batch_size=2_000,
    )
    ScalableTarget.objects.bulk_create(
        (
            ScalableTarget(
                shard_id=endpoint.shard_id, endpoint=endpoint, variant_name="AllTraffic", min_capacity=1,
                resource_id=f"endpoint/{endpoint.name}/variant/AllTraffic", max_capacity=4,
                dimension="sagemaker:variant:DesiredInstanceCount",
            )
            for endpoint in endpoints[1::4]
        ),
        batch_size=2_000,
    )  # fmt: skip


def _buckets(table: str, period_s: int, first: datetime, last: datetime, serverless: bool | None) -> None:
    partitions.ensure(table, first, last + partitions.AHEAD)
    wanted: dict[str, Any] = {
        "period": period_s, "first": first.astimezone(UTC), "last": last.astimezone(UTC), "silent": 100,
        "any_kind": serverless is None, "serverless": bool(serverless),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(table=table), wanted)
