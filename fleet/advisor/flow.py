"""The decision flow between the ways to host: the same questions for an endpoint and for a person's answers. Pure.

Sources: Amazon SageMaker AI developer guide, “Model hosting FAQs” (the flow), and the AWS Machine Learning Blog, “Model
hosting patterns in Amazon SageMaker, Part 1” (one or several models).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from fleet.advisor import wording
from fleet.advisor.evidence import Evidence, HostingOption
from fleet.advisor.limits import MAX_CONTAINERS
from fleet.analysis.traffic_shape import LatencyClass, Pattern, PayloadClass, latency_class, payload_class
from fleet.types import Kind

REGULAR, RARE = 0.8, 0.1
"""A nightly job: calls in at most RARE of the hours, and the hour foretells at least REGULAR of the variation."""


@dataclass(frozen=True)
class Answers:
    """What the flow asks. Each None = not known. figures: where an answer comes from, by the field's name.

    payload, latency: classes of the largest request and of a slow answer. tolerates_cold: whether some answers may take
    seconds longer. excluded: features in use that serverless lacks. models: how many one request or application needs;
    is_chain: each request passes through all of them in order; are_alike: one framework, similar size and latency.
    """

    is_offline: bool | None = None
    is_queueable: bool | None = None
    payload: PayloadClass | None = None
    latency: LatencyClass | None = None
    pattern: Pattern | None = None
    tolerates_cold: bool | None = None
    excluded: tuple[str, ...] | None = None
    models: int | None = None
    is_chain: bool | None = None
    are_alike: bool | None = None
    figures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Node:
    """A question or, with `option`, an end of the flow. answer None = not known; figure: what the answer rests on."""

    key: str
    text: str
    answer: bool | None = None
    figure: str = ""
    option: HostingOption | None = None
    is_taken: bool = False


@dataclass(frozen=True)
class Edge:
    """From a question to the next node. label: "yes" or "no"."""

    start: str
    end: str
    label: str
    is_taken: bool = False


@dataclass(frozen=True)
class Flow:
    """The whole flow with the path taken. result None: it ends at a question whose answer is not known, see missing."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    path: tuple[str, ...]
    result: HostingOption | None
    missing: tuple[str, ...] = ()


Answer = tuple[bool | None, str]
"""Yes, no or not known, and the figure it rests on or what is missing."""


@dataclass(frozen=True)
class Question:
    """A node to be answered. yes, no: key of the next one, or a HostingOption's value."""

    key: str
    text: str
    answer: Callable[[Answers], Answer]
    yes: str
    no: str


def decide(answers: Answers) -> Flow:
    """Walks the flow. The same answers take the same path, and every way to host can be reached."""
    path: list[str] = []
    found: dict[str, Answer] = {question.key: question.answer(answers) for question in QUESTIONS}
    key: str = QUESTIONS[0].key
    missing: tuple[str, ...] = ()
    while key in found:
        path.append(key)
        answer, figure = found[key]
        if answer is None:
            missing = (figure,)
            break
        question = _BY_KEY[key]
        key = question.yes if answer else question.no
    else:
        path.append(key)
    result = None if missing else HostingOption(key)
    return Flow(_nodes(found, path), _edges(path), tuple(path), result, missing)


def answers_from(e: Evidence) -> Answers:
    """What an endpoint's own figures answer, with the figures. What only a person can say stays open unless evident."""
    shape, latency = e.shape, latency_class(_slow_s(e))
    is_regular = is_scheduled(e)
    figures = {
        "latency": f"p99 of the answer {wording.duration(e.calls.latency_ms_p99)}",
        "pattern": f"{shape.pattern or 'not known'}: {shape.words}" if shape else "",
        "excluded": ", ".join(e.exclusions or ()) or "uses nothing that serverless excludes",
    }
    offline, queueable = e.is_offline, e.is_queueable
    if offline is None and shape is not None and shape.pattern is not None and not is_regular:
        offline, figures["is_offline"] = False, f"it is called one by one: {shape.words}"
    if queueable is None and e.kind is Kind.ASYNCHRONOUS:
        queueable, figures["is_queueable"] = True, "it is asynchronous today"
    payload, figures["payload"] = _payload(e)
    tolerates, figures["tolerates_cold"] = _tolerates(e)
    models, figures["models"] = _models(e)
    return Answers(
        offline,
        queueable,
        payload,
        latency,
        shape.pattern if shape else None,
        tolerates,
        e.exclusions,
        models,
        True if e.stages and e.kind is Kind.REAL_TIME else None,
        True if e.kind is Kind.MULTI_MODEL else False if e.kind is Kind.MULTI_CONTAINER else None,
        figures,
    )


def is_scheduled(e: Evidence) -> bool:
    """Whether its calls look like a job's: few hours, always the same ones."""
    shape = e.shape
    return bool(shape and shape.busy and shape.busy <= RARE and (shape.explained or 0.0) >= REGULAR)


def _slow_s(e: Evidence) -> float | None:
    found = [
        e.calls.processing_s_max,
        None if e.calls.latency_ms_p99 is None else e.calls.latency_ms_p99 / 1000,
    ]
    return max((each for each in found if each is not None), default=None)


