"""Evaluating every rule over 10,000 endpoints: the time grows no faster than the fleet, and stays below the bar."""

from datetime import timedelta

import pytest
from django.db import connection

from fleet.alerts.evaluate import evaluate
from fleet.models import Endpoint, Shard, VariantStatus
from tests.bench.report import Table, seconds
from tests.data.alerts.fleet import NOON, make_shard, person

pytestmark = [pytest.mark.bench, pytest.mark.django_db]
KINDS = ("serverless",) * 4 + ("real-time",) * 3 + ("multi-model", "asynchronous", "asynchronous")
BAR_S = 2.0
# Oldest first, as collection writes them: the index on time relies on it.
_MINUTES = """
INSERT INTO fleet_finebucket (variant_id, at, period_s, invocations, errors_5xx, setup_count,
    concurrency_utilization_max)
SELECT v.id, %s::timestamptz - make_interval(mins => g), 60, 100, 0, CASE WHEN v.id %% 10 = 0 THEN 1 END, 0.3
FROM fleet_variantstatus v JOIN fleet_endpoint e ON e.id = v.endpoint_id, generate_series(1, 360) g
WHERE e.kind = 'serverless' ORDER BY g DESC
"""
_FIVE_MINUTES = """
INSERT INTO fleet_finebucket (variant_id, at, period_s, invocations, errors_5xx, cache_hit_sum, cache_hit_count,
    unload_count, backlog_max, oldest_age_s_max)
SELECT v.id, %s::timestamptz - make_interval(mins => g), 300, 100, 0, 90, 100, 1, 0, 3
FROM fleet_variantstatus v JOIN fleet_endpoint e ON e.id = v.endpoint_id, generate_series(5, 360, 5) g
WHERE e.kind <> 'serverless' ORDER BY g DESC
"""


def fleet(shard: Shard, size: int) -> None:
    Endpoint.objects.all().delete()
    Endpoint.objects.bulk_create(
        Endpoint(
            shard=shard, name=f"e{i}", arn="a", kind=KINDS[i % 10], status="InService", created_at=NOON,
            modified_at=NOON - timedelta(days=9), first_seen_at=NOON,
        )
        for i in range(size)
    )  # fmt: skip
    VariantStatus.objects.bulk_create(
        VariantStatus(endpoint=endpoint, name="v", max_concurrency=20, current_instance_count=1)
        for endpoint in Endpoint.objects.all()
    )
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE fleet_finebucket")
        cursor.execute(_MINUTES, [NOON])
        cursor.execute(_FIVE_MINUTES, [NOON])
        cursor.execute("ANALYZE fleet_finebucket")


def five_times() -> list[float]:
    evaluate(now=NOON)
    return [seconds(lambda: evaluate(now=NOON)) for _ in range(5)]


def test_ten_times_the_fleet_takes_at_most_ten_times_as_long(table: Table) -> None:
    person("ana")
    shard = make_shard()
    fleet(shard, 1_000)
    small = five_times()
    fleet(shard, 10_000)
    large = five_times()
    table.bar(bench="B7", case="every rule over 10,000 endpoints", value=large, unit="s", at_most=BAR_S)
    table.bar(
        bench="B7", case="10,000 ÷ 1,000 endpoints", value=min(large) / min(small), unit="×", at_most=11
    )
