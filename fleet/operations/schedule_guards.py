"""Every reason to refuse a schedule before anything is sent to AWS. Pure: observed state and wish in, refusals out."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fleet.errors import Refusal
from fleet.operations import expressions, schedule_track, schedule_week
from fleet.operations.guards import leave, there, whole_number
from fleet.operations.kinds import Context, Observed
from fleet.operations.schedule_levels import Found, bounds, wake
from fleet.operations.schedule_levels import leave as leave_target
from fleet.operations.schedule_levels import level as level_of
from fleet.operations.schedules import (
    DAYS,
    PROVISIONED,
    ScheduleChange,
    ScheduleWish,
    Spot,
    TimedAction,
    Way,
    weekly_actions,
)
from fleet.types import EndpointStatus

# ScheduledActionName of PutScheduledAction (botocore 1.44.5): no colon, slash, bar or control character.
_NAME = re.compile(r"(?! )[^\x00-\x1f\x7f-\x9f:/|]{1,256}(?<! )")


def standing(seen: Observed, context: Context) -> list[Refusal]:
    """Refusals that hold whatever is asked."""
    found = leave(seen, context) + there(seen)
    if not found and not seen.spots:
        text = (
            f"{seen.endpoint} has nothing that a schedule could set: no instances, no provisioned concurrency and no "
            "copies of an inference component."
        )
        found.append(Refusal("", "nothing-scales", text))
    return found


def schedule(wish: ScheduleWish, seen: Observed, context: Context, now: datetime) -> Found:
    """Check a wish; the change is None whenever a refusal is given."""
    refusals = standing(seen, context)
    spot = next((each for each in seen.spots if wish.target in {each.key, ""}), None)
    if refusals or spot is None:
        return None, refusals or [
            Refusal("target", "unknown-target", f"“{wish.target}” is not there any more.")
        ]
    change, problems = _CHECKS[Way(wish.way)](wish, spot, now)
    if change is not None:
        problems = [*_against_aws(change, seen, context), *_nothing_new(change)]
    return (None, problems) if problems else (change, [])


def _weekly(wish: ScheduleWish, spot: Spot, now: datetime) -> Found:
    problems = _zone(wish.timezone)
    hours = {}
    for name, label, high in (("from_hour", "From", 23), ("to_hour", "To", 24)):
        hours[name], more = whole_number(getattr(wish, name), name, label)
        hour = hours[name]
        if hour is not None and not 0 <= hour <= high:
            more.append(Refusal(name, "hour", f"{label} is {hour}; hours go from 0 to {high}."))
        problems += more
    first, last = hours["from_hour"], hours["to_hour"]
    if first is not None and last is not None and first == last % 24:
        text = "A schedule that starts and ends in the same hour is never on or always."
        problems.append(Refusal("to_hour", "same-hour", text))
    if wish.days not in DAYS:
        problems.append(Refusal("days", "days", "Choose the days."))
    level, more = level_of(wish.level, "level", "Level", spot)
    rest, more_rest = level_of(wish.rest, "rest", "Level outside", spot)
    problems += more + more_rest
    if level is not None and level == rest:
        problems.append(
            Refusal("rest", "same-level", f"The level is {level} inside and outside: choose two.")
        )
    if problems or None in (first, last, level, rest):
        return None, problems
    assert first is not None
    assert last is not None
    assert level is not None
    assert rest is not None
    # Where policies scale, they stay free to go above the level, as far as the target lets them.
    top = spot.maximum if spot.policies and spot.maximum is not None else 0
    actions = weekly_actions(
        wish.days, first, last, wish.timezone, (level, max(level, top)), (rest, max(rest, top))
    )
    return _written(wish, spot, actions), []


def _week(wish: ScheduleWish, spot: Spot, now: datetime) -> Found:
    actions, problems = schedule_week.read(wish, spot)
    problems += _zone(wish.timezone)
    return (None, problems) if problems else (_written(wish, spot, actions), [])


def _one(wish: ScheduleWish, spot: Spot, now: datetime) -> Found:
    expression = " ".join(wish.schedule.split())
    minimum, problems = _bound(wish.minimum, "minimum", "Minimum", spot)
    maximum, more = _bound(wish.maximum, "maximum", "Maximum", spot)
    action = TimedAction(
        wish.name, expression, wish.timezone, minimum, maximum, _time(wish.start), _time(wish.end)
    )
    problems += more + _action(action, now) + _times(wish, action, now) + _against_target(action, spot)
    return (None, problems) if problems else (_written(wish, spot, (action,)), [])


def _remove(wish: ScheduleWish, spot: Spot, now: datetime) -> Found:
    names = {action.name for action in spot.actions}
    wanted = (wish.name,) if wish.name else tuple(sorted(names))
    missing = [name for name in wanted if name not in names]
    if missing or not wanted:
        text = f"{spot.label} has no scheduled action {missing[0] if missing else 'to remove'}."
        return None, [Refusal("name", "no-action", text)]
    return ScheduleChange(spot, wish, delete=wanted), []


def _restore(wish: ScheduleWish, spot: Spot, now: datetime) -> Found:
    """What an earlier operation found, as it stored it; held to the same rules, since a form brought it here."""
    try:
        before: dict[str, Any] = json.loads(wish.before)
        actions = tuple(TimedAction(**row) for row in before["actions"])
        bounds = (before["minimum"], before["maximum"])
        policies, dropped = schedule_track.restored(before, spot)
    except (ValueError, TypeError, KeyError):
        return None, [Refusal("", "not-restorable", "What was there before cannot be read. Plan it by hand.")]
    if bounds == (None, None):
        return ScheduleChange(spot, wish, leaves=spot.is_registered), []
    problems = [problem for action in actions for problem in _form(action)]
    if not all(isinstance(bound, int) for bound in bounds):
        problems.append(Refusal("", "not-restorable", "The bounds of before cannot be read."))
    if problems:
        return None, problems
    gone = {action.name for action in spot.actions} - {action.name for action in actions}
    fresh = tuple(action for action in actions if action not in spot.actions)
    changed = bounds if bounds != (spot.minimum, spot.maximum) else None
    found = ScheduleChange(spot, wish, put=fresh, delete=tuple(sorted(gone)), bounds=changed)
    return replace(found, policies=policies, dropped=dropped), []


def _written(wish: ScheduleWish, spot: Spot, actions: Iterable[TimedAction]) -> ScheduleChange:
    """The actions that are not there yet; a missing target is registered round every level, so that none moves now.

    A week takes the place of the one that Flotilla wrote before.
    """
    actions = tuple(actions)
    fresh, names = tuple(one for one in actions if one not in spot.actions), {one.name for one in actions}
    bounds, gone = None, tuple[str, ...]()
    if wish.way != Way.ONE:
        old = (one.name for one in spot.actions if schedule_week.is_ours(one.name))
        gone = tuple(name for name in old if name not in names)
    if not spot.is_registered:
        levels = [spot.level if spot.level is not None else spot.floor]
        levels += [
            bound for action in fresh for bound in (action.minimum, action.maximum) if bound is not None
        ]
        bounds = (max(min(levels), spot.floor), max(levels))
    return ScheduleChange(spot, wish, put=fresh, delete=gone, bounds=bounds)


def _bound(text: str, field: str, label: str, spot: Spot) -> tuple[int | None, list[Refusal]]:
    return level_of(text, field, label, spot) if text.strip() else (None, [])


def _zone(name: str) -> list[Refusal]:
    if expressions.zone(name) is not None:
        return []
    text = f"“{name}” is no time zone. Write UTC, or a name like Europe/Paris."
    return [Refusal("timezone", "timezone", text)]


def _action(action: TimedAction, now: datetime) -> list[Refusal]:
    found = _form(action)
    at, where = expressions.at_time(action.schedule), expressions.zone(action.timezone)
    if at is not None and where is not None and at.replace(tzinfo=where) <= now:
        found.append(Refusal("schedule", "past", f"{at:%Y-%m-%d %H:%M:%S} {action.timezone} is past."))
    return found


def _form(action: TimedAction) -> list[Refusal]:
    """What is wrong with an action by itself, whenever it is looked at."""
    found = _zone(action.timezone)
    if not action.name:
        found.append(Refusal("name", "missing", "Name is missing."))
    elif not _NAME.fullmatch(action.name):
        text = "A name has at most 256 characters, none of : / | and no space at either end."
        found.append(Refusal("name", "name", text))
    if not action.schedule:
        found.append(Refusal("schedule", "missing", "Schedule is missing."))
    elif problem := expressions.problem(action.schedule):
        found.append(Refusal("schedule", "expression", problem))
    low, high = action.minimum, action.maximum
    if low is None and high is None:
        found.append(Refusal("minimum", "missing", "Set the minimum, the maximum or both."))
    if low is not None and high is not None and low > high:
        found.append(Refusal("maximum", "min-over-max", f"Minimum {low} > maximum {high}."))
    return found


def _against_target(action: TimedAction, spot: Spot) -> list[Refusal]:
    """One bound alone is held to the other one, which the target has already."""
    low, high = action.minimum, action.maximum
    if high is None and low is not None and spot.maximum is not None and low > spot.maximum:
        text = f"Minimum {low} > the target's maximum {spot.maximum}: set both."
        return [Refusal("minimum", "min-over-max", text)]
    if low is None and high is not None and spot.minimum is not None and high < spot.minimum:
        text = f"Maximum {high} < the target's minimum {spot.minimum}: set both."
        return [Refusal("maximum", "min-over-max", text)]
    return []


def _time(typed: str) -> str:
    """A typed UTC time in the one form that is kept; what cannot be read stays as it was typed."""
    try:
        return (
            f"{datetime.fromisoformat(typed.strip()).replace(tzinfo=None):%Y-%m-%dT%H:%M:%S}"
            if typed.strip()
            else ""
        )
    except ValueError:
        return typed.strip()


def _times(wish: ScheduleWish, action: TimedAction, now: datetime) -> list[Refusal]:
    found, known = [], {}
    for name in ("start", "end"):
        text = getattr(action, name)
        try:
            known[name] = datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
        except ValueError:
            found.append(
                Refusal(name, "time", f"“{getattr(wish, name)}” is no time; write 2026-12-24 18:00.")
            )
    if found:
        return found
    start, end = known["start"], known["end"]
    if end is not None and end <= now:
        found.append(Refusal("end", "past", "The end is past."))
    if start is not None and end is not None and end <= start:
        found.append(Refusal("end", "end-before-start", "The end must be after the start."))
    return found


def _against_aws(change: ScheduleChange, seen: Observed, context: Context) -> list[Refusal]:
    spot, found = change.spot, []
    if (change.bounds and not spot.is_registered) or change.wish.way in (Way.WEEK, Way.TRACK):
        if seen.status != EndpointStatus.IN_SERVICE:
            text = f"{seen.endpoint} is {seen.status}; a scalable target is registered only while it is InService."
            found.append(Refusal("", "not-in-service", text))
        if spot.dimension == PROVISIONED and not spot.level:
            text = "No provisioned concurrency is set, so there is nothing to schedule: change concurrency first."
            found.append(Refusal("", "no-provisioned", text))
    tops = [bound for action in change.put for bound in (action.minimum, action.maximum) if bound is not None]
    if change.bounds and change.wish.way == Way.BOUNDS:
        tops.append(change.bounds[0])
    if change.wish.way == Way.WAKE:
        # The bounds that come back are those of today.
        tops = []
    option = context.instances.get(spot.instance_type)
    if tops and option is not None and option.quota is not None and option.held + max(tops) > option.quota:
        text = (
            f"{option.held + max(tops):,} of {option.quota:,} {option.name} would run in {seen.region} with "
            f"{max(tops):,} here; {max(option.quota - option.held, 0):,} are left."
        )
        found.append(Refusal("level" if change.wish.way == Way.WEEKLY else "maximum", "instance-quota", text))
    return found


def _nothing_new(change: ScheduleChange) -> list[Refusal]:
    moves = change.put or change.delete or change.bounds or change.policies or change.dropped
    if moves or change.leaves or change.wakes:
        return []
    return [Refusal("", "no-change", "Nothing would change: the scheduled actions are like this already.")]


_CHECKS: Mapping[Way, Callable[[ScheduleWish, Spot, datetime], Found]] = {
    Way.WEEKLY: _weekly,
    Way.WEEK: _week,
    Way.ONE: _one,
    Way.TRACK: lambda wish, spot, _: schedule_track.check(wish, spot),
    Way.REMOVE: _remove,
    Way.RESTORE: _restore,
    Way.BOUNDS: lambda wish, spot, _: bounds(wish, spot),
    Way.LEAVE: lambda wish, spot, _: leave_target(wish, spot),
    Way.WAKE: wake,
}
