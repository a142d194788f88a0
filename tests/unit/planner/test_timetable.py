"""Levels by the hour of the week: what a window covers, which scheduled actions make it, what holds at a time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fleet.analysis.planner.timetable import DAYS, HOURS, Timetable, Window, actions, hour_of_week
from fleet.costs.traffic import Weekly
from fleet.operations import schedules
from fleet.operations.expressions import problem
from fleet.operations.schedules import ScheduleWish

MONDAY = datetime(2026, 8, 31, tzinfo=UTC)
MONDAY_HOUR = int(MONDAY.timestamp()) // 3600


def test_the_week_begins_on_monday() -> None:
    assert [hour_of_week(MONDAY_HOUR + step) for step in (-1, 0, 1)] == [167, 0, 1]


@given(some.sampled_from(sorted(DAYS)), some.integers(0, 23), some.integers(1, 23))
def test_a_window_covers_the_hours_that_the_operation_takes_it_for(
    days: str, start: int, length: int
) -> None:
    window = Window(days, start, (start + length) % 24 or 24, level=4, rest=1)
    weekly = Weekly(schedules.DAYS[days][1], window.from_hour, window.to_hour)
    covered = [weekly.covers(MONDAY + timedelta(hours=hour)) for hour in range(HOURS)]
    assert [level == 4 for level in window.hours()] == covered


def test_a_window_fills_in_the_form_of_the_operation() -> None:
    window = Window("weekdays", 8, 18, level=4, rest=1)
    wish = ScheduleWish(**window.fields())
    on, off = schedules.weekly_actions(
        wish.days, int(wish.from_hour), int(wish.to_hour), wish.timezone, (4, 4), (1, 1)
    )
    assert {(on.schedule, 4), (off.schedule, 1)} == {
        (one.schedule, one.level) for one in actions(window.hours())
    }
    assert window.words() == "level 4 Monday to Friday 8:00 to 18:00 UTC, else 1"


def test_rises_are_written_early_and_falls_on_the_hour() -> None:
    hours = Window("daily", 0, 6, level=3, rest=1).hours()
    assert [(one.schedule, one.level) for one in actions(hours, early_s=150)] == [
        ("cron(0 6 ? * * *)", 1),
        ("cron(57 23 ? * * *)", 3),
    ]


@given(some.lists(some.integers(1, 3), min_size=HOURS, max_size=HOURS))
def test_the_actions_are_valid_have_names_of_their_own_and_make_the_levels(hours: list[int]) -> None:
    found = actions(hours)
    assert len({one.name for one in found}) == len(found)
    assert [problem(one.schedule) for one in found] == [""] * len(found)
    changes = sum(level != hours[at - 1] for at, level in enumerate(hours))
    days = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
    for one in found:
        _, hour, _, _, names, _ = one.schedule[5:-1].split()
        first, _, last = names.partition("-")
        picked = (
            days
            if names == "*"
            else days[days.index(first) : days.index(last) + 1]
            if last
            else names.split(",")
        )
        changes -= len(picked)
        assert all(hours[24 * days.index(day) + int(hour)] == one.level for day in picked)
    assert changes == 0


@pytest.mark.parametrize(
    ("early_s", "at_s", "expected"),
    [
        (0, 8 * 3600, (4, 9 * 3600)),
        (0, 8 * 3600 - 1, (1, 8 * 3600)),
        (180, 8 * 3600 - 180, (4, 8 * 3600)),
        (180, 8 * 3600 - 181, (1, 8 * 3600 - 180)),
        (-180, 8 * 3600 + 179, (1, 8 * 3600 + 180)),
        (-180, 8 * 3600 + 180, (4, 9 * 3600)),
        (-180, 18 * 3600, (1, 19 * 3600)),
    ],
)
def test_the_level_at_a_time_and_until_when(early_s: int, at_s: int, expected: tuple[int, int]) -> None:
    start = MONDAY_HOUR * 3600
    held = Timetable(Window("weekdays", 8, 18, level=4, rest=1).hours(), early_s)
    level, until = held(start + at_s)
    assert (level, until - start) == expected


def test_an_early_rise_is_paid_for() -> None:
    hours = Window("weekdays", 8, 18, level=4, rest=1).hours()
    assert Timetable(hours).mean_level == (50 * 4 + 118) / 168
    assert Timetable(hours, 360).mean_level == pytest.approx((50 * 4 + 118 + 5 * 3 * 0.1) / 168)
