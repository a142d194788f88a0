"""Windows lie on the period's grid, end before what is still open, and overlap what was read before."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.sync import windows
from fleet.types import Kind

NOW = datetime(2026, 11, 21, 10, 17, 42, tzinfo=UTC)
OLDEST = NOW - timedelta(days=1)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def at(hour: int, minute: int) -> datetime:
    return datetime(2026, 11, 21, hour, minute, tzinfo=UTC)


def test_first_reading_reaches_back_to_the_oldest_and_stops_at_the_last_closed_bucket() -> None:
    window = windows.fine(300, until=None, oldest=OLDEST, now=NOW)
    assert window == (datetime(2026, 11, 20, 10, 15, tzinfo=UTC), at(10, 15))


def test_later_readings_read_the_last_closed_windows_again() -> None:
    assert windows.fine(60, until=at(10, 16), oldest=OLDEST, now=NOW) == (at(10, 11), at(10, 17))
    assert windows.fine(300, until=at(10, 10), oldest=OLDEST, now=NOW) == (at(9, 55), at(10, 15))


def test_nothing_is_asked_of_an_endpoint_younger_than_a_bucket() -> None:
    assert windows.fine(300, until=None, oldest=at(10, 16), now=NOW) is None


def test_settled_hours_are_asked_once_and_again_with_the_next() -> None:
    assert windows.hours(until=at(10, 5), oldest=OLDEST, now=NOW) == (at(8, 0), at(10, 0))
    assert windows.hours(until=at(10, 12), oldest=OLDEST, now=NOW) is None
    assert windows.hours(until=None, oldest=at(9, 5), now=NOW) == (at(9, 0), at(10, 0))
    assert windows.hours(until=at(3, 20), oldest=OLDEST, now=NOW) == (at(2, 0), at(10, 0))


def test_an_hour_that_just_ended_has_to_settle_first() -> None:
    assert windows.hours(until=at(9, 55), oldest=OLDEST, now=at(10, 9)) is None
    assert windows.hours(until=at(9, 55), oldest=OLDEST, now=at(10, 10)) == (at(8, 0), at(10, 0))
    assert windows.hours(until=None, oldest=at(10, 5), now=NOW) is None


def test_a_turn_comes_with_each_new_period() -> None:
    assert windows.is_turn(None, NOW, 300)
    assert windows.is_turn(at(10, 14), NOW, 300)
    assert not windows.is_turn(at(10, 16), NOW, 300)


@pytest.mark.parametrize(
    ("is_moving", "is_busy", "interval_s", "period_s", "expected"),
    [
        (True, True, 60, 60, 60),
        (True, False, 60, 300, 300),
        (True, False, 120, 60, 120),
        (False, True, 60, 60, 300),
        (False, True, 600, 300, 600),
        (False, False, 60, 60, 3600),
    ],
)
def test_cadence_follows_heat_but_never_outruns_buckets_and_interval(
    is_moving: bool, is_busy: bool, interval_s: int, period_s: int, expected: int
) -> None:
    found = windows.cadence_s(is_moving=is_moving, is_busy=is_busy, interval_s=interval_s, period_s=period_s)
    assert found == expected


def test_only_serverless_is_kept_by_the_minute() -> None:
    assert [windows.fine_period_s(kind) for kind in Kind] == [60, 300, 300, 300, 300, 300, 300]


def test_recent_windows_share_a_call_and_old_ones_do_not_stretch_it() -> None:
    recent, longer, old = (at(10, 5), at(10, 15)), (at(9, 0), at(10, 15)), (at(1, 0), at(10, 15))
    assert windows.merged([recent, old, longer]) == [((at(9, 0), at(10, 15)), [0, 2]), (old, [1])]


@given(now=moments, back=st.integers(0, 5000), period_s=st.sampled_from([60, 300]))
def test_fine_windows_are_aligned_closed_and_never_miss_a_bucket(
    now: datetime, back: int, period_s: int
) -> None:
    until = windows.floor(now - timedelta(minutes=back), period_s)
    window = windows.fine(period_s, until=until, oldest=now - timedelta(days=30), now=now)
    assert window is not None
    start, end = window
    assert start.timestamp() % period_s == end.timestamp() % period_s == 0
    assert start <= until
    assert end <= now < end + timedelta(seconds=period_s)
