"""Rules about cold starts and provisioned concurrency, and about limits on concurrency of serverless endpoints."""

import math

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Missing, Proposal, Risk, Severity
from fleet.advisor.evidence import Evidence
from fleet.advisor.evidence_parts import LevelPlan
from fleet.advisor.rule import NO_SAVING, Needs, Outcome, Rule, advise, part
from fleet.operations.kinds import OperationKind
from fleet.operations.schedules import DAYS
from fleet.types import MAX_SERVERLESS_CONCURRENCY, CostComponent, Kind

COLD_SHARE = 0.05
SPILL_SHARE = 0.1
NEAR_FULL = 0.8
QUOTA_NEAR = 0.8
SHORTEST_GAP_H = 6
"""Hours a day that must be quiet for a schedule to be worth writing."""
FULL_MINUTES = 5.0
"""Minutes with all of it in use from which calls count as being refused, not as a peak that just touched."""
FULL_METRIC = "ServerlessConcurrentExecutionsUtilization"
LEFT = ("quota left", "Service Quotas, or AWS's table for the region")
COLD = ("cold starts", "CloudWatch has to report ModelSetupTime, or OverheadLatency for a week")


def cold_starts(e: Evidence) -> Outcome:
    """More than one call of twenty is cold, and the planner has a level that pays."""
    need = Needs()
    cold = need.of(e.cold.count, *COLD)
    calls = need.of(e.calls.count, *words.CALLS)
    if need.gap:
        return need.gap
    if not calls or cold / calls < COLD_SHARE:
        return None
    plan = need.of(
        e.plan, "what levels of provisioned concurrency would do", "minutes with calls at once: the planner"
    )
    if need.gap:
        return need.gap
    if not plan.is_worth_it:
        return None
    waits = (
        f" Half of them add more than {words.duration(e.cold.added_ms_p50)}." if e.cold.added_ms_p50 else ""
    )
    return advise(
        (Decision.WARMTH, Severity.WARNING, Effort.SMALL, Risk.LOW),
        plan.sentence or _sentence(plan),
        f"About {words.share(cold / calls)} of the calls are cold.{waits} AWS publishes no count: it is an "
        "estimate.",
        [
            Line(
                "Cold starts",
                f"about {words.number(cold)} of {words.number(calls)} calls",
                words.window(e, "ModelSetupTime"),
            ),
            *_foretold(plan),
        ],
        "Take the provisioned concurrency off again; a few cold starts follow the change.",
        NO_SAVING if plan.usd_change is None else (-plan.usd_change, -plan.usd_change),
        proposal=_apply(e, plan),
        steps=() if _apply(e, plan) else ("Apply it from the endpoint's Cold starts tab.",),
    )


def spill_over(e: Evidence) -> Outcome:
    """The provisioned concurrency is busy when more than a tenth of the calls come."""
    main = e.main
    if main is None or not main.provisioned_concurrency:
        return None
    need = Needs()
    spilled = need.of(
        e.cold.spillover, "calls that spilled over", "CloudWatch has to report …SpilloverInvocations"
    )
    calls = need.of(e.calls.count, *words.CALLS)
    if need.gap:
        return need.gap
    if not calls or spilled / calls <= SPILL_SHARE:
        return None
    plan = e.plan if e.plan and (e.plan.level or 0) > main.provisioned_concurrency else None
    change = plan.usd_change if plan else None
    return advise(
        (Decision.WARMTH, Severity.WARNING, Effort.SMALL, Risk.LOW),
        f"Raise provisioned concurrency from {main.provisioned_concurrency}"
        + (f" to {plan.level}" if plan else ""),
        f"{words.share(spilled / calls)} of the calls found it busy and ran on demand, where cold starts "
        "happen.",
        [
            Line(
                "Spilled over",
                f"{words.number(spilled)} of {words.number(calls)} calls",
                words.window(e, "…SpilloverInvocations"),
            ),
            *(_foretold(plan) if plan else []),
        ],
        f"Set it back to {main.provisioned_concurrency}.",
        NO_SAVING if change is None else (-change, -change),
        proposal=_apply(e, plan) if plan else None,
        steps=() if plan else ("Compare levels on the endpoint's Cold starts tab.",),
        missing=() if plan else (Missing("the level that pays", "the planner's forecast for this endpoint"),),
    )


