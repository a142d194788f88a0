"""Tables of the rules about scaling, warmth, queues and quotas."""

from dataclasses import replace
from decimal import Decimal

from fleet.advisor.evidence import Policy, Target
from fleet.advisor.evidence_parts import CacheUse, LevelPlan, Lint, QuotaLeft, Stage
from fleet.analysis.cache import Verdict
from fleet.analysis.traffic_shape import Pattern
from fleet.types import CostComponent

from .worked_cases import ASYNCHRONOUS, MULTI_CONTAINER, MULTI_MODEL, REAL_TIME, SERVERLESS, Case, but, shaped

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"
SCALED = but(REAL_TIME, scaling__targets=(Target(INSTANCES, 1, 8),), scaling__reversals_per_day=6.0)
UNEVEN = but(REAL_TIME, shape=shaped(Pattern.DIURNAL, 1.0, 2.0, 0.9))
MANY = but(MULTI_MODEL, cache=CacheUse(Verdict.HEALTHY, 0.99, 0.0, 200.0, 300), main__instance_count=2,
           machine__vcpus=16, use__cpu_p95=70.0)  # fmt: skip
HEAVY = (Stage("light", cpu=10.0), Stage("heavy", cpu=30.0))
PLAN = LevelPlan("level", 4, Decimal("41"), 200.0, (180.0, 260.0), (5.0, 20.0))
COLD = but(SERVERLESS, cold__count=500.0, plan=PLAN)
WARM = but(
    SERVERLESS,
    main__provisioned_concurrency=4,
    cold__spillover=1_001.0,
    cold__warm_use_max=1.0,
    month__components={CostComponent.KEPT_WARM: Decimal("168")},
)
OFFICE = replace(shaped(Pattern.DIURNAL, 0.3, 3.0, 0.9), busy_hours=tuple(range(8, 18)), quiet_days=(5, 6))
RANGED = but(WARM, scaling__targets=(Target(PROVISIONED, 1, 21),))
FULL = but(SERVERLESS, cold__concurrency_use_max=1.0, cold__saturated_minutes=5.0, quota=QuotaLeft(480, 1000))
TRAP = but(
    ASYNCHRONOUS,
    scaling__targets=(
        Target(INSTANCES, 0, 5, (Policy("follow", "TargetTrackingScaling", "ApproximateBacklogSize"),)),
    ),
    queue__backlog_max=12.0,
)
AWAKE = but(TRAP, scaling__targets=(Target(INSTANCES, 0, 5, (Policy("wake", "StepScaling", wakes=True),)),))
EMPTY = but(ASYNCHRONOUS, calls__busy_hours=0.5)
CROWDED = but(SERVERLESS, quota=QuotaLeft(800, 1000, 40, 50), calls__peak_concurrency=4)
TYPES = but(SCALED, quota=QuotaLeft(instances_used=7, instances_limit=10))

