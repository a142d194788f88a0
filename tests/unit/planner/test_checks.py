"""A forecast against what came after, by hand and on made-up endpoints whose level really changes."""

from dataclasses import replace

import pytest

from fleet.analysis.planner.checks import Check, Outcome, Prediction, calibrate, check
from fleet.analysis.planner.interval import Range
from fleet.analysis.planner.rows import Bucket, Observation

SAID = Prediction(Range(120, 60, 210), calls=73_000, levels=(2, 2))
WEEK_S = 7 * 86_400


def week(setups: int | None, calls: int = 16_800, level: int = 2) -> Observation:
    """A week of one bucket a day. 73,000 calls a month are 16,800 a week; 120 (60 to 210) cold starts 28 (14 to 48)."""
    days = [
        Bucket(day * 86_400, 60, calls // 7, 3, None if setups is None else 0, 0.2, None, level, 10)
        for day in range(7)
    ]
    return Observation(0, WEEK_S, (replace(days[0], setups=setups), *days[1:]), 0.2, 0.3, 5.0, 0.2, 0.03)


@pytest.mark.parametrize(
    ("setups", "expected"),
    [
        (28, Outcome.INSIDE),
        (10, Outcome.INSIDE),
        (57, Outcome.INSIDE),
        (8, Outcome.BELOW),
        (59, Outcome.ABOVE),
    ],
)
def test_the_range_of_the_month_is_scaled_to_the_week_and_widened_by_chance(
    setups: int, expected: Outcome
) -> None:
    """13.8 to 48.3 a week; chance alone moves them to 9 to 57."""
    found = check(SAID, week(setups))
    assert found.outcome is expected
    assert round(found.expected.likely) == 28
    assert (round(found.expected.low), round(found.expected.high)) == (9, 57)


def test_the_sentence_tells_both_numbers() -> None:
    assert check(SAID, week(30)).sentence == "Forecast 28 (9 to 57), seen 30: inside the range."


def test_other_traffic_another_level_and_no_count_judge_nothing() -> None:
    assert check(SAID, week(300, calls=60_000)).outcome is Outcome.TRAFFIC_MOVED
    assert check(SAID, week(28, calls=5_000)).outcome is Outcome.TRAFFIC_MOVED
    assert check(SAID, replace(week(0), buckets=())).outcome is Outcome.TRAFFIC_MOVED
    changed = check(SAID, week(28, level=3))
    assert changed.outcome is Outcome.LEVEL_CHANGED
    assert "level 3 was live" in changed.sentence
    unknown = check(SAID, week(None))
    assert (unknown.outcome, unknown.seen) == (Outcome.UNKNOWN, None)


def test_a_schedule_may_hold_any_level_between_its_two() -> None:
    assert check(replace(SAID, levels=(1, 4)), week(28, level=3)).outcome is Outcome.INSIDE


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        check(SAID, replace(week(1), end_s=0))


def test_a_fleet_is_calibrated_by_the_checks_that_can_tell() -> None:
    outcomes = [Outcome.INSIDE] * 17 + [Outcome.ABOVE] * 2 + [Outcome.BELOW] + [Outcome.TRAFFIC_MOVED] * 30
    found = calibrate(outcomes)
    assert (found.judged, found.inside, found.above, found.below) == (20, 17, 2, 1)
    assert found.share == 0.85
    assert found.others == {Outcome.TRAFFIC_MOVED: 30}
    assert found.low < 0.8 < found.high
    assert "17 of 20 ranges" in found.sentence
    assert "too narrow" not in found.sentence


def test_too_few_checks_give_no_share_and_bad_ones_a_warning() -> None:
    few = calibrate([Outcome.INSIDE] * 9)
    assert few.share is None
    assert "9 forecasts" in few.sentence
    assert "too narrow" in calibrate([Outcome.INSIDE] * 10 + [Outcome.ABOVE] * 10).sentence
    assert calibrate([]).low == 0.0


def test_checks_keep_what_a_chart_needs() -> None:
    found: Check = check(SAID, week(30))
    assert (found.seen, found.calls, round(found.calls_expected), found.hours) == (30, 16_800, 16_800, 168)
