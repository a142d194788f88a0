"""Serverless cost lines against worked examples."""

from decimal import Decimal

import pytest

from fleet.costs.serverless import UNREAD, cost_lines
from fleet.costs.variant import cost_lines as variant_lines
from fleet.types import Confidence, CostComponent, Kind

from .worked import BOOK, REGION, C, observed, row, serverless


def amounts(*args, **kwargs) -> dict[CostComponent, Decimal | None]:  # type: ignore[no-untyped-def]
    return {line.component: line.amount for line in cost_lines(REGION, observed(*args, **kwargs), BOOK)}


@pytest.mark.parametrize(
    ("memory_mb", "usd"), [(2048, "0.04"), (3072, "0.06"), (4096, "0.08"), (6144, "0.12")]
)
def test_a_thousand_seconds_cost_the_rate_of_the_size_and_memory_is_not_multiplied_again(
    memory_mb: int, usd: str
) -> None:
    rows = [row(3, model_latency_ms_sum=600_000.0), row(4, model_latency_ms_sum=400_000.0)]
    assert amounts(serverless(memory_mb), rows=rows) == {C.EXECUTION_ON_DEMAND: Decimal(usd)}


def test_an_idle_day_that_was_read_costs_zero() -> None:
    assert amounts(serverless(2048)) == {C.EXECUTION_ON_DEMAND: Decimal(0)}


def test_a_day_never_read_has_no_data_and_is_not_zero() -> None:
    (line,) = cost_lines(REGION, observed(serverless(2048), read=False), BOOK)
    assert (line.quantity, line.amount, line.confidence) == (None, None, Confidence.NO_DATA)
    assert "0 of 24 h read" in line.note


def test_kept_warm_is_level_times_seconds_enabled_at_the_usage_rate() -> None:
    # 3 units for 10 hours: 3 × 36,000 s = 108,000 unit-seconds × 0.00001 = $1.08, traffic or not.
    day = observed(serverless(2048, 3, 0, 10), serverless(2048, None, 10))
    lines = {line.component: line for line in cost_lines(REGION, day, BOOK)}
    assert lines[C.KEPT_WARM].quantity == 108_000
    assert lines[C.KEPT_WARM].amount == Decimal("1.08")
    assert lines[C.KEPT_WARM].confidence is Confidence.MEASURED


def test_calls_on_provisioned_concurrency_run_at_its_rate_and_spill_over_at_the_on_demand_rate() -> None:
    # 1,000 s, 3 of 4 calls warm: 750 s × 0.0000233 = 0.017475; 250 s × 0.00004 = 0.01.
    calls = row(1, model_latency_ms_sum=1_000_000.0, provisioned_invocations=75.0, spillover_invocations=25.0)
    found = amounts(serverless(2048, 1), rows=[calls])
    assert found[C.EXECUTION_PROVISIONED] == Decimal("0.017475")
    assert found[C.EXECUTION_ON_DEMAND] == Decimal("0.01")
    assert found[C.KEPT_WARM] == Decimal("0.864")


def test_the_provisioned_share_is_told_as_an_estimate() -> None:
    calls = row(1, model_latency_ms_sum=1_000.0, provisioned_invocations=1.0, spillover_invocations=0.0)
    lines = {
        line.component: line for line in cost_lines(REGION, observed(serverless(2048, 1), rows=[calls]), BOOK)
    }
    assert lines[C.EXECUTION_PROVISIONED].confidence is Confidence.ESTIMATED
    assert "estimated from calls served warm" in lines[C.EXECUTION_PROVISIONED].note
    assert C.EXECUTION_ON_DEMAND not in lines


def test_without_published_warm_counts_execution_is_priced_on_demand_and_says_so() -> None:
    lines = {
        line.component: line
        for line in cost_lines(
            REGION, observed(serverless(2048, 1), rows=[row(1, model_latency_ms_sum=5e5)]), BOOK
        )
    }
    assert lines[C.EXECUTION_ON_DEMAND].amount == Decimal("0.02")
    assert "not published" in lines[C.EXECUTION_ON_DEMAND].note


def test_an_assumed_rate_is_flagged() -> None:
    lines = {line.component: line for line in cost_lines(REGION, observed(serverless(3072, 1)), BOOK)}
    assert lines[C.KEPT_WARM].confidence is Confidence.ASSUMED_RATE
    assert lines[C.KEPT_WARM].amount == Decimal("1.296")


def test_a_size_without_price_is_unpriced_with_its_quantity() -> None:
    (line,) = cost_lines(
        REGION, observed(serverless(5120), rows=[row(1, model_latency_ms_sum=2_000.0)]), BOOK
    )
    assert (line.quantity, line.amount, line.confidence) == (Decimal(2), None, Confidence.UNPRICED)
    assert "no price for 5120 in us-east-1" in line.note


def test_a_change_of_memory_inside_an_hour_splits_the_hour_by_time() -> None:
    # 15 minutes at 2 GB and 45 at 4 GB of an hour with 400 s: 100 × 0.00004 + 300 × 0.00008 = 0.028.
    day = observed(
        serverless(2048, end=1.25), serverless(4096, start=1.25), rows=[row(1, model_latency_ms_sum=4e5)]
    )
    lines = cost_lines(REGION, day, BOOK)
    assert [(line.item, line.quantity) for line in lines] == [("2048", 100), ("4096", 300)]


def test_partly_read_days_say_how_much_was_read() -> None:
    day = observed(serverless(2048), rows=[row(1, model_latency_ms_sum=1_000.0)], read=False)
    priced, unread = cost_lines(REGION, day, BOOK)
    assert "1 of 24 h read" in priced.note
    assert (unread.item, unread.quantity, unread.unit) == (UNREAD, 23, "hour")
    assert (unread.amount, unread.confidence) == (None, Confidence.NO_DATA)


def test_unread_hours_are_counted_once_when_the_size_changed_in_them() -> None:
    day = observed(serverless(2048, end=12), serverless(4096, start=12), rows=[row(1), row(13)], read=False)
    (unread,) = [line for line in variant_lines(REGION, Kind.SERVERLESS, day, BOOK) if line.item == UNREAD]
    assert unread.quantity == 22


def test_begun_milliseconds_add_half_of_one_to_each_call() -> None:
    # 1,000 calls of 100 s together: 100 s + 1,000 × 0.0005 s = 100.5 s × $0.00004 = $0.00402.
    calls = row(1, model_latency_ms_sum=100_000.0, invocations=1_000.0)
    (line,) = cost_lines(REGION, observed(serverless(2048), rows=[calls]), BOOK)
    assert (line.quantity, line.amount) == (Decimal("100.5"), Decimal("0.00402"))
