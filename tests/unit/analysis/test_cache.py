"""Cache figures of multi-model endpoints and the verdict over them."""

from datetime import timedelta

import pytest

from fleet.analysis.cache import CacheUse, Verdict, use, verdict

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
