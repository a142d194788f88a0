"""Data in and out: calls × an assumed size, told as assumed, and never zero where nothing is known."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fleet.costs import lines
from fleet.costs.data import DataSizes, cost_lines
from fleet.costs.price_book import HOSTING_DATA, PriceBook
from fleet.costs.usage import Observed
from fleet.costs.variant import cost_lines as variant_lines
from fleet.types import Confidence, CostLine, Kind, MetricRow

from .worked import BOOK, REGION, C, hour, instances, observed, point, row, serverless, window

PRICES = PriceBook.layered(
    BOOK.points.values(),
    [point(C.DATA_IN, HOSTING_DATA, "0.016"), point(C.DATA_OUT, HOSTING_DATA, "0.016")],
)
SIZES = DataSizes(Decimal(1024), Decimal(2048))


def priced(
    day: Observed, sizes: DataSizes = SIZES, kind: Kind = Kind.SERVERLESS, book: PriceBook = PRICES
) -> dict[C, CostLine]:
    return {line.component: line for line in cost_lines(REGION, kind, day, sizes, book)}


def test_ten_and_twenty_gigabytes_cost_what_the_price_list_says() -> None:
    # PRICE_LIST of test_published_examples: "Data processed IN 10 GB $0.16, OUT 20 GB $0.32": as 10,240 calls
    # of 1 MB in and 2 MB out.
    found = priced(observed(serverless(2048), rows=[row(1, invocations=10_240.0)]))
    assert (found[C.DATA_IN].quantity, found[C.DATA_IN].amount) == (10, Decimal("0.16"))
    assert (found[C.DATA_OUT].quantity, found[C.DATA_OUT].amount) == (20, Decimal("0.32"))


def test_an_assumed_size_is_told_as_assumed() -> None:
    line = priced(observed(serverless(2048), rows=[row(1, invocations=1.0)]))[C.DATA_IN]
    assert line.confidence is Confidence.ASSUMED
    assert "assumed: 1024 KB a request on average" in line.note


def test_a_direction_without_an_assumption_has_no_line() -> None:
    day = observed(serverless(2048), rows=[row(1, invocations=5.0)])
    assert set(priced(day, DataSizes(request_kb=Decimal(4)))) == {C.DATA_IN}
    assert priced(day, DataSizes()) == {}


def test_an_assumption_of_nothing_costs_nothing_and_is_a_line() -> None:
    day = observed(serverless(2048), rows=[row(1, invocations=5.0)])
    assert priced(day, DataSizes(response_kb=Decimal(0)))[C.DATA_OUT].amount == 0


def test_what_came_after_the_day_is_no_part_of_it() -> None:
    later = priced(observed(serverless(2048, start=30), rows=[row(1, invocations=1024.0)]))
    assert later[C.DATA_IN].quantity == 0


def test_asynchronous_requests_count_when_processed() -> None:
    day = observed(instances(), rows=[row(1, processed=1024.0, invocations=None)])
    assert priced(day, kind=Kind.ASYNCHRONOUS)[C.DATA_IN].quantity == 1


def test_a_day_that_was_never_read_has_no_data_and_is_not_zero() -> None:
    line = priced(observed(serverless(2048), read=False))[C.DATA_IN]
    assert (line.quantity, line.amount, line.confidence) == (None, None, Confidence.NO_DATA)


def test_a_region_without_a_price_is_unpriced() -> None:
    day = observed(serverless(2048), rows=[row(1, invocations=1024.0)])
    line = priced(day, book=BOOK)[C.DATA_IN]
    assert (line.quantity, line.amount, line.confidence) == (1, None, Confidence.UNPRICED)


def test_an_endpoint_deleted_within_the_hour_keeps_the_data_of_all_its_calls() -> None:
    day = observed(serverless(2048, end=1.25), rows=[row(1, invocations=1024.0)])
    assert priced(day)[C.DATA_IN].quantity == 1


def test_a_variant_without_assumption_says_nothing_about_data() -> None:
    day = observed(serverless(2048), rows=[row(1, invocations=5.0, model_latency_ms_sum=5.0)])
    found = {line.component for line in variant_lines(REGION, Kind.SERVERLESS, day, PRICES)}
    assert found == {C.EXECUTION_ON_DEMAND}
    found = {line.component for line in variant_lines(REGION, Kind.SERVERLESS, day, PRICES, SIZES)}
    assert found == {C.EXECUTION_ON_DEMAND, C.DATA_IN, C.DATA_OUT}


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=24),
    st.integers(1, 23),
    st.decimals(0, 10**6, places=3),
    st.booleans(),
)
def test_data_is_additive_over_time_and_monotone_and_knows_no_order(
    calls: list[int], cut: int, kb: Decimal, is_async: bool
) -> None:
    column, kind = ("processed", Kind.ASYNCHRONOUS) if is_async else ("invocations", Kind.REAL_TIME)

    def bucket(at: int, count: int) -> MetricRow:
        return MetricRow(1, hour(at), 3600, {column: float(count)})

    rows = tuple(bucket(n, count) for n, count in enumerate(calls))
    sizes = DataSizes(kb, kb + 1)

    def cost(start: float, end: float, used: tuple[MetricRow, ...] = rows) -> Decimal:
        part = window(start, end)
        found = cost_lines(REGION, kind, Observed(part, (instances(),), used, (window(),)), sizes, PRICES)
        return lines.total(found).amount or Decimal(0)

    whole = cost(0, 24)
    assert abs(whole - cost(0, cut) - cost(cut, 24)) <= Decimal("1e-8")
    assert whole == cost(0, 24, rows[::-1])
    assert cost(0, 24, (*rows[:-1], bucket(len(rows) - 1, calls[-1] + 1))) >= whole
    assert hour(24) == window().end
