"""What is read from stored rows: units, what is missing, and which level was live."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleet.analysis.planner.layers import cold_starts
from fleet.analysis.planner.rows import observe
from fleet.types import Capacity, MetricRow, ServerlessCapacity

START = datetime(2026, 11, 16, tzinfo=UTC)
DAY = timedelta(days=1)
HELD = Capacity(START, None, serverless=ServerlessCapacity(2048, 10, 1))


def minute(n: int, **values: float | None) -> MetricRow:
    return MetricRow(1, START + timedelta(minutes=n), 60, values)


def test_units_are_seconds_and_containers() -> None:
    row = minute(
        3,
        invocations=4,
        model_latency_ms_sum=2000,
        model_latency_count=4,
        concurrency_utilization_max=0.3,
        setup_count=2,
        setup_ms_avg=5000,
        overhead_ms_avg=40,
    )
    (bucket,) = observe([row], [HELD], START, START + DAY).buckets
    assert (bucket.calls, bucket.peak, bucket.setups, bucket.level, bucket.limit) == (4, 3, 2, 1, 10)
    assert (bucket.latency_s, bucket.setup_s) == (0.5, 5.0)


def test_overhead_is_that_of_warm_calls() -> None:
    rows = [minute(n, invocations=1, overhead_ms_avg=30) for n in range(3)]
    rows.append(minute(9, invocations=1, setup_count=1, overhead_ms_avg=9000))
    assert observe(rows, [HELD], START, START + DAY).overhead_s == 0.03


def test_a_peak_that_was_not_reported_is_unknown_and_not_zero() -> None:
    (bucket,) = observe([minute(0, invocations=2)], [HELD], START, START + DAY).buckets
    assert bucket.peak is None
    assert observe([minute(0, invocations=2)], [HELD], START, START + DAY).peak is None


def test_set_ups_never_reported_are_unknown_but_missing_ones_among_others_are_none() -> None:
    silent = [minute(0, invocations=2), minute(1, invocations=1)]
    assert observe(silent, [HELD], START, START + DAY).setups is None
    telling = observe([*silent, minute(5, invocations=1, setup_count=1)], [HELD], START, START + DAY)
    assert [bucket.setups for bucket in telling.buckets] == [0, 0, 1]


def test_the_level_is_the_one_live_in_each_row_and_set_ups_after_a_change_tell_nothing() -> None:
    changed = START + timedelta(hours=2)
    held = [
        replace(HELD, end=changed),
        Capacity(changed, None, serverless=ServerlessCapacity(2048, 20, None)),
    ]
    rows = [minute(n, invocations=1, setup_count=1, concurrency_utilization_max=0.1) for n in (0, 125, 140)]
    seen = observe(rows, held, START, START + DAY)
    assert [(one.level, one.limit, one.peak, one.setups) for one in seen.buckets] == [
        (1, 10, 1, 1),
        (0, 20, 2, None),
        (0, 20, 2, 1),
    ]
    assert seen.levels == {0, 1}


def test_the_order_and_repetition_of_rows_do_not_matter() -> None:
    rows = [minute(n, invocations=n + 1.0) for n in range(5)]
    assert observe(rows, [HELD], START, START + DAY) == observe(
        [*reversed(rows), rows[2]], [HELD], START, START + DAY
    )


def test_latency_without_calls_is_of_calls_that_came_before() -> None:
    row = minute(
        0, invocations=0, model_latency_ms_sum=500, model_latency_count=1, concurrency_utilization_max=0.1
    )
    (bucket,) = observe([row], [HELD], START, START + DAY).buckets
    assert (bucket.calls, bucket.peak) == (0, 1)


def test_peaks_that_are_no_whole_number_are_counted() -> None:
    rows = [minute(0, invocations=1, concurrency_utilization_max=0.25), minute(1, invocations=1)]
    assert observe(rows, [HELD], START, START + DAY).uneven_peaks == 1


def test_three_hours_without_rows_are_noticed() -> None:
    rows = [minute(60 * hour, invocations=1) for hour in range(24) if hour not in (3, 4)]
    assert observe(rows, [HELD], START, START + DAY).long_silences == 1


@pytest.mark.parametrize(("level", "cold"), [(0, 4), (1, 2), (2, 0)])
def test_each_layer_needs_a_container_after_more_than_the_timeout_without(level: int, cold: int) -> None:
    """Peaks 2, 1, 2 at minutes 0, 8, 30: the first layer begins at 0 and 30, the second at 0 and 30."""
    rows = [
        minute(n, invocations=2, concurrency_utilization_max=peak / 10)
        for n, peak in ((0, 2), (8, 1), (30, 2))
    ]
    buckets = observe(rows, [HELD], START, START + DAY).buckets
    assert cold_starts(buckets, 600, [level]) == {level: cold}
