"""Rules about endpoints that could share instances, and about models that one application uses together."""

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Missing, Risk, Severity
from fleet.advisor.evidence import Evidence
from fleet.advisor.evidence_parts import CoHosts
from fleet.advisor.limits import MAX_CONTAINERS
from fleet.advisor.rule import EVERY_KIND, Needs, Outcome, Range, Rule, advise
from fleet.types import Kind

IN_STEP = 0.8
WEEK_H = 168
SLOWEST = 0.6
BACK = "The old endpoints stay until callers have moved: send callers back to them."


def one_multi_model(e: Evidence) -> Outcome:
    """Endpoints with the same image and few calls could be models of one endpoint."""
    group = e.cohosts
    if group is None or not group.is_same_image or len(group.members) < 2:
        return None
    return _share(
        e,
        group,
        f"Host it with {len(group.members) - 1} others as one multi-model endpoint",
        "They run the same container image, and have few calls. One endpoint loads each model when it is "
        "called; the first call of a model waits for its load.",
        (
            "Check that the container can serve several models (MultiModel mode).",
            "Put all artefacts under one S3 prefix; create the shared endpoint.",
            "Have callers name the model (TargetModel), move them one by one, then delete the old endpoints.",
        ),
    )


def several_containers(e: Evidence) -> Outcome:
    """Endpoints with different images and few calls could be containers of one endpoint."""
    group = e.cohosts
    if group is None or group.is_same_image or not 2 <= len(group.members) <= MAX_CONTAINERS:
        return None
    if e.main is not None and e.main.machine is not None and e.main.machine.gpus != 0:
        return None
    return _share(
        e,
        group,
        f"Host it with {len(group.members) - 1} others as containers of one endpoint",
        f"They have few calls and could share instances: up to {MAX_CONTAINERS} containers run side by side, "
        "all of them always loaded, so there are no cold starts.",
        (
            "CreateModel with all containers and InferenceExecutionConfig.Mode = Direct; create the endpoint.",
            "Have callers name the container (TargetContainerHostname), move them one by one.",
            "Delete the old endpoints.",
        ),
    )


def slowest_stage(e: Evidence) -> Outcome:
    """One container of a pipeline takes most of the time."""
    if len(e.stages) < 2:
        return None
    need = Needs()
    took = [
        need.of(each.latency_ms, f"latency of {each.name}", "CloudWatch has to report ContainerLatency")
        for each in e.stages
    ]
    if need.gap:
        return need.gap
    worst = max(range(len(took)), key=lambda n: took[n])
    if not sum(took) or took[worst] / sum(took) < SLOWEST:
        return None
    name = e.stages[worst].name
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.LARGE, Risk.LOW),
        f"{name} takes {words.share(took[worst] / sum(took))} of the time",
        "Its containers run one after another on the same instances, so this one decides on latency and "
        "throughput.",
        [
            Line(each.name, words.duration(each.latency_ms), words.window(e, "ContainerLatency"))
            for each in e.stages
        ],
        "Nothing is changed by this advice.",
        steps=(f"Make {name} faster, or host it on a type of its own.",),
    )


def containers_never_called(e: Evidence) -> Outcome:
    """A container that callers would have to name, and that nobody named for a week while others were called."""
    if len(e.stages) < 2 or not all(each.is_direct for each in e.stages):
        return None
    need = Needs()
    calls = [
        need.of(
            each.calls if each.hours >= WEEK_H else None,
            f"a week of calls of {each.name}",
            "CloudWatch has to report Invocations by ContainerName: silence is not taken for none",
        )
        for each in e.stages
    ]
    if need.gap:
        return need.gap
    unused = [each for each, count in zip(e.stages, calls, strict=True) if not count]
    if not unused or len(unused) == len(calls):
        return None
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.MEDIUM, Risk.MEDIUM),
        f"Never called: {len(unused)} of its {len(calls)} containers",
        "All containers of an endpoint are always loaded, so one that nobody calls takes memory from the others. "
        "Without it a smaller type may do; what that saves is not known before its memory was measured.",
        [
            Line(
                each.name,
                f"{words.number(each.calls)} calls in {each.hours} hours",
                "Invocations by ContainerName",
            )
            for each in e.stages
        ],
        "Update the endpoint with its config of today: that and the model stay.",
        steps=(
            "Ask the owner: calls that name the container (TargetContainerHostname) fail once it is gone.",
            "CreateModel without it, and update the endpoint with a config that names the new model.",
            "Look at memory in use for a week, then at smaller types.",
        ),
    )


