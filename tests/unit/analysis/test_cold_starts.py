"""What counts as a cold start, when they happen and why."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.analysis.cold_starts import Cause, Method, causes, count, hour_of_week, threshold_ms
from fleet.types import MetricRow

from .buckets import MONDAY, hour, minute


def test_setup_samples_are_counted_where_they_are_published() -> None:
    rows = [hour(0, invocations=90.0, setup_count=3.0, setup_ms_avg=4_000.0), hour(1, invocations=10.0)]
    found = count(rows)
    assert (found.count, found.calls, found.method) == (3.0, 100.0, Method.SETUP_SAMPLES)
    assert found.rate == 0.03
    assert found.waited_s == 12.0


def test_added_latency_weighs_hours_by_their_cold_starts_and_percentiles_are_not_averaged() -> None:
    rows = [
        hour(0, setup_count=1.0, setup_ms_avg=9_000.0, setup_ms_p99=9_000.0),
        hour(1, setup_count=2.0, setup_ms_avg=3_000.0, setup_ms_p99=4_000.0),
    ]
    found = count(rows)
    assert (found.added_ms, found.worst_p99_ms) == (5_000.0, 9_000.0)


def test_the_threshold_is_five_medians_and_at_least_one_second() -> None:
    assert (
        threshold_ms([minute(n, overhead_ms_max=float(value)) for n, value in enumerate([20, 30, 900])])
        == 1_000
    )
    assert threshold_ms([minute(n, overhead_ms_max=300.0) for n in range(5)]) == 1_500
    assert threshold_ms([minute(0)]) is None


def test_without_setup_samples_minutes_whose_overhead_stands_out_are_counted() -> None:
    rows = [
        minute(n, invocations=2.0, overhead_ms_max=value) for n, value in enumerate([40.0, 6_000.0, 1_000.0])
    ]
    found = count(rows, outlier_ms=1_000)
    assert (found.count, found.method, found.threshold_ms) == (1.0, Method.OVERHEAD_OUTLIERS, 1_000)


def test_nothing_reported_is_not_zero_cold_starts() -> None:
    found = count([hour(0, invocations=5.0)])
    assert (found.count, found.rate, found.method) == (None, None, Method.NOT_REPORTED)
    assert count([]).count is None


def test_a_variant_that_publishes_samples_had_none_in_a_window_without_them() -> None:
    found = count([hour(0, invocations=5.0)], publishes_samples=True)
    assert (found.count, found.rate, found.waited_s) == (0.0, 0.0, 0.0)


def test_the_grid_has_168_cells_in_the_readers_zone() -> None:
    rows = [hour(8, invocations=10.0, setup_count=2.0), hour(9, invocations=4.0)]
    cells = {(cell.weekday, cell.hour): cell for cell in hour_of_week(rows, zone=ZoneInfo("Europe/Paris"))}
    assert len(cells) == 168
    assert cells[0, 9].rate == 0.2
    assert (cells[0, 10].cold, cells[0, 10].calls) == (0.0, 4.0)
    assert cells[0, 11].cold is None


def test_causes_idle_growth_and_deploy() -> None:
    rows = [
        minute(0, invocations=1.0, setup_count=1.0),
        minute(10, invocations=2.0, setup_count=1.0, concurrency_utilization_max=0.1),
        minute(11, invocations=9.0, setup_count=4.0, concurrency_utilization_max=0.5),
        minute(12, invocations=9.0, setup_count=1.0, concurrency_utilization_max=0.5),
        minute(40, invocations=9.0, setup_count=2.0, concurrency_utilization_max=0.5),
    ]
    found = causes(rows, deployed_at=[MONDAY + timedelta(minutes=30)])
    assert {cause: n for cause, n in found.items() if n} == {
        Cause.UNKNOWN: 2.0,
        Cause.IDLE: 1.0,
        Cause.GROWTH: 4.0,
        Cause.DEPLOY: 2.0,
    }


def test_calls_beyond_provisioned_concurrency_are_a_cause_of_their_own_whatever_came_before() -> None:
    rows = [
        minute(0, invocations=5.0, spillover_invocations=2.0, setup_count=2.0),
        minute(1, invocations=9.0, spillover_invocations=0.0, setup_count=1.0),
        minute(90, invocations=9.0, spillover_invocations=3.0, setup_count=3.0),
        minute(200, invocations=9.0, spillover_invocations=1.0, setup_count=4.0),
    ]
    found = causes(rows, deployed_at=[MONDAY + timedelta(minutes=199)])
    assert (found[Cause.SPILL_OVER], found[Cause.DEPLOY]) == (5.0, 4.0)
    assert (found[Cause.UNKNOWN], found[Cause.IDLE], found[Cause.GROWTH]) == (1.0, 0.0, 0.0)


def test_an_hour_is_told_by_the_minutes_before_it_which_count_nothing_themselves() -> None:
    rows = [
        minute(58, invocations=1.0, setup_count=1.0, concurrency_utilization_max=0.1),
        minute(60, invocations=9.0, setup_count=2.0, concurrency_utilization_max=0.5),
    ]
    start = MONDAY + timedelta(minutes=60)
    assert causes(rows, since=start)[Cause.GROWTH] == sum(causes(rows, since=start).values()) == 2.0
    assert causes(rows[1:], since=start)[Cause.IDLE] == 2.0, "nothing before it means silence"


@pytest.mark.parametrize("outlier_ms", [None, 1_000.0])
@given(
    rows=st.lists(
        st.builds(
            lambda n, calls, cold, overhead: minute(
                n, invocations=calls, setup_count=cold, overhead_ms_max=overhead
            ),
            st.integers(0, 400),
            st.none() | st.integers(0, 9).map(float),
            st.none() | st.integers(0, 5).map(float),
            st.none() | st.floats(0, 9_000),
        ),
        max_size=25,
        unique_by=lambda row: row.at,
    )
)
def test_causes_always_add_up_to_the_count(outlier_ms: float | None, rows: list[MetricRow]) -> None:
    found = sum(causes(rows, outlier_ms=outlier_ms).values())
    assert found == (count(rows, outlier_ms=outlier_ms).count or 0)
