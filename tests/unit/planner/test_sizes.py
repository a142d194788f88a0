"""Memory sizes of one history side by side: what a call took at each and cost, and when nothing can be said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.sizes import Comparison, compare
from fleet.types import Capacity, MetricRow, ServerlessCapacity
from tests.unit.planner.population import tariff

SINCE = datetime(2026, 8, 31, tzinfo=UTC)
DAY = timedelta(days=1)


def capacity(memory_mb: int, first: int, last: int | None) -> Capacity:
    end = None if last is None else SINCE + last * DAY
    return Capacity(SINCE + first * DAY, end, serverless=ServerlessCapacity(memory_mb, 10))


def rows(first: int, days: int, ms: float, calls: int = 10) -> Iterator[MetricRow]:
    """Some calls each hour that take so long, give or take a tenth."""
    for hour in range(24 * first, 24 * (first + days)):
        took = ms * (1.1 if hour % 2 else 0.9)
        yield MetricRow(
            1,
            SINCE + timedelta(hours=hour),
            60,
            {
                "invocations": float(calls),
                "model_latency_ms_sum": took * calls,
                "model_latency_count": float(calls),
                "concurrency_utilization_max": 0.1,
                "setup_count": 1.0,
                "setup_ms_avg": 4000.0,
            },
        )


def priced(memory_mb: int) -> Tariff:
    return replace(tariff(), memory_mb=memory_mb)


def history(before_ms: float, after_ms: float, calls: int = 10) -> Comparison:
    """Two days at 2048 MB, then two at 4096 MB, which is live today."""
    capacities = [capacity(2048, 0, 2), capacity(4096, 2, None)]
    return compare(
        [*rows(0, 2, before_ms, calls), *rows(2, 2, after_ms)], capacities, SINCE, SINCE + 4 * DAY, priced
    )


def test_each_size_has_its_own_time_and_price() -> None:
    """On demand 2048 MB is $0.00004 a second, 4096 MB $0.00008 (AWS price list, us-east-1)."""
    small, large = history(200, 150).sizes
    assert (small.memory_mb, large.memory_mb, large.is_today) == (2048, 4096, True)
    assert small.service_ms is not None
    assert small.service_ms.likely == pytest.approx(200)
    assert 190 < small.service_ms.low < 200 < small.service_ms.high < 210
    assert small.usd_per_million == pytest.approx(Decimal("8.0"))
    assert large.usd_per_million == pytest.approx(Decimal("12.0"))
    assert (small.hours, small.calls) == (48, 480)
    # 480 calls in two days of today's size are 7,300 a month.
    assert small.usd_a_month == pytest.approx(Decimal("8.0") * 7300 / 1_000_000)
    assert small.warm_unit_usd == pytest.approx(Decimal("26.28"))
    assert small.setup_ms == pytest.approx(4000)
    assert small.cold_share == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    ("before_ms", "after_ms", "best"),
    [(200, 200, 2048), (200, 150, 4096), (200, 90, 4096), (150, 200, 2048)],
)
def test_the_cheapest_that_is_not_clearly_slower_is_named(
    before_ms: float, after_ms: float, best: int
) -> None:
    found = history(before_ms, after_ms)
    assert found.best == best
    assert f"{best} MB took" in found.sentence


def test_too_few_calls_say_nothing() -> None:
    found = history(200, 150, calls=1)
    assert found.sizes[0].service_ms is None
    assert found.best is None
    assert "2048 MB" in found.sentence


def test_one_size_and_none_are_told_apart() -> None:
    one = compare(rows(0, 2, 200), [capacity(2048, 0, None)], SINCE, SINCE + 2 * DAY, priced)
    assert "Only 2048 MB" in one.sentence
    assert compare([], [], SINCE, SINCE + DAY, priced).sizes == ()


def test_without_prices_only_times_are_compared() -> None:
    capacities = [capacity(2048, 0, 2), capacity(4096, 2, None)]
    found = compare(
        [*rows(0, 2, 200), *rows(2, 2, 150)], capacities, SINCE, SINCE + 4 * DAY, lambda memory_mb: None
    )
    assert found.best is None
    assert "price is missing" in found.sentence
    assert all(size.service_ms is not None for size in found.sizes)
