"""Rules about parts that are gone, updates without a net, errors, and latency goals that are missed."""

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Risk, Severity
from fleet.advisor.evidence import Evidence
from fleet.advisor.rule import EVERY_KIND, Needs, Outcome, Rule, advise
from fleet.types import Kind

ERRORS = 0.01
NO_GUARDRAILS = ("ml.inf1",)


def broken_parts(e: Evidence) -> Outcome:
    """Config, model, image, artefact or role is gone: it runs, and can be neither updated nor patched."""
    need = Needs()
    gone = need.of(
        e.ownership.broken, "whether all its parts are there", "its config and models have to be readable"
    )
    if need.gap:
        return need.gap
    if not gone:
        return None
    return advise(
        (Decision.CARE, Severity.WARNING, Effort.MEDIUM, Risk.LOW),
        f"It cannot be updated or patched: {', '.join(gone)}",
        "An endpoint is a config, models with image and artefact, and a role. Running instances go on "
        "without them, but the next update, scaling or patch fails.",
        [Line("Gone", part, "DescribeEndpointConfig, DescribeModel") for part in gone],
        "Delete what was put back.",
        steps=("Put the missing part back under its name, or deploy a new config with parts that exist.",),
    )


def guarded_updates(e: Evidence) -> Outcome:
    """Updates in production go to all traffic at once, with no alarm to roll them back."""
    main, found = e.main, e.deployment
    if found is None or (main is not None and main.instance_type.startswith(NO_GUARDRAILS)):
        return None
    need = Needs()
    alarms = need.of(
        found.alarms, "how updates are guarded", "DescribeEndpoint has to report LastDeploymentConfig"
    )
    if need.gap:
        return need.gap
    if alarms and not found.failed:
        return None
    failed = found.failed or 0
    return advise(
        (Decision.CARE, Severity.WARNING if failed else Severity.NOTE, Effort.SMALL, Risk.LOW),
        f"{failed} of {found.updates} updates failed" if failed else "Guard its updates with alarms",
        "With canary or linear traffic and up to ten alarms AWS rolls a bad update back by itself. All at "
        "once without alarms, every caller meets it. A shadow variant tests a model without any caller "
        "noticing.",
        [
            Line("Traffic of the last update", found.traffic or "ALL_AT_ONCE", "LastDeploymentConfig"),
            Line("Alarms", str(alarms), "AutoRollbackConfiguration"),
            Line("Updates that failed", f"{failed} of {found.updates if found.updates is not None else '—'}",
                 words.window(e, "endpoint history")),
        ],
        "Leave the deployment config out of the next update.",
        steps=("Give the next UpdateEndpoint a canary of 10 %, a bake time and alarms on 5xx and p99.",),
    )  # fmt: skip


def errors(e: Evidence) -> Outcome:
    """More than one call of a hundred fails on the endpoint's side."""
    need = Needs()
    calls = need.of(e.calls.count, *words.CALLS)
    failed = need.of(e.calls.errors_5xx, "failed calls", "CloudWatch has to report Invocation5XXErrors")
    if need.gap:
        return need.gap
    if not calls or failed / calls <= ERRORS:
        return None
    return advise(
        (Decision.CARE, Severity.WARNING, Effort.LARGE, Risk.LOW),
        f"{words.share(failed / calls)} of its calls fail",
        "Its callers get an error that is none of theirs. The container answers /ping and /invocations on "
        "port 8080; its log group says why a call failed.",
        [
            Line(
                "5xx",
                f"{words.number(failed)} of {words.number(calls)}",
                words.window(e, "Invocation5XXErrors"),
            )
        ],
        "Nothing is changed by this advice.",
        steps=(f"Read the log group /aws/sagemaker/Endpoints/{e.endpoint}.",),
    )


def latency_goal(e: Evidence) -> Outcome:
    """Slow calls take longer than the team's goal."""
    goal = e.latency_goal_ms
    if goal is None:
        return None
    need = Needs()
    p99 = need.of(e.calls.latency_ms_p99, *words.LATENCY)
    if need.gap:
        return need.gap
    cold = e.cold.added_ms_p99 or 0.0 if _is_cold(e) else 0.0
    if p99 + cold <= goal:
        return None
    lines = [
        Line("Goal", words.duration(goal), "set for the endpoint"),
        Line("p99 of the model", words.duration(p99), words.window(e, "ModelLatency")),
        *(
            [Line("Cold starts add", words.duration(cold), words.window(e, "ModelSetupTime, p99"))]
            if cold
            else []
        ),
    ]
    return advise(
        (Decision.CARE, Severity.WARNING, Effort.LARGE, Risk.LOW),
        f"Slow calls take {words.duration(p99 + cold)}, the goal is {words.duration(goal)}",
        "More than one call of a hundred is cold, so p99 lies among the cold ones: warmth comes first."
        if cold
        else "The model itself is that slow: more CPU, a faster type or a smaller model helps, warmth does not.",
        lines,
        "Nothing is changed by this advice.",
        steps=("See Cold starts for warmth.",)
        if cold
        else ("Compare types under Options; batch inside the container.",),
    )


def _is_cold(e: Evidence) -> bool:
    return bool(e.cold.count and e.calls.count and e.cold.count / e.calls.count > 0.01)


RULES = (
    Rule("broken-parts", 1, "Parts that are gone", EVERY_KIND, broken_parts, sources.API_ENDPOINT),
    Rule("guarded-updates", 1, "Updates without a net", EVERY_KIND - {Kind.SERVERLESS}, guarded_updates,
         sources.GUIDE_GUARDRAILS),
    Rule("failing-calls", 1, "Failing calls", EVERY_KIND, errors, sources.GUIDE_METRICS),
    Rule("latency-goal", 1, "Latency goal missed", EVERY_KIND, latency_goal, sources.BLOG_PATTERNS),
)  # fmt: skip
