"""A day's spend, shared out over its hours by the instances that were there."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fleet.costs.hour_curve import Presence, present, spread

from .worked import hour, window


def test_instances_count_in_the_hours_and_parts_of_hours_they_were_there() -> None:
    held = [
        Presence(hour(-5), None, 2),  # all day
        Presence(hour(8.5), hour(10.25), 4),  # half of one hour, one whole, a quarter of one
        Presence(hour(12.25), hour(12.75), 1),
        Presence(hour(30), hour(40), 9),  # another day
    ]
    found = present(held, window())
    assert found[:8] == [2] * 8
    assert found[8:13] == [4, 6, 3, 2, 2.5]
    assert found[13:] == [2] * 11


def test_a_day_goes_to_the_hours_that_used_it_and_adds_up() -> None:
    shape = [0.0] * 8 + [1.0] * 8 + [2.0] * 4 + [0.0] * 4
    found = spread([Decimal("16"), Decimal("24")], [*shape, *[0.0] * 24])
    assert found[:24] == [Decimal(0)] * 8 + [Decimal(1)] * 8 + [Decimal(2)] * 4 + [Decimal(0)] * 4
    assert found[24:] == [Decimal(1)] * 24, "evenly where nothing tells"


@given(
    st.decimals(0, 10_000, places=6),
    st.lists(st.tuples(st.integers(-50, 40), st.integers(0, 60), st.integers(0, 9)), max_size=8),
)
def test_hours_add_up_to_their_day_exactly(amount: Decimal, stretches: list[tuple[int, int, int]]) -> None:
    held = [
        Presence(hour(s / 3), hour(s / 3) + timedelta(minutes=20 * n), count) for s, n, count in stretches
    ]
    shape = present(held, window())
    assert len(shape) == 24
    assert all(each >= 0 for each in shape)
    found = spread([amount], shape)
    assert sum(found) == amount
