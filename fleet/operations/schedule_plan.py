"""From a checked schedule to the plan a person confirms: differences, warnings, exact calls, steps, cost. Pure."""

from datetime import datetime

from fleet.costs import compare
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.operations import expressions, schedule_track, schedule_wake
from fleet.operations.cost_change import CostChange, told
from fleet.operations.kinds import Observed, OperationKind, Route
from fleet.operations.plan import Plan, StepPlan
from fleet.operations.preview import Call, Difference, Warning, arguments
from fleet.operations.schedule_week import is_ours, pattern
from fleet.operations.schedules import (
    COPIES,
    DAYS,
    PROVISIONED,
    Pattern,
    ScheduleChange,
    Spot,
    TimedAction,
    Way,
)
from fleet.types import Capacity, ServerlessCapacity

_SUMMARIES = {
    Way.REMOVE: "scheduled actions removed",
    Way.RESTORE: "as it was before",
    Way.LEAVE: "scalable target deregistered",
    Way.WAKE: "a step policy that wakes it from 0",
}
_ROUTE_REASON = "Application Auto Scaling carries {} out. The endpoint itself is not updated."
_NAMESPACE = {"ServiceNamespace": "sagemaker"}


def build(change: ScheduleChange, seen: Observed, cost: CostChange | None, now: datetime) -> Plan:
    """The plan of a schedule that passed the guards."""
    return Plan(
        kind=OperationKind.CHANGE_SCHEDULE,
        title=f"Change {'policy' if change.wish.way == Way.TRACK else 'schedule'} of {seen.endpoint}",
        summary=summary(change),
        route=Route.SCALING,
        route_reason=_ROUTE_REASON.format("a policy" if change.wish.way == Way.TRACK else "a schedule"),
        differences=differences(change),
        unchanged=(),
        warnings=warnings(change, now),
        cost=cost,
        calls=_calls(change, seen),
        steps=_steps(change, seen),
        wanted=_wanted(change),
        config={},
    )


def summary(change: ScheduleChange) -> str:
    """The change in a line: "instances 4, Monday to Friday from 8:00 to 18:00 UTC, else 1"."""
    spot, way = change.spot, Way(change.wish.way)
    if way is Way.WEEKLY and change.put:
        wish = change.wish
        hours = f"from {wish.from_hour}:00 to {wish.to_hour}:00 {wish.timezone}"
        return f"{spot.unit} {wish.level}, {DAYS[wish.days][0]} {hours}, else {wish.rest}"
    if way is Way.WEEK and change.put:
        levels = [action.minimum or 0 for action in change.actions_after() if is_ours(action.name)]
        return f"{spot.unit}: {len(levels)} scheduled actions a week, level {min(levels)} to {max(levels)}"
    if way is Way.TRACK:
        return schedule_track.summary(change)
    if way is Way.ONE and change.put:
        return f"{spot.unit}: {change.put[0].words()}"
    if way is Way.BOUNDS and change.bounds:
        return f"{spot.unit}: between {change.bounds[0]} and {change.bounds[1]}"
    if way is Way.WAKE and change.put:
        woken = f"{_SUMMARIES[way]}, " if change.wakes else ""
        return f"{spot.unit}: {woken}back to 0 at {change.wish.end.replace('T', ' ')[:16]} UTC"
    return f"{spot.unit}: {_SUMMARIES.get(way, 'scheduled actions')}"


def differences(change: ScheduleChange) -> tuple[Difference, ...]:
    """Only what changes: bounds of the target, then action by action."""
    spot, found = change.spot, []
    before = f"{spot.minimum} – {spot.maximum}" if spot.is_registered else "not registered"
    if change.leaves:
        found.append(Difference("Scalable target", before, "none"))
    if change.bounds is not None:
        found.append(Difference("Scalable target", before, f"{change.bounds[0]} – {change.bounds[1]}"))
    if change.wakes:
        found.append(Difference("Step policy", "none", "adds 1 instance when requests wait at none"))
    found += schedule_track.differences(change)
    then = {action.name: action for action in change.actions_after()}
    today = {action.name: action for action in spot.actions}
    for name in dict.fromkeys([*(action.name for action in change.put), *sorted({*then, *today})]):
        old, new = today.get(name), then.get(name)
        if old != new:
            found.append(Difference(name, old.words() if old else "none", new.words() if new else "none"))
    return tuple(found)


