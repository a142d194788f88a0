"""Rules about money that nobody gets anything for: idle, expired, ownerless endpoints, unused warmth and capacity."""

import math

from fleet.advisor import words
from fleet.advisor.advice import Decision, Effort, Line, Proposal, Risk, Severity
from fleet.advisor.evidence import Evidence
from fleet.advisor.rule import EVERY_KIND, NO_SAVING, ON_INSTANCES, Needs, Outcome, Rule, advise, part
from fleet.advisor.sources import GUIDE_COSTS, GUIDE_WARMTH, PRICING_PLANS
from fleet.operations.kinds import OperationKind
from fleet.types import CostComponent, Kind

IDLE_DAYS = 14.0
EXPIRES_SOON_DAYS = 7.0
WARM_UNUSED = 0.5
IDLE_HOURS = 0.5
DELETE = (
    "Ask the owner; look at the endpoint's callers in CloudTrail (InvokeEndpoint).",
    "Deregister its scalable targets, if it has any.",
    "DeleteEndpoint; keep the endpoint config and the model, so that it can be created again.",
)
CREATE_AGAIN = (
    "Create it again from the kept config: the name can be used again, metrics of the old one stay."
)


def idle(e: Evidence) -> Outcome:
    """No call for two weeks, by the metric that its kind publishes."""
    need = Needs()
    need.history(e, IDLE_DAYS)
    quiet_days = need.of(e.calls.days_since_last, *words.CALLS)
    if need.gap:
        return need.gap
    if quiet_days < IDLE_DAYS:
        return None
    usd = e.month.total
    why = f"Nobody called it for {quiet_days:.0f} days."
    if e.kind is Kind.SERVERLESS:
        why += " AWS keeps its encrypted copy of the container image until every endpoint that uses it is deleted."
    return advise(
        (
            Decision.EXISTENCE,
            Severity.ADVICE if usd or usd is None else Severity.NOTE,
            Effort.SMALL,
            Risk.MEDIUM,
        ),
        f"Delete it: no call in {quiet_days:.0f} days",
        why,
        [
            Line("Last call", f"{quiet_days:.0f} days ago", "Invocations, or InvocationsProcessed"),
            words.month(e),
        ],
        CREATE_AGAIN,
        part(usd, 1.0) if usd else NO_SAVING,
        steps=DELETE,
        missing=words.unknown(words.COSTS) if usd is None else (),
    )


def expired(e: Evidence) -> Outcome:
    """The date that its owner set has come, or is near."""
    left = e.ownership.expires_in_days
    if left is None or left > EXPIRES_SOON_DAYS:
        return None
    is_over = left <= 0
    when = "today" if not round(left) else f"{-left:.0f} days ago" if is_over else f"in {left:.0f} days"
    return advise(
        (Decision.EXISTENCE, Severity.ADVICE, Effort.SMALL, Risk.MEDIUM)
        if is_over
        else (Decision.CARE, Severity.NOTE, Effort.SMALL, Risk.MEDIUM),
        "Delete it: its date has passed" if is_over else f"Its date is {when}",
        f"The date set for it {'was' if is_over else 'is'} {when}: delete it then, or set a later one.",
        [Line("Expiry", when, "set by its owner"), words.calls(e), words.month(e)],
        CREATE_AGAIN,
        part(e.month.total, 1.0) if is_over else NO_SAVING,
        steps=DELETE,
    )


def orphan(e: Evidence) -> Outcome:
    """It costs money, and nobody is named as its owner."""
    if e.ownership.owner:
        return None
    need = Needs()
    usd = need.of(e.month.total, *words.COSTS)
    if need.gap:
        return need.gap
    if not usd:
        return None
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.SMALL, Risk.LOW),
        "Nobody owns it",
        f"It costs {words.usd(usd)} a month and names no owner: nobody would answer for it, or be asked "
        "about it.",
        [Line("Owner", "none", "owner entered here, and tags"), words.month(e)],
        "Take the owner off again.",
        steps=(
            "Find who deployed it (CloudTrail, CreateEndpoint).",
            "Enter the owner on the endpoint's page.",
        ),
    )


