"""Rules about cool-downs, bounds, policies side by side, and what is left over. Pure."""

from itertools import combinations

from fleet.analysis.scaling_policies import words
from fleet.analysis.scaling_policies.facts import INSTANCES, PROVISIONED, STEP, TRACKING, Policy, Scaled
from fleet.analysis.scaling_policies.findings import (
    ASYNC_SCALING,
    DELETING,
    DEREGISTER,
    PUT_POLICY,
    REGISTER,
    SERVERLESS_SCALING,
    Call,
    Finding,
    Missing,
    Proposal,
    Report,
    Rule,
    Severity,
)
from fleet.analysis.scaling_policies.zero import LEAST_HOURS, bounds
from fleet.types import Kind

DEFAULT_COOLDOWN_S = 300
"""Of instances of an endpoint's variant, in and out. Source: Amazon SageMaker developer guide, "Auto scaling
prerequisites", and the API's default of a step policy."""
TWO_ACCOUNTS = (
    "AWS's guide counts requests in process into the backlog, which would hold the instance; in the field the backlog "
    "was read as 0 while one was processed, and the instance went."
)


def short_cooldown(scaled: Scaled) -> Report:
    """A scale-in cool-down below the 95th percentile of processing time: work under way can lose its instance."""
    risky = [each for each in scaled.policies if each.removes]
    if scaled.kind != Kind.ASYNCHRONOUS or scaled.dimension != INSTANCES or not scaled.is_there or not risky:
        return Report()
    shortest = min(risky, key=_cooldown)
    waits = _cooldown(shortest)
    low, high = scaled.use.p90_s, scaled.use.p99_s
    if high is not None and high <= waits:
        return Report()
    if low is None or high is None or low <= waits:
        text = "Processing times are not reported, so nothing is known of their 95th percentile."
        if low is not None and high is not None:
            text = (
                f"The 95th percentile of processing time lies between the 90th ({words.seconds(low)}) and the 99th "
                f"({words.seconds(high)}), which are read; so does the cool-down of {words.seconds(waits)}."
            )
        return Report(missing=(Missing(Rule.SHORT_COOLDOWN, text),))
    is_default = shortest.cooldown_in_s is None
    why = (
        f"{shortest.name} may take the next instance away {words.seconds(waits)} after the last"
        f"{' (the default)' if is_default else ''}, while one call in ten takes more than {words.seconds(low)}: so the "
        f"95th percentile is longer, and work under way can be killed. {TWO_ACCOUNTS}"
    )
    facts = (
        ("Cool-down after scaling in", f"{words.seconds(waits)}{', default' if is_default else ''}"),
        ("Processing time, 90th percentile", words.seconds(low)),
        ("99th percentile", words.seconds(high)),
    )
    title = f"Cool-down {words.seconds(waits)}, work takes {words.seconds(low)}"
    return Report((
        Finding(
            Rule.SHORT_COOLDOWN, Severity.WARNING, title, why, ASYNC_SCALING, facts,
            calls=(_with_cooldown(scaled, shortest, high),),
        ),
    ))  # fmt: skip


def outside_bounds(scaled: Scaled) -> Report:
    """A level that somebody set by hand outside the target's bounds: auto scaling undoes it."""
    if not scaled.is_registered or not scaled.is_there:
        return Report()
    assert scaled.minimum is not None
    assert scaled.maximum is not None
    if scaled.level is None:
        text = f"The level of {scaled.unit} is not known: the variant was not described."
        return Report(missing=(Missing(Rule.OUTSIDE_BOUNDS, text),))
    if scaled.minimum <= scaled.level <= scaled.maximum:
        return Report()
    within = f"{scaled.minimum} – {scaled.maximum}"
    unit = scaled.unit.capitalize()
    why = f"{unit} is {scaled.level}, outside {within}: auto scaling will bring it back."
    low, high = min(scaled.minimum, scaled.level), max(scaled.maximum, scaled.level)
    return Report((
        Finding(
            Rule.OUTSIDE_BOUNDS, Severity.WARNING, f"{unit} {scaled.level}, outside {within}", why, REGISTER,
            (("Now", str(scaled.level)), ("Bounds", within)),
            proposal=Proposal(
                f"Widen the bounds to {low} – {high}", "change-schedule", bounds(scaled, low, high)
            ),
        ),
    ))  # fmt: skip


def policy_conflict(scaled: Scaled) -> Report:
    """Two policies of which one undoes, or can never have, what the other wants."""
    if not scaled.is_there:
        return Report()
    said = [text for pair in combinations(scaled.policies, 2) if (text := _conflict(*pair))]
    if not said:
        return Report()
    facts = tuple((each.name, _what(each)) for each in scaled.policies)
    names = f"{len(scaled.policies)} policies" if len(said) > 1 else "Two policies"
    why = " ".join([*said, "Of several policies AWS takes the one that asks for the largest capacity."])
    return Report(
        (Finding(Rule.POLICY_CONFLICT, Severity.WARNING, f"{names} in conflict", why, PUT_POLICY, facts),)
    )


