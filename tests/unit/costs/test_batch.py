"""Cost of transform jobs: instances × billed time × price, and what stands where one of them is missing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from fleet.costs.batch import Job, cost_line, per_record
from fleet.costs.price_book import PriceBook
from fleet.types import Confidence, CostComponent, PricePoint

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
NOW = START + timedelta(days=3)
BOOK = PriceBook.layered(
    [
        PricePoint(
            "eu-west-1",
            CostComponent.BATCH_TIME,
            "ml.m5.xlarge",
            "instance-hour",
            Decimal("0.257"),
            "bill",
            date(2026, 1, 1),
        ),
        # A hosting price of the same type must never stand in for the transform price.
        PricePoint(
            "us-east-1",
            CostComponent.INSTANCE_TIME,
            "ml.m5.xlarge",
            "instance-hour",
            Decimal("0.23"),
            "list",
            date(2026, 1, 1),
        ),
    ]
)


def test_three_instances_for_forty_minutes() -> None:
    job = Job("ml.m5.xlarge", 3, START, START + timedelta(minutes=40))
    line = cost_line("eu-west-1", job, BOOK, NOW)
    assert (line.quantity, line.amount, line.confidence) == (
        Decimal(2),
        Decimal("0.514"),
        Confidence.ESTIMATED,
    )


def test_a_running_job_costs_its_time_so_far_and_says_so() -> None:
    line = cost_line("eu-west-1", Job("ml.m5.xlarge", 1, START, None), BOOK, START + timedelta(hours=2))
    assert line.amount == Decimal("0.514")
    assert "still running" in line.note


def test_a_job_that_never_started_has_no_amount_rather_than_zero() -> None:
    line = cost_line("eu-west-1", Job("ml.m5.xlarge", 1, None, None), BOOK, NOW)
    assert (line.amount, line.confidence) == (None, Confidence.NO_DATA)
    line = cost_line("eu-west-1", Job("ml.m5.xlarge", None, START, NOW), BOOK, NOW)
    assert (line.amount, line.confidence) == (None, Confidence.NO_DATA)


def test_a_region_without_transform_price_is_unpriced_even_where_hosting_has_one() -> None:
    line = cost_line("us-east-1", Job("ml.m5.xlarge", 1, START, NOW), BOOK, NOW)
    assert (line.quantity, line.amount, line.confidence) == (Decimal(72), None, Confidence.UNPRICED)


def test_cost_per_record_needs_both() -> None:
    line = cost_line("eu-west-1", Job("ml.m5.xlarge", 1, START, START + timedelta(hours=1)), BOOK, NOW)
    assert per_record(line, 257) == Decimal("0.001")
    assert per_record(line, None) is None
    assert per_record(line, 0) is None
