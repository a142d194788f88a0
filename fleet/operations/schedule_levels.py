"""What levels and bounds of a capacity may be, and the two wishes that are about the target itself. Pure."""

from fleet.errors import Refusal
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


def wake(wish: ScheduleWish, spot: Spot) -> Found:
    """The step policy that brings the first instance of an asynchronous endpoint back, with its alarm."""
    if spot.dimension != INSTANCES or spot.floor != 0:
        text = "Only an asynchronous endpoint has HasBacklogWithoutCapacity, on which it would be woken."
        return None, [Refusal("", "not-asynchronous", text)]
    if not spot.is_registered:
        return None, [Refusal("", "not-registered", f"No scalable target is registered for {spot.label}.")]
    if spot.wakes:
        text = "Nothing would change: a step policy brings the first instance back already."
        return None, [Refusal("", "no-change", text)]
    return ScheduleChange(spot, wish, wakes=True), []
