"""The gap between estimate and bill is taken apart into causes, and the parts add up to it exactly."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.costs.bill_words import ADJUSTMENTS, OTHER, Cause, place
from fleet.costs.reconcile import Bill, Estimate, Line, reconcile, summed, total
from fleet.costs.serverless import UNREAD
from fleet.types import CostComponent

DAY = date(2026, 11, 3)
HERE = {"us-east-1"}
HOST = "USE1-Host:ml.m5.large"


def bill(
    usage_type: str,
    amount: str,
    quantity: str = "0",
    unit: str = "Hrs",
    *,
    record_type: str = "Usage",
    is_estimated: bool = False,
) -> Bill:
    return Bill(
        DAY, "us-east-1", record_type, usage_type, Decimal(amount), Decimal(quantity), unit, is_estimated
    )


def adjustment(record_type: str, amount: str) -> Bill:
    return bill("", amount, unit="N/A", record_type=record_type)


def estimate(
    amount: str | None,
    quantity: str | None,
    component: CostComponent = CostComponent.INSTANCE_TIME,
    item: str = "ml.m5.large",
    **fields: object,
) -> Estimate:
    return Estimate(
        DAY,
        "us-east-1",
        component.value,
        item,
        None if quantity is None else Decimal(quantity),
        None if amount is None else Decimal(amount),
        **fields,  # type: ignore[arg-type]
    )


def only(bills: list[Bill], estimates: list[Estimate], watched: set[str] = HERE) -> Line:
    (line,) = reconcile(bills, estimates, watched)
    assert sum(line.parts.values(), Decimal(0)) == line.gap
    return line


@pytest.mark.parametrize(
    ("usage_type", "component", "item"),
    [
        ("USE1-Host:ml.m5.large", "instance-time", "ml.m5.large"),
        ("Host:ml.m5.large", "instance-time", "ml.m5.large"),
        ("EU-AsyncInf:ml.g5.12xlarge", "instance-time", "ml.g5.12xlarge"),
        ("USE1-Tsform:ml.m5.xlarge", "batch-time", "ml.m5.xlarge"),
        ("USE1-Host:VolumeUsage.gp2", "storage", "gp2"),
        ("USE1-ServerlessInf:Mem-2GB", "execution-on-demand", "2048"),
        ("USE1-ServerlessInf:ProvisionedConcurrency:Usage-2GB", "kept-warm", "2048"),
        ("USE1-ServerlessInf:ProvisionedConcurrency:Mem-6GB", "execution-provisioned", "6144"),
        ("USE1-Hst:Data-Bytes-In", "data-in", ""),
        ("USE1-Hst:Data-Bytes-Out", "data-out", ""),
        ("USE1-Notebk:ml.t3.medium", OTHER, "USE1-Notebk:ml.t3.medium"),
        ("USE1-Train:ml.m5.xlarge", OTHER, "USE1-Train:ml.m5.xlarge"),
        ("USE1-Studio:VolumeUsage.gp3", OTHER, "USE1-Studio:VolumeUsage.gp3"),
    ],
)
def test_a_usage_type_names_its_component(usage_type: str, component: str, item: str) -> None:
    assert place(usage_type) == (component, item)


def test_equal_sides_have_no_gap_and_no_parts() -> None:
    line = only([bill(HOST, "2.76", "24")], [estimate("2.76", "24")])
    assert (line.gap, dict(line.parts)) == (0, {})


def test_a_lower_rate_is_a_discount_and_a_higher_one_another_price() -> None:
    assert only([bill(HOST, "2.40", "24")], [estimate("2.76", "24")]).parts == {
        Cause.DISCOUNT: Decimal("-0.36")
    }
    assert only([bill(HOST, "3.00", "24")], [estimate("2.76", "24")]).parts == {Cause.PRICE: Decimal("0.24")}


def test_rate_and_quantity_are_told_apart() -> None:
    # 24.1 h at $0.1 billed, 24 h at $0.115 estimated: 0.1 h × 0.115 = 0.0115 of usage, the rest is the rate.
    line = only([bill(HOST, "2.41", "24.1")], [estimate("2.76", "24")])
    assert line.parts == {Cause.MEASURED: Decimal("0.0115"), Cause.DISCOUNT: Decimal("-0.3615")}


def test_a_discount_that_aws_books_apart_meets_the_one_that_was_estimated() -> None:
    lines = reconcile(
        [bill(HOST, "2.76", "24"), adjustment("Enterprise Discount Program Discount", "-0.276")],
        [estimate("2.484", "24", discount=Decimal("0.276"))],
        HERE,
    )
    whole = total(lines)
    assert whole.gap == 0
    assert whole.parts == {}


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        ("Credit", Cause.CREDIT),
        ("Refund", Cause.REFUND),
        ("Tax", Cause.TAX),
        ("SavingsPlanNegation", Cause.DISCOUNT),
        ("BundledDiscount", Cause.DISCOUNT),
        ("SavingsPlanRecurringFee", Cause.FEE),
        ("Something new", Cause.UNEXPLAINED),
    ],
)
def test_records_that_are_no_usage_say_what_they_do(record: str, cause: Cause) -> None:
    line = only([adjustment(record, "-1.5")], [])
    assert (line.component, line.parts) == (ADJUSTMENTS, {cause: Decimal("-1.5")})


def test_usage_that_is_no_hosting_is_named() -> None:
    assert only([bill("USE1-Notebk:ml.t3.medium", "0.45", "9")], []).parts == {
        Cause.NOT_HOSTING: Decimal("0.45")
    }


def test_what_has_no_estimate_says_why() -> None:
    row = bill(HOST, "2.76", "24")
    assert only([row], [estimate(None, "24", is_unpriced=True)]).parts == {Cause.UNPRICED: Decimal("2.76")}
    assert only([row], [estimate(None, None, has_no_data=True)]).parts == {Cause.NO_DATA: Decimal("2.76")}
    assert only([row], []).parts == {Cause.UNSEEN: Decimal("2.76")}
    data = bill("USE1-Hst:Data-Bytes-In", "0.2", "12.5", "GB")
    assert only([data], []).parts == {Cause.NOT_ESTIMATED: Decimal("0.2")}
    assert only([data], [], watched=set()).parts == {Cause.UNSEEN: Decimal("0.2")}


def test_use_of_an_unknown_item_is_named_for_the_items_of_its_component() -> None:
    unread = estimate(None, "3", CostComponent.EXECUTION_ON_DEMAND, UNREAD, has_no_data=True)
    known = estimate("0.4", "10000", CostComponent.EXECUTION_ON_DEMAND, "2048")
    row = bill("USE1-ServerlessInf:Mem-2GB", "0.6", "15000", "seconds")
    assert only([row], [known, unread]).parts == {Cause.NO_DATA: Decimal("0.2")}
    assert only([row], [unread]).parts == {Cause.NO_DATA: Decimal("0.6")}


def test_a_difference_of_quantities_says_why_it_can_be_there() -> None:
    short = bill(HOST, "1.38", "12")
    gap = Decimal("-1.38")
    assert only([short], [estimate("2.76", "24")]).parts == {Cause.UNEXPLAINED: gap}
    provisional = bill(HOST, "1.38", "12", is_estimated=True)
    assert only([provisional], [estimate("2.76", "24")]).parts == {Cause.NOT_FINAL: gap}
    assert only([bill(HOST, "2.76", "24")], [estimate("1.38", "12", is_whole=False)]).parts == {
        Cause.LATE: -gap
    }
    assert only([], [estimate("2.76", "24")]).parts == {Cause.UNEXPLAINED: Decimal("-2.76")}
    # Quantities in another unit cannot be compared: nothing is made up.
    assert only([bill(HOST, "2.50", "1440", "Minutes")], [estimate("2.76", "24")]).parts == {
        Cause.UNEXPLAINED: Decimal("-0.26")
    }


def test_storage_is_held_to_the_same_percent_as_everything_else() -> None:
    # 10 GB for a day of October are 0.3226 GB-months; months of 730 h would make them 0.3288.
    rows = [bill("USE1-Host:VolumeUsage.gp2", "0.045161", "0.322581", "GB-Mo")]
    gp2 = estimate("0.046027", "0.328767", CostComponent.STORAGE, "gp2")
    assert set(only(rows, [gp2]).parts) == {Cause.UNEXPLAINED}


def test_asynchronous_and_plain_hours_of_a_type_meet_in_one_line() -> None:
    rows = [bill("USE1-Host:ml.m5.large", "2.76", "24"), bill("USE1-AsyncInf:ml.m5.large", "1.38", "12")]
    assert only(rows, [estimate("2.76", "24"), estimate("1.38", "12")]).gap == 0


amounts = st.decimals(min_value=-500, max_value=5000, places=10)
quantities = st.decimals(min_value=0, max_value=5000, places=9)
types = st.sampled_from(
    [
        HOST,
        "USE1-Host:VolumeUsage.gp2",
        "USE1-ServerlessInf:Mem-2GB",
        "USE1-Notebk:ml.t3.medium",
        "USE1-Hst:Data-Bytes-In",
    ]
)
bills = st.one_of(
    st.builds(
        Bill,
        day=st.sampled_from([DAY, date(2026, 11, 4)]),
        region=st.sampled_from(["us-east-1", "eu-west-1"]),
        record_type=st.just("Usage"),
        usage_type=types,
        amount=amounts,
        quantity=quantities,
        unit=st.sampled_from(["Hrs", "seconds", "GB-Mo", "N/A"]),
        is_estimated=st.booleans(),
    ),
    st.builds(adjustment, st.sampled_from(["Credit", "Tax", "Odd"]), amounts.map(str)),
)
estimates = st.builds(
    Estimate,
    day=st.just(DAY),
    region=st.sampled_from(["us-east-1", "eu-west-1"]),
    component=st.sampled_from(["instance-time", "storage", "execution-on-demand", "data-in"]),
    item=st.sampled_from(["ml.m5.large", "gp2", "2048"]),
    quantity=st.none() | quantities,
    amount=st.none() | st.decimals(min_value=0, max_value=5000, places=12),
    discount=st.decimals(min_value=0, max_value=100, places=12),
    is_unpriced=st.booleans(),
    has_no_data=st.booleans(),
    is_whole=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(bills, max_size=8), st.lists(estimates, max_size=8))
def test_parts_add_up_to_the_gap_and_lines_to_both_sides(
    billed: list[Bill], expected: list[Estimate]
) -> None:
    lines = reconcile(billed, expected, HERE)
    for line in lines:
        assert sum(line.parts.values(), Decimal(0)) == line.gap
    whole = total(lines)
    assert whole.billed == sum((each.amount for each in billed), Decimal(0))
    assert (whole.estimate or 0) == sum((each.amount or 0 for each in expected), Decimal(0))
    assert sum(whole.parts.values(), Decimal(0)) == whole.gap
    by_day = summed(lines, lambda line: (line.day, line.component))
    assert sum((each.gap for each in by_day.values()), Decimal(0)) == whole.gap
    backwards = reconcile(reversed(billed), reversed(expected), HERE)
    assert total(backwards).parts == whole.parts
