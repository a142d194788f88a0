"""Rules about scaling of instances: none, back and forth, alone without a spare, and what the linter finds."""

from decimal import Decimal

from fleet.advisor import queues, sources, waste, words
from fleet.advisor.advice import Advice, Decision, Effort, Line, Risk, Severity
from fleet.advisor.evidence import Evidence
from fleet.advisor.rule import (
    EVERY_KIND,
    ON_INSTANCES,
    Needs,
    Outcome,
    Rule,
    advise,
    change_instances,
    linters,
    part,
)
from fleet.analysis.traffic_shape import Pattern
from fleet.types import CostComponent, Kind

UNEVEN = frozenset({Pattern.DIURNAL, Pattern.BURSTY, Pattern.INTERMITTENT, Pattern.GROWING})
TARGET_USE = 0.7
"""How full target tracking is assumed to keep instances at least."""
FLAPS_PER_DAY = 6.0
PRODUCTION = frozenset({"prod", "production", "live"})
UNLIKE_CPU = 3.0
MANY_LOADED, LARGE_VCPUS, BUSY_CPU = 200.0, 16, 70.0
ALSO_RULES = {
    "zero-trap": "async-zero-trap",
    "paid-while-empty": "async-to-zero",
    "warm-unused": "unused-provisioned-concurrency",
}
"""Findings of the linter that rules look for, too, with more figures."""
BY_CALLS = "SageMakerVariantInvocationsPerInstance"
NO_POLICY = "Deregister the scalable target; set the number of instances of before."


def no_autoscaling(e: Evidence) -> Outcome:
    """Several instances all day for traffic that comes and goes."""
    main = e.main
    if main is None or (main.instance_count or 0) < 2:
        return None
    shape = e.shape
    need = Needs()
    need.history(e)
    targets = need.of(e.scaling.targets, *words.TARGETS)
    pattern = need.of(shape.pattern if shape else None, *words.SHAPE)
    if need.gap:
        return need.gap
    if targets or pattern not in UNEVEN or shape is None or not shape.peak_to_mean:
        return None
    count = main.instance_count or 0
    most = (count - 1) / count
    high = min(most, 1 - 1 / shape.peak_to_mean)
    low = min(most, max(0.0, 1 - 1 / (shape.peak_to_mean * TARGET_USE)))
    saved = part(e.month.of(CostComponent.INSTANCE_TIME), low, high)
    return advise(
        (Decision.COUNT, Severity.ADVICE, Effort.MEDIUM, Risk.MEDIUM),
        f"Scale it between 1 and {count} instances",
        f"Its traffic is {pattern.value}, and {count} instances run all the time: what the peak needs stands "
        f"idle the rest of it. {_form(pattern)}",
        [
            words.shape(e),
            Line("Peak to mean", words.number(shape.peak_to_mean), words.window(e, "hourly calls")),
            Line("Instance time", words.usd(e.month.of(CostComponent.INSTANCE_TIME)), words.COSTED),
        ],
        NO_POLICY,
        saved,
        steps=(
            f"RegisterScalableTarget, 1 to {count}.",
            f"PutScalingPolicy, target tracking on {BY_CALLS}: {words.number(_target(e))} calls a minute; "
            "load-test it.",
        ),
        missing=words.unknown(words.COSTS) if saved[0] is None else (),
    )


def flapping(e: Evidence) -> Outcome:
    """Scaling goes out and back within an hour, again and again."""
    if not e.scaling.targets:
        return None
    need = Needs()
    back = need.of(
        e.scaling.reversals_per_day, "scaling activities", "the role has to allow DescribeScalingActivities"
    )
    if need.gap:
        return need.gap
    if back < FLAPS_PER_DAY:
        return None
    return advise(
        (Decision.POLICY, Severity.WARNING, Effort.SMALL, Risk.LOW),
        f"Its scaling goes back and forth {back:.0f} times a day",
        "Instances that come and go within an hour are paid for without doing much, and calls wait while "
        "they start. A longer scale-in cool-down, or a target further from the use, calms it.",
        [
            Line(
                "Out and back within an hour",
                f"{back:.0f} a day",
                words.window(e, "DescribeScalingActivities"),
            )
        ],
        "Set the cool-downs of before.",
        steps=("Raise ScaleInCooldown to an hour's part that covers a usual gap.", "Watch it for a day."),
    )