def warnings(change: ScheduleChange, now: datetime) -> tuple[Warning, ...]:
    """What a schedule brings with it."""
    spot, found = change.spot, []
    kept = [action.name for action in change.actions_after() if action not in change.put]
    if (change.put or change.policies) and kept and change.wish.way != Way.RESTORE:
        text = f"Other scheduled actions stay and set their own levels: {', '.join(kept)}."
        found.append(Warning("other-actions", text))
    if spot.policies and change.put and change.wish.way != Way.WAKE:
        text = (
            f"Policies go on scaling between the bounds that a schedule sets ({', '.join(spot.policies)}): "
            "the cost takes the lowest level."
        )
        found.append(Warning("policies", text))
    if (
        change.bounds is not None
        and spot.level is not None
        and not change.bounds[0] <= spot.level <= change.bounds[1]
    ):
        text = (
            f"The level is {spot.level}: AWS moves it into {change.bounds[0]} – {change.bounds[1]} at once."
        )
        found.append(Warning("moves-now", text))
    if change.leaves and spot.policies:
        text = f"AWS deletes the target's policies with it: {', '.join(spot.policies)}."
        found.append(Warning("policies-removed", text))
    if (change.delete or change.leaves) and not change.put:
        now_at = "not known" if spot.level is None else spot.level
        text = f"The level stays as it is when this is carried out ({now_at} now)."
        found.append(Warning("level-stays", text))
    return (*found, *schedule_wake.warnings(change), *clock_warnings(change.put, now))


def clock_warnings(actions: tuple[TimedAction, ...], now: datetime) -> tuple[Warning, ...]:
    """What daylight saving does to the hours of a schedule."""
    crons = [action for action in actions if action.schedule.startswith("cron(")]
    if not crons:
        return ()
    where = expressions.zone(crons[0].timezone)
    if where is None:
        return ()
    changes = expressions.clock_changes(where, now)
    if not changes:
        text = (
            f"The hours are {crons[0].timezone} all year: where clocks change, local hours move against them."
        )
        return (Warning("no-summer-time", text),)
    days = " and ".join(f"{change.day:%-d %B %Y}" for change in changes[:2])
    text = f"Clocks in {crons[0].timezone} change on {days}: the actions keep its hours, so in UTC they move."
    found = [Warning("clocks-change", text)]
    for action in crons:
        time = expressions.hour_and_minute(action.schedule)
        odd = [change.day for change in changes if time and expressions.is_odd(where, change.day, *time)]
        if time and odd:
            text = (
                f"{action.name}: {time[0]:02}:{time[1]:02} is skipped or comes twice on {odd[0]:%-d %B %Y}, when "
                "clocks change. AWS does not say whether it runs then; another hour is safer."
            )
            found.append(Warning("odd-hour", text))
    return tuple(found)


def cost_change(
    change: ScheduleChange, seen: Observed, traffic: Traffic, book: PriceBook, *, now: datetime
) -> CostChange | None:
    """The month before and after; None where the level over the week is not told by the actions, or costs nothing."""
    spot = change.spot
    before, after = pattern(spot.actions, spot.level, now), pattern(change.actions_after(), spot.level, now)
    if spot.dimension == COPIES or before is None or after is None:
        return None
    if change.wish.way == Way.TRACK or change.policies:
        return None
    if change.wish.way == Way.BOUNDS:
        after = _within(change, before)
    if after is None:
        return None
    held = _capacity(spot, seen, before, now)
    then = _capacity(spot, seen, after, now)
    if held is None or then is None:
        return None
    return told(
        compare.compare(
            seen.region, held, then, traffic, book, schedule=after.weekly, schedule_before=before.weekly
        )
    )


def _within(change: ScheduleChange, before: Pattern) -> Pattern | None:
    """The level that bounds leave, or move it to; None where policies or schedules decide on it."""
    if change.spot.policies or before.weekly or change.bounds is None:
        return None
    low, high = change.bounds
    return Pattern(min(max(before.level, low), high))


