"""Instance cost lines against worked examples."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fleet.costs.instances import cost_lines, has_local_disk
from fleet.costs.periods import Window
from fleet.costs.usage import Observed
from fleet.types import Capacity, Confidence, CostLine, Kind

from .worked import BOOK, REGION, C, instances, observed, row


def lines_of(kind: Kind, *args, **kwargs) -> dict[C, CostLine]:  # type: ignore[no-untyped-def]
    return {line.component: line for line in cost_lines(REGION, kind, observed(*args, **kwargs), BOOK)}


@pytest.mark.parametrize(("count", "usd"), [(10, "1.02"), (1, "0.102")])
def test_ten_small_endpoints_cost_ten_times_the_one_that_could_serve_them(count: int, usd: str) -> None:
    found = lines_of(Kind.REAL_TIME, instances(count=count), end=1)
    assert found[C.INSTANCE_TIME].amount == Decimal(usd)


def test_instance_hours_come_from_cpu_samples_where_they_are_published() -> None:
    # 3 instances sampled each minute of one hour, 1 instance the next: 4 instance-hours, whatever the config says.
    rows = [row(0, instance_minutes=180.0), row(1, instance_minutes=60.0)]
    line = lines_of(Kind.REAL_TIME, instances(count=9), rows=rows, end=2)[C.INSTANCE_TIME]
    assert (line.quantity, line.amount, line.confidence) == (4, Decimal("0.408"), Confidence.ESTIMATED)


def test_without_cpu_samples_the_capacity_history_counts_and_the_line_says_so() -> None:
    line = lines_of(Kind.REAL_TIME, instances(count=2, end=3), instances(count=4, start=3, end=5))[
        C.INSTANCE_TIME
    ]
    assert (line.quantity, line.confidence) == (14, Confidence.ESTIMATED)
    assert "observed instance count" in line.note


def test_without_samples_and_without_count_there_is_no_data() -> None:
    line = lines_of(Kind.REAL_TIME, instances(count=None))[C.INSTANCE_TIME]
    assert (line.quantity, line.amount, line.confidence) == (None, None, Confidence.NO_DATA)


def test_an_asynchronous_endpoint_without_samples_in_hours_that_were_read_ran_nothing() -> None:
    found = lines_of(
        Kind.ASYNCHRONOUS, instances(count=1, volume_gb=50), rows=[row(0, instance_minutes=60.0)]
    )
    assert found[C.INSTANCE_TIME].quantity == 1
    assert found[C.INSTANCE_TIME].amount == Decimal("0.102")
    assert "no instance ran" in found[C.INSTANCE_TIME].note


def test_an_asynchronous_endpoint_at_zero_costs_nothing_and_keeps_no_volume() -> None:
    found = lines_of(Kind.ASYNCHRONOUS, instances(count=0, volume_gb=50))
    assert set(found) == {C.INSTANCE_TIME}
    assert found[C.INSTANCE_TIME].amount == 0


def test_an_asynchronous_endpoint_that_was_never_read_is_taken_from_the_capacity_history() -> None:
    line = lines_of(Kind.ASYNCHRONOUS, instances(count=2), read=False)[C.INSTANCE_TIME]
    assert (line.quantity, line.confidence) == (48, Confidence.ESTIMATED)


@pytest.mark.parametrize(
    ("day", "month_hours", "quantity"),
    [
        (datetime(2026, 11, 19, tzinfo=UTC), 720, "3.333333333"),
        (datetime(2026, 10, 31, tzinfo=UTC), 744, "3.225806452"),
        (datetime(2026, 2, 28, tzinfo=UTC), 672, "3.571428571"),
        (datetime(2028, 2, 29, tzinfo=UTC), 696, "3.448275862"),
    ],
)
def test_storage_is_volume_times_instance_hours_over_those_of_the_calendar_month(
    day: datetime, month_hours: int, quantity: str
) -> None:
    # 2 instances × 24 h × 50 GB = 2,400 GB-hours.
    held = Capacity(day - timedelta(days=9), None, "ml.c5.large", 2, 50)
    seen = Observed(Window(day, day + timedelta(days=1)), (held,))
    line = next(
        each for each in cost_lines(REGION, Kind.REAL_TIME, seen, BOOK) if each.component is C.STORAGE
    )
    assert line.quantity == Decimal(quantity)
    assert f"/ {month_hours} h" in line.note


def test_aws_s_own_example_of_a_gb_month() -> None:
    # AWS Knowledge Center: 31 GB for 24 hours are one GB-month in a month of 31 days.
    day = datetime(2026, 10, 7, tzinfo=UTC)
    seen = Observed(Window(day, day + timedelta(days=1)), (Capacity(day, None, "ml.c5.large", 1, 31),))
    found = cost_lines(REGION, Kind.REAL_TIME, seen, BOOK)
    assert [line.quantity for line in found if line.component is C.STORAGE] == [1]


def test_storage_over_the_turn_of_a_month_takes_each_month_s_own_hours() -> None:
    # 24 h of October's 744 and 24 h of November's 720, 1 instance of 100 GB; one row counts in the half it lies in.
    start = datetime(2026, 10, 31, tzinfo=UTC)
    seen = Observed(Window(start, start + timedelta(days=2)), (Capacity(start, None, "ml.c5.large", 1, 100),))
    line = next(
        each for each in cost_lines(REGION, Kind.REAL_TIME, seen, BOOK) if each.component is C.STORAGE
    )
    assert line.quantity == (Decimal(2400) / 744 + Decimal(2400) / 720).quantize(Decimal("0.000000001"))
    assert "720 or 744" in line.note


def test_storage_of_unknown_size_is_no_data_and_never_zero() -> None:
    line = lines_of(Kind.REAL_TIME, instances(volume_gb=None))[C.STORAGE]
    assert (line.quantity, line.amount, line.confidence) == (None, None, Confidence.NO_DATA)


def test_types_with_local_nvme_have_no_storage_line_and_say_why() -> None:
    found = lines_of(Kind.MULTI_MODEL, instances("ml.g5.xlarge"))
    assert set(found) == {C.INSTANCE_TIME}
    assert "NVMe" in found[C.INSTANCE_TIME].note


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [
        ("ml.m5d.large", True),
        ("ml.c5d.xlarge", True),
        ("ml.r5d.4xlarge", True),
        ("ml.g5.xlarge", True),
        ("ml.g4dn.xlarge", True),
        ("ml.m5.large", False),
        ("ml.c5.large", False),
        ("ml.g6.xlarge", False),
        ("ml.inf2.xlarge", False),
    ],
)
def test_local_nvme_families(instance_type: str, expected: bool) -> None:
    assert has_local_disk(instance_type) is expected


def test_an_unpriced_type_keeps_its_hours() -> None:
    line = lines_of(Kind.REAL_TIME, instances("ml.zz9.large", count=2))[C.INSTANCE_TIME]
    assert (line.quantity, line.amount, line.confidence) == (48, None, Confidence.UNPRICED)