def schedule(e: Evidence) -> Outcome:
    """Provisioned concurrency stays up through hours that are always quiet."""
    main, shape = e.main, e.shape
    level = main.provisioned_concurrency if main else 0
    if main is None or level < 2 or e.scaling.provisioned is not None:
        return None
    need = Needs()
    need.history(e)
    need.of(shape.pattern if shape else None, *words.SHAPE)
    need.of(e.scaling.targets, *words.TARGETS)
    if need.gap or shape is None:
        return need.gap
    hours = shape.busy_hours
    if not hours or 24 - len(hours) < SHORTEST_GAP_H or hours[-1] - hours[0] + 1 != len(hours):
        return None
    days = "weekdays" if {5, 6} <= set(shape.quiet_days) else "daily"
    off = 1 - len(hours) * len(DAYS[days][1]) / 168
    wider = 1 - min(24, len(hours) + 2) * len(DAYS[days][1]) / 168
    saved = part(e.month.of(CostComponent.KEPT_WARM), wider * (level - 1) / level, off * (level - 1) / level)
    start, end = hours[0], hours[-1] + 1
    on = "every day" if days == "daily" else DAYS[days][0]
    fields = {
        "way": "weekly", "days": days, "from_hour": str(start), "to_hour": str(end), "level": str(level), "rest": "1",
        "timezone": "UTC",
    }  # fmt: skip
    return advise(
        (Decision.WARMTH, Severity.ADVICE, Effort.SMALL, Risk.LOW),
        f"Keep {level} units warm only from {start}:00 to {end}:00 UTC, {on}",
        "Its traffic keeps to these hours; outside one unit stays, the fewest that auto scaling sets.",
        [
            words.shape(e),
            Line("Kept warm", words.usd(e.month.of(CostComponent.KEPT_WARM)), words.COSTED),
        ],
        "Remove the schedule; the level stays what it is then.",
        saved,
        proposal=Proposal(OperationKind.CHANGE_SCHEDULE, fields),
        missing=words.unknown(words.COSTS) if saved == NO_SAVING else (),
    )


def range_above_maximum(e: Evidence) -> Outcome:
    """Auto scaling may ask for more provisioned than max concurrency, which AWS refuses."""
    main, target = e.main, e.scaling.provisioned
    if (
        main is None
        or target is None
        or main.max_concurrency is None
        or target.maximum <= main.max_concurrency
    ):
        return None
    return advise(
        (Decision.POLICY, Severity.WARNING, Effort.SMALL, Risk.LOW),
        f"Lower the scalable target's maximum from {target.maximum} to {main.max_concurrency}",
        "Provisioned concurrency must not be above max concurrency: scaling to more would be refused at the "
        "peak.",
        [
            Line("Scalable target", f"{target.minimum} to {target.maximum}", "DescribeScalableTargets"),
            Line("Max concurrency", str(main.max_concurrency), "DescribeEndpoint"),
        ],
        f"Set the maximum back to {target.maximum}.",
        steps=("RegisterScalableTarget with the lower maximum, or raise max concurrency first.",),
    )