def _capacity(spot: Spot, seen: Observed, level: Pattern, now: datetime) -> Capacity | None:
    if spot.dimension != PROVISIONED:
        return compare.at_start(
            now=now, instance_type=spot.instance_type, instance_count=level.level, volume_gb=spot.volume_gb
        )
    live = seen.serverless
    if live is None:
        return None
    size = ServerlessCapacity(live.memory_mb, live.max_concurrency, level.level)
    return compare.at_start(now=now, serverless=size)


def _target(spot: Spot) -> dict[str, str]:
    return {"resource_id": spot.resource_id, "dimension": spot.dimension}


def _steps(change: ScheduleChange, seen: Observed) -> tuple[StepPlan, ...]:
    spot, target = change.spot, _target(change.spot)
    steps = [
        StepPlan(
            "read-schedule", "Read the scalable target", target, "Stops here if it moved since the preview"
        )
    ]
    if change.bounds is not None:
        low, high = change.bounds
        verb = "Change the bounds of" if spot.is_registered else "Register"
        parameters = {**target, "minimum": low, "maximum": high}
        steps.append(
            StepPlan(
                "register-scaling", f"{verb} the scalable target", parameters, f"Read back: {low} – {high}"
            )
        )
    for action in change.put:
        parameters = {**target, "name": action.name, "request": action.request()}
        steps.append(
            StepPlan("put-scheduled-action", f"Write {action.name}", parameters, "Read back, field by field")
        )
    for name in change.delete:
        parameters = {**target, "name": name}
        steps.append(
            StepPlan("delete-scheduled-action", f"Delete {name}", parameters, "Read back: no longer listed")
        )
    if change.wakes:
        steps += schedule_wake.steps(target, seen.endpoint)
    steps += schedule_track.steps(change, target)
    if change.leaves:
        steps.append(
            StepPlan(
                "deregister-scaling", "Deregister the scalable target", target, "Read back: no target left"
            )
        )
    steps.append(
        StepPlan("prove-schedule", "Prove the live schedule", target, "Every action must be as asked")
    )
    return tuple(steps)


def _wanted(change: ScheduleChange) -> dict[str, object]:
    """What must be live at the end: of the actions that are touched; others are nobody's promise."""
    requests: dict[str, object] = {action.name: action.request() for action in change.put}
    held = change.bounds if change.wish.way in (Way.BOUNDS, Way.TRACK) else None
    return {
        **_target(change.spot),
        "schedule": requests | dict.fromkeys(change.delete),
        "is_registered": not change.leaves,
        "bounds": list(held) if held else None,
        "policy": schedule_wake.POLICY if change.wakes else None,
        "policies": schedule_track.wanted(change),
    }


def _calls(change: ScheduleChange, seen: Observed) -> tuple[Call, ...]:
    spot = change.spot
    where = {**_NAMESPACE, "ResourceId": spot.resource_id, "ScalableDimension": spot.dimension}
    calls = [
        _call(
            "DescribeScheduledActions",
            _NAMESPACE,
            "and DescribeScalableTargets; stops here if the target or its actions moved",
        )
    ]
    if change.bounds is not None:
        low, high = change.bounds
        calls.append(_call("RegisterScalableTarget", {**where, "MinCapacity": low, "MaxCapacity": high}))
    for action in change.put:
        request = {**where, "ScheduledActionName": action.name, **action.request()}
        calls.append(_call("PutScheduledAction", request))
    calls += [
        _call("DeleteScheduledAction", {**where, "ScheduledActionName": name}) for name in change.delete
    ]
    if change.wakes:
        calls += schedule_wake.calls(spot, seen.endpoint)
    calls += schedule_track.calls(change, where)
    if change.leaves:
        calls.append(_call("DeregisterScalableTarget", where))
    elif change.bounds is None:
        calls.append(
            Call(
                "application-autoscaling",
                "RegisterScalableTarget",
                "",
                "the target keeps its bounds",
                is_skipped=True,
            )
        )
    return tuple(calls)


def _call(action: str, request: dict[str, object] | dict[str, str], note: str = "") -> Call:
    return Call("application-autoscaling", action, arguments(request), note)
