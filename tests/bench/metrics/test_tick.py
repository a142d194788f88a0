"""B3, B12: a metrics tick and its database part against stock boto3 with bulk_create, on the same canned CloudWatch."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.db import connection
from django.db.models import Count, Sum

from fleet.aws import sessions
from fleet.catalogue import BY_COLUMN, metrics_for
from fleet.models import Account, Endpoint, FineBucket, Shard, VariantStatus
from fleet.sync import buckets, metrics, partitions
from fleet.sync.buckets import Block, Row
from fleet.types import Kind
from tests.bench.garbage import as_in_a_script, as_in_a_worker
from tests.bench.report import Table

pytestmark = [pytest.mark.bench, pytest.mark.django_db]

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
ASKED = metrics_for(Kind.SERVERLESS, has_gpu=False)
CANNED = Path(__file__).with_name("canned.py")
POINTS = 12
"""Of each variant, where rows are written without being read."""


@pytest.fixture
def canned(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A canned CloudWatch with so many points a series."""
    process = subprocess.Popen(
        [sys.executable, str(CANNED), str(request.param)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{process.stdout.readline().strip()}")
    sessions.reset()
    yield request.param
    sessions.reset()
    process.kill()
    process.wait()


def fleet(size: int) -> tuple[Shard, list[int]]:
    """A shard with `size` busy serverless variants on endpoints e0, e1, …, all due."""
    shard = Shard.objects.create(
        account=Account.objects.create(account_id="111122223333", alias="bench"), region="us-east-1"
    )
    old = NOW - timedelta(days=90)
    rows = Endpoint.objects.bulk_create(
        Endpoint(shard=shard, name=f"e{n}", arn=f"e{n}", kind=Kind.SERVERLESS, status="InService", created_at=old,
                 modified_at=old, first_seen_at=old)
        for n in range(size)
    )  # fmt: skip
    made = VariantStatus.objects.bulk_create(VariantStatus(endpoint=row, name="AllTraffic") for row in rows)
    return shard, [row.pk for row in made]


def rewind(shard: Shard) -> None:
    """As it was before the tick: nothing stored, everything due, last read five minutes ago."""
    VariantStatus.objects.update(
        metrics_until=NOW - timedelta(minutes=5),
        metrics_due_at=None,
        metrics_why="busy",
        metrics_traffic_at=NOW,
    )
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE fleet_finebucket, fleet_hourbucket")


def stock(variants: list[int]) -> None:
    """What anyone would write: a default boto3 client, 500 queries a call, model instances, bulk_create."""
    client = boto3.client("cloudwatch", region_name="us-east-1")
    queries: list[dict[str, Any]] = [
        {
            "Id": f"m{number * len(ASKED) + place}",
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": f"e{number}"},
                        {"Name": "VariantName", "Value": "AllTraffic"},
                    ],
                },
                "Period": 60,
                "Stat": metric.statistic,
            },
        }
        for number in range(len(variants))
        for place, metric in enumerate(ASKED)
    ]
    rows: dict[tuple[int, datetime], dict[str, float]] = {}
    for first in range(0, len(queries), 500):
        answer = client.get_metric_data(
            MetricDataQueries=queries[first : first + 500],
            StartTime=NOW - timedelta(minutes=10),
            EndTime=NOW,
        )
        for found in answer["MetricDataResults"]:
            number, place = divmod(int(found["Id"][1:]), len(ASKED))
            for at, value in zip(found["Timestamps"], found["Values"], strict=True):
                rows.setdefault((variants[number], at), {})[ASKED[place].column] = value * ASKED[place].scale
    FineBucket.objects.bulk_create(
        (FineBucket(variant_id=pk, at=at, period_s=60, **values) for (pk, at), values in rows.items()),
        batch_size=1000,
    )


