"""Partitions over the turn of the year, and the retention of each table to the day."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.models import FineBucket, HourBucket
from fleet.sync import buckets, partitions
from fleet.types import MetricRow

pytestmark = pytest.mark.django_db

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def row(at: datetime, period_s: int, calls: float) -> MetricRow:
    return MetricRow(7, at, period_s, {"invocations": calls})


def test_the_year_turns_between_two_partitions_of_each_table() -> None:
    buckets.merge(partitions.FINE_TABLE, [row(NEW_YEAR - MINUTE, 60, 1), row(NEW_YEAR, 60, 2)])
    buckets.merge(partitions.HOUR_TABLE, [row(NEW_YEAR - HOUR, 3600, 3), row(NEW_YEAR, 3600, 4)])
    assert {"fleet_finebucket_p20261231", "fleet_finebucket_p20270101"} <= set(
        partitions.existing(partitions.FINE_TABLE)
    )
    assert {"fleet_hourbucket_p202612", "fleet_hourbucket_p202701"} <= set(
        partitions.existing(partitions.HOUR_TABLE)
    )
    assert list(FineBucket.objects.order_by("at").values_list("invocations", flat=True)) == [1, 2]
    assert list(HourBucket.objects.order_by("at").values_list("invocations", flat=True)) == [3, 4]


def test_the_old_year_goes_whole_once_its_last_minute_is_too_old() -> None:
    buckets.merge(partitions.FINE_TABLE, [row(NEW_YEAR - MINUTE, 60, 1), row(NEW_YEAR, 60, 2)])
    buckets.merge(partitions.HOUR_TABLE, [row(NEW_YEAR - HOUR, 3600, 3), row(NEW_YEAR, 3600, 4)])
    kept = partitions.RETENTION[partitions.FINE_TABLE]
    # Other tests may have left partitions of earlier days.
    assert "fleet_finebucket_p20261231" not in partitions.drop_expired(NEW_YEAR + kept - MINUTE)
    assert FineBucket.objects.count() == 2
    assert partitions.drop_expired(NEW_YEAR + kept) == ["fleet_finebucket_p20261231"]
    assert FineBucket.objects.get().invocations == 2
    kept = partitions.RETENTION[partitions.HOUR_TABLE]
    assert "fleet_hourbucket_p202612" not in partitions.drop_expired(NEW_YEAR + kept - MINUTE)
    assert "fleet_hourbucket_p202612" in partitions.drop_expired(NEW_YEAR + kept)
    assert HourBucket.objects.get().invocations == 4


def test_an_hour_of_fine_rows_adds_up_without_inventing_percentiles() -> None:
    fine = [
        MetricRow(7, NEW_YEAR + n * MINUTE, 60, {
            "invocations": 10.0 * (n + 1), "overhead_ms_avg": 5.0 * (n + 1), "overhead_ms_max": 50.0 + n,
            "model_latency_ms_p99": 90.0, "setup_count": 1.0 if n else None, "setup_ms_avg": 400.0 if n else None,
        })
        for n in range(3)
    ]  # fmt: skip
    touched = buckets.merge(partitions.FINE_TABLE, fine).touched
    assert touched == {(7, int(NEW_YEAR.timestamp()))}
    assert buckets.add_up(touched).changed == 1
    hour = HourBucket.objects.get()
    assert (hour.invocations, hour.setup_count, hour.overhead_ms_max) == (60, 2, 52)
    # (10 × 5 + 20 × 10 + 30 × 15) ÷ 60
    assert hour.overhead_ms_avg == pytest.approx(700 / 60)
    assert hour.setup_ms_avg == 400
    assert (hour.model_latency_ms_p99, hour.cpu_pct) == (None, None)
    assert buckets.add_up(touched).changed == 0


def test_an_hour_asked_as_a_whole_keeps_its_percentiles_when_it_is_added_up_again() -> None:
    at = (7, int(NEW_YEAR.timestamp()))
    buckets.merge(partitions.HOUR_TABLE, [MetricRow(7, NEW_YEAR, 3600, {"model_latency_ms_p99": 88.0})])
    buckets.merge(partitions.FINE_TABLE, [row(NEW_YEAR, 60, 2)])
    buckets.add_up([at])
    hour = HourBucket.objects.get()
    assert (hour.invocations, hour.model_latency_ms_p99) == (2, 88)
