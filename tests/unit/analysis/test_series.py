"""None is "not reported": sums, ratios and gaps keep it apart from zero."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.analysis import series

from .buckets import MONDAY, minute


@pytest.mark.parametrize(
    ("values", "expected"), [([], None), ([None, None], None), ([None, 0.0], 0.0), ([1.5, None, 2.0], 3.5)]
)
def test_a_sum_is_unknown_only_when_every_part_is(values: list[float | None], expected: float | None) -> None:
    assert series.total(values) == expected


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(None, 2.0, None), (1.0, None, None), (1.0, 0.0, None), (0.0, 4.0, 0.0), (1.0, 4.0, 0.25)],
)
def test_a_ratio_needs_both_parts(
    numerator: float | None, denominator: float | None, expected: float | None
) -> None:
    assert series.ratio(numerator, denominator) == expected


def test_a_weighted_mean_leaves_unknown_pairs_out() -> None:
    assert series.weighted_mean([(10.0, 1.0), (None, 5.0), (20.0, None), (30.0, 3.0)]) == 25.0
    assert series.weighted_mean([(10.0, 0.0)]) is None


def test_missing_buckets_are_gaps_and_not_zeros() -> None:
    found = series.points(
        [minute(1, invocations=4.0)], "invocations", MONDAY, MONDAY + timedelta(minutes=3), 60
    )
    assert [point.value for point in found] == [None, 4.0, None]


def test_gaps_are_the_stretches_without_a_bucket() -> None:
    end = MONDAY + timedelta(minutes=6)
    found = series.gaps([minute(1), minute(2), minute(4)], MONDAY, end)
    assert [((a - MONDAY).seconds // 60, (b - MONDAY).seconds // 60) for a, b in found] == [
        (0, 1),
        (3, 4),
        (5, 6),
    ]


def test_days_are_utc_whatever_the_zone_of_the_window() -> None:
    start = datetime(2026, 11, 15, 23, 59, tzinfo=UTC)
    assert series.days(start, MONDAY) == [date(2026, 11, 15)]
    assert series.days(start, MONDAY + timedelta(seconds=1)) == [date(2026, 11, 15), date(2026, 11, 16)]
    assert series.days(start, start) == []


@given(st.lists(st.tuples(st.integers(0, 50), st.none() | st.floats(0, 1e6)), max_size=30))
def test_the_sum_of_a_drawn_series_is_the_sum_of_its_buckets(found: list[tuple[int, float | None]]) -> None:
    rows = [minute(n, invocations=value) for n, value in dict(found).items()]
    drawn = series.points(rows, "invocations", MONDAY, MONDAY + timedelta(minutes=60), 60)
    assert len(drawn) == 60
    assert series.total(point.value for point in drawn) == pytest.approx(
        series.column_total(rows, "invocations")
    )
