"""Rules about the way to host: serverless or instances, what has no way back, and what the decision flow says."""

from collections.abc import Mapping
from decimal import Decimal

from fleet.advisor import sources, words
from fleet.advisor.advice import Decision, Effort, Line, Proposal, Risk, Severity
from fleet.advisor.evidence import Evidence, PricedWay
from fleet.advisor.fitness import Fitness, fitness
from fleet.advisor.flow import answers_from, decide
from fleet.advisor.limits import OPTION_OF
from fleet.advisor.rule import Needs, Outcome, Rule, advise, saving
from fleet.analysis.traffic_shape import Pattern, Shape
from fleet.costs.break_even import Family
from fleet.operations.kinds import OperationKind
from fleet.serverless_quotas import documented_regions
from fleet.types import Kind

ALWAYS_WARM = 0.5
"""Part of the hours with calls from which a serverless endpoint counts as hardly ever idle."""
NO_WAY_BACK = (
    "None: AWS refuses to turn an endpoint on instances into serverless. Only a new serverless endpoint of "
    "another name, with callers that move to it, brings it back."
)
SERVERLESS_LACKS = "serverless has no "


def convert(e: Evidence) -> Outcome:
    """Serverless, hardly ever idle, and dearer than instances even with a quarter less traffic."""
    found = _instances_for(e)
    if not isinstance(found, tuple):
        return found
    today, then, shape = found
    low, high = saving(today, then)
    if not _is_sure(low, shape):
        return None
    fields = {"instance_type": then.item, "instance_count": str(then.count or 1)}
    return advise(
        (Decision.HOSTING, Severity.ADVICE, Effort.SMALL, Risk.HIGH),
        f"Convert it to real-time on {then.count or 1} × {then.item}",
        f"It has calls in {words.share(shape.busy)} of the hours, so paying for each second of work costs "
        "more than instances that always run. Cold starts end. There is no way back.",
        [*_both(today, then), words.shape(e), words.calls(e)],
        NO_WAY_BACK,
        (low, high),
        proposal=Proposal(OperationKind.CONVERT, fields),
        to=then.item,
        is_irreversible=True,
    )


def no_way_back(e: Evidence) -> Outcome:
    """The opposite: instances look cheaper now, but not surely enough for a change that cannot be undone."""
    found = _instances_for(e)
    if not isinstance(found, tuple):
        return None if found is None else found
    today, then, shape = found
    low, high = saving(today, then)
    if high is None or high <= 0 or _is_sure(low, shape):
        return None
    if shape.busy is not None and shape.busy < ALWAYS_WARM:
        why = f"it has calls in only {words.share(shape.busy)} of the hours"
    else:
        why = f"with a quarter less traffic it would cost {words.usd(-(low or Decimal(0)))} more"
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.SMALL, Risk.HIGH),
        "Do not convert it to real-time yet: there is no way back",
        f"Instances would cost up to {words.usd(high)} a month less, but {why}. AWS converts in this "
        "direction only.",
        [*_both(today, then), words.shape(e)],
        "Nothing is changed by this advice.",
        steps=("Look again when the saving holds with a quarter less traffic.",),
        is_irreversible=True,
    )


def to_serverless(e: Evidence) -> Outcome:
    """Instances stand idle in most hours, and serverless would surely cost less."""
    shape = e.shape
    need = Needs()
    need.history(e)
    need.of(shape.pattern if shape else None, *words.SHAPE)
    today = need.of(e.today, *words.WAYS)
    excluded = need.of(
        e.exclusions, "features that serverless lacks", "the config and the models have to be readable"
    )
    if need.gap:
        return need.gap
    then = e.cheapest(Family.SERVERLESS, Family.PROVISIONED)
    low, high = saving(today, then)
    has_gaps = shape is not None and (shape.busy or 0.0) < ALWAYS_WARM
    if then is None or excluded or not has_gaps or low is None or low <= 0:
        return None
    if e.region and e.region not in documented_regions():
        return None
    return advise(
        (Decision.HOSTING, Severity.ADVICE, Effort.LARGE, Risk.MEDIUM),
        f"Host it serverless with {int(then.item) // 1024} GB",
        f"It has calls in {words.share(shape.busy if shape else None)} of the hours; serverless is paid for "
        "while it works. The first call after a gap waits for a cold start.",
        [*_both(today, then), words.shape(e)],
        "Send callers back to the old endpoint, which stays until they have moved.",
        (low, high),
        steps=(
            "Create a serverless endpoint with the same model under a new name: AWS refuses to convert this "
            "one.",
            "Move callers over, watch ModelSetupTime and OverheadLatency for a week.",
            "Delete the old endpoint; keep its config.",
        ),
        missing=words.unknown(("whether cold starts are bearable", "a latency goal for the endpoint"))
        if e.latency_goal_ms is None
        else (),
        to=f"serverless {then.item} MB",
    )