def same_application(e: Evidence) -> Outcome:
    """Endpoints of one application that are called in step: an ensemble, or steps of one request."""
    group = e.application
    if group is None or not group.others:
        return None
    need = Needs()
    in_step = need.of(
        group.calls_together, "whether their calls go together", "a week of hourly calls of all of them"
    )
    if need.gap:
        return need.gap
    if in_step < IN_STEP:
        return None
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.LARGE, Risk.HIGH),
        f"{len(group.others) + 1} endpoints of {group.name} are called together",
        "Models that answer the same requests (scatter and gather, an aggregate, steps in order) can sit in "
        "one endpoint: fewer hops and instances. But then they are updated, and fail, together.",
        [
            Line("Endpoints", ", ".join((e.endpoint, *group.others)), "application tag"),
            Line("Calls in step", f"{in_step:.2f}", words.window(e, "correlation of hourly calls")),
            Line("Touched by a change", f"{len(group.others)} other endpoints", "application tag"),
        ],
        BACK,
        steps=(
            "Steps in order: an inference pipeline (2 to 15 containers).",
            "Side by side: a multi-container endpoint.",
        ),
    )


def _share(e: Evidence, group: CoHosts, title: str, why: str, steps: tuple[str, ...]) -> Outcome:
    need = Needs()
    need.history(e)
    today = need.of(group.usd_today, *words.COSTS)
    then = need.of(
        group.usd_together, "what the shared endpoint would cost", "a type that fits, with a price"
    )
    if need.gap:
        return need.gap
    if then >= today:
        return None
    saved: Range = (today - then if group.saving_low is None else group.saving_low, today - then)
    hits = "—" if group.hit_ratio is None else words.share(group.hit_ratio)
    return advise(
        (Decision.SHARING, Severity.ADVICE, Effort.LARGE, Risk.MEDIUM),
        title,
        why,
        [
            Line("Members", ", ".join(group.members), "same account and region"),
            Line("Today, a month", words.usd(today), "its own cost lines"),
            Line(
                "Then, a month",
                f"{words.usd(then)} on {group.instance_count} × {group.instance_type}",
                "its part",
            ),
            Line("Hit ratio", hits, "cache forecast"),
        ],
        BACK,
        saved,
        steps=steps,
        missing=tuple(Missing(what, "check before the change") for what in group.missing),
        to=group.instance_type,
    )


_ALONE = frozenset({Kind.REAL_TIME})
RULES = (
    Rule("share-multi-model", 1, "One multi-model endpoint", _ALONE, one_multi_model, sources.BLOG_PATTERNS),
    Rule("share-containers", 1, "One multi-container endpoint", _ALONE, several_containers, sources.BLOG_PATTERNS),
    Rule("slowest-stage", 1, "Slowest stage", frozenset({Kind.REAL_TIME, Kind.MULTI_CONTAINER}), slowest_stage,
         sources.GUIDE_PIPELINES),
    Rule("containers-never-called", 1, "Containers never called", frozenset({Kind.MULTI_CONTAINER}),
         containers_never_called, sources.GUIDE_MULTI_CONTAINER_DIRECT),
    Rule("same-application", 1, "One application", EVERY_KIND, same_application, sources.BLOG_PATTERNS),
)  # fmt: skip
