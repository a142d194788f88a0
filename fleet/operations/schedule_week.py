"""A week of scheduled actions, each setting a level at one time of some days: from lines, and hour by hour. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from fleet.costs.traffic import HOURS_PER_WEEK, HourLevels
from fleet.errors import Refusal
from fleet.operations import expressions, schedules
from fleet.operations.schedule_levels import level as level_of
from fleet.operations.schedules import OFF, ON, Pattern, ScheduleWish, Spot, TimedAction

MOST_ACTIONS = 60
"""More lines than this are no schedule that a person can check."""
_LINE = re.compile(r"(cron\([^()]*\))\s+(\S+)", re.ASCII)
_OURS = re.compile(r"level-\d+-at-\d{4}", re.ASCII)
_TIMED = re.compile(r"cron\((\d{1,2}) (\d{1,2}) \? \* (\S+) \*\)", re.ASCII)
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MINUTES = 60 * HOURS_PER_WEEK


def is_ours(name: str) -> bool:
    """Whether a scheduled action is one of a week that Flotilla wrote: the next week takes its place."""
    return name in {ON, OFF} or bool(_OURS.fullmatch(name))


def read(wish: ScheduleWish, spot: Spot) -> tuple[list[TimedAction], list[Refusal]]:
    """The actions of a wish, one a line: "cron(58 7 ? * MON-FRI *) 4" sets minimum and maximum to 4 at 7:58."""
    typed = [line.strip() for line in wish.lines.splitlines() if line.strip()]
    found: list[TimedAction] = []
    problems: list[Refusal] = []
    # Where policies scale, they stay free to go above the level, as far as the target lets them.
    top = spot.maximum if spot.policies and spot.maximum is not None else 0
    for line in typed[:MOST_ACTIONS]:
        parts = _LINE.fullmatch(" ".join(line.split()))
        time = expressions.hour_and_minute(parts[1]) if parts and not expressions.problem(parts[1]) else None
        if parts is None or time is None:
            why = expressions.problem(parts[1]) if parts else ""
            text = f"“{line}”: {why or 'write a cron expression of one time, and the level.'}"
            problems.append(Refusal("lines", "line", text))
            continue
        level, more = level_of(parts[2], "lines", "Level", spot)
        problems += more
        if level is not None:
            name = f"level-{level}-at-{time[0]:02}{time[1]:02}"
            found.append(TimedAction(name, parts[1], wish.timezone, level, max(level, top)))
    return found, problems + _together(typed, found)


def _together(typed: list[str], found: list[TimedAction]) -> list[Refusal]:
    """What is wrong with the lines side by side."""
    if len(typed) > MOST_ACTIONS:
        return [Refusal("lines", "too-many", f"{len(typed)} lines; at most {MOST_ACTIONS} make a week.")]
    names = [action.name for action in found]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        text = f"Two lines make {twice}: write their days into one expression."
        return [Refusal("lines", "same-name", text)]
    if len(found) == len(typed) and len({action.minimum for action in found}) < 2:
        text = "A week takes two lines or more, with two levels: one level all the time is no schedule."
        return [Refusal("lines", "missing" if not typed else "same-level", text)]
    return []


def pattern(actions: Iterable[TimedAction], level: int | None, now: datetime) -> Pattern | None:
    """What a target's scheduled actions make of its level over the week; None when that cannot be told.

    level: what it is now. What somebody else wrote may mean anything. A change counts from the hour it is nearest
    to; hours of a zone lie as on `now`.
    """
    held = tuple(actions)
    plain = schedules.pattern(held, level, now)
    if plain is not None or not all(is_ours(action.name) for action in held):
        return plain
    if not held:
        return None
    changes = [_changes(action, now) for action in held]
    if any(each is None for each in changes):
        return None
    at = dict(pair for each in changes if each is not None for pair in each)
    newest = at[max(at)]
    hours = [newest := at.get(hour, newest) for hour in range(HOURS_PER_WEEK)]
    return Pattern(max(hours), HourLevels(tuple(hours)))


def _changes(action: TimedAction, now: datetime) -> list[tuple[int, int]] | None:
    """(hour of the week in UTC, level) of each time that it runs; None where they are not the same every week."""
    timed, where = _TIMED.fullmatch(action.schedule), expressions.zone(action.timezone)
    offset = now.astimezone(where).utcoffset() if where is not None else None
    if timed is None or offset is None or action.minimum is None or action.start or action.end:
        return None
    days = _days(timed[3])
    if days is None:
        return None
    early = offset // timedelta(minutes=1)
    minutes = (1440 * day + 60 * int(timed[2]) + int(timed[1]) - early for day in days)
    return [((minute + 30) % _MINUTES // 60, action.minimum) for minute in minutes]


def _days(text: str) -> list[int] | None:
    """Weekdays (0 = Monday) of a cron field of names; None for any other."""
    if text == "*":
        return list(range(7))
    found: list[int] = []
    for part in text.upper().split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            return None
        length = (_DAYS.index(last) - _DAYS.index(first)) % 7 + 1 if dash else 1
        found += [(_DAYS.index(first) + step) % 7 for step in range(length)]
    return found
