"""Shapes of traffic from hourly calls: named, worked by hand, and properties that hold for any series."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.analysis.traffic_shape import (
    LatencyClass,
    Pattern,
    PayloadClass,
    latency_class,
    payload_class,
    shape,
)

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
TWO_WEEKS = 14 * 24
_DICE = random.Random(7)
NOISE = [_DICE.random() for _ in range(TWO_WEEKS)]


def _office(hour: int) -> float:
    is_open = hour // 24 % 7 < 5 and 8 <= hour % 24 < 18
    return (200 if is_open else 0) + 10 * NOISE[hour]


@pytest.mark.parametrize(
    ("calls_in", "expected"),
    [
        pytest.param(lambda h: 100 + 30 * NOISE[h], Pattern.SUSTAINED, id="even"),
        pytest.param(_office, Pattern.DIURNAL, id="office hours on workdays"),
        pytest.param(lambda h: 100 if 8 <= h % 24 < 18 else 5, Pattern.DIURNAL, id="every day alike"),
        pytest.param(lambda h: 5 if NOISE[h] < 0.1 else 0, Pattern.INTERMITTENT, id="now and then"),
        pytest.param(lambda h: 100 if h % 24 == 3 else 0, Pattern.INTERMITTENT, id="once a night"),
        pytest.param(lambda h: 10 + (500 if NOISE[h] < 0.03 else 0), Pattern.BURSTY, id="rare peaks"),
        pytest.param(lambda h: 100 * (1 + h / TWO_WEEKS), Pattern.GROWING, id="doubles in two weeks"),
        pytest.param(lambda h: 0, Pattern.DEAD, id="silence"),
    ],
)
def test_each_shape_is_named(calls_in: Callable[[int], float], expected: Pattern) -> None:
    found = shape([calls_in(hour) for hour in range(TWO_WEEKS)], MONDAY)
    assert found.pattern is expected
    assert found.confidence > 0.5
    assert found.words
    assert not re.search(r"\d%", found.words), "a space stands before the sign, as on every page"


def test_office_hours_come_with_their_hours_and_quiet_days() -> None:
    found = shape([_office(hour) for hour in range(TWO_WEEKS)], MONDAY)
    assert found.busy_hours == tuple(range(8, 18))
    assert found.quiet_days == (5, 6)


def test_a_nightly_job_is_foretold_though_it_is_intermittent() -> None:
    found = shape([100.0 if hour % 24 == 3 else 0.0 for hour in range(TWO_WEEKS)], MONDAY)
    assert found.explained == pytest.approx(1.0)


@pytest.mark.parametrize("weeks", [1, 2, 3])
def test_every_hour_is_foretold_by_the_median_of_the_others(weeks: int) -> None:
    dice = random.Random(weeks)
    calls = [_office(hour % TWO_WEEKS) + dice.randrange(60) for hour in range(weeks * 168)]
    mean = sum(calls) / len(calls)

    def explained(place: Callable[[int], int]) -> float:
        left = 0.0
        for hour, each in enumerate(calls):
            others = [calls[n] for n in range(len(calls)) if place(n) == place(hour) and n != hour]
            left += (each - median(others)) ** 2
        return 1 - left / sum((each - mean) ** 2 for each in calls)

    keys: list[Callable[[int], int]] = [lambda n: n % 24, lambda n: n % 24 + 24 * (n // 24 % 7 >= 5)]
    if weeks > 1:
        keys.append(lambda n: n % 168)
    assert shape(calls, MONDAY).explained == pytest.approx(max(map(explained, keys)))


def test_growth_is_told_as_a_part_of_the_median_day_and_keeps_the_shape_below() -> None:
    found = shape([100.0 + 10 * (hour // 24) for hour in range(TWO_WEEKS)], MONDAY)
    assert found.growth_per_week == pytest.approx(70 / 165)
    assert found.base is Pattern.SUSTAINED


@pytest.mark.parametrize(
    ("calls", "says"),
    [
        ([1.0] * 23, "23 hours of calls are known; a shape takes 24"),
        ([1.0] * 30 + [None] * 31, "30 of 61 hours are known; a shape takes half of them"),
        ([0.0] * 100, "no call in 100 hours; 168 without one are taken for dead"),
        ([], "0 hours of calls are known; a shape takes 24"),
        ([None] * 400, "0 hours of calls are known; a shape takes 24"),
    ],
)
def test_too_little_gives_no_shape_and_says_what_it_takes(calls: list[float | None], says: str) -> None:
    found = shape(calls, MONDAY)
    assert (found.pattern, found.base, found.confidence) == (None, None, 0.0)
    assert found.missing == (says,)
    assert found.words == says


def test_a_negative_count_and_a_naive_start_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        shape([-1.0] * 48, MONDAY)
    with pytest.raises(ValueError, match="aware"):
        shape([1.0] * 48, MONDAY.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("size", "expected"),
    [(None, None), (0, PayloadClass.SMALL), (4e6, PayloadClass.SMALL), (4e6 + 1, PayloadClass.MEDIUM),
     (6e6 + 1, PayloadClass.LARGE), (1e9, PayloadClass.LARGE), (1e9 + 1, PayloadClass.TOO_LARGE)],
)  # fmt: skip
def test_payload_classes_end_where_ways_to_host_refuse(
    size: float | None, expected: PayloadClass | None
) -> None:
    assert payload_class(size) is expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, None), (0.2, LatencyClass.INTERACTIVE), (60, LatencyClass.SLOW), (60.1, LatencyClass.LONG),
     (3600, LatencyClass.LONG), (3601, LatencyClass.TOO_LONG)],
)  # fmt: skip
def test_latency_classes_end_where_ways_to_host_time_out(
    seconds: float | None, expected: LatencyClass | None
) -> None:
    assert latency_class(seconds) is expected


_COUNTS = st.lists(st.none() | st.integers(0, 1000).map(float), max_size=24 * 16)


@settings(max_examples=60, deadline=None)
@given(_COUNTS, st.integers(1, 6))
def test_the_shape_is_that_of_any_multiple_of_the_traffic(calls: list[float | None], power: int) -> None:
    times = 2.0**power
    one, other = shape(calls, MONDAY), shape([None if c is None else c * times for c in calls], MONDAY)
    assert (one.pattern, one.base, one.busy_hours, one.quiet_days) == (
        other.pattern, other.base, other.busy_hours, other.quiet_days,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(_COUNTS)
def test_dead_means_no_call_and_a_shape_always_comes_with_its_reasons(calls: list[float | None]) -> None:
    found = shape(calls, MONDAY)
    known = [each for each in calls if each is not None]
    assert (found.pattern is None) == bool(found.missing)
    assert 0 <= found.confidence <= 1
    if found.pattern is Pattern.DEAD:
        assert not any(known)
    elif found.pattern is not None:
        assert any(known)
        assert found.busy is not None
        assert 0 < found.busy <= 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 500).map(float), min_size=14 * 24, max_size=14 * 24), st.integers(1, 14 * 24 // 2)
)
def test_hours_that_are_not_known_make_it_less_sure_and_are_never_silence(
    calls: list[float], gap: int
) -> None:
    whole, holed = (
        shape(calls, MONDAY),
        shape([None if n < gap else each for n, each in enumerate(calls)], MONDAY),
    )
    assert whole.busy == holed.busy == 1.0
    assert holed.pattern is not Pattern.DEAD
    assert holed.known_hours == len(calls) - gap