def no_spare(e: Evidence) -> Outcome:
    """In production, and one instance (or a minimum of one) has to do."""
    main = e.main
    if main is None or e.ownership.environment.lower() not in PRODUCTION:
        return None
    target = e.scaling.instances
    need = Needs()
    count = need.of(main.instance_count, "number of instances", "DescribeEndpoint has to report it")
    if need.gap:
        return need.gap
    lowest = min(count, target.minimum) if target else count
    if lowest != 1:
        return None
    one = e.month.of(CostComponent.INSTANCE_TIME)
    more = None if one is None else -one / count
    proposal = None if target else change_instances(main.instance_type, 2)
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.SMALL, Risk.LOW),
        "Keep at least two instances: one has no spare",
        "With one instance every failure of it, or of its availability zone, stops the endpoint.",
        [
            Line("Least instances", str(lowest), "scalable target" if target else "DescribeEndpoint"),
            Line("Environment", e.ownership.environment, "tags"),
        ],
        "Set it back to 1.",
        (more, more) if not target else (more, Decimal(0) if more is not None else None),
        proposal=proposal,
        steps=("Set the scalable target's minimum to 2.",) if target else (),
    )


def linted(e: Evidence) -> Outcome:
    """What the scaling linter found and no rule of its own says, gravest first."""
    left = [found for found in e.scaling.lint if not isinstance(_said_by(found.rule, e), Advice)]
    if not left:
        return None
    worst = min(left, key=lambda found: (found.severity != "critical", found.severity, found.rule))
    proposal = linters(e, worst.rule)
    return advise(
        (
            Decision.POLICY,
            Severity.CRITICAL if worst.severity == "critical" else Severity.WARNING,
            Effort.SMALL,
            Risk.LOW,
        ),
        worst.sentence,
        worst.remedy or "See Scaling for what would settle it.",
        [Line(found.rule, found.sentence, "scaling linter") for found in left],
        "Put the policy or range of before back under Scaling.",
        (worst.usd_saving, worst.usd_saving),
        proposal=proposal,
        steps=() if proposal else ("Follow the proposal on the Scaling page.",),
    )


def _said_by(finding: str, e: Evidence) -> Outcome:
    """What the rule says that looks for the same as the linter's finding; None without such a rule."""
    slug = ALSO_RULES.get(finding, "")
    return next((rule.judge(e) for rule in (*queues.RULES, *waste.RULES) if rule.slug == slug), None)


def multi_model_by_calls(e: Evidence) -> Outcome:
    """A multi-model endpoint should scale by calls per minute."""
    need = Needs()
    targets = need.of(e.scaling.targets, *words.TARGETS)
    if need.gap:
        return need.gap
    policies = [policy for target in targets for policy in target.policies]
    if not targets or any(policy.metric == BY_CALLS for policy in policies):
        return None
    return advise(
        (Decision.POLICY, Severity.NOTE, Effort.SMALL, Risk.LOW),
        "Scale it by calls of each instance",
        "Invocations per minute are the advised measure for multi-model endpoints: CPU says little about "
        "models that wait for memory. GPU types may scale by GPUUtilization as well.",
        [
            Line(
                "Policies",
                ", ".join(policy.metric or policy.name for policy in policies) or "none",
                "scaling policies",
            )
        ],
        "Put the policy of before back.",
        steps=(f"PutScalingPolicy, target tracking on {BY_CALLS}, after a load test.",),
    )


