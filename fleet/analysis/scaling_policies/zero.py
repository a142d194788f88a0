"""Rules about levels of zero: nothing wakes it, it is not allowed, or it would be cheaper. Pure."""

from fleet.analysis.scaling_policies import wake, words
from fleet.analysis.scaling_policies.facts import COPIES, INSTANCES, PROVISIONED, TRACKING, Scaled
from fleet.analysis.scaling_policies.findings import (
    ASYNC_SCALING,
    PREREQUISITES,
    SERVERLESS_SCALING,
    ZERO_INSTANCES,
    Call,
    Finding,
    Missing,
    Proposal,
    Report,
    Rule,
    Severity,
)
from fleet.analysis.scaling_policies.week import DAYS, Window, window
from fleet.types import Kind

EMPTY_SHARE = 0.5
"""More empty hours than this, of those that were read, and a minimum of 1 is mostly paid for nothing."""
LEAST_HOURS = 168
"""Fewer hours than a week's say nothing about a week."""


def zero_trap(scaled: Scaled) -> Report:
    """Instances, or copies, that can scale to 0 and that no step policy brings back."""
    if scaled.minimum != 0 or not scaled.is_there or any(each.wakes for each in scaled.policies):
        return Report()
    if scaled.dimension == COPIES:
        return Report((_copies_trap(scaled),))
    if scaled.dimension != INSTANCES:
        return Report()
    if scaled.kind == Kind.UNKNOWN:
        text = "Its hosting option is not known, and only asynchronous endpoints run at 0 instances."
        return Report(missing=(Missing(Rule.ZERO_TRAP, text),))
    return Report((_async_trap(scaled),)) if scaled.kind == Kind.ASYNCHRONOUS else Report()


def zero_not_allowed(scaled: Scaled) -> Report:
    """A minimum of 0 where AWS's feature pages give 1 as the lowest."""
    if scaled.minimum != 0 or not scaled.is_there:
        return Report()
    if scaled.dimension == PROVISIONED:
        what, source = (
            "AWS's guide gives 1 as the lowest for provisioned concurrency",
            SERVERLESS_SCALING,
        )
    elif scaled.dimension == INSTANCES and scaled.kind not in (Kind.ASYNCHRONOUS, Kind.UNKNOWN):
        what, source = (
            "only asynchronous endpoints and inference components can run at 0 instances",
            PREREQUISITES,
        )
    else:
        return Report()
    why = f"The minimum is 0, but {what}. The API's own text allows 0: do not count on it."
    facts = (("Bounds", f"{scaled.minimum} – {scaled.maximum}"),)
    fix = Proposal("Set the minimum to 1", "change-schedule", bounds(scaled, 1, max(scaled.maximum or 1, 1)))
    return Report(
        (
            Finding(
                Rule.ZERO_NOT_ALLOWED, Severity.WARNING, "Minimum of 0 where 1 is the lowest", why, source, facts,
                proposal=fix,
            ),
        )
    )  # fmt: skip


def paid_while_empty(scaled: Scaled) -> Report:
    """An asynchronous endpoint that keeps instances although most of its hours have no work."""
    floor = scaled.minimum if scaled.is_registered else scaled.level
    if scaled.kind != Kind.ASYNCHRONOUS or scaled.dimension != INSTANCES or not scaled.is_there or floor == 0:
        return Report()
    if scaled.lowest_scheduled == 0:
        return Report()
    use = scaled.use
    if floor is None or use.hours is None or use.empty is None or use.hours < LEAST_HOURS:
        read = "none" if not use.hours else f"{use.hours:,}"
        text = f"Whether its hours are empty takes {LEAST_HOURS} read hours; {read} are read."
        if floor is None:
            text = "How many instances it keeps is not known: its variant was not described."
        return Report(missing=(Missing(Rule.PAID_WHILE_EMPTY, text),))
    if use.empty <= EMPTY_SHARE * use.hours:
        return Report()
    return Report((_empty(scaled, floor, use.empty, use.hours),))


