"""Tables of the rules about the way to host, about work that can wait, and about sharing."""

from dataclasses import replace
from decimal import Decimal

from fleet.advisor.evidence import Payload
from fleet.advisor.evidence_parts import Application, CoHosts, Stage
from fleet.analysis.traffic_shape import Pattern
from fleet.costs.break_even import Family

from .worked_cases import MULTI_CONTAINER, REAL_TIME, SERVERLESS, Case, but, shaped, way

GAPS = shaped(Pattern.INTERMITTENT, 0.1)
NIGHTLY = replace(shaped(Pattern.INTERMITTENT, 1 / 24, 24.0, 1.0), busy_hours=(3,))
RARE = but(
    REAL_TIME,
    shape=GAPS,
    ways=(
        way(Family.SERVERLESS, "2048", "20", usd_less=Decimal(15), usd_more=Decimal(25)),
        way(Family.REAL_TIME, "ml.c5.xlarge", "595.68", today=True),
    ),
)
BLOCKED = but(
    RARE,
    exclusions=("VPC configuration",),
    ways=(
        way(Family.SERVERLESS, "2048", "20", why_not=("serverless has no VPC configuration",)),
        way(Family.REAL_TIME, "ml.c5.xlarge", "595.68", today=True),
    ),
)
TEN = tuple(f"tiny-{n}" for n in range(10))
# Ten ml.c5.large at $0.102 an hour are $1.02, one is $0.102; its part of a month is 74.46 today and 7.446 together.
TINY = but(
    REAL_TIME,
    cohosts=CoHosts(TEN, True, "ml.c5.large", 1, Decimal("74.46"), Decimal("7.446"), hit_ratio=1.0),
)
UNLIKE = but(
    REAL_TIME,
    cohosts=CoHosts(TEN[:3], False, "ml.c5.large", 1, Decimal("74.46"), Decimal("24.82")),
)
NAMED, UNNAMED = (
    Stage(name, calls=n, hours=168, is_direct=True) for name, n in (("new", 90.0), ("old", 0.0))
)
STAGES = (Stage("clean", 20.0, cpu=10.0), Stage("score", 200.0, cpu=60.0))

CASES = (
    # 120 − 74.46 = 45.54; with three quarters of the traffic 90 − 74.46, with five 150 − 74.46.
    Case(
        "convert-to-real-time",
        SERVERLESS,
        but(SERVERLESS, shape=GAPS),
        but(SERVERLESS, shape=None),
        "Convert it to real-time on 1 × ml.c5.large",
        "the shape of the traffic",
        ("15.54", "75.54"),
    ),
    Case(
        "no-way-back",
        but(SERVERLESS, shape=GAPS),
        SERVERLESS,
        but(SERVERLESS, ways=()),
        "Do not convert it to real-time yet",
        "other ways to host",
    ),
    Case(
        "to-serverless",
        RARE,
        but(RARE, shape=shaped(Pattern.INTERMITTENT, 0.5)),
        but(RARE, exclusions=None),
        "Host it serverless with 2 GB",
        "features that serverless lacks",
        ("570.68", "580.68"),
    ),
    Case(
        "serverless-blocked",
        BLOCKED,
        RARE,
        but(BLOCKED, ways=()),
        "Serverless would cost $575.68 a month less, but has no VPC",
        "other ways to host",
    ),
    Case(
        "fits-another-way",
        but(RARE, latency_goal_ms=20_000.0),
        but(RARE, latency_goal_ms=500.0),
        but(RARE, shape=None),
        "Its traffic fits serverless hosting better",
        "a person has to say",
    ),
    Case(
        "async-for-long-or-large",
        but(REAL_TIME, calls__latency_ms_p99=45_000.0),
        but(REAL_TIME, calls__latency_ms_p99=44_900.0),
        but(REAL_TIME, calls__latency_ms_p99=None),
        "Put a queue in front",
        "how long calls take",
        ("95.68", "95.68"),
    ),
    Case(
        "async-for-waiting-callers",
        but(REAL_TIME, is_queueable=True),
        but(REAL_TIME, is_queueable=False),
        REAL_TIME,
        "Host it asynchronously on ml.c5.large",
        "callers can wait",
        ("95.68", "95.68"),
    ),
    Case(
        "batch-for-set-times",
        but(REAL_TIME, shape=NIGHTLY, is_offline=True),
        but(REAL_TIME, shape=GAPS, is_offline=True),
        but(REAL_TIME, shape=NIGHTLY),
        "Run it as a batch transform job",
        "all input is there beforehand",
    ),
    Case(
        "share-multi-model",
        TINY,
        but(TINY, cohosts__usd_together=Decimal("74.46")),
        but(TINY, cohosts__usd_together=None),
        "with 9 others as one multi-model endpoint",
        "shared endpoint would cost",
        ("67.014", "67.014"),
    ),
    Case(
        "share-containers",
        UNLIKE,
        but(UNLIKE, machine__gpus=1),
        but(UNLIKE, cohosts__usd_today=None),
        "with 2 others as containers of one endpoint",
        "costs a month",
        ("49.64", "49.64"),
    ),
    Case(
        "slowest-stage",
        but(MULTI_CONTAINER, stages=STAGES),
        but(MULTI_CONTAINER, stages=(Stage("clean", 140.0), Stage("score", 200.0))),
        but(MULTI_CONTAINER, stages=(Stage("clean"), Stage("score", 200.0))),
        "score takes 90.9 %",
        "latency of clean",
    ),
    Case(
        "containers-never-called",
        but(MULTI_CONTAINER, stages=(NAMED, UNNAMED)),
        but(MULTI_CONTAINER, stages=(NAMED, replace(UNNAMED, calls=1.0))),
        but(MULTI_CONTAINER, stages=(NAMED, replace(UNNAMED, calls=None))),
        "Never called: 1 of its 2 containers",
        "a week of calls of old",
    ),
    Case(
        "same-application",
        but(REAL_TIME, application=Application("shop", ("rank", "price"), 0.8)),
        but(REAL_TIME, application=Application("shop", ("rank",), 0.79)),
        but(REAL_TIME, application=Application("shop", ("rank",))),
        "3 endpoints of shop are called together",
        "whether their calls go together",
    ),
)

MORE = {
    "a payload near 4 MB counts for serverless, not for real-time": (
        but(SERVERLESS, payload=Payload(largest_bytes=3.1e6, source="told by its owner")),
        but(REAL_TIME, payload=Payload(largest_bytes=3.1e6, source="told by its owner")),
    ),
}
