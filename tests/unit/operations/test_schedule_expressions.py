"""Schedule expressions as AWS words them, and the days on which clocks change."""

from datetime import UTC, date, datetime

import pytest

from fleet.operations import expressions

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        # AWS's own examples: user guide, "Schedule recurring scaling actions using cron expressions".
        "cron(0 10 * * ? *)",
        "cron(15 12 * * ? *)",
        "cron(0 18 ? * MON-FRI *)",
        "cron(0 8 1 * ? *)",
        "cron(0/15 * * * ? *)",
        "cron(0/10 * ? * MON-FRI *)",
        "cron(0/5 8-17 ? * MON-FRI *)",
        "cron(30 6 ? * MON *)",
        "cron(0 9 L * ? *)",
        "cron(0 9 15W * ? 2027)",
        "cron(0 9 ? * 6#3 *)",
        "cron(0 9 ? JAN,JUL FRI-MON *)",
        "rate(1 minute)",
        "rate(12 hours)",
        "at(2026-12-24T18:00:00)",
    ],
)
def test_what_aws_documents_is_accepted(expression: str) -> None:
    assert expressions.problem(expression) == ""


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 8 * * 1-5", "is no schedule"),
        ("cron(0 8 * * MON)", "six fields"),
        ("cron(0 8 * * MON *)", "Exactly one of day of month and day of week is ?"),
        ("cron(0 8 ? * ? *)", "Exactly one of day of month and day of week is ?"),
        ("cron(60 8 ? * MON *)", "Minutes is “60”; it takes 0 to 59"),
        ("cron(0 24 ? * MON *)", "Hours is “24”"),
        ("cron(0 8 32 * ? *)", "Day of month is “32”"),
        ("cron(0 8 ? 13 MON *)", "Month is “13”"),
        ("cron(0 8 ? * 0 *)", "Day of week is “0”"),
        ("cron(0 8 ? * MOON *)", "Day of week is “MOON”"),
        ("cron(0 8 ? * MON 1969)", "Year is “1969”"),
        ("cron(0 17-8 ? * MON *)", "Hours is “17-8”"),
        ("cron(0/0 8 ? * MON *)", "Minutes is “0/0”"),
        ("rate(0 hours)", "positive whole number"),
        ("rate(5 weeks)", "minutes, hours or days"),
        ("at(2026-02-30T08:00:00)", "is no date and time"),
        ("at(2026-12-24 18:00)", "is no schedule"),
    ],
)
def test_what_aws_would_refuse_is_named(expression: str, words: str) -> None:
    assert words in expressions.problem(expression)


def test_clocks_change_twice_a_year_in_paris_and_never_in_utc() -> None:
    paris, utc = expressions.zone("Europe/Paris"), expressions.zone("UTC")
    assert paris is not None
    assert utc is not None
    days = [change.day for change in expressions.clock_changes(paris, NOON)]
    assert days == [date(2027, 3, 28), date(2027, 10, 31)]
    assert expressions.clock_changes(utc, NOON) == []
    assert expressions.is_odd(paris, days[0], 2, 30), "skipped"
    assert expressions.is_odd(paris, days[1], 2, 30), "twice"
    assert not expressions.is_odd(paris, days[0], 8, 0)


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "", "\x00"])
def test_what_is_no_zone_is_none(name: str) -> None:
    assert expressions.zone(name) is None