def left_behind(scaled: Scaled) -> Report:
    """A target whose endpoint, or variant, is gone."""
    if scaled.is_there or not scaled.is_registered:
        return Report()
    request = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": scaled.resource_id,
        "ScalableDimension": scaled.dimension,
    }
    why = (
        f"{scaled.resource_id} is not there any more, and its scalable target still is: an endpoint of the same name "
        "would be scaled by it. Deregistering deletes its policies and scheduled actions, too."
    )
    facts = (("Bounds", f"{scaled.minimum} – {scaled.maximum}"), ("Dimension", scaled.dimension))
    call = Call("application-autoscaling", "DeregisterScalableTarget", request)
    return Report((
        Finding(
            Rule.LEFT_BEHIND, Severity.WARNING, "Target left behind", why, DEREGISTER, facts, calls=(call,)
        ),
    ))  # fmt: skip


def cannot_deregister(scaled: Scaled) -> Report:
    """A target that the role for changes may not deregister: deleting its endpoint fails, or leaves it behind."""
    if not scaled.is_there or not scaled.is_registered:
        return Report()
    if scaled.may_deregister is None:
        text = (
            "IAM was not asked whether application-autoscaling:DeregisterScalableTarget is allowed: the account has no "
            "role for changes, or it was not checked."
        )
        return Report(missing=(Missing(Rule.CANNOT_DEREGISTER, text),))
    if scaled.may_deregister:
        return Report()
    why = (
        "The role for changes lacks application-autoscaling:DeregisterScalableTarget. Without it a scaled endpoint "
        "cannot be deleted before its target is deregistered by somebody who may."
    )
    return Report(
        (Finding(Rule.CANNOT_DEREGISTER, Severity.WARNING, "Deleting it would fail", why, DELETING),)
    )


def warm_unused(scaled: Scaled) -> Report:
    """Provisioned concurrency that a target keeps up although nobody calls."""
    if scaled.dimension != PROVISIONED or not scaled.is_there or not scaled.is_registered:
        return Report()
    use = scaled.use
    if use.hours is None or use.empty is None or use.hours < LEAST_HOURS:
        read = "none" if not use.hours else f"{use.hours:,}"
        text = f"Whether anybody calls takes {LEAST_HOURS} read hours; {read} are read."
        return Report(missing=(Missing(Rule.WARM_UNUSED, text),))
    if use.empty < use.hours:
        return Report()
    why = (
        f"Not one call in {use.hours:,} hours, and auto scaling keeps at least {max(scaled.minimum or 1, 1)} warm: it "
        "never goes below 1. Deregister the target, then remove provisioned concurrency."
    )
    facts = [("Calls", f"0 in {use.hours:,} read hours"), ("Bounds", f"{scaled.minimum} – {scaled.maximum}")]
    if use.usd_a_day is not None:
        facts.append(("Cost a day", f"${use.usd_a_day:,.2f}"))
    return Report((
        Finding(
            Rule.WARM_UNUSED, Severity.WARNING, f"Kept warm, no call in {use.hours // 24} days", why,
            SERVERLESS_SCALING, tuple(facts),
            saving=words.month(use.usd_a_day, 1),
            proposal=Proposal(
                "Deregister the target", "change-schedule", {"way": "leave", "target": scaled.key}
            ),
        ),
    ))  # fmt: skip


def _cooldown(policy: Policy) -> float:
    return DEFAULT_COOLDOWN_S if policy.cooldown_in_s is None else policy.cooldown_in_s


def _with_cooldown(scaled: Scaled, policy: Policy, longest: float) -> Call:
    """The field to change: PutScalingPolicy replaces the whole document, so the rest is to stay as it is."""
    field = "ScaleInCooldown" if policy.kind == TRACKING else "Cooldown"
    request = {
        "PolicyName": policy.name,
        "ServiceNamespace": "sagemaker",
        "ResourceId": scaled.resource_id,
        "ScalableDimension": scaled.dimension,
        field: int(-(-longest // 60) * 60),
    }
    return Call("application-autoscaling", "PutScalingPolicy", request)


def _conflict(one: Policy, other: Policy) -> str:
    if (
        one.kind == other.kind == TRACKING
        and one.metric
        and one.metric == other.metric
        and one.goal != other.goal
    ):
        first, second = sorted((one, other), key=lambda each: each.goal if each.goal is not None else 0)
        return (
            f"{first.name} and {second.name} follow the same metric with targets of {words.number(first.goal)} and "
            f"{words.number(second.goal)}: the lower one asks for more, so {second.name} never decides."
        )
    tracking = next((each for each in (one, other) if each.kind == TRACKING), None)
    step = next((each for each in (one, other) if each.kind == STEP), None)
    if tracking and step and step.removes:
        return (
            f"{step.name} takes capacity away by steps, which {tracking.name} does not block: it may scale out again "
            "right after."
        )
    return ""


def _what(policy: Policy) -> str:
    if policy.kind == TRACKING:
        return f"{policy.metric or 'a metric expression'} near {words.number(policy.goal)}"
    ways = [word for word, is_on in (("adds", policy.adds), ("takes away", policy.removes)) if is_on]
    return f"{policy.kind}: {' and '.join(ways) or 'changes nothing'}"
