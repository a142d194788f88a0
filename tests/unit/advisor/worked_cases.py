"""Evidence that the advisor's tests start from: one endpoint of each kind, well known, and short ways to vary it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fleet.advisor.evidence import Calls, Cold, Evidence, Hosting, Month, Ownership, PricedWay, Use
from fleet.advisor.evidence_parts import Machine, Scaling
from fleet.analysis.traffic_shape import Pattern, Shape
from fleet.costs.break_even import Family
from fleet.types import Confidence, CostComponent, Kind

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
LARGE = Machine("ml.c5.large", 4096, 2, 0, usd_hour=Decimal("0.102"))
XLARGE = Machine(
    "ml.c5.xlarge",
    8192,
    4,
    0,
    usd_hour=Decimal("0.204"),
    smaller="ml.c5.large",
    smaller_memory_mb=4096,
    smaller_usd_hour=Decimal("0.102"),
)


def shaped(pattern: Pattern, busy: float = 1.0, peak: float = 1.5, explained: float = 0.0) -> Shape:
    """A shape of two weeks, well known."""
    return Shape(pattern, pattern, 0.9, 336, 336, busy, peak, explained, 0.0, 100.0, tuple(range(24)))


def way(family: Family, item: str, usd: str | None, *, today: bool = False, **more: object) -> PricedWay:
    """A priced way whose cost with less and more traffic is the same, unless it is said."""
    amount = None if usd is None else Decimal(usd)
    found = PricedWay(
        family,
        item,
        usd=amount,
        usd_less=amount,
        usd_more=amount,
        is_today=today,
        confidence=Confidence.ESTIMATED,
    )
    return replace(found, **more)  # type: ignore[arg-type]


SERVERLESS = Evidence(
    endpoint="chat-faq",
    kind=Kind.SERVERLESS,
    region="eu-west-1",
    account_id="111111111111",
    window_days=14.0,
    age_days=100.0,
    hosting=(Hosting("AllTraffic", memory_mb=4096, max_concurrency=20, provisioned_concurrency=0),),
    calls=Calls(10_000, 0, 0, 0.1, 20_000.0, 180.0, 900.0, 20.0, peak_concurrency=4, busy_hours=0.9),
    shape=shaped(Pattern.SUSTAINED),
    use=Use(memory_max=60.0),
    cold=Cold(
        count=40.0, added_ms_p50=4_000.0, added_ms_p99=9_000.0, concurrency_use_max=0.2, saturated_minutes=0.0
    ),
    month=Month({CostComponent.EXECUTION_ON_DEMAND: Decimal("120")}, Confidence.ESTIMATED),
    ways=(
        way(Family.REAL_TIME, "ml.c5.large", "74.46", count=1),
        way(Family.SERVERLESS, "3072", "90"),
        way(Family.SERVERLESS, "4096", "120", today=True, usd_less=Decimal("90"), usd_more=Decimal("150")),
    ),
    scaling=Scaling(targets=()),
    ownership=Ownership(owner="search", environment="production", broken=()),
    exclusions=(),
)

REAL_TIME = Evidence(
    endpoint="search-rt",
    kind=Kind.REAL_TIME,
    region="eu-west-1",
    account_id="111111111111",
    window_days=14.0,
    age_days=100.0,
    hosting=(Hosting("AllTraffic", "ml.c5.xlarge", 4, machine=XLARGE, model="search", images=("image:1",)),),
    calls=Calls(1_000_000, 0, 0, 0.0, 90_000.0, 60.0, 200.0, 5.0, peak_concurrency=6, busy_hours=1.0),
    shape=shaped(Pattern.SUSTAINED),
    use=Use(cpu_mean=50.0, cpu_p95=60.0, cpu_max=70.0, memory_max=60.0, disk_max=30.0, low_hours=0.0),
    month=Month({CostComponent.INSTANCE_TIME: Decimal("595.68")}, Confidence.MEASURED),
    ways=(
        way(Family.SERVERLESS, "2048", "900"),
        way(Family.ASYNCHRONOUS, "ml.c5.large", "500"),
        way(Family.REAL_TIME, "ml.c5.xlarge", "595.68", today=True, count=4),
    ),
    scaling=Scaling(targets=()),
    ownership=Ownership(owner="search", environment="production", broken=()),
    exclusions=(),
)
ASYNCHRONOUS = replace(
    REAL_TIME,
    endpoint="ocr-async",
    kind=Kind.ASYNCHRONOUS,
    ways=(
        way(Family.ASYNCHRONOUS, "ml.c5.xlarge", "200"),
        way(Family.ASYNCHRONOUS, "ml.c5.xlarge", "595.68", today=True, count=4),
    ),
)
MULTI_MODEL = replace(REAL_TIME, endpoint="persona-mme", kind=Kind.MULTI_MODEL, ways=())
MULTI_CONTAINER = replace(REAL_TIME, endpoint="churn-mce", kind=Kind.MULTI_CONTAINER, ways=())


@dataclass(frozen=True)
class Case:
    """One rule's table: evidence on which it speaks, evidence on which it just does not, evidence that lacks a figure.

    says: a part of the title; lacks: a part of what it then says is missing, "" = such evidence gives nothing at all.
    saving: low and high in USD as text, None = no saving may be claimed.
    """

    rule: str
    fires: Evidence
    quiet: Evidence
    unknown: Evidence
    says: str
    lacks: str
    saving: tuple[str, str] | None = None


def but(e: Evidence, **changes: Any) -> Evidence:
    """The same evidence with other figures: `but(e, calls__count=0)` reaches into parts, `main__x` into the variant."""
    found = e
    for path, value in changes.items():
        part, _, name = path.partition("__")
        if not name:
            found = replace(found, **{part: value})
        elif part == "main":
            found = replace(found, hosting=(replace(found.hosting[0], **{name: value}),))
        elif part == "machine":
            machine = replace(found.hosting[0].machine or LARGE, **{name: value})
            found = replace(found, hosting=(replace(found.hosting[0], machine=machine),))
        else:
            found = replace(found, **{part: replace(getattr(found, part), **{name: value})})
    return found
