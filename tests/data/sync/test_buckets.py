"""Merging buckets and keeping their partitions."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from fleet.models import FineBucket, HourBucket
from fleet.sync import buckets, partitions
from fleet.sync.buckets import Merged
from fleet.types import MetricRow

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
