"""Merging buckets and keeping their partitions."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from fleet.models import FineBucket, HourBucket
from fleet.sync import buckets, partitions
from fleet.sync.buckets import Block, Hour, Merged
from fleet.types import MetricRow
from stack.processes import wait_until

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def row(at: datetime, period_s: int = 60, **values: float) -> MetricRow:
    return MetricRow(7, at, period_s, values)


def test_only_rows_that_differ_are_written() -> None:
    hour = frozenset({(7, int(AT.timestamp()))})
    rows = [row(AT, invocations=5), row(AT + MINUTE, invocations=6)]
    assert buckets.merge(partitions.FINE_TABLE, rows) == Merged(2, hour)
    assert buckets.merge(partitions.FINE_TABLE, rows) == Merged(0, frozenset())
    rows[1] = row(AT + MINUTE, invocations=9)
    assert buckets.merge(partitions.FINE_TABLE, rows) == Merged(1, hour)
    assert list(FineBucket.objects.values_list("invocations", flat=True)) == [5, 9]


@pytest.fixture
def emptied(transactional_db: None) -> Iterator[None]:
    """No buckets before and after: emptying the database, as transactional tests do, leaves out what is partitioned."""
    FineBucket.objects.all().delete()
    yield
    FineBucket.objects.all().delete()


def many(values: range, *, variants: int = 4, period_s: int = 60, first: int = 0) -> Block:
    """A row of each variant and period, more than are looked at one by one; the second column has gaps."""
    start = int(AT.timestamp())
    return Block(
        period_s,
        ("invocations", "model_latency_ms_p99"),
        [
            (pk, start + n * period_s, float(pk * n), None if n % 3 else 7.5)
            for pk in range(first, first + variants)
            for n in values
        ],
    )


def stored() -> list[tuple[object, ...]]:
    columns = ("variant_id", "at", "period_s", "invocations", "model_latency_ms_p99")
    return list(FineBucket.objects.order_by("variant_id", "at").values_list(*columns))


def expected(block: Block) -> list[tuple[object, ...]]:
    return [(pk, datetime.fromtimestamp(at, UTC), block.period_s, *values) for pk, at, *values in block.rows]


def hours(block: Block, values: range) -> frozenset[Hour]:
    start = int(AT.timestamp())
    return frozenset((pk, start + n // 60 * 3600) for pk in {row[0] for row in block.rows} for n in values)


def test_new_rows_of_many_stand_beside_those_that_were_amended() -> None:
    early, late = many(range(70)), many(range(50, 130))
    assert len(early.rows) >= buckets.MANY
    assert buckets.merge_blocks(partitions.FINE_TABLE, [early]) == Merged(280, hours(early, range(70)))
    done = buckets.merge_blocks(partitions.FINE_TABLE, [late])
    assert done == Merged(240, hours(late, range(70, 130))), (
        "what was read again and is as it was is not written"
    )
    assert stored() == expected(many(range(130)))
    # A variant's own newest row counts: this one has none here yet, and its rows are older than the others'.
    other = many(range(60), variants=5)
    assert buckets.merge_blocks(partitions.FINE_TABLE, [other]).changed == 60
    changed = Block(60, ("invocations",), [(pk, at, 1000.0) for pk, at, *_ in many(range(60)).rows])
    assert buckets.merge_blocks(partitions.FINE_TABLE, [changed]).changed == 240
    assert set(FineBucket.objects.filter(variant=3).values_list("invocations", flat=True)[:60]) == {1000.0}
    assert FineBucket.objects.filter(model_latency_ms_p99=7.5).count() == 4 * 44 + 20


def test_many_coarser_rows_replace_the_finer_ones_they_hold() -> None:
    buckets.merge_blocks(partitions.FINE_TABLE, [many(range(299))])
    coarse = many(range(60), period_s=300)
    buckets.merge_blocks(partitions.FINE_TABLE, [coarse])
    assert stored() == expected(coarse)


@pytest.mark.django_db(transaction=True)
def test_rows_that_somebody_else_writes_at_the_same_time_are_merged(emptied: None) -> None:
    block = many(range(60))
    partitions.ensure(partitions.FINE_TABLE, AT, AT + partitions.AHEAD)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY%%'"

    def merge() -> Merged:
        try:
            return buckets.merge_blocks(partitions.FINE_TABLE, [block])
        finally:
            connection.close()

    parameters = connection.get_connection_params()
    names = {
        key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if key in parameters
    }
    with psycopg.connect(**names) as other, psycopg.connect(**names, autocommit=True) as watch:
        other.execute(
            "INSERT INTO fleet_finebucket (variant_id, at, period_s, invocations, cpu_pct) VALUES (2, %s, 60, 1, 9)",
            [AT + 5 * MINUTE],
        )
        with ThreadPoolExecutor(1) as pool:
            merged = pool.submit(merge)
            assert wait_until(lambda: watch.execute(waiting).fetchone() == (1,), 30)
            other.commit()
            assert merged.result(30).changed == 240
    assert stored() == expected(block)
    assert FineBucket.objects.get(cpu_pct=9).invocations == 10


def test_value_not_reported_this_time_leaves_the_stored_one() -> None:
    buckets.merge(partitions.FINE_TABLE, [row(AT, invocations=5, setup_count=1)])
    buckets.merge(partitions.FINE_TABLE, [row(AT, invocations=6)])
    stored = FineBucket.objects.get()
    assert (stored.invocations, stored.setup_count, stored.errors_5xx) == (6, 1, None)


def test_unknown_stays_null_and_zero_stays_zero() -> None:
    buckets.merge(partitions.HOUR_TABLE, [row(AT, 3600, invocations=0)])
    stored = HourBucket.objects.get()
    assert (stored.invocations, stored.cpu_pct) == (0, None)


def test_coarser_bucket_replaces_the_finer_ones_it_holds() -> None:
    fine = [row(AT + n * MINUTE, invocations=1) for n in range(-1, 6)]
    buckets.merge(partitions.FINE_TABLE, fine)
    buckets.merge(partitions.FINE_TABLE, [row(AT, 300, invocations=5)])
    stored = list(FineBucket.objects.values_list("at", "period_s", "invocations"))
    assert stored == [(AT - MINUTE, 60, 1), (AT, 300, 5), (AT + 5 * MINUTE, 60, 1)]


def test_rows_land_in_their_day_and_none_in_the_default_partition() -> None:
    buckets.merge(partitions.FINE_TABLE, [row(AT - timedelta(days=1), invocations=1), row(AT, invocations=2)])
    assert {"fleet_finebucket_p20261120", "fleet_finebucket_p20261121"} <= set(
        partitions.existing(partitions.FINE_TABLE)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM fleet_finebucket_default")
        assert cursor.fetchone() == (0,)


def test_rows_that_waited_in_the_default_partition_move_over() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fleet_finebucket (variant_id, at, period_s, invocations) VALUES (7, %s, 60, 3)", [AT]
        )
    partitions.ensure(partitions.FINE_TABLE, AT, AT)
    assert FineBucket.objects.get().invocations == 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM fleet_finebucket_p20261121")
        assert cursor.fetchone() == (1,)


def test_retention_drops_whole_partitions_of_each_table_at_its_own_age() -> None:
    buckets.merge(partitions.FINE_TABLE, [row(AT, invocations=1)])
    buckets.merge(partitions.HOUR_TABLE, [row(AT, 3600, invocations=1)])
    # Other tests may have left partitions of earlier days.
    assert "fleet_finebucket_p20261121" not in partitions.drop_expired(AT + timedelta(days=15))
    assert FineBucket.objects.count() == 1
    assert "fleet_finebucket_p20261121" in partitions.drop_expired(AT + timedelta(days=16))
    assert (FineBucket.objects.count(), HourBucket.objects.count()) == (0, 1)
    assert "fleet_hourbucket_p202611" in partitions.drop_expired(AT + timedelta(days=470))
    assert HourBucket.objects.count() == 0
