"""What must hold for any usage: additive over time, monotone in quantity, indifferent to order, exact in sums."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fleet.costs import lines
from fleet.costs.periods import Window
from fleet.costs.usage import Observed
from fleet.costs.variant import cost_lines
from fleet.types import Capacity, CostLine, Kind, MetricRow

from .worked import BOOK, REGION, hour, instances, row, serverless, window

TOLERANCE = Decimal("1e-8")  # quantities are kept to nine decimals
KINDS = st.sampled_from([Kind.SERVERLESS, Kind.REAL_TIME, Kind.ASYNCHRONOUS, Kind.MULTI_MODEL])


@st.composite
def capacities(draw: st.DrawFn) -> tuple[Capacity, ...]:
    """A history without gaps: one to four stretches that change at any quarter of an hour."""
    cuts = sorted(draw(st.sets(st.integers(1, 95), max_size=3)))
    edges = [0.0, *(cut / 4 for cut in cuts), 24.0]
    found = []
    for start, end in pairwise(edges):
        if draw(st.booleans()):
            memory_mb = draw(st.sampled_from([2048, 3072, 4096]))
            found.append(serverless(memory_mb, draw(st.sampled_from([None, 1, 7])), start, end))
        else:
            count, volume_gb = draw(st.integers(0, 9)), draw(st.sampled_from([None, 30]))
            found.append(instances("ml.c5.large", count, volume_gb, start, end))
    return tuple(found)


@st.composite
def hours(draw: st.DrawFn) -> tuple[MetricRow, ...]:
    amounts = st.none() | st.floats(0, 4e6, allow_subnormal=False).map(lambda value: round(value, 3))
    return tuple(
        row(
            at,
            model_latency_ms_sum=draw(amounts),
            instance_minutes=draw(st.none() | st.integers(0, 600).map(float)),
            provisioned_invocations=draw(st.none() | st.integers(0, 99).map(float)),
            spillover_invocations=draw(st.none() | st.integers(0, 99).map(float)),
        )
        for at in sorted(draw(st.sets(st.integers(0, 23), max_size=6)))
    )


def known(found: list[CostLine]) -> Decimal:
    return lines.total(found).amount or Decimal(0)


def priced(
    kind: Kind, history: tuple[Capacity, ...], rows: tuple[MetricRow, ...], part: Window
) -> list[CostLine]:
    return cost_lines(REGION, kind, Observed(part, history, rows, (window(),)), BOOK)


@given(KINDS, capacities(), hours(), st.integers(1, 95))
def test_a_day_costs_the_sum_of_its_two_parts(kind, history, rows, quarter) -> None:  # type: ignore[no-untyped-def]
    cut = hour(quarter / 4)
    whole = known(priced(kind, history, rows, window()))
    parts = known(priced(kind, history, rows, Window(hour(0), cut)))
    parts += known(priced(kind, history, rows, Window(cut, hour(24))))
    assert abs(whole - parts) <= TOLERANCE


@given(KINDS, capacities(), hours())
def test_order_of_rows_and_of_capacities_does_not_matter(kind, history, rows) -> None:  # type: ignore[no-untyped-def]
    straight = known(priced(kind, history, rows, window()))
    reverse = known(priced(kind, history[::-1], rows[::-1], window()))
    assert abs(straight - reverse) <= TOLERANCE


@given(capacities(), hours(), st.floats(0, 1e6).map(lambda value: round(value, 3)))
def test_more_use_never_costs_less(history, rows, more) -> None:  # type: ignore[no-untyped-def]
    def increased(each: MetricRow) -> MetricRow:
        grown = {**each.values}
        for column in ("model_latency_ms_sum", "instance_minutes"):
            if (value := grown[column]) is not None:
                grown[column] = value + more
        return MetricRow(each.variant_id, each.at, each.period_s, grown)

    before = known(priced(Kind.REAL_TIME, history, rows, window()))
    after = known(priced(Kind.REAL_TIME, history, tuple(increased(each) for each in rows), window()))
    assert after >= before - TOLERANCE


@given(KINDS, capacities(), hours())
def test_every_amount_is_quantity_times_price_and_merging_keeps_the_sum(kind, history, rows) -> None:  # type: ignore[no-untyped-def]
    found = priced(kind, history, rows, window())
    for line in found:
        assert (line.amount is None) == (line.quantity is None or line.usd_per_unit is None)
        if line.amount is not None and line.quantity is not None and line.usd_per_unit is not None:
            assert line.amount == line.quantity * line.usd_per_unit
    twice = lines.merge(found + found)
    assert lines.total(twice).amount == lines.total(found + found).amount
    assert len(twice) == len(found)
