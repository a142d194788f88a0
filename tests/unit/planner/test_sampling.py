"""A draw looks at about as many calls as it may, also where calls come thick."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from fleet.analysis.planner.rows import Observation, observe
from fleet.analysis.planner.sampling import BLOCK_S, LEAST_BLOCK_S, RUN_IN_S, block_s, draws
from fleet.types import Capacity, MetricRow, ServerlessCapacity

START = datetime(2026, 11, 16, tzinfo=UTC)
MINUTES = 12 * 60


def seen(calls_a_minute: int) -> Observation:
    columns = {"invocations": float(calls_a_minute), "concurrency_utilization_max": 0.1}
    rows = [MetricRow(1, START + timedelta(minutes=n), 60, columns) for n in range(MINUTES)]
    held = [Capacity(START, None, serverless=ServerlessCapacity(2048, 50))]
    return observe(rows, held, START, START + timedelta(minutes=MINUTES))


@pytest.mark.parametrize(
    ("calls_a_minute", "length_s"), [(10, BLOCK_S), (50, BLOCK_S), (100, 7200), (900, LEAST_BLOCK_S)]
)
def test_blocks_are_shorter_where_one_would_hold_more_than_all_calls_of_a_draw(
    calls_a_minute: int, length_s: int
) -> None:
    assert block_s(seen(calls_a_minute), 12_000) == length_s


def test_a_draw_of_a_busy_endpoint_stays_near_what_it_may_look_at() -> None:
    found = seen(900)
    for hours in draws(found, 12_000, 4, random.Random(1)):
        looked_at = sum(
            bucket.calls for span in hours.spans for bucket in found.buckets[span.first : span.last]
        )
        assert looked_at <= 12_000 + 900 * LEAST_BLOCK_S // 60


@pytest.mark.parametrize("calls_a_minute", [700, 3200, 9000])
def test_however_thick_calls_come_a_draw_looks_at_one_block_more_than_it_may(calls_a_minute: int) -> None:
    found = seen(calls_a_minute)
    longest_s = block_s(found, 12_000)
    for hours in draws(found, 12_000, 4, random.Random(1)):
        looked_at = sum(
            bucket.calls for span in hours.spans for bucket in found.buckets[span.first : span.last]
        )
        assert looked_at <= 12_000 + calls_a_minute * longest_s // 60
        assert hours.share == pytest.approx(looked_at / found.calls), "no run-in: all of it is counted"


def test_traffic_in_which_the_run_in_is_no_burden_keeps_it() -> None:
    found = seen(100)
    spans = [span for hours in draws(found, 12_000, 4, random.Random(1)) for span in hours.spans]
    assert any(span.counted - span.first == RUN_IN_S // 60 for span in spans)