def _payload(e: Evidence) -> tuple[PayloadClass | None, str]:
    """CloudWatch reports no sizes; that calls got through says that they were within the limit of today's way."""
    known = payload_class(e.payload.largest_bytes)
    if known is not None:
        return known, f"largest request {(e.payload.largest_bytes or 0) / 1e6:.3g} MB, {e.payload.source}"
    if not e.calls.count or e.kind in (Kind.ASYNCHRONOUS, Kind.UNKNOWN):
        return None, ""
    if e.kind is Kind.SERVERLESS:
        return PayloadClass.SMALL, "its calls got through, so they are within the 4 MB of serverless"
    return PayloadClass.MEDIUM, "its calls got through, so they are within the 6 MB of real-time"


def _tolerates(e: Evidence) -> Answer:
    if e.latency_goal_ms is not None:
        return e.latency_goal_ms >= 10_000, f"its goal is {wording.duration(e.latency_goal_ms)}"
    if e.kind is Kind.SERVERLESS and e.cold.count is not None:
        return (
            True,
            f"it is serverless today, with about {wording.number(e.cold.count)} cold starts in the window",
        )
    return None, ""


def _models(e: Evidence) -> tuple[int | None, str]:
    if e.kind is Kind.MULTI_MODEL:
        hosted = e.cache.hosted_models if e.cache else None
        return hosted or 2, f"{hosted or 'several'} models behind it"
    if e.stages:
        return len(e.stages), f"{len(e.stages)} containers"
    if e.main is None:
        return None, ""
    return 1, "one model in its config"


def _offline(a: Answers) -> Answer:
    return a.is_offline, a.figures.get(
        "is_offline"
    ) or "whether all input is there beforehand: a person has to say"


def _queue(a: Answers) -> Answer:
    """Long or large work has to queue; short and small work only if nothing else is asked."""
    needs = [a.latency in (LatencyClass.LONG, LatencyClass.TOO_LONG) if a.latency else None,
             a.payload in (PayloadClass.LARGE, PayloadClass.TOO_LARGE) if a.payload else None]  # fmt: skip
    said = [a.figures.get("latency", ""), a.figures.get("payload", "")]
    if True in needs:
        if a.is_queueable is None:
            return None, "whether callers can wait for the answer: a person has to say"
        return (
            a.is_queueable,
            f"{said[needs.index(True)]}; callers {'can' if a.is_queueable else 'cannot'} wait",
        )
    if None in needs:
        return None, ("how long a call takes", "how large requests are")[needs.index(None)]
    return False, "; ".join(filter(None, said)) or "short answers, small requests"


def _intermittent(a: Answers) -> Answer:
    """Whether serverless fits: gaps or surprises, none of its exclusions, and callers that bear cold starts."""
    if a.excluded:
        return False, f"serverless has no {', '.join(a.excluded)}"
    if a.pattern is None:
        return None, "the shape of the traffic"
    figure = a.figures.get("pattern") or a.pattern.value
    if a.pattern not in (Pattern.INTERMITTENT, Pattern.BURSTY, Pattern.DEAD):
        return False, figure
    if a.payload is PayloadClass.MEDIUM and "largest" in a.figures.get("payload", "largest"):
        return False, "requests above the 4 MB of serverless"
    if a.tolerates_cold is None:
        return (
            None,
            "whether some answers may take seconds longer: a person has to say, or set a latency goal",
        )
    if a.excluded is None:
        return None, "what it uses of the features that serverless lacks"
    return a.tolerates_cold, f"{figure}; {a.figures.get('tolerates_cold', '')}".removesuffix("; ")


def _several(a: Answers) -> Answer:
    if a.models is None:
        return None, "how many models it takes"
    return a.models > 1, a.figures.get("models") or f"{a.models} models"


def _chain(a: Answers) -> Answer:
    if a.is_chain is None and a.are_alike is not None:
        return False, "each request names one of them"
    return a.is_chain, "whether each request passes through all of them in order"


def _alike(a: Answers) -> Answer:
    if (a.models or 0) > MAX_CONTAINERS:
        return True, f"{a.models} models are more than the {MAX_CONTAINERS} containers of one endpoint"
    return a.are_alike, "whether they share a framework, and are alike in size and latency"


QUESTIONS = (
    Question("offline", "Is all input there beforehand, and does nobody wait for an answer?", _offline,
             HostingOption.BATCH, "queue"),
    Question("queue", "Long work or large requests, and callers that can wait?", _queue,
             HostingOption.ASYNCHRONOUS, "intermittent"),
    Question("intermittent", "Traffic with gaps or surprises, and cold starts are bearable?", _intermittent,
             HostingOption.SERVERLESS, "several"),
    Question("several", "More than one model?", _several, "chain", HostingOption.REAL_TIME),
    Question("chain", "Does every request pass through all of them in order?", _chain, HostingOption.PIPELINE, "alike"),
    Question("alike", "One framework, similar in size and latency?", _alike, HostingOption.MULTI_MODEL,
             HostingOption.MULTI_CONTAINER),
)  # fmt: skip
_BY_KEY = {question.key: question for question in QUESTIONS}


def _nodes(found: Mapping[str, Answer], path: list[str]) -> tuple[Node, ...]:
    asked = [
        Node(
            each.key,
            each.text,
            *(found[each.key] if each.key in path else (None, "")),
            is_taken=each.key in path,
        )
        for each in QUESTIONS
    ]
    ends = [Node(each.value, each.value, option=each, is_taken=each.value in path) for each in HostingOption]
    return (*asked, *ends)


def _edges(path: list[str]) -> tuple[Edge, ...]:
    steps = set(pairwise(path))
    return tuple(
        Edge(each.key, str(end), label, (each.key, str(end)) in steps)
        for each in QUESTIONS
        for end, label in ((each.yes, "yes"), (each.no, "no"))
    )