def checksum() -> tuple[float, ...]:
    columns = [metric.column for metric in ASKED]
    found = FineBucket.objects.aggregate(rows=Count("variant_id"), **{f"{c}_sum": Sum(c) for c in columns})
    return tuple(round(value or 0, 3) for value in found.values())


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """(CPU seconds of this process, wall seconds)."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


@pytest.mark.parametrize("canned", [1, 12], indirect=True)
def test_a_tick_costs_a_fraction_of_stock_boto3_and_bulk_create(canned: int, table: Table) -> None:
    size = (80_000 if table.is_full else 8_000) // len(ASKED)
    shard, variants = fleet(size)
    partitions.ensure(partitions.FINE_TABLE, NOW - timedelta(days=1), NOW + timedelta(days=2))

    mine, theirs = [], []
    for _ in range(6 if table.is_full else 4):
        rewind(shard)
        with as_in_a_worker():
            mine.append(spent(lambda: metrics.run(shard, now=NOW, keep_alive=lambda: None)))
        kept = checksum()
        rewind(shard)
        with as_in_a_script():
            theirs.append(spent(lambda: stock(variants)))
        assert kept == checksum()
        assert kept[0] == size * canned
    case = f"{size * len(ASKED):,} metrics × {canned}"
    # The first round of each warms up.
    cpu, wall = ([row[n] for row in mine[1:]] for n in (0, 1))
    other = [row[0] for row in theirs[1:]]
    # With a point a series there is little to parse: both sides mostly write their questions, and the bar only warns.
    row = table.add(bench="B3", case=f"{case}: CPU of the client", unit="s", ours=cpu,
                    peer_name="boto3 + bulk_create", peer=other, at_least=8.0, gates=canned == 12)  # fmt: skip
    assert row.ratio is not None
    assert row.ratio >= 4
    table.bar(bench="B3", case=f"{case}: wall", value=wall, unit="s", at_most=20)


def empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE fleet_finebucket")


def insert(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """What anyone would write: model instances and bulk_create."""
    FineBucket.objects.bulk_create(
        (
            FineBucket(
                variant_id=pk,
                at=datetime.fromtimestamp(at, UTC),
                period_s=60,
                **dict(zip(columns, row, strict=True)),
            )
            for pk, at, *row in rows
        ),
        batch_size=1000,
    )


def made(variants: int) -> tuple[tuple[str, ...], list[Row]]:
    """Columns and rows of so many variants, POINTS minutes of each."""
    columns = tuple(metric.column for metric in ASKED)
    first = int((NOW - timedelta(hours=1)).timestamp())
    values = tuple(float(n) for n in range(len(columns)))
    return columns, [(pk, first + 60 * n, *values) for pk in range(variants) for n in range(POINTS)]


def stored(columns: tuple[str, ...], rows: list[Row]) -> float:
    """Wall seconds that our own way takes for these rows."""
    block = Block(60, columns, rows)
    with as_in_a_worker():
        return spent(lambda: buckets.merge_blocks(partitions.FINE_TABLE, [block]))[1]


def test_rows_reach_the_database_many_times_faster_than_by_bulk_create(table: Table) -> None:
    columns, rows = made(60_000 if table.is_full else 5_000)
    partitions.ensure(partitions.FINE_TABLE, NOW - timedelta(days=1), NOW + timedelta(days=2))
    sample = rows[: len(rows) // 10]

    mine, theirs = [], []
    for _ in range(3):
        empty()
        mine.append(stored(columns, rows))
        assert FineBucket.objects.count() == len(rows)
        empty()
        with as_in_a_script():
            theirs.append(spent(lambda: insert(columns, sample))[1])
    assert len(BY_COLUMN) > len(columns)
    per_second = [len(rows) / seconds for seconds in mine]
    row = table.add(bench="B12", case=f"{len(rows):,} rows of {len(columns)} columns, seconds per 100,000", unit="s",
                    ours=[100_000 / rate for rate in per_second], peer_name="bulk_create",
                    peer=[100_000 * seconds / len(sample) for seconds in theirs], at_least=15, gates=False)  # fmt: skip
    assert row.ratio is not None
    assert row.ratio >= 5
    table.bar(bench="B12", case="rows a second with the primary key", value=per_second, unit="rows/s",
              at_least=100_000, gates=False)  # fmt: skip


def test_the_database_part_of_a_tick_takes_seconds(table: Table) -> None:
    """Twelve minutes of each variant that 80,000 metrics belong to, a tenth of them in the quick variant."""
    columns, rows = made((80_000 if table.is_full else 8_000) // len(ASKED))
    partitions.ensure(partitions.FINE_TABLE, NOW - timedelta(days=1), NOW + timedelta(days=2))
    half = [row for row in rows if row[1] < rows[0][1] + 60 * POINTS // 2]
    new, again, half_new = [], [], []
    for _ in range(3):
        empty()
        new.append(stored(columns, rows))
        again.append(stored(columns, rows))
        empty()
        stored(columns, half)
        half_new.append(stored(columns, rows))
        assert FineBucket.objects.count() == len(rows)
    for how, seconds in (("new", new), ("again", again), ("half of them again", half_new)):
        table.bar(
            bench="B3", case=f"database part: {len(rows):,} rows, {how}", value=seconds, unit="s", at_most=2
        )
