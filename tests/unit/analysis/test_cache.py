"""Cache figures of multi-model endpoints and the verdict over them."""

from datetime import timedelta

import pytest

from fleet.analysis.cache import CacheUse, Verdict, course, use, verdict
from fleet.types import MetricRow

from .buckets import MONDAY, hour


def cache(hit_ratio: float, unloads_per_1000: float) -> CacheUse:
    return CacheUse(look_ups=1000.0, hits=1000 * hit_ratio, unloads=unloads_per_1000, loads=None, hours=1.0)


def test_figures_of_a_thrashing_afternoon() -> None:
    # 10,000 look-ups, 6,200 hits; 820 unloads in 2 hours; 310 s waiting beside 690 s of model latency.
    rows = [
        hour(
            0,
            cache_hit_sum=4_200.0,
            cache_hit_count=6_000.0,
            unload_count=300.0,
            loading_wait_ms_sum=310_000.0,
        ),
        hour(
            1,
            cache_hit_sum=2_000.0,
            cache_hit_count=4_000.0,
            unload_count=520.0,
            model_latency_ms_sum=690_000.0,
        ),
    ]
    found = use(rows, hours=2)
    assert (found.hit_ratio, found.misses, found.unloads_per_hour) == (0.62, 3_800.0, 410.0)
    assert found.wait_share == 0.31
    assert verdict(found) is Verdict.THRASHING


def test_nothing_reported_is_no_data_and_not_zero() -> None:
    found = use([hour(0)], hours=1)
    assert (found.hit_ratio, found.misses, found.unloads_per_hour, found.wait_share) == (
        None,
        None,
        None,
        None,
    )
    assert verdict(found) is Verdict.NO_DATA


def test_look_ups_of_zero_give_no_ratio() -> None:
    found = use([hour(0, cache_hit_sum=0.0, cache_hit_count=0.0)], hours=1)
    assert verdict(found) is Verdict.NO_DATA


def test_load_time_weighs_hours_by_their_loads() -> None:
    rows = [hour(0, load_ms_avg=100.0, load_count=1.0), hour(1, load_ms_avg=500.0, load_count=3.0)]
    assert use(rows, hours=2).load_ms == 400.0


@pytest.mark.parametrize(
    ("hit_ratio", "unloads", "before", "expected"),
    [
        (0.95, 1, None, Verdict.HEALTHY),
        (0.95, 40, None, Verdict.HEALTHY),
        (0.79, 10, None, Verdict.THRASHING),
        (0.82, 8, None, Verdict.HEALTHY),
        (0.82, 8, Verdict.THRASHING, Verdict.THRASHING),
        (0.86, 8, Verdict.THRASHING, Verdict.HEALTHY),
        (0.70, 4, Verdict.THRASHING, Verdict.WARMING),
        (0.70, 0, None, Verdict.WARMING),
    ],
)
def test_verdict_and_its_hysteresis(
    hit_ratio: float, unloads: float, before: Verdict | None, expected: Verdict
) -> None:
    assert verdict(cache(hit_ratio, unloads), before=before) is expected


def test_misses_right_after_a_change_are_warming_and_later_thrashing() -> None:
    found = cache(0.5, 50)
    soon, late = MONDAY + timedelta(minutes=20), MONDAY + timedelta(minutes=31)
    assert verdict(found, changed_at=MONDAY, until=soon) is Verdict.WARMING
    assert verdict(found, changed_at=MONDAY, until=late) is Verdict.THRASHING


def worked(n: int, hit_ratio: float, unloads: float | None, look_ups: float = 1000.0) -> MetricRow:
    return hour(n, cache_hit_count=look_ups, cache_hit_sum=look_ups * hit_ratio, unload_count=unloads)


def test_the_course_of_a_cache_needs_both_bars_to_turn() -> None:
    rows = [
        worked(0, 0.97, None),
        worked(1, 0.79, 200.0),  # below the bar: thrashing
        worked(2, 0.83, 100.0),  # above it, not yet recovered
        hour(3),  # nothing reported: goes on
        worked(4, 0.10, 15.0, look_ups=15.0),  # too few to tell: goes on
        worked(5, 0.86, 90.0),  # recovered
        worked(6, 0.81, 100.0),  # between the bars: stays healthy
    ]
    found = [(one.verdict, (one.since - MONDAY).seconds // 3600) for one in course(rows)]
    assert found == [(Verdict.HEALTHY, 0), (Verdict.THRASHING, 1), (Verdict.HEALTHY, 5)]


def test_hours_right_after_a_change_are_warming_and_then_told() -> None:
    rows = [worked(n, 0.5, 300.0) for n in range(3)]
    found = [one.verdict for one in course(rows, changed_at=[MONDAY - timedelta(minutes=5)])]
    assert found == [Verdict.WARMING, Verdict.THRASHING]
    found = [one.verdict for one in course(rows, changed_at=[MONDAY + timedelta(minutes=70)])]
    assert found == [Verdict.THRASHING, Verdict.WARMING, Verdict.THRASHING]


def test_a_course_without_look_ups_is_no_data() -> None:
    assert [one.verdict for one in course([hour(0), hour(1)])] == [Verdict.NO_DATA]
    assert course([]) == []
