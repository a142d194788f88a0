"""What is said of provisioned concurrency, of limits reached and of the time that cold calls take."""

from datetime import timedelta

import pytest

from fleet.analysis.warmth import Fit, latencies, saturation, use

from .buckets import hour, minute

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("level", "columns", "window", "fit"),
    [
        (None, {"invocations": 9.0}, DAY, Fit.NONE),
        (2, {"invocations": 9.0}, DAY, Fit.CANNOT_TELL),
        (2, {"provisioned_invocations": 9.0, "provisioned_utilization_max": 0.1}, DAY, Fit.WASTED),
        (2, {"provisioned_invocations": 9.0, "provisioned_utilization_max": 0.1}, DAY / 2, Fit.CANNOT_TELL),
        (2, {"provisioned_invocations": 9.0, "provisioned_utilization_max": 0.2}, DAY, Fit.FITTING),
        (2, {"provisioned_invocations": 9.0, "spillover_invocations": 1.0}, DAY, Fit.CANNOT_TELL),
        (2, {"provisioned_invocations": 8.0, "spillover_invocations": 1.0}, DAY, Fit.SHORT),
        (
            9,
            {
                "provisioned_invocations": 8.0,
                "spillover_invocations": 4.0,
                "provisioned_utilization_max": 0.1,
            },
            DAY,
            Fit.SHORT,
        ),
        # What a removed level did in the window still shows.
        (None, {"provisioned_invocations": 8.0, "provisioned_utilization_max": 1.0}, DAY, Fit.FITTING),
    ],
)
def test_provisioned_concurrency_is_judged_by_what_it_took_and_what_it_could_not(
    level: int | None, columns: dict[str, float], window: timedelta, fit: Fit
) -> None:
    assert use([hour(0, **columns)], level, window).fit is fit


def test_what_it_absorbed_is_its_part_of_all_calls_and_unknown_where_aws_says_nothing() -> None:
    rows = [
        minute(0, provisioned_invocations=60.0, spillover_invocations=20.0, provisioned_utilization_max=1.0),
        minute(1, provisioned_invocations=20.0, provisioned_utilization_max=0.5),
    ]
    found = use(rows, 2, DAY)
    assert (found.absorbed, found.highest, found.full) == (0.8, 1.0, 1)
    assert use([minute(0, provisioned_utilization_max=0.5)], 2, DAY).absorbed is None


def test_refused_calls_are_not_counted_but_the_buckets_at_the_limit_are() -> None:
    rows = [
        minute(0, concurrency_utilization_max=1.0, errors_4xx=3.0),
        minute(1, concurrency_utilization_max=0.9, errors_4xx=50.0),
        minute(2, errors_4xx=7.0),
    ]
    found = saturation(rows)
    assert (found.buckets, found.errors_4xx, found.is_known) == (1, 3.0, True)
    assert not saturation([minute(0, invocations=4.0)]).is_known


def test_a_cold_call_takes_a_warm_one_and_its_set_up() -> None:
    rows = [
        minute(0, model_latency_ms_sum=300.0, model_latency_count=3.0, overhead_ms_avg=20.0, invocations=3.0),
        minute(
            9,
            model_latency_ms_sum=9_000.0,
            model_latency_count=1.0,
            overhead_ms_avg=8_000.0,
            invocations=1.0,
            setup_count=1.0,
            setup_ms_avg=7_000.0,
        ),
    ]
    found = latencies(rows)
    assert (found.warm_ms, found.setup_ms, found.cold_ms) == (120.0, 7_000.0, 7_120.0)
    assert latencies(rows[1:]).cold_ms is None, "no bucket tells what a warm call takes"
