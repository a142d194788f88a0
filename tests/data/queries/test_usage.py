"""Buckets are added up without inventing figures."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.queries import usage
from fleet.queries.scope import TimeRange
from fleet.types import MetricRow

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def row(minute: int, variant: int = 1, **values: float | None) -> MetricRow:
    return MetricRow(variant, START + timedelta(minutes=minute), 60, values)


def test_a_count_nobody_reported_is_unknown_and_a_reported_zero_is_zero() -> None:
    assert usage.total([row(0), row(1)], "invocations") is None
    assert usage.total([row(0), row(1, invocations=0.0)], "invocations") == 0


def test_percentiles_are_refused_as_sums() -> None:
    with pytest.raises(ValueError, match="model_latency_ms_p99 may not be added up"):
        usage.total([row(0, model_latency_ms_p99=5.0)], "model_latency_ms_p99")


def test_variants_merge_by_adding_counts_weighing_averages_and_keeping_the_highest_percentile() -> None:
    first = row(0, 1, invocations=30.0, setup_count=1.0, setup_ms_avg=1000.0, model_latency_ms_p99=80.0)
    second = row(0, 2, invocations=10.0, setup_count=3.0, setup_ms_avg=2000.0, model_latency_ms_p99=95.0)
    (merged,) = usage.merged([first, second])
    assert merged.get("invocations") == 40
    assert merged.get("setup_ms_avg") == (1 * 1000 + 3 * 2000) / 4
    assert merged.get("model_latency_ms_p99") == 95
    assert merged.get("memory_pct") is None


def test_a_missing_minute_becomes_an_empty_row_and_not_a_zero() -> None:
    window = TimeRange("1h", "last hour", START, START + timedelta(hours=1))
    filled = usage.with_gaps([row(0, invocations=4.0), row(3, invocations=2.0)], window)
    assert [r.get("invocations") for r in filled] == [4.0, None, None, 2.0]


def test_wider_steps_add_counts_and_drop_percentiles() -> None:
    rows = [
        row(1, invocations=4.0, model_latency_ms_p99=9.0),
        row(4, invocations=2.0),
        row(5, invocations=1.0),
    ]
    wide = usage.grouped(rows, timedelta(minutes=5))
    assert [(r.at, r.get("invocations")) for r in wide] == [(START, 6.0), (START + timedelta(minutes=5), 1.0)]
    assert wide[0].get("model_latency_ms_p99") is None


def test_seconds_wasted_are_samples_times_average() -> None:
    rows = [
        row(0, setup_count=2.0, setup_ms_avg=1500.0),
        row(1, setup_count=1.0, setup_ms_avg=3000.0),
        row(2),
    ]
    assert usage.product(rows, "setup_ms_avg", "setup_count") == 2 * 1500 + 3000
    assert usage.product([row(0)], "setup_ms_avg", "setup_count") is None


def test_the_peak_names_its_first_time() -> None:
    found = usage.peak(
        [row(0, memory_pct=40.0), row(2, memory_pct=90.0), row(3, memory_pct=90.0)], "memory_pct"
    )
    assert found == usage.Peak(90.0, START + timedelta(minutes=2))
