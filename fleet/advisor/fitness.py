"""The five fitness functions of each way to host: cost, latency, throughput, simple scaling, fit of the traffic. Pure.

Each is 0 to 100, more is better, None = not known. The functions and what speaks for whom: AWS Machine Learning Blog,
“Model hosting patterns in Amazon SageMaker, Part 1”. The points are our choice, docs/advisor.md#fitness.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from fleet.advisor import wording
from fleet.advisor.evidence import Evidence, HostingOption
from fleet.advisor.flow import Answers, is_scheduled
from fleet.advisor.limits import LIMITS, OPTION_OF
from fleet.analysis.traffic_shape import LatencyClass, Pattern
from fleet.costs.break_even import Family
from fleet.types import MAX_SERVERLESS_CONCURRENCY

H, P = HostingOption, Pattern
LEAST_KNOWN = 4
"""Functions that have to be known before an option gets a score of all five."""
COLD_SHARE_AT_ZERO = 0.1
"""Part of calls that are cold at which the latency of serverless scores nothing."""
FAMILIES = {
    H.SERVERLESS: (Family.SERVERLESS, Family.PROVISIONED),
    H.REAL_TIME: (Family.REAL_TIME,),
    H.ASYNCHRONOUS: (Family.ASYNCHRONOUS,),
    H.MULTI_MODEL: (Family.SHARED,),
}
_SIMPLICITY = {
    H.SERVERLESS: (100, "scales by itself; only memory and max concurrency are set"),
    H.BATCH: (90, "nothing scales: instances come and go with the job"),
    H.ASYNCHRONOUS: (60, "target tracking on the backlog, and a step policy to come back from 0"),
    H.REAL_TIME: (60, "a scaling policy or a fixed number of instances"),
    H.PIPELINE: (50, "scales as a whole; stages with unlike CPU use mislead the policy"),
    H.MULTI_MODEL: (40, "scales by calls of all models; the model cache has to fit, too"),
    H.MULTI_CONTAINER: (40, "scales as a whole; containers with unlike CPU use mislead the policy"),
}
_TRAFFIC: Mapping[HostingOption, Mapping[Pattern, int]] = {
    H.SERVERLESS: {
        P.DEAD: 100,
        P.INTERMITTENT: 100,
        P.BURSTY: 90,
        P.DIURNAL: 60,
        P.GROWING: 50,
        P.SUSTAINED: 20,
    },
    H.ASYNCHRONOUS: {
        P.DEAD: 80,
        P.INTERMITTENT: 90,
        P.BURSTY: 100,
        P.DIURNAL: 70,
        P.GROWING: 60,
        P.SUSTAINED: 50,
    },
    H.REAL_TIME: {
        P.DEAD: 0,
        P.INTERMITTENT: 10,
        P.BURSTY: 40,
        P.DIURNAL: 80,
        P.GROWING: 90,
        P.SUSTAINED: 100,
    },
    H.PIPELINE: {P.DEAD: 0, P.INTERMITTENT: 10, P.BURSTY: 40, P.DIURNAL: 80, P.GROWING: 90, P.SUSTAINED: 100},
    H.MULTI_MODEL: {
        P.DEAD: 60,
        P.INTERMITTENT: 90,
        P.BURSTY: 60,
        P.DIURNAL: 70,
        P.GROWING: 60,
        P.SUSTAINED: 50,
    },
    H.MULTI_CONTAINER: {
        P.DEAD: 30,
        P.INTERMITTENT: 60,
        P.BURSTY: 50,
        P.DIURNAL: 70,
        P.GROWING: 70,
        P.SUSTAINED: 70,
    },
}


class Function(StrEnum):
    """The five, in the order in which they are drawn."""

    COST = "cost"
    LATENCY = "latency"
    THROUGHPUT = "throughput"
    SCALING = "scaling"
    TRAFFIC = "traffic"


@dataclass(frozen=True)
class Score:
    """points 0 to 100, None = not known; why: the inputs, or what is missing."""

    points: float | None
    why: str


@dataclass(frozen=True)
class Fitness:
    """One way to host, scored. is_today: the endpoint is one."""

    option: HostingOption
    scores: Mapping[Function, Score]
    is_today: bool = False
    weights: Mapping[Function, float] = field(default_factory=dict)

    @property
    def total(self) -> float | None:
        """Mean of the known scores by weight (1 where none is set); None with fewer than LEAST_KNOWN of them."""
        known = {name: score.points for name, score in self.scores.items() if score.points is not None}
        weights = {name: self.weights.get(name, 1.0) for name in known}
        if len(known) < LEAST_KNOWN or not sum(weights.values()):
            return None
        return sum(points * weights[name] for name, points in known.items()) / sum(weights.values())


def fitness(
    answers: Answers, evidence: Evidence | None = None, weights: Mapping[Function, float] | None = None
) -> tuple[Fitness, ...]:
    """Every way to host with its five scores, best total first, those without one last.

    evidence: the endpoint with its costs and figures; None for a workload that is only described.
    """
    today = None if evidence is None else OPTION_OF.get(evidence.kind)
    found = []
    for option in HostingOption:
        scores = {
            Function.COST: _cost(option, evidence),
            Function.LATENCY: _latency(option, answers, evidence),
            Function.THROUGHPUT: _throughput(option, evidence),
            Function.SCALING: Score(*_SIMPLICITY[option]),
            Function.TRAFFIC: _traffic(option, answers, evidence),
        }
        found.append(Fitness(option, scores, option is today, weights or {}))
    return tuple(
        sorted(found, key=lambda each: (each.total is None, -(each.total or 0.0), each.option.value))
    )


def _cost(option: HostingOption, e: Evidence | None) -> Score:
    """The cheapest open way's cost as a part of this one's."""
    if e is None or not e.ways:
        return Score(None, "no traffic and prices to price it with")
    mine = _cheapest(e, FAMILIES.get(option, ()))
    if option not in FAMILIES:
        return Score(None, "its cost is not worked out from an endpoint's traffic")
    if mine is None:
        return Score(None, "no open way of it has a price")
    best = min(usd for usd in (_cheapest(e, families) for families in FAMILIES.values()) if usd is not None)
    return Score(
        float(100 * best / mine) if mine else 100.0,
        f"{wording.usd(mine)} a month; the cheapest {wording.usd(best)}",
    )


def _cheapest(e: Evidence, families: tuple[Family, ...]) -> Decimal | None:
    found = [
        way.usd
        for way in e.ways
        if way.family in families and way.usd is not None and (way.is_today or not way.why_not)
    ]
    return min(found, default=None)


def _latency(option: HostingOption, a: Answers, e: Evidence | None) -> Score:
    limit = LIMITS[option]
    if a.latency in (LatencyClass.LONG, LatencyClass.TOO_LONG) and (limit.seconds or 0) <= 60:
        return Score(0.0, f"answers have to come within {limit.seconds} s")
    if option is H.BATCH:
        return _asked(a.is_offline, "nobody waits", "somebody waits for the answer", "whether somebody waits")
    if option is H.ASYNCHRONOUS:
        return _asked(a.is_queueable, "callers can wait", "callers cannot wait", "whether callers can wait")
    if option is H.SERVERLESS:
        return _cold(a, e)
    if option is H.MULTI_MODEL:
        hits = e.cache.hit_ratio if e and e.cache else None
        return Score(70.0, "a model's first call waits for its load") if hits is None else Score(
            100 * hits, f"{wording.share(hits)} of calls find their model loaded"
        )  # fmt: skip
    return Score(100.0, "always running, no cold starts")


def _asked(is_so: bool | None, yes: str, no: str, missing: str) -> Score:
    return (
        Score(None, f"{missing}: a person has to say")
        if is_so is None
        else Score(100.0 * is_so, yes if is_so else no)
    )


def _cold(a: Answers, e: Evidence | None) -> Score:
    if e is not None and e.cold.count is not None and e.calls.count:
        part = e.cold.count / e.calls.count
        return Score(
            100 * max(0.0, 1 - part / COLD_SHARE_AT_ZERO),
            f"about {wording.share(part)} of calls are cold (estimate)",
        )
    if a.tolerates_cold is None:
        return Score(None, "whether some answers may take seconds longer: a person has to say")
    return Score(
        80.0 if a.tolerates_cold else 20.0, f"cold starts {'can' if a.tolerates_cold else 'cannot'} be borne"
    )


def _throughput(option: HostingOption, e: Evidence | None) -> Score:
    if option in (H.ASYNCHRONOUS, H.BATCH):
        return Score(100.0, "peaks wait in the queue or the job, nothing is dropped")
    if option is H.SERVERLESS:
        peak = e.calls.peak_concurrency if e else None
        if peak is None:
            return Score(None, "most calls at once are not known")
        points = 100 * max(0.0, 1 - peak / MAX_SERVERLESS_CONCURRENCY)
        return Score(points, f"{peak} at once of {MAX_SERVERLESS_CONCURRENCY} that AWS allows an endpoint")
    if (
        option is H.MULTI_CONTAINER
        and e is not None
        and e.main
        and e.main.machine
        and e.main.machine.gpus != 0
    ):
        return Score(0.0, "no GPU inference in multi-container endpoints")
    if option in (H.MULTI_MODEL, H.MULTI_CONTAINER):
        return Score(70.0, "instances are shared: one model's peak slows the others")
    return Score(100.0, "instances of its own, and more of them up to the quota")


def _traffic(option: HostingOption, a: Answers, e: Evidence | None) -> Score:
    if option is H.BATCH:
        if a.pattern is None:
            return Score(None, "the shape of the traffic")
        is_job = a.is_offline or (e is not None and is_scheduled(e))
        return Score(100.0, "runs at set times") if is_job else Score(10.0, "calls come all along")
    if a.pattern is None:
        return Score(None, "the shape of the traffic")
    figure = a.figures.get("pattern") or a.pattern.value
    return Score(float(_TRAFFIC[option][a.pattern]), figure)
