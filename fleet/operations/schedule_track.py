"""A policy that follows the utilisation of provisioned concurrency: what is refused, its words, steps and calls. Pure.

Source: Application Auto Scaling API reference, PutScalingPolicy and PredefinedMetricSpecification (botocore 1.44.5);
Amazon SageMaker developer guide, "Automatically scale Provisioned Concurrency for a serverless endpoint".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fleet.analysis.planner.tracking import METRIC, Policy
from fleet.analysis.scaling_policies.facts import STEP, TRACKING
from fleet.errors import Refusal
from fleet.operations import schedule_week
from fleet.operations.guards import whole_number
from fleet.operations.plan import StepPlan
from fleet.operations.preview import Call, Difference, arguments
from fleet.operations.schedule_levels import Found, bounds
from fleet.operations.schedules import PROVISIONED, HeldPolicy, ScheduleChange, ScheduleWish, Spot

POLICY = "provisioned-concurrency-utilization"
COOLDOWN_S = 300
MOST_COOLDOWN_S = 86_400
"""A day; more is taken for a slip of the finger."""
_KINDS = (TRACKING, STEP)


def check(wish: ScheduleWish, spot: Spot) -> Found:
    """A target-tracking policy with the bounds of its target. A week that Flotilla wrote goes: it would pin levels."""
    if spot.dimension != PROVISIONED:
        text = f"{METRIC} is of provisioned concurrency alone: {spot.unit} cannot follow it."
        return None, [Refusal("target", "not-provisioned", text)]
    goal, problems = _within(wish.goal or "", "goal", "Utilisation", 1, 100)
    out, more = _within(wish.out_cooldown or str(COOLDOWN_S), "out_cooldown", "Cool-down", 0, MOST_COOLDOWN_S)
    back, rest = _within(wish.in_cooldown or str(COOLDOWN_S), "in_cooldown", "Cool-down", 0, MOST_COOLDOWN_S)
    ranged, refused = bounds(wish, spot)
    problems += more + rest + refused
    if not refused and wish.minimum.strip() == wish.maximum.strip():
        text = "Minimum and maximum are the same: the policy would have nothing to move."
        problems.append(Refusal("maximum", "nothing-moves", text))
    if problems or ranged is None or goal is None or out is None or back is None:
        return None, problems
    policy = Policy(goal / 100, int(wish.minimum), int(wish.maximum), out, back)
    wanted = HeldPolicy(_name(spot), TRACKING, policy.configuration())
    is_there = any(held.name == wanted.name and held.has(wanted) for held in spot.held)
    gone = tuple(action.name for action in spot.actions if schedule_week.is_ours(action.name))
    return replace(ranged, policies=() if is_there else (wanted,), delete=gone), []


def _name(spot: Spot) -> str:
    """Of a policy that follows the metric already, which then is replaced: two of one metric would be in conflict."""
    return next((held.name for held in spot.held if _metric(held) == METRIC), POLICY)


def _metric(held: HeldPolicy) -> str:
    return str(
        (held.configuration.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType", "")
    )


def _within(text: str, field: str, label: str, low: int, high: int) -> tuple[int | None, list[Refusal]]:
    number, problems = whole_number(text, field, label)
    if number is not None and not low <= number <= high:
        problems.append(Refusal(field, "out-of-range", f"{label} is {number:,}; it takes {low} to {high:,}."))
    return number, problems


def restored(before: Mapping[str, Any], spot: Spot) -> tuple[tuple[HeldPolicy, ...], tuple[str, ...]]:
    """Policies to write and to delete, so that the target has those of before; none where those were not kept.

    Raises ValueError, TypeError or KeyError on what no operation stored.
    """
    if "policies" not in before:
        return (), ()
    kept = [
        HeldPolicy(str(row["name"]), row["kind"], dict(row["configuration"])) for row in before["policies"]
    ]
    if any(policy.kind not in _KINDS for policy in kept):
        raise ValueError("a policy of a kind that cannot be written")
    names = {policy.name for policy in kept}
    return (
        tuple(policy for policy in kept if policy not in spot.held),
        tuple(held.name for held in spot.held if held.name not in names),
    )


def summary(change: ScheduleChange) -> str:
    """ "provisioned concurrency: follows 70 % utilisation between 1 and 6"."""
    wish = change.wish
    return f"{change.spot.unit}: follows {wish.goal} % utilisation between {wish.minimum} and {wish.maximum}"


def words(policy: HeldPolicy) -> str:
    """What a policy does, as far as its document tells."""
    if policy.kind != TRACKING:
        return f"{policy.kind}"
    found = policy.configuration
    target = found.get("TargetValue")
    said = (
        f"{_metric(policy) or 'a metric of its own'} near {target:g}" if target is not None else policy.kind
    )
    waits = [
        f"{found[key]} s after scaling {way}"
        for key, way in (("ScaleOutCooldown", "out"), ("ScaleInCooldown", "in"))
        if found.get(key) is not None
    ]
    return f"{said}, waits {' and '.join(waits)}" if waits else said


def differences(change: ScheduleChange) -> list[Difference]:
    """Policies that are written or deleted."""
    today = {policy.name: words(policy) for policy in change.spot.held}
    found = [Difference(new.name, today.get(new.name, "none"), words(new)) for new in change.policies]
    return found + [Difference(name, today.get(name, "none"), "none") for name in change.dropped]


def steps(change: ScheduleChange, target: Mapping[str, str]) -> list[StepPlan]:
    """Writing replaces, deleting what is gone is done: both may be repeated."""
    found = [
        StepPlan(
            "put-scaling-policy",
            f"Write {policy.name}",
            {
                **target,
                "name": policy.name,
                "policy_type": policy.kind,
                "configuration": dict(policy.configuration),
            },
            "Read back, field by field",
        )
        for policy in change.policies
    ]
    return found + [
        StepPlan("delete-scaling-policy", f"Delete {name}", {**target, "name": name}, "Read back: not listed")
        for name in change.dropped
    ]


def calls(change: ScheduleChange, where: Mapping[str, str]) -> list[Call]:
    """What AWS is sent. where: namespace, resource and dimension."""
    found = []
    for policy in change.policies:
        document = {f"{policy.kind}PolicyConfiguration": dict(policy.configuration)}
        request = {**where, "PolicyName": policy.name, "PolicyType": policy.kind, **document}
        found.append(Call("application-autoscaling", "PutScalingPolicy", arguments(request), ""))
    for name in change.dropped:
        request = {**where, "PolicyName": name}
        found.append(Call("application-autoscaling", "DeleteScalingPolicy", arguments(request), ""))
    return found


def wanted(change: ScheduleChange) -> dict[str, Any]:
    """By policy its type and document as they must be at the end, None = gone."""
    held: dict[str, Any] = {
        policy.name: {"policy_type": policy.kind, "configuration": dict(policy.configuration)}
        for policy in change.policies
    }
    return held | dict.fromkeys(change.dropped)