def serverless_blocked(e: Evidence) -> Outcome:
    """Serverless would surely cost less, but the endpoint uses what serverless lacks."""
    if not e.exclusions:
        return None
    need = Needs()
    need.history(e)
    today = need.of(e.today, *words.WAYS)
    if need.gap:
        return need.gap
    then = min(
        (
            way
            for way in e.ways
            if way.family is Family.SERVERLESS and way.usd is not None and _only_features(way)
        ),
        key=lambda way: way.usd or Decimal(0),
        default=None,
    )
    low, _ = saving(today, then)
    if then is None or low is None or low <= 0:
        return None
    features = ", ".join(e.exclusions)
    return advise(
        (Decision.CARE, Severity.NOTE, Effort.LARGE, Risk.MEDIUM),
        f"Serverless would cost {words.usd(low)} a month less, but has no {features}",
        f"It uses {features}. Without that a serverless endpoint beside it would do the same work for less.",
        [*_both(today, then), Line("Uses", features, "DescribeEndpointConfig and DescribeModel")],
        "Nothing is changed by this advice.",
        steps=(
            f"Find out whether it needs {features}.",
            "If not: a new serverless endpoint, and callers that move.",
        ),
    )


def fits_another(e: Evidence) -> Outcome:
    """The decision flow ends elsewhere, and the fitness functions agree."""
    today = OPTION_OF.get(e.kind)
    if today is None:
        return None
    answers = answers_from(e)
    flow = decide(answers)
    need = Needs()
    need.history(e)
    if flow.result is None:
        need.of(None, flow.missing[0], "say it on the endpoint's Advice tab, or wait for the figure")
    if need.gap or flow.result in (None, today):
        return need.gap
    found = {each.option: each for each in fitness(answers, e)}
    then, now = found[flow.result], found[today]
    if then.total is None or now.total is None or then.total <= now.total:
        return None
    steps = " → ".join(node.figure for node in flow.nodes if node.is_taken and node.figure)
    return advise(
        (Decision.HOSTING, Severity.NOTE, Effort.LARGE, Risk.MEDIUM),
        f"Its traffic fits {flow.result.value} hosting better than {today.value}",
        f"The decision flow of the hosting options ends at {flow.result.value}: {steps}.",
        [_score(then), _score(now), words.shape(e)],
        "Send callers back to the old endpoint, which stays until they have moved.",
        steps=(
            f"Try {flow.result.value} hosting beside it with a part of the calls.",
            "Compare latency and costs.",
        ),
        to=flow.result.value,
    )


def _instances_for(e: Evidence) -> tuple[PricedWay, PricedWay, Shape] | Outcome:
    """Today's way, the cheapest open one on instances and the shape; a gap, or None when instances are not open."""
    need = Needs()
    need.history(e)
    shape = need.of(e.shape if e.shape and e.shape.pattern else None, *words.SHAPE)
    today = need.of(e.today if e.today and e.today.usd is not None else None, *words.WAYS)
    if need.gap:
        return need.gap
    then = e.cheapest(Family.REAL_TIME)
    if then is None or shape.pattern is Pattern.DEAD:
        return None
    return today, then, shape


def _is_sure(low: Decimal | None, shape: Shape) -> bool:
    return low is not None and low > 0 and (shape.busy or 0.0) >= ALWAYS_WARM


def _only_features(way: PricedWay) -> bool:
    return bool(way.why_not) and all(reason.startswith(SERVERLESS_LACKS) for reason in way.why_not)


def _both(today: PricedWay, then: PricedWay) -> list[Line]:
    assumed = f"; {then.assumption}" if then.assumption else ""
    return [
        Line("Today, a month", f"{words.usd(today.usd)} as {words.way(today)}", words.OPTIONS),
        Line("Then, a month", f"{words.usd(then.usd)} as {words.way(then)}{assumed}", words.OPTIONS),
    ]


def _score(found: Fitness) -> Line:
    known: Mapping[str, float | None] = {name.value: score.points for name, score in found.scores.items()}
    each = ", ".join(f"{name} {points:.0f}" for name, points in known.items() if points is not None)
    return Line(
        f"Fitness of {found.option.value}", f"{found.total:.0f} of 100 ({each})", "docs/advisor.md#fitness"
    )


HOSTING_KINDS = frozenset(OPTION_OF)
_SERVERLESS, _REAL_TIME = frozenset({Kind.SERVERLESS}), frozenset({Kind.REAL_TIME})
RULES = (
    Rule("convert-to-real-time", 1, "Convert to real-time", _SERVERLESS, convert, sources.GUIDE_SERVERLESS),
    Rule("no-way-back", 1, "No way back from real-time", _SERVERLESS, no_way_back, sources.GUIDE_SERVERLESS),
    Rule("to-serverless", 1, "Host serverless", _REAL_TIME, to_serverless, sources.GUIDE_SERVERLESS),
    Rule(
        "serverless-blocked",
        1,
        "Features that serverless lacks",
        _REAL_TIME,
        serverless_blocked,
        sources.GUIDE_SERVERLESS,
    ),
    Rule("fits-another-way", 1, "Decision flow", HOSTING_KINDS, fits_another, sources.GUIDE_HOSTING_FAQ),
)
