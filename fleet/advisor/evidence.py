"""Everything that rules may know of one endpoint. Each figure is None while it is not known; None is never 0. Pure.

Percentages of use are 0 to 100 of the whole machine (CPU and GPU already divided by their number).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from fleet.advisor.evidence_parts import (
    Application,
    CacheUse,
    CoHosts,
    Deployment,
    LevelPlan,
    Machine,
    Queue,
    QuotaLeft,
    Recommendation,
    Scaling,
    Stage,
)
from fleet.advisor.evidence_parts import Policy as Policy
from fleet.advisor.evidence_parts import Target as Target
from fleet.analysis.traffic_shape import Shape
from fleet.costs.break_even import Family
from fleet.types import Confidence, CostComponent, Kind


class HostingOption(StrEnum):
    """The ways to host that the decision flow ends in."""

    BATCH = "batch"
    ASYNCHRONOUS = "asynchronous"
    SERVERLESS = "serverless"
    REAL_TIME = "real-time"
    MULTI_MODEL = "multi-model"
    MULTI_CONTAINER = "multi-container"
    PIPELINE = "pipeline"


@dataclass(frozen=True)
class Hosting:
    """What one live production variant is. Serverless: memory_mb and max_concurrency; else instance_type and count.

    provisioned_concurrency 0 = none; machine: what is known of the instance type; images: of its containers, in order.
    image_bytes: of the largest image; model_bytes: of the artefact.
    """

    variant: str
    instance_type: str = ""
    instance_count: int | None = None
    memory_mb: int | None = None
    max_concurrency: int | None = None
    provisioned_concurrency: int = 0
    volume_gb: int | None = None
    machine: Machine | None = None
    model: str = ""
    images: tuple[str, ...] = ()
    image_bytes: int | None = None
    model_bytes: int | None = None


@dataclass(frozen=True)
class Calls:
    """What callers did in the window. count: of calls, for asynchronous endpoints of processed ones.

    days_since_last: since the last call that any metric shows; latency is the model's, processing_s_max the longest
    seen. busy_hours: hours with a call as a part (0 to 1) of the hours of the window.
    """

    count: float | None = None
    errors_4xx: float | None = None
    errors_5xx: float | None = None
    days_since_last: float | None = None
    busy_s: float | None = None
    latency_ms_p50: float | None = None
    latency_ms_p99: float | None = None
    overhead_ms_avg: float | None = None
    processing_s_max: float | None = None
    peak_concurrency: int | None = None
    busy_hours: float | None = None


@dataclass(frozen=True)
class Payload:
    """Size of requests, bytes. source: who says so ("measured", "told by a person"), "" = not known."""

    mean_bytes: float | None = None
    largest_bytes: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Use:
    """How much of the instances (or of the serverless memory) was used in the window, percent of the whole, 0 to 100.

    *_p95: exceeded in one hour of twenty. low_hours: part (0 to 1) of hours with a mean CPU use below 10 %.
    """

    cpu_mean: float | None = None
    cpu_p95: float | None = None
    cpu_max: float | None = None
    memory_max: float | None = None
    gpu_mean: float | None = None
    gpu_max: float | None = None
    gpu_memory_max: float | None = None
    disk_max: float | None = None
    low_hours: float | None = None


@dataclass(frozen=True)
class Cold:
    """Cold starts and warmth of a serverless variant over the window; counts are estimates.

    saturated_minutes: minutes in which all of the max concurrency was in use; warm_use_max and warm_use_mean: of the
    provisioned concurrency, 0 to 1; spillover: calls that found it busy.
    """

    count: float | None = None
    added_ms_p50: float | None = None
    added_ms_p99: float | None = None
    concurrency_use_max: float | None = None
    saturated_minutes: float | None = None
    warm_use_max: float | None = None
    warm_use_mean: float | None = None
    spillover: float | None = None


@dataclass(frozen=True)
class Month:
    """USD a month of 730 h as things are, by component; an amount None = no price or no data. Empty: not worked out."""

    components: Mapping[CostComponent, Decimal | None] = field(default_factory=dict)
    confidence: Confidence = Confidence.NO_DATA

    @property
    def total(self) -> Decimal | None:
        """Sum, None while any component but storage is unknown; storage of unknown size is left out."""
        kept = {
            part: usd
            for part, usd in self.components.items()
            if part is not CostComponent.STORAGE or usd is not None
        }
        if not kept or any(usd is None for usd in kept.values()):
            return None
        return sum((usd for usd in kept.values() if usd is not None), Decimal(0))

    def of(self, *parts: CostComponent) -> Decimal | None:
        """Sum of some components; None when none of them is there or one has no amount."""
        found = [self.components[part] for part in parts if part in self.components]
        known = [usd for usd in found if usd is not None]
        return sum(known, Decimal(0)) if found and len(known) == len(found) else None


@dataclass(frozen=True)
class PricedWay:
    """One way to host it with its month, as fleet.costs.options prices it. See fleet.advisor.ways.

    usd_less and usd_more: USD a month with three quarters of the traffic, and with five quarters.
    """

    family: Family
    item: str
    level: int = 0
    count: int | None = None
    usd: Decimal | None = None
    usd_less: Decimal | None = None
    usd_more: Decimal | None = None
    why_not: tuple[str, ...] = ()
    assumption: str = ""
    is_today: bool = False
    confidence: Confidence = Confidence.ESTIMATED


@dataclass(frozen=True)
class Ownership:
    """Whose it is. expires_in_days None = no date set; broken: parts that are gone; None = not checked."""

    owner: str = ""
    environment: str = ""
    expires_in_days: float | None = None
    broken: tuple[str, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Commitment:
    """Savings Plans and this endpoint, USD a month at the on-demand rate. steady_usd: what ran in every hour.

    covered_usd: what plans cover already; plan_discount: part taken off by the plan that fits (0 to 1).
    """

    steady_usd: Decimal | None = None
    covered_usd: Decimal | None = None
    plan_discount: Decimal | None = None


@dataclass(frozen=True)
class Evidence:
    """One endpoint as the rules see it. Construct with what is known; everything else stays unknown.

    window_days: length of what was looked at; age_days: since it was created. exclusions: what it uses that serverless
    excludes, None = not checked. ways: from fleet.advisor.ways.priced. latency_goal_ms and budget_usd: what its team
    wants, None = nothing said. is_queueable: whether callers can wait for the answer; is_offline: whether all input is
    there beforehand; both None until a person said so.
    """

    endpoint: str
    kind: Kind
    region: str = ""
    account_id: str = ""
    status: str = "InService"
    window_days: float = 0.0
    age_days: float | None = None
    hosting: tuple[Hosting, ...] = ()
    calls: Calls = field(default_factory=Calls)
    shape: Shape | None = None
    payload: Payload = field(default_factory=Payload)
    use: Use = field(default_factory=Use)
    cold: Cold = field(default_factory=Cold)
    month: Month = field(default_factory=Month)
    ways: tuple[PricedWay, ...] = ()
    scaling: Scaling = field(default_factory=Scaling)
    queue: Queue = field(default_factory=Queue)
    cache: CacheUse | None = None
    cohosts: CoHosts | None = None
    plan: LevelPlan | None = None
    quota: QuotaLeft = field(default_factory=QuotaLeft)
    ownership: Ownership = field(default_factory=Ownership)
    commitment: Commitment = field(default_factory=Commitment)
    deployment: Deployment | None = None
    recommendation: Recommendation | None = None
    alternatives: tuple[Recommendation, ...] = ()
    stages: tuple[Stage, ...] = ()
    application: Application | None = None
    exclusions: tuple[str, ...] | None = None
    latency_goal_ms: float | None = None
    budget_usd: Decimal | None = None
    is_queueable: bool | None = None
    is_offline: bool | None = None

    @property
    def main(self) -> Hosting | None:
        """The variant that rules about one variant look at; None without any, or with several."""
        return self.hosting[0] if len(self.hosting) == 1 else None

    @property
    def today(self) -> PricedWay | None:
        """What it runs as now, priced; None while that is not known."""
        return next((way for way in self.ways if way.is_today), None)

    def cheapest(self, *families: Family, is_open: bool = True) -> PricedWay | None:
        """The cheapest other way of some families that has a cost; is_open False: also those that are ruled out."""
        found = [
            way
            for way in self.ways
            if way.family in families
            and way.usd is not None
            and not way.is_today
            and not (is_open and way.why_not)
        ]
        return min(found, key=lambda way: (way.usd or Decimal(0), way.item, way.level), default=None)
