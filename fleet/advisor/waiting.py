"""Rules about work that can wait: long or large requests, callers that need no answer at once, jobs at set times."""

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Risk, Severity
from fleet.advisor.evidence import Evidence
from fleet.advisor.flow import is_scheduled
from fleet.advisor.limits import LIMITS, OPTION_OF
from fleet.advisor.rule import Needs, Outcome, Rule, advise, saving
from fleet.costs.break_even import Family
from fleet.types import Kind

NEAR = 0.75
"""Part of a limit from which requests or answers count as near it."""
_ONLINE = frozenset({Kind.SERVERLESS, Kind.REAL_TIME})
STEPS = (
    "Create an asynchronous endpoint with the same model; input and answers go through S3.",
    "Change callers to InvokeEndpointAsync, and to read the answer or its SNS message.",
    "Register scaling from 0 with a policy on the backlog and one on HasBacklogWithoutCapacity.",
)
BACK = "Send callers back to the old endpoint, which stays until they have moved."


def long_or_large(e: Evidence) -> Outcome:
    """Answers or requests come near what online hosting refuses, while a queue would take them."""
    if e.is_queueable is False:
        return None
    limit = LIMITS[OPTION_OF[e.kind]]
    need = Needs()
    if e.calls.latency_ms_p99 is None and e.payload.largest_bytes is None:
        need.of(
            None,
            "how long calls take, or how large requests are",
            f"{words.LATENCY[1]}, or somebody says sizes",
        )
    if need.gap:
        return need.gap
    slow_s, largest = (e.calls.latency_ms_p99 or 0.0) / 1000, e.payload.largest_bytes or 0.0
    is_long, is_large = slow_s >= NEAR * (limit.seconds or 0), largest >= NEAR * (limit.payload_bytes or 0)
    if not (is_long or is_large):
        return None
    lines = []
    if is_long:
        lines.append(
            Line("p99 of answers", f"{slow_s:.3g} s of {limit.seconds} s", words.window(e, "ModelLatency"))
        )
    if is_large:
        most = (limit.payload_bytes or 0) / 1e6
        lines.append(Line("Largest request", f"{largest / 1e6:.3g} MB of {most:.0f} MB", e.payload.source))
    return advise(
        (Decision.HOSTING, Severity.WARNING, Effort.LARGE, Risk.MEDIUM),
        "Put a queue in front: it comes near what online hosting refuses",
        f"{'Answers' if is_long else 'Requests'} come near the limit of {e.kind.value} hosting; calls beyond "
        "it fail. Asynchronous hosting takes requests of up to 1 GB and work of up to an hour.",
        [*lines, words.calls(e)],
        BACK,
        saving(e.today, e.cheapest(Family.ASYNCHRONOUS)),
        steps=STEPS,
        missing=words.unknown(("whether callers can wait", "somebody who knows them says so"))
        if e.is_queueable is None
        else (),
        to="asynchronous",
    )


def callers_wait(e: Evidence) -> Outcome:
    """Behind a queue instances could go to 0 in hours without a call, and it would surely cost less."""
    if e.is_queueable is False:
        return None
    need = Needs()
    need.history(e)
    today = need.of(e.today if e.today and e.today.usd is not None else None, *words.WAYS)
    if need.gap:
        return need.gap
    then = e.cheapest(Family.ASYNCHRONOUS)
    low, high = saving(today, then)
    if then is None or low is None or low <= 0:
        return None
    need.of(e.is_queueable, "whether callers can wait for the answer", "somebody who knows them says so")
    if need.gap:
        return need.gap
    return advise(
        (Decision.HOSTING, Severity.ADVICE, Effort.LARGE, Risk.MEDIUM),
        f"Host it asynchronously on {then.item}, down to 0 instances",
        "Its callers can wait: a queue holds calls while no instance runs. The first call after a gap waits "
        "minutes.",
        [
            Line("Today, a month", words.usd(today.usd), words.OPTIONS),
            Line(
                "Then, a month",
                f"{words.usd(then.usd)} as {words.way(then)}",
                words.OPTIONS,
            ),
            words.shape(e),
        ],
        BACK,
        (low, high),
        steps=STEPS,
        to="asynchronous",
    )


def scheduled(e: Evidence) -> Outcome:
    """Calls come in a few hours, always the same ones: a job at set times."""
    if e.is_offline is False:
        return None
    shape = e.shape
    need = Needs()
    need.history(e)
    need.of(shape.pattern if shape else None, *words.SHAPE)
    if need.gap:
        return need.gap
    if shape is None or not is_scheduled(e):
        return None
    need.of(e.is_offline, "whether all input is there beforehand", "somebody who knows the callers says so")
    if need.gap:
        return need.gap
    hours = ", ".join(f"{hour}:00" for hour in shape.busy_hours)
    return advise(
        (Decision.HOSTING, Severity.ADVICE, Effort.LARGE, Risk.LOW),
        "Run it as a batch transform job",
        f"Its calls come at {hours} UTC and in {words.share(shape.busy)} of the hours, with all input there "
        "beforehand. A job pays for its instances while it runs, and needs no endpoint between.",
        [words.shape(e), words.calls(e), words.month(e)],
        "Keep the endpoint's config; create it again.",
        steps=(
            "CreateTransformJob with the same model at the same times (EventBridge schedule).",
            "Set MaxConcurrentTransforms to the number of workers, and BatchStrategy, as the guide says.",
            "Compare one job's cost under Batch with the endpoint's, then delete the endpoint.",
        ),
        missing=words.unknown(("what the job would cost", "one run of it: its instance time is then known")),
        to="batch",
    )


RULES = (
    Rule(
        "async-for-long-or-large", 1, "Long or large work", _ONLINE, long_or_large, sources.GUIDE_HOSTING_FAQ
    ),
    Rule(
        "async-for-waiting-callers",
        1,
        "Callers that can wait",
        frozenset({Kind.REAL_TIME}),
        callers_wait,
        sources.GUIDE_ASYNC,
    ),
    Rule(
        "batch-for-set-times",
        1,
        "Work at set times",
        _ONLINE | {Kind.ASYNCHRONOUS},
        scheduled,
        sources.GUIDE_BATCH,
    ),
)
