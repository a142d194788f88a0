"""Schedule expressions of Application Auto Scaling: at(), rate() and cron() as AWS words them, and clock changes. Pure.

Sources: Application Auto Scaling API reference, PutScheduledAction (botocore 1.44.5); user guide, "Schedule recurring
scaling actions using cron expressions"; Amazon EventBridge user guide, "Cron expressions reference", which that page
names for the syntax. All read November 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FORMS = "Write at(2026-12-24T18:00:00), rate(12 hours) or cron(0 8 ? * MON-FRI *)."
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)", re.ASCII)
_RATE = re.compile(r"rate\(([1-9]\d{0,5}) (minutes?|hours?|days?)\)", re.ASCII)
_CRON = re.compile(r"cron\(([^()]*)\)", re.ASCII)


@dataclass(frozen=True)
class _Field:
    """One of the six: its numbers, names for them, and what else may stand alone in it."""

    label: str
    low: int
    high: int
    names: Mapping[str, int]
    special: str = ""


_FIELDS = (
    _Field("Minutes", 0, 59, {}),
    _Field("Hours", 0, 23, {}),
    _Field("Day of month", 1, 31, {}, r"\?|L|LW|([1-9]|[12]\d|3[01])W"),
    _Field("Month", 1, 12, {name: n for n, name in enumerate(_MONTHS, 1)}),
    _Field("Day of week", 1, 7, {name: n for n, name in enumerate(_DAYS, 1)}, r"\?|L|[1-7]L|[1-7]#[1-5]"),
    _Field("Year", 1970, 2199, {}),
)


def problem(expression: str) -> str:
    """What is wrong with an expression, in words; "" when AWS accepts its form."""
    if found := _AT.fullmatch(expression):
        return "" if at_time(expression) else f"{found[1]} is no date and time."
    if _RATE.fullmatch(expression):
        return ""
    if found := _CRON.fullmatch(expression):
        return _cron_problem(found[1].split())
    if expression.startswith("rate("):
        return "A rate is a positive whole number and minutes, hours or days: rate(12 hours)."
    return f"“{expression}” is no schedule. {_FORMS}"


def at_time(expression: str) -> datetime | None:
    """The local time of an at expression; None for any other."""
    found = _AT.fullmatch(expression)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[1])
    except ValueError:
        return None


def _cron_problem(parts: list[str]) -> str:
    if len(parts) != len(_FIELDS):
        named = "minutes, hours, day of month, month, day of week, year"
        return f"A cron expression has six fields ({named}); this has {len(parts)}."
    for part, rule in zip(parts, _FIELDS, strict=True):
        if not _fits(part.upper(), rule):
            return f"{rule.label} is “{part}”; it takes {rule.low} to {rule.high}, lists, ranges, steps or *."
    if (parts[2] == "?") == (parts[4] == "?"):
        return "Exactly one of day of month and day of week is ?, the other says when."
    return ""


def _fits(part: str, rule: _Field) -> bool:
    if rule.special and re.fullmatch(rule.special, part):
        return True
    return all(_item_fits(item, rule) for item in part.split(","))


def _item_fits(item: str, rule: _Field) -> bool:
    start, slash, step = item.partition("/")
    if slash and not (re.fullmatch(r"[1-9]\d{0,3}", step) and int(step) <= rule.high):
        return False
    if start == "*":
        return True
    first, dash, last = start.partition("-")
    ends = [_number(end, rule) for end in ((first, last) if dash else (first,))]
    if any(end is None or not rule.low <= end <= rule.high for end in ends):
        return False
    # AWS's own names wrap round the week (FRI-MON); numbers must rise.
    return not dash or ends[0] <= ends[1] or not first.isdigit()  # type: ignore[operator]


def _number(text: str, rule: _Field) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,4}", text) else rule.names.get(text)


def zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of a name, None when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@dataclass(frozen=True)
class ClockChange:
    """A night in which the clocks of a zone move, by so much."""

    day: date
    by: timedelta


def clock_changes(where: ZoneInfo, now: datetime, days: int = 366) -> list[ClockChange]:
    """Days after `now` on which the zone's clocks change."""
    start = now.astimezone(where).replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None)
    found, before = [], start.replace(tzinfo=where).utcoffset()
    for passed in range(1, days + 1):
        noon = start + timedelta(days=passed)
        offset = noon.replace(tzinfo=where).utcoffset()
        if before is not None and offset is not None and offset != before:
            found.append(ClockChange(noon.date(), offset - before))
        before = offset
    return found


def is_odd(where: ZoneInfo, day: date, hour: int, minute: int) -> bool:
    """Whether a local time of a day does not exist or comes twice, because the clocks change."""
    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=where)
    return at.utcoffset() != at.replace(fold=1).utcoffset()


def hour_and_minute(expression: str) -> tuple[int, int] | None:
    """The one time of day of a cron expression; None when it has several or is no cron."""
    found = re.fullmatch(r"cron\((\d{1,2}) (\d{1,2}) .*\)", expression, re.ASCII)
    return (int(found[2]), int(found[1])) if found else None