def many_small(e: Evidence) -> Outcome:
    """Hundreds of models on few large instances can throttle each other."""
    main = e.main
    if main is None or main.machine is None or e.cache is None:
        return None
    need = Needs()
    loaded = need.of(e.cache.loaded_models, "models in memory", "CloudWatch has to report LoadedModelCount")
    vcpus = need.of(main.machine.vcpus, "vCPUs of the type", "a type that the table of sizes knows")
    cpu = need.of(e.use.cpu_p95, *words.CPU)
    if need.gap:
        return need.gap
    if loaded < MANY_LOADED or vcpus < LARGE_VCPUS or (main.instance_count or 0) > 2 or cpu < BUSY_CPU:
        return None
    return advise(
        (Decision.SIZE, Severity.NOTE, Effort.MEDIUM, Risk.MEDIUM),
        "Use more and smaller instances",
        "Hundreds of models on a few large instances can be throttled; more and smaller instances of the "
        "same price spread calls and loads better.",
        [
            Line("Models in memory", words.number(loaded), words.window(e, "LoadedModelCount")),
            Line("CPU, 95 of 100 hours", words.percent(cpu), words.window(e, "CPUUtilization ÷ vCPUs")),
            Line("Instances", f"{main.instance_count} × {main.instance_type}", "DescribeEndpoint"),
        ],
        "Change the instances back.",
        steps=("Compare hit ratio and price of more, smaller instances on the Cache page.",),
    )


def unlike_containers(e: Evidence) -> Outcome:
    """Scaling by calls misleads when one container takes far more CPU than another."""
    if len(e.stages) < 2:
        return None
    need = Needs()
    used = [
        need.of(stage.cpu, f"CPU of {stage.name}", "CloudWatch has to report it by ContainerName")
        for stage in e.stages
    ]
    if need.gap:
        return need.gap
    if not min(used) or max(used) / min(used) < UNLIKE_CPU:
        return None
    names = [
        Line(stage.name, words.percent(stage.cpu), words.window(e, "CPUUtilization")) for stage in e.stages
    ]
    return advise(
        (Decision.CARE, Severity.WARNING if e.scaling.targets else Severity.NOTE, Effort.LARGE, Risk.MEDIUM),
        "Its containers take very different amounts of CPU",
        "If calls move to the heavy container and their number stays the same, the endpoint does not scale "
        "out, and there may be too few instances. Scaling is advised only for containers alike in CPU and "
        "latency.",
        names,
        "Move the container back.",
        steps=("Give the heavy container an endpoint of its own, or scale by CPU.",),
    )


def _form(pattern: Pattern) -> str:
    if pattern is Pattern.DIURNAL:
        return "Its hours are known beforehand, so a schedule can go before the policy."
    if pattern is Pattern.BURSTY:
        return "For sudden peaks a step policy adds several instances at once."
    return "Target tracking follows it."


def _target(e: Evidence) -> float | None:
    """Calls a minute and instance at the peak hour's mean, as a first guess for the load test."""
    shape, main = e.shape, e.main
    if (
        shape is None
        or main is None
        or not shape.mean_per_hour
        or not shape.peak_to_mean
        or not main.instance_count
    ):
        return None
    return shape.mean_per_hour * shape.peak_to_mean / 60 / main.instance_count


_FIXED = frozenset({Kind.REAL_TIME, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER})
_MULTI_MODEL = frozenset({Kind.MULTI_MODEL})
RULES = (
    Rule("no-autoscaling", 1, "No auto scaling", _FIXED, no_autoscaling, sources.GUIDE_COSTS),
    Rule("flapping", 1, "Scaling back and forth", ON_INSTANCES, flapping, sources.GUIDE_SCALING),
    Rule("no-spare-instance", 1, "No spare instance", _FIXED, no_spare, sources.GUIDE_MULTI_MODEL_INSTANCES),
    Rule("scaling-linter", 1, "Scaling linter", EVERY_KIND, linted, sources.GUIDE_SCALING),
    Rule("multi-model-scaling", 1, "Scaling of multi-model endpoints", _MULTI_MODEL, multi_model_by_calls,
         sources.BLOG_PATTERNS),
    Rule("many-small-instances", 1, "Few large instances", _MULTI_MODEL, many_small, sources.BLOG_PATTERNS),
    Rule("unlike-containers", 1, "Unlike containers", frozenset({Kind.MULTI_CONTAINER, Kind.REAL_TIME}),
         unlike_containers, sources.GUIDE_MULTI_CONTAINER_SCALING),
)  # fmt: skip
