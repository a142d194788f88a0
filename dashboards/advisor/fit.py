"""The decision flow and the five fitness functions as pages draw them, of an endpoint or of a described workload."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.advisor import flow_picture
from dashboards.advisor.words import DOTS, FUNCTIONS, OPTIONS
from dashboards.tiles import Explain
from fleet.advisor.advice import Reason
from fleet.advisor.evidence import Evidence, HostingOption
from fleet.advisor.explain import explain
from fleet.advisor.fitness import Fitness, Function, fitness
from fleet.advisor.flow import Answers, Flow, answers_from, decide

FULL = 100

EXPLAIN = Explain(
    "Each way to host is scored 0 to 100 by what an endpoint did in 14 days, or by what was answered; more is better. "
    "What cannot be told has no points, and an option with fewer than four known scores has no mean.",
    source="docs/advisor.md#fitness; AWS Machine Learning Blog, Model hosting patterns in Amazon SageMaker, Part 1",
    basis="estimated", window="14 days of whole hours", call="read from stored figures",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One score: points 0 to 100, None = not known; why: the inputs, or what is missing."""

    label: str
    points: int | None
    why: str


@dataclass(frozen=True)
class Row:
    """One way to host with its five scores; total None: too few of them are known. is_best: the flow ends there."""

    option: str
    dot: str
    cells: Sequence[Cell]
    total: int | None
    is_today: bool
    is_best: bool


@dataclass(frozen=True)
class Why:
    """ "Why not asynchronous?" with its reasons; state: a key of dashboards.status for each."""

    title: str
    dot: str
    reasons: Sequence[tuple[str, str, Reason]]


def of_answers(answers: Answers, evidence: Evidence | None = None) -> dict[str, Any]:
    """The drawn flow and scores of a workload that is only described; evidence: with its prices, None without."""
    flow = decide(answers)
    return _drawn(flow, fitness(answers, evidence))


def of_evidence(evidence: Evidence) -> dict[str, Any]:
    """The same of an endpoint with its own figures, and why each other way is not today's."""
    answers = answers_from(evidence)
    flow = decide(answers)
    scores = fitness(answers, evidence)
    today = {each.option for each in scores if each.is_today}
    return {
        **_drawn(flow, scores),
        "why": [_why(evidence, each.option) for each in scores if each.option not in today],
    }


def _drawn(flow: Flow, scores: Sequence[Fitness]) -> dict[str, Any]:
    return {
        "flow": flow,
        "flow_picture": flow_picture.picture(flow),
        "flow_steps": flow_picture.steps(flow),
        "flow_result": OPTIONS[flow.result] if flow.result else "",
        "flow_missing": flow.missing,
        "fit_explain": EXPLAIN,
        "functions": list(FUNCTIONS.values()),
        "fitness": [_row(each, flow) for each in scores],
    }


def _row(found: Fitness, flow: Flow) -> Row:
    return Row(
        OPTIONS[found.option],
        DOTS[found.option],
        [_cell(name, found) for name in FUNCTIONS],
        None if found.total is None else round(found.total),
        found.is_today,
        found.option is flow.result,
    )


def _cell(name: Function, found: Fitness) -> Cell:
    score = found.scores[name]
    return Cell(FUNCTIONS[name], None if score.points is None else round(score.points), score.why)


_STATES: Mapping[bool | None, tuple[str, str]] = {
    True: ("ok", "Speaks for it"),
    False: ("warning", "Speaks against it"),
    None: ("unknown", "Not known"),
}


def _why(evidence: Evidence, option: HostingOption) -> Why:
    reasons = [(*_STATES[reason.speaks_for], reason) for reason in explain(evidence, option)]
    return Why(f"Why not {OPTIONS[option].lower()}?", DOTS[option], reasons)