def _empty(scaled: Scaled, floor: int, empty: int, hours: int) -> Finding:
    kept = f"The minimum is {floor}" if scaled.is_registered else f"Nothing scales its {floor}"
    share = words.share(empty, hours)
    known = window(scaled.use.busy)
    facts = [("Hours without work", f"{empty:,} of {hours:,} read ({share})"), ("Kept at least", f"{floor}")]
    if known:
        held = f"{known.from_hour}:00 – {known.to_hour}:00 UTC, {'/'.join(_DAY_NAMES[known.days])}"
        facts.append(("All work fell in", held))
    if scaled.use.usd_a_day is not None:
        facts.append(("Cost a day", f"${scaled.use.usd_a_day:,.2f}"))
    why = (
        f"{kept}, and {share} of {hours:,} hours had no request processed and none waiting. At 0 instances requests "
        "queue until one has started, which takes minutes."
    )
    has_wake = any(each.wakes for each in scaled.policies)
    return Finding(
        Rule.PAID_WHILE_EMPTY,
        Severity.WARNING,
        f"Paid while empty in {share} of hours",
        why,
        ASYNC_SCALING,
        tuple(facts),
        saving=words.month(scaled.use.usd_a_day, empty / hours),
        proposal=_sleep(scaled, floor, known, has_wake=has_wake),
        calls=() if has_wake else wake_calls(scaled),
    )


_DAY_NAMES = {"weekdays": ("Mon", "Fri"), "weekend": ("Sat", "Sun"), "daily": ("every day",)}


def _sleep(scaled: Scaled, floor: int, known: Window | None, *, has_wake: bool) -> Proposal | None:
    """To 0 where a step wakes it; else by the clock, which needs no step; None where neither is safe."""
    if has_wake and scaled.is_registered:
        return Proposal("Let it scale to 0", "change-schedule", bounds(scaled, 0, scaled.maximum or floor))
    if known is None:
        return None
    label = f"0 instances outside {known.from_hour}:00 – {known.to_hour}:00 UTC"
    assert known.days in DAYS
    return Proposal(
        label,
        "change-schedule",
        {
            "way": "weekly", "target": scaled.key, "days": known.days, "from_hour": str(known.from_hour),
            "to_hour": str(known.to_hour), "level": str(floor), "rest": "0", "timezone": "UTC",
        },
    )  # fmt: skip


def _async_trap(scaled: Scaled) -> Finding:
    waiting = scaled.use.waiting
    stuck = scaled.level == 0 and bool(waiting)
    goals = [each.goal for each in scaled.policies if each.kind == TRACKING and each.goal is not None]
    until = "nothing ever does, as no policy is there at all"
    if scaled.policies:
        until = "it takes a backlog above the tracking target"
        until += f" of {words.number(min(goals))}" if goals else ""
    why = (
        "Can scale to 0 but has no step policy that brings the first instance back (on HasBacklogWithoutCapacity): "
        f"{until}."
    )
    if stuck and waiting is not None:
        why = (
            f"{words.plural(waiting, 'request')} {'waits' if waiting == 1 else 'wait'} at 0 instances. {why}"
        )
    read = f" as read {scaled.use.waiting_at:%-d %b %H:%M} UTC" if scaled.use.waiting_at else ""
    return Finding(
        Rule.ZERO_TRAP,
        Severity.CRITICAL if stuck else Severity.WARNING,
        f"{words.number(waiting)} waiting, and nothing wakes it"
        if stuck
        else "Nothing wakes it from 0 instances",
        why,
        ASYNC_SCALING,
        (
            ("Instances now", words.number(scaled.level)),
            ("Requests waiting", words.number(waiting) + (read if waiting is not None else ", not reported")),
            ("Policies", ", ".join(each.name for each in scaled.policies) or "none"),
        ),
        proposal=Proposal(
            "Add the policy that wakes it", "change-schedule", {"way": "wake", "target": scaled.key}
        ),
        calls=wake_calls(scaled),
    )


def _copies_trap(scaled: Scaled) -> Finding:
    why = (
        "Can scale to 0 copies but has no step policy that brings the first one back (on "
        "NoCapacityInvocationFailures): calls fail while it has none."
    )
    return Finding(
        Rule.ZERO_TRAP,
        Severity.CRITICAL if scaled.level == 0 else Severity.WARNING,
        "Nothing wakes it from 0 copies",
        why,
        ZERO_INSTANCES,
        (
            ("Copies now", words.number(scaled.level)),
            ("Policies", ", ".join(each.name for each in scaled.policies) or "none"),
        ),
        proposal=Proposal("Keep 1 copy", "change-schedule", bounds(scaled, 1, max(scaled.maximum or 1, 1))),
    )


def bounds(scaled: Scaled, low: int, high: int) -> dict[str, str]:
    """First values of the form that changes a target's bounds."""
    return {"way": "bounds", "target": scaled.key, "minimum": str(low), "maximum": str(high)}


def wake_calls(scaled: Scaled) -> tuple[Call, Call]:
    """The step policy and its alarm as AWS's guide writes them."""
    return (
        Call(
            "application-autoscaling", "PutScalingPolicy", wake.policy(scaled.resource_id, scaled.dimension)
        ),
        Call("cloudwatch", "PutMetricAlarm", wake.alarm(scaled.endpoint)),
    )
