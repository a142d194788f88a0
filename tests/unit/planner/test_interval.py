"""What is said of a count whose draws differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.analysis.planner.interval import likely_count

DRAWS = st.lists(st.integers(0, 5000).map(float), min_size=1, max_size=12)


@given(DRAWS)
def test_it_lies_among_the_draws_and_not_above_their_middle(draws: list[float]) -> None:
    ordered = sorted(draws)
    assert ordered[0] <= likely_count(draws) <= ordered[len(ordered) // 2]


@pytest.mark.parametrize(
    ("draws", "said"),
    [
        ([7.0], 7.0),
        ([100.0, 100.0, 100.0], 100.0),
        # Half of the draws see bursts that need many containers, half see hardly any.
        ([3.0, 3.0, 9.0, 13.0, 52.0, 111.0, 162.0, 219.0], 12.2),
        # One that sees none among many that agree is not believed.
        ([0.0, 1000.0, 1000.0, 1000.0, 1000.0, 1000.0, 1000.0, 1000.0], 1000.0),
    ],
)
def test_what_is_said_of_draws(draws: list[float], said: float) -> None:
    assert likely_count(draws) == pytest.approx(said)


def test_nothing_is_said_without_draws() -> None:
    with pytest.raises(ValueError, match="no values"):
        likely_count([])