def max_concurrency(e: Evidence) -> Outcome:
    """All of its max concurrency was in use: calls above it are refused."""
    main = e.main
    if main is None or main.max_concurrency is None:
        return None
    need = Needs()
    use = need.of(e.cold.concurrency_use_max, "concurrency in use", f"CloudWatch has to report {FULL_METRIC}")
    if need.gap:
        return need.gap
    if use < NEAR_FULL:
        return None
    wanted, left = _room(e, main.max_concurrency)
    can = wanted > main.max_concurrency
    held, minutes = str(main.provisioned_concurrency or ""), e.cold.saturated_minutes
    fields = {"max_concurrency": str(wanted), "provisioned_concurrency": held}
    is_full = use >= 1
    is_lasting = is_full and (minutes is None or minutes >= FULL_MINUTES)
    how_long = f" in {words.number(minutes)} minutes" if is_full and minutes else ""
    return advise(
        (Decision.LIMIT, Severity.CRITICAL if is_lasting else Severity.WARNING, Effort.SMALL, Risk.LOW),
        f"Raise max concurrency from {main.max_concurrency} to {wanted}"
        if can
        else "Its max concurrency cannot be raised",
        f"{words.share(min(1.0, use))} of it was in use at once{how_long}. Calls above it are refused; a "
        "higher maximum alone costs nothing.",
        [
            Line("Highest use", words.share(use), words.window(e, FULL_METRIC)),
            Line("Left in the region", "not known" if left is None else str(left), "concurrency quota"),
        ],
        f"Set it back to {main.max_concurrency}.",
        proposal=Proposal(OperationKind.CHANGE_CONCURRENCY, fields) if can else None,
        steps=() if can else ("Ask AWS for a higher quota, lower others, or convert to instances.",),
        missing=words.unknown(LEFT) if left is None else (),
    )


def _room(e: Evidence, maximum: int) -> tuple[int, int | None]:
    """Half as much again as far as AWS allows, and what the region has left; None = not known."""
    wanted = min(MAX_SERVERLESS_CONCURRENCY, math.ceil(maximum * 1.5))
    if e.quota.concurrency_limit is None or e.quota.concurrency_used is None:
        return wanted, None
    left = e.quota.concurrency_limit - e.quota.concurrency_used
    return min(wanted, maximum + max(0, left)), left


def _apply(e: Evidence, plan: LevelPlan) -> Proposal | None:
    kind = next((each for each in OperationKind if each.value == plan.operation), None)
    if kind is not None:
        return Proposal(kind, dict(plan.fields))
    if (
        plan.level is None
        or e.main is None
        or e.main.max_concurrency is None
        or e.scaling.provisioned is not None
    ):
        return None
    highest = max(e.main.max_concurrency, plan.level)
    fields = {"max_concurrency": str(highest), "provisioned_concurrency": str(plan.level or "")}
    return Proposal(OperationKind.CHANGE_CONCURRENCY, fields)


def _sentence(plan: LevelPlan) -> str:
    """ "Keep 4 units warm: about 1,200 cold starts a month fewer for $41.00"."""
    what = f"Keep {plan.level} units warm" if plan.level else "Keep units warm by a weekly schedule"
    fewer = "" if plan.avoided is None else f": about {words.number(plan.avoided)} cold starts a month fewer"
    return f"{what}{fewer}" + ("" if plan.usd_change is None else f" for {words.usd(plan.usd_change)}")


def _foretold(plan: LevelPlan) -> list[Line]:
    ranges = (("Cold starts a month, today", plan.cold_today), ("Cold starts a month, then", plan.cold_then))
    found = [
        Line(label, f"{words.number(low)} to {words.number(high)}", "planner")
        for label, (low, high) in ((label, span) for label, span in ranges if span is not None)
    ]
    if plan.avoided is not None:
        found.append(Line("Cold starts a month fewer", f"about {words.number(plan.avoided)}", "planner"))
    return [*found, Line("Costs a month more", words.usd(plan.usd_change), "planner")]


_KINDS = frozenset({Kind.SERVERLESS})
RULES = (
    Rule("cold-starts", 1, "Cold starts", _KINDS, cold_starts, sources.GUIDE_SERVERLESS),
    Rule("spill-over", 1, "Spill-over", _KINDS, spill_over, sources.GUIDE_SERVERLESS_METRICS),
    Rule("schedule-provisioned", 1, "Warm at set hours only", _KINDS, schedule, sources.GUIDE_WARMTH),
    Rule(
        "provisioned-range",
        1,
        "Range above max concurrency",
        _KINDS,
        range_above_maximum,
        sources.GUIDE_SERVERLESS,
    ),
    Rule(
        "max-concurrency-reached",
        1,
        "Max concurrency reached",
        _KINDS,
        max_concurrency,
        sources.GUIDE_SERVERLESS,
    ),
)
