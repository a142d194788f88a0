"""Judging whether a shard full of idle endpoints is idle, from two weeks of stored hours."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fleet.models import Account, Endpoint, Shard, VariantStatus
from fleet.sync import activity, partitions
from fleet.types import Kind
from tests.bench.report import Table

pytestmark = [pytest.mark.bench, pytest.mark.django_db]

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
START = NOW - timedelta(days=30)
FILL = """
INSERT INTO fleet_hourbucket (variant_id, at, period_s, invocations, instance_minutes)
SELECT v.id, at, 3600, 0, 60 FROM fleet_variantstatus v, generate_series(%s, %s, interval '1 hour') AS at
"""


def fleet(size: int) -> Shard:
    """A shard of `size` real-time endpoints that nobody called, with the zeros that they publish."""
    account = Account.objects.create(account_id="111122223333", alias="bench")
    shard = Shard.objects.create(
        account=account, region="us-east-1", backfill_from=START, backfill_until=NOW, backfill_done_until=NOW
    )
    rows = Endpoint.objects.bulk_create(
        Endpoint(shard=shard, name=f"e{n}", arn=f"e{n}", kind=Kind.REAL_TIME, status="InService", created_at=START,
                 modified_at=START, first_seen_at=START, document={"EndpointName": f"e{n}", "Padding": "x" * 1500})
        for n in range(size)
    )  # fmt: skip
    VariantStatus.objects.bulk_create(
        VariantStatus(endpoint=row, name="AllTraffic", metrics_until=NOW, metrics_cadence_s=3600)
        for row in rows
    )
    first = (NOW - activity.WINDOW).replace(minute=0) + timedelta(hours=1)
    partitions.ensure(partitions.HOUR_TABLE, first, NOW)
    with connection.cursor() as cursor:
        cursor.execute(FILL, [first, NOW])
        cursor.execute("ANALYZE fleet_hourbucket")
    return shard


def test_idleness_of_a_whole_shard_is_judged_in_seconds(table: Table) -> None:
    size = 10_000 if table.is_full else 2_000
    shard = fleet(size)
    took = []
    for number in range(3):
        started = time.perf_counter()
        with CaptureQueriesContext(connection) as made:
            changed = activity.run(shard, now=NOW, keep_alive=lambda: None)
        took.append(time.perf_counter() - started)
        assert changed == (size if number == 0 else 0)
        assert number == 0 or len(made) <= 4, "what is judged the same is not written"
    assert Endpoint.objects.filter(activity=Endpoint.Activity.IDLE).count() == size
    table.bar(
        bench="activity", case=f"{size:,} idle endpoints, first time", value=took[:1], unit="s", at_most=20
    )
    table.bar(bench="activity", case=f"{size:,} idle endpoints, again", value=took[1:], unit="s", at_most=5)
