"""Monthly before and after of a change, for the traffic that was observed."""

from decimal import Decimal

import pytest

from fleet.costs.compare import compare
from fleet.costs.traffic import Traffic
from fleet.types import Capacity, Confidence

from .worked import BOOK, REGION, C, instances, serverless, window


def busy(seconds_a_day: str | None, peak: int | None = None, share: str | None = None) -> Traffic:
    return Traffic(
        window(),
        None if seconds_a_day is None else Decimal(seconds_a_day),
        peak_concurrency=peak,
        provisioned_share=None if share is None else Decimal(share),
    )


@pytest.mark.parametrize(("memory_mb", "busy_s_per_hour"), [(2048, "2550"), (4096, "1275"), (6144, "850")])
def test_break_even_with_one_small_instance(memory_mb: int, busy_s_per_hour: str) -> None:
    # $0.102 an hour buys 2,550 s at 2 GB, 1,275 s at 4 GB, 850 s at 6 GB.
    day = str(Decimal(busy_s_per_hour) * 24)
    found = compare(REGION, serverless(memory_mb), instances(), busy(day), BOOK)
    assert found.before_total.amount == pytest.approx(Decimal("74.46"))
    assert found.after_total.amount == Decimal("74.46")


def test_provisioned_concurrency_that_covers_the_peak_serves_every_call() -> None:
    # 2 units × 730 h × 3,600 s × 0.00001 = 52.56; 2,400 s a day = 73,000 s a month × 0.0000233 = 1.7009.
    found = compare(REGION, serverless(2048), serverless(2048, 2), busy("2400", peak=2), BOOK)
    assert {line.component: line.amount for line in found.after} == {
        C.KEPT_WARM: Decimal("52.56"),
        C.EXECUTION_PROVISIONED: Decimal("1.7009"),
    }
    assert found.difference == Decimal("52.56") + Decimal("1.7009") - Decimal("2.92")


def test_below_the_peak_execution_stays_at_the_on_demand_rate_and_says_why() -> None:
    found = compare(REGION, serverless(2048), serverless(2048, 1), busy("2400", peak=5), BOOK)
    (on_demand,) = [line for line in found.after if line.component is C.EXECUTION_ON_DEMAND]
    assert on_demand.amount == Decimal("2.92")
    assert "not known" in on_demand.note


def test_the_level_of_today_keeps_its_observed_share() -> None:
    found = compare(REGION, serverless(2048, 2), serverless(2048, 2), busy("2400", share="0.75"), BOOK)
    assert found.difference == 0
    assert {line.component: line.quantity for line in found.before} == {
        C.EXECUTION_ON_DEMAND: 18_250,
        C.KEPT_WARM: 5_256_000,
        C.EXECUTION_PROVISIONED: 54_750,
    }


@pytest.mark.parametrize("after", [instances(), instances("ml.zz9.large"), serverless(2048, 1)])
def test_without_traffic_or_price_there_is_no_difference_to_show(after: Capacity) -> None:
    found = compare(REGION, serverless(2048), after, busy(None), BOOK)
    assert found.difference is None
    assert found.before[0].confidence is Confidence.NO_DATA


def test_storage_of_unknown_size_is_shown_as_missing_and_does_not_block_the_difference() -> None:
    found = compare(REGION, serverless(2048), instances(count=2), busy("2400"), BOOK)
    assert [line.confidence for line in found.after if line.component is C.STORAGE] == [Confidence.NO_DATA]
    assert found.difference == Decimal("148.92") - Decimal("2.92")


def test_inputs_are_listed_for_the_reader() -> None:
    found = compare(REGION, serverless(2048), instances(), busy("2400", peak=3, share="0.5"), BOOK)
    assert {each.label: each.value for each in found.inputs} == {
        "Observed": "2026-11-19 00:00 to 2026-11-20 00:00 UTC",
        "Month": "730 h",
        "Execution in a month": "73,000 s at today's durations",
        "Most executions at once": "3",
        "Served warm today": "50 %",
    }
