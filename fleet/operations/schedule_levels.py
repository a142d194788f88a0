"""What levels and bounds of a capacity may be, and the two wishes that are about the target itself. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fleet.errors import Refusal
from fleet.operations import schedule_wake
from fleet.operations.guards import whole_number
from fleet.operations.schedules import COPIES, INSTANCES, PROVISIONED, ScheduleChange, ScheduleWish, Spot

MOST = 10_000
"""More than this of anything is taken for a slip of the finger."""

Found = tuple[ScheduleChange | None, list[Refusal]]


def level(text: str, field: str, label: str, spot: Spot) -> tuple[int | None, list[Refusal]]:
    """A typed level that the capacity can have, or why it cannot."""
    number, problems = whole_number(text, field, label)
    if number is None:
        return None, problems
    if number < spot.floor:
        why = ""
        if spot.dimension == PROVISIONED:
            why = ": Application Auto Scaling keeps at least one unit warm"
        elif spot.dimension == INSTANCES:
            why = ": only asynchronous endpoints run at 0 instances"
        problems.append(Refusal(field, "too-low", f"{label} is {number}; the lowest is {spot.floor}{why}."))
    elif number > (spot.most or MOST):
        why = "max concurrency" if spot.dimension == PROVISIONED else "the highest"
        problems.append(Refusal(field, "too-high", f"{label} {number:,} > {why} {spot.most or MOST:,}."))
    return number, problems


def bounds(wish: ScheduleWish, spot: Spot) -> Found:
    """Between what the target may scale: the policies decide on the level, no schedule."""
    low, problems = level(wish.minimum, "minimum", "Minimum", spot)
    high, more = level(wish.maximum, "maximum", "Maximum", spot)
    problems += more
    if low is not None and high is not None and low > high:
        problems.append(Refusal("maximum", "min-over-max", f"Minimum {low} > maximum {high}."))
    if not problems and low == 0 and not spot.wakes and spot.dimension in (INSTANCES, COPIES):
        what = "HasBacklogWithoutCapacity" if spot.dimension == INSTANCES else "NoCapacityInvocationFailures"
        text = f"At 0 {spot.unit} nothing would bring the first one back: add a step policy on {what} first."
        problems.append(Refusal("minimum", "nothing-wakes", text))
    if problems or low is None or high is None:
        return None, problems
    changed = (low, high) if (low, high) != (spot.minimum, spot.maximum) else None
    return ScheduleChange(spot, wish, bounds=changed), []


def leave(wish: ScheduleWish, spot: Spot) -> Found:
    """Deregister the target, with its policies and scheduled actions."""
    if not spot.is_registered:
        return None, [Refusal("", "not-registered", f"No scalable target is registered for {spot.label}.")]
    return ScheduleChange(spot, wish, leaves=True), []


def wake(wish: ScheduleWish, spot: Spot, now: datetime) -> Found:
    """The step policy that brings the first instance of an asynchronous endpoint back, with its alarm.

    With hours to go back after: also the two scheduled actions that take the instances away again.
    """
    if spot.dimension != INSTANCES or spot.floor != 0:
        text = "Only an asynchronous endpoint has HasBacklogWithoutCapacity, on which it would be woken."
        return None, [Refusal("", "not-asynchronous", text)]
    if not spot.is_registered:
        return None, [Refusal("", "not-registered", f"No scalable target is registered for {spot.label}.")]
    if wish.back_after.strip():
        return _woken_for_hours(wish, spot, now)
    if spot.wakes:
        text = "Nothing would change: a step policy brings the first instance back already."
        return None, [Refusal("", "no-change", text)]
    return ScheduleChange(spot, wish, wakes=True), []


def _woken_for_hours(wish: ScheduleWish, spot: Spot, now: datetime) -> Found:
    hours, problems = whole_number(wish.back_after, "back_after", "Back to 0 after")
    if hours is not None and not 1 <= hours <= schedule_wake.MOST_HOURS:
        text = f"Back to 0 after {hours:,} hours; it takes 1 to {schedule_wake.MOST_HOURS}."
        problems.append(Refusal("back_after", "hours", text))
    if spot.minimum:
        text = f"The target's minimum is {spot.minimum}: whatever goes to 0 starts again. Set its lowest to 0 first."
        problems.append(Refusal("back_after", "minimum-above-0", text))
    if hours is None or problems or spot.maximum is None:
        return None, problems
    # A plan keeps the time that it showed; confirming it later moves nothing.
    at = datetime.fromisoformat(wish.end).replace(tzinfo=UTC) if wish.end else _minute(now, hours)
    if at <= now:
        text = f"It was to go back to 0 at {at:%Y-%m-%d %H:%M} UTC, which is past: plan again."
        return None, [Refusal("back_after", "past", text)]
    planned = replace(wish, end=f"{at:%Y-%m-%dT%H:%M:%S}")
    actions = schedule_wake.way_back(at, spot.maximum)
    return ScheduleChange(spot, planned, put=actions, wakes=not spot.wakes), []


def _minute(now: datetime, hours: int) -> datetime:
    return now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(hours=hours)
