"""Tables of the rules about waste, commitments and care."""

from decimal import Decimal

from fleet.advisor.evidence_parts import Deployment
from fleet.types import CostComponent

from .worked_cases import REAL_TIME, SERVERLESS, Case, but

IDLE = but(REAL_TIME, calls__days_since_last=14.0, calls__count=0.0)
UNUSED = but(
    SERVERLESS,
    main__provisioned_concurrency=8,
    cold__warm_use_max=0.5,
    month__components={
        CostComponent.KEPT_WARM: Decimal("80"),
        CostComponent.EXECUTION_PROVISIONED: Decimal("3"),
    },
)
STEADY = but(
    REAL_TIME,
    commitment__steady_usd=Decimal("500"),
    commitment__covered_usd=Decimal("100"),
    commitment__plan_discount=Decimal("0.3"),
)
NET = but(REAL_TIME, deployment=Deployment("ALL_AT_ONCE", 0, 3, 0))

CASES = (
    Case(
        "idle",
        IDLE,
        but(IDLE, calls__days_since_last=13.9),
        but(IDLE, calls__days_since_last=None),
        "Delete it: no call in 14 days",
        "calls of the window",
        ("595.68", "595.68"),
    ),
    Case(
        "expired",
        but(REAL_TIME, ownership__expires_in_days=0.0),
        but(REAL_TIME, ownership__expires_in_days=7.1),
        REAL_TIME,
        "Delete it: its date has passed",
        "",
        ("595.68", "595.68"),
    ),
    Case(
        "orphan",
        but(REAL_TIME, ownership__owner=""),
        REAL_TIME,
        but(REAL_TIME, ownership__owner="", month__components={}),
        "Nobody owns it",
        "costs a month",
    ),
    # Four of eight are enough; at least with one more: three of eight.
    Case(
        "unused-provisioned-concurrency",
        UNUSED,
        but(UNUSED, cold__warm_use_max=0.51),
        but(UNUSED, cold__warm_use_max=None),
        "Lower provisioned concurrency from 8 to 4",
        "use of the provisioned",
        ("30", "40"),
    ),
    Case(
        "idle-capacity",
        but(REAL_TIME, use__low_hours=0.5),
        but(REAL_TIME, use__low_hours=0.49),
        but(REAL_TIME, use__low_hours=None),
        "Below 10 % of its CPU in 50 % of the hours",
        "CPU in use",
    ),
    # 400 uncovered at 30 % off; with a quarter less of it running, 100 of the plan would be for nothing.
    Case(
        "savings-plan",
        STEADY,
        but(STEADY, commitment__covered_usd=Decimal("500")),
        but(STEADY, commitment__plan_discount=None),
        "Cover $400.00 a month with a Savings Plan",
        "takes off",
        ("20", "120"),
    ),
    Case(
        "broken-parts",
        but(REAL_TIME, ownership__broken=("role deleted",)),
        REAL_TIME,
        but(REAL_TIME, ownership__broken=None),
        "It cannot be updated or patched: role deleted",
        "all its parts are there",
    ),
    Case(
        "guarded-updates",
        NET,
        but(NET, deployment__alarms=1),
        but(NET, deployment__alarms=None),
        "Guard its updates with alarms",
        "how updates are guarded",
    ),
    Case(
        "failing-calls",
        but(REAL_TIME, calls__errors_5xx=10_001.0),
        but(REAL_TIME, calls__errors_5xx=10_000.0),
        but(REAL_TIME, calls__errors_5xx=None),
        "1 % of its calls fail",
        "failed calls",
    ),
    Case(
        "latency-goal",
        but(REAL_TIME, latency_goal_ms=199.0),
        but(REAL_TIME, latency_goal_ms=200.0),
        but(REAL_TIME, latency_goal_ms=199.0, calls__latency_ms_p99=None),
        "Slow calls take 200 ms, the goal is 199 ms",
        "how long calls take",
    ),
)
