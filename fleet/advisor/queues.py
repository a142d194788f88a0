"""Rules about asynchronous endpoints: asleep for ever, awake for nothing, late, and silent about results."""

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Risk, Severity
from fleet.advisor.evidence import Evidence, PricedWay
from fleet.advisor.rule import NO_SAVING, Needs, Outcome, Rule, advise, linters, saving
from fleet.costs.break_even import Family
from fleet.types import Kind

EMPTY_HOURS = 0.5
WAKE = "HasBacklogWithoutCapacity"


def zero_trap(e: Evidence) -> Outcome:
    """It may go to 0 instances, and nothing brings the first one back before the backlog passes the target."""
    need = Needs()
    targets = need.of(e.scaling.targets, *words.TARGETS)
    if need.gap:
        return need.gap
    asleep = [
        each for each in targets if each.minimum == 0 and not any(policy.wakes for policy in each.policies)
    ]
    if not asleep:
        return None
    waiting = bool(e.queue.backlog_max)
    return advise(
        (Decision.QUEUE, Severity.CRITICAL if waiting else Severity.WARNING, Effort.SMALL, Risk.LOW),
        "Add the step policy that starts the first instance",
        "It may go down to 0 instances. Target tracking on the backlog wakes it only once the backlog "
        f"passes the target; a step policy on {WAKE} starts the first instance for the first call.",
        [
            Line("Scalable target", f"{asleep[0].minimum} to {asleep[0].maximum}", "DescribeScalableTargets"),
            Line("Policies", ", ".join(policy.metric or policy.name for policy in asleep[0].policies) or "none",
                 "DescribeScalingPolicies"),
            Line("Longest backlog", words.number(e.queue.backlog_max), words.window(e, "ApproximateBacklogSize")),
        ],
        "Delete the step policy and its alarm.",
        proposal=linters(e, "zero-trap"),
        steps=(f"PutScalingPolicy, step scaling by 1, with an alarm on {WAKE} ≥ 1.", "Or set the minimum to 1."),
        missing=words.unknown(("backlog", "CloudWatch has to report ApproximateBacklogSize"))
        if e.queue.backlog_max is None
        else (),
    )  # fmt: skip


def down_to_zero(e: Evidence) -> Outcome:
    """Instances run through hours in which nothing is in the queue."""
    need = Needs()
    need.history(e)
    targets = need.of(e.scaling.targets, *words.TARGETS)
    busy = need.of(e.calls.busy_hours, *words.CALLS)
    if need.gap:
        return need.gap
    if any(target.minimum == 0 for target in targets) or busy > EMPTY_HOURS:
        return None
    today, then = e.today, _queue_of_same_type(e)
    saved = saving(today, then)
    if saved[0] is not None and saved[0] <= 0:
        return None
    return advise(
        (Decision.COUNT, Severity.ADVICE, Effort.MEDIUM, Risk.MEDIUM),
        "Let it go down to 0 instances when its queue is empty",
        f"It works in {words.share(busy)} of the hours and pays for all. The first call after a gap then "
        "waits minutes for an instance.",
        [
            Line("Hours with work", words.share(busy), words.window(e, "InvocationsProcessed")),
            Line(
                "Today, a month",
                words.usd(today.usd if today else None),
                words.OPTIONS,
            ),
            Line("Then, a month", words.usd(then.usd if then else None), words.OPTIONS),
        ],
        "Set the minimum back to 1.",
        saved,
        proposal=linters(e, "paid-while-empty"),
        steps=(
            "RegisterScalableTarget with a minimum of 0.",
            "Target tracking on ApproximateBacklogSizePerInstance, and a step policy on " + WAKE + ".",
        ),
        missing=words.unknown(words.WAYS) if saved == NO_SAVING else (),
    )


def _queue_of_same_type(e: Evidence) -> PricedWay | None:
    name = e.today.item if e.today else ""
    found = (
        way for way in e.ways if way.family is Family.ASYNCHRONOUS and not way.is_today and way.item == name
    )
    return next(found, None)


def expired_requests(e: Evidence) -> Outcome:
    """Requests were dropped because they had waited too long."""
    need = Needs()
    lost = need.of(e.queue.expired, "expired requests", "CloudWatch has to report ExpiredRequests")
    if need.gap:
        return need.gap
    if not lost:
        return None
    return advise(
        (Decision.QUEUE, Severity.CRITICAL, Effort.MEDIUM, Risk.LOW),
        f"{words.number(lost)} requests expired in its queue",
        "They waited longer than they were allowed to, and were never worked on.",
        [
            Line("Expired", words.number(lost), words.window(e, "ExpiredRequests")),
            Line("Oldest request", words.duration(None if e.queue.age_max_s is None else e.queue.age_max_s * 1000),
                 words.window(e, "ApproximateAgeOfOldestRequest")),
            Line("Longest backlog", words.number(e.queue.backlog_max), words.window(e, "ApproximateBacklogSize")),
        ],
        "Lower the maximum again when the backlog is worked off.",
        steps=("Raise the maximum of its scaling, or its instances.", "Send the expired requests again."),
    )  # fmt: skip


def silent_results(e: Evidence) -> Outcome:
    """Nobody is told when a request fails."""
    need = Needs()
    tells = need.of(e.queue.has_error_topic, "SNS topics", "DescribeEndpointConfig has to be readable")
    if need.gap:
        return need.gap
    if tells:
        return None
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.SMALL, Risk.LOW),
        "Set an SNS topic for failed requests",
        "Callers of asynchronous endpoints get no error back: without a topic they look for an answer that "
        "never comes.",
        [
            Line("Topic for failures", "none", "AsyncInferenceConfig"),
            Line("Topic for results", {True: "set", False: "none", None: "not known"}[e.queue.has_success_topic],
                 "AsyncInferenceConfig"),
        ],
        "Go back to the config of before.",
        steps=("A new endpoint config with NotificationConfig.ErrorTopic (and SuccessTopic), then UpdateEndpoint.",),
    )  # fmt: skip


_KINDS = frozenset({Kind.ASYNCHRONOUS})
RULES = (
    Rule("async-zero-trap", 1, "Nothing wakes it from 0", _KINDS, zero_trap, sources.GUIDE_ASYNC_SCALING),
    Rule("async-to-zero", 1, "Paid while empty", _KINDS, down_to_zero, sources.GUIDE_ASYNC_SCALING),
    Rule("async-expired", 1, "Expired requests", _KINDS, expired_requests, sources.GUIDE_ASYNC_METRICS),
    Rule("async-notifications", 1, "Nobody told of failures", _KINDS, silent_results, sources.GUIDE_ASYNC),
)