def unused_warmth(e: Evidence) -> Outcome:
    """Of the provisioned concurrency, never more than half was busy at once."""
    main = e.main
    if main is None or not main.provisioned_concurrency or main.max_concurrency is None:
        return None
    need = Needs()
    need.history(e)
    most = need.of(e.cold.warm_use_max, *words.WARM_USE)
    if need.gap:
        return need.gap
    level = main.provisioned_concurrency
    used = math.ceil(round(min(1.0, most) * level, 6))
    if used > WARM_UNUSED * level:
        return None
    has_target = e.scaling.provisioned is not None
    fields = {"max_concurrency": str(main.max_concurrency), "provisioned_concurrency": str(used or "")}
    kept = e.month.of(CostComponent.KEPT_WARM)
    return advise(
        (Decision.WARMTH, Severity.ADVICE, Effort.SMALL, Risk.LOW if used else Risk.MEDIUM),
        f"Lower provisioned concurrency from {level} to {used or 'none'}",
        f"At most {used} of {level} units were busy at once. Warm units cost the same, used or not.",
        [
            Line("Highest use", words.share(most), words.window(e, words.WARM_METRIC)),
            Line("Kept warm", words.usd(kept), words.COSTED),
        ],
        f"Set it back to {level}.",
        # Units are paid for evenly. At least: with one more than was used.
        part(kept, max(0, level - used - 1) / level, (level - used) / level),
        steps=("Lower the minimum of its scalable target: a lower level alone would be undone.",)
        if has_target
        else (),
        proposal=None if has_target else Proposal(OperationKind.CHANGE_CONCURRENCY, fields),
        missing=words.unknown(words.COSTS) if kept is None else (),
    )


def idle_capacity(e: Evidence) -> Outcome:
    """Its instances do next to nothing in half of the hours."""
    need = Needs()
    need.history(e)
    low_hours = need.of(e.use.low_hours, *words.CPU)
    if need.gap:
        return need.gap
    if low_hours < IDLE_HOURS or e.shape is None or e.shape.pattern is None:
        return None
    paid = e.month.of(CostComponent.INSTANCE_TIME)
    wasted = part(paid, low_hours)[0]
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.MEDIUM, Risk.LOW),
        f"Below 10 % of its CPU in {words.share(low_hours)} of the hours",
        "Capacity for the peak stands idle the rest of the time. Scaling, another way to host or sharing "
        "would make use of it; what each saves is said where it applies.",
        [
            Line("Hours below 10 % CPU", words.share(low_hours), words.window(e, "CPUUtilization")),
            Line("Peak to mean", words.number(e.shape.peak_to_mean), words.window(e, "hourly calls")),
            Line("Paid in those hours", words.usd(wasted), "instance time × their part, a month"),
        ],
        "Nothing is changed by this advice.",
        steps=("Compare the ways to host it under Options.",),
    )


def savings_plan(e: Evidence) -> Outcome:
    """What runs in every hour is paid at the on-demand price."""
    need = Needs()
    steady = need.of(
        e.commitment.steady_usd, "what runs in every hour", "four weeks of instance hours with a price"
    )
    covered = need.of(e.commitment.covered_usd, "what Savings Plans cover", "plans entered under Prices")
    rate = need.of(
        e.commitment.plan_discount, "what a plan takes off this type", "the rate of a plan, under Prices"
    )
    if need.gap:
        return need.gap
    bare = steady - covered
    if bare <= 0 or rate <= 0:
        return None
    return advise(
        (Decision.COMMITMENT, Severity.ADVICE, Effort.MEDIUM, Risk.HIGH),
        f"Cover {words.usd(bare)} a month with a Savings Plan",
        "So much of it ran in every hour at the on-demand price. A plan is a commitment for one or three "
        "years: it is paid whether this endpoint runs or not. Serverless and asynchronous hosting are not "
        "among what plans name.",
        [
            Line("Runs in every hour", words.usd(steady), words.window(e, "instance hours × list price")),
            Line("Covered already", words.usd(covered), "Savings Plans as entered"),
            Line("A plan takes off", words.share(float(rate)), "rate as entered"),
        ],
        "None: a Savings Plan is paid for its whole term.",
        # At least: with a quarter less of it running, the plan is paid for what does not run.
        (bare * rate - bare / 4, bare * rate),
        steps=("See Costs → Savings Plans for the commitment that fits the whole account.",),
        is_irreversible=True,
    )


RULES = (
    Rule("idle", 1, "Idle", EVERY_KIND, idle, GUIDE_COSTS),
    Rule("expired", 1, "Expired", EVERY_KIND, expired, GUIDE_COSTS),
    Rule("orphan", 1, "Without an owner", EVERY_KIND, orphan, GUIDE_COSTS),
    Rule(
        "unused-provisioned-concurrency",
        1,
        "Unused provisioned concurrency",
        frozenset({Kind.SERVERLESS}),
        unused_warmth,
        GUIDE_WARMTH,
    ),
    Rule("idle-capacity", 1, "Idle capacity", ON_INSTANCES, idle_capacity, GUIDE_COSTS),
    Rule("savings-plan", 1, "Savings Plan", ON_INSTANCES - {Kind.ASYNCHRONOUS}, savings_plan, PRICING_PLANS),
)