CASES = (
    # Peak twice the mean: half of it idle at most; kept 70 % full: 1 − 1 ÷ 1.4.
    Case(
        "no-autoscaling",
        UNEVEN,
        but(UNEVEN, main__instance_count=1),
        but(UNEVEN, scaling__targets=None),
        "Scale it between 1 and 4 instances",
        "scalable targets",
        ("170.194", "297.84"),
    ),
    Case(
        "flapping",
        SCALED,
        but(SCALED, scaling__reversals_per_day=5.9),
        but(SCALED, scaling__reversals_per_day=None),
        "Its scaling goes back and forth 6 times a day",
        "scaling activities",
    ),
    Case(
        "no-spare-instance",
        but(REAL_TIME, main__instance_count=1),
        but(REAL_TIME, main__instance_count=2),
        but(REAL_TIME, main__instance_count=None),
        "Keep at least two instances",
        "number of instances",
        ("-595.68", "-595.68"),
    ),
    Case(
        "scaling-linter",
        but(SCALED, scaling__lint=(Lint("zero-trap", "critical", "Nothing wakes it from 0"),)),
        SCALED,
        but(SCALED, scaling__targets=None),
        "Nothing wakes it from 0",
        "",
    ),
    Case(
        "multi-model-scaling",
        but(
            MULTI_MODEL,
            scaling__targets=(
                Target(INSTANCES, 1, 4, (Policy("cpu", "TargetTrackingScaling", "CPUUtilization"),)),
            ),
        ),
        but(
            MULTI_MODEL,
            scaling__targets=(
                Target(
                    INSTANCES,
                    1,
                    4,
                    (Policy("calls", "TargetTrackingScaling", "SageMakerVariantInvocationsPerInstance"),),
                ),
            ),
        ),
        but(MULTI_MODEL, scaling__targets=None),
        "Scale it by calls of each instance",
        "scalable targets",
    ),
    Case(
        "many-small-instances",
        MANY,
        but(MANY, cache__loaded_models=199.0),
        but(MANY, cache__loaded_models=None),
        "Use more and smaller instances",
        "models in memory",
    ),
    Case(
        "unlike-containers",
        but(MULTI_CONTAINER, stages=HEAVY),
        but(MULTI_CONTAINER, stages=(Stage("light", cpu=10.1), HEAVY[1])),
        but(MULTI_CONTAINER, stages=(Stage("light"), HEAVY[1])),
        "very different amounts of CPU",
        "CPU of light",
    ),
    Case(
        "cold-starts",
        COLD,
        but(COLD, cold__count=499.0),
        but(COLD, plan=None),
        "Keep 4 units warm",
        "levels of provisioned concurrency",
        ("-41", "-41"),
    ),
    Case(
        "spill-over",
        WARM,
        but(WARM, cold__spillover=1_000.0),
        but(WARM, cold__spillover=None),
        "Raise provisioned concurrency from 4",
        "calls that spilled over",
    ),
    # Off 118 of 168 hours, three of four units: 0.7024 × 0.75 × 168; with two hours more each day 108 of 168.
    Case(
        "schedule-provisioned",
        but(WARM, shape=OFFICE),
        but(WARM, shape=replace(OFFICE, busy_hours=tuple(range(19)))),
        but(WARM, shape=None),
        "Keep 4 units warm only from 8:00 to 18:00 UTC, Monday to Friday",
        "the shape of the traffic",
        ("81", "88.5"),
    ),
    Case(
        "provisioned-range",
        RANGED,
        but(RANGED, scaling__targets=(Target(PROVISIONED, 1, 20),)),
        but(RANGED, scaling__targets=None),
        "Lower the scalable target's maximum from 21 to 20",
        "",
    ),
    Case(
        "max-concurrency-reached",
        FULL,
        but(FULL, cold__concurrency_use_max=0.79),
        but(FULL, cold__concurrency_use_max=None),
        "Raise max concurrency from 20 to 30",
        "concurrency in use",
    ),
    Case(
        "async-zero-trap",
        TRAP,
        AWAKE,
        but(TRAP, scaling__targets=None),
        "Add the step policy",
        "scalable targets",
    ),
    Case(
        "async-to-zero",
        EMPTY,
        but(EMPTY, calls__busy_hours=0.51),
        but(EMPTY, calls__busy_hours=None),
        "Let it go down to 0 instances",
        "calls of the window",
        ("395.68", "395.68"),
    ),
    Case(
        "async-expired",
        but(ASYNCHRONOUS, queue__expired=3.0),
        but(ASYNCHRONOUS, queue__expired=0.0),
        ASYNCHRONOUS,
        "3 requests expired",
        "expired requests",
    ),
    Case(
        "async-notifications",
        but(ASYNCHRONOUS, queue__has_error_topic=False),
        but(ASYNCHRONOUS, queue__has_error_topic=True),
        ASYNCHRONOUS,
        "Set an SNS topic",
        "SNS topics",
    ),
    Case(
        "concurrency-quota",
        CROWDED,
        but(CROWDED, quota__concurrency_used=799),
        but(CROWDED, quota__concurrency_limit=None),
        "Lower max concurrency from 20 to 6",
        "quota of the region",
    ),
    Case(
        "endpoint-quota",
        but(CROWDED, calls__count=0.0),
        CROWDED,
        but(CROWDED, calls__count=None),
        "one of 50 serverless endpoints",
        "calls of the window",
    ),
    Case(
        "instance-quota",
        TYPES,
        but(TYPES, quota__instances_used=6),
        but(TYPES, quota__instances_limit=None),
        "7 of 10 ml.c5.xlarge are in use",
        "quota of the region",
    ),
)
