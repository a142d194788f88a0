"""The simulated accounts and regions and everything that lives in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simulator.clock import Clock
from simulator.events import EventBus
from simulator.records import Endpoint, ScalableTarget
from simulator.region_names import OPT_IN

if TYPE_CHECKING:
    from simulator.components import ComponentPlan
    from simulator.jobs import Plan


@dataclass
class Durations:
    """How long a change takes, in seconds, and how long after its minute a metric appears."""

    create_s: float = 6.0
    update_s: float = 8.0
    delete_s: float = 4.0
    metric_lag_s: float = 30.0


@dataclass
class Role:
    """An IAM role that may be assumed; `deny` lists service:Action patterns it may not call."""

    name: str
    external_id: str = ""
    deny: list[str] = field(default_factory=list)


@dataclass
class Region:
    """Everything of one account in one region. Tags are keyed by lower-case ARN."""

    account_id: str
    name: str
    bus: EventBus
    partition: str = "aws"
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    components: dict[str, dict[str, Any]] = field(default_factory=dict)
    component_plans: dict[str, ComponentPlan] = field(default_factory=dict)
    transform_jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    # By job name: what will become of running transform jobs, and what publishes their metrics.
    job_plans: dict[str, Plan] = field(default_factory=dict)
    job_hosts: dict[str, Endpoint] = field(default_factory=dict)
    compilation_jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    recommendation_jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    targets: dict[tuple[str, str], ScalableTarget] = field(default_factory=dict)
    activities: list[dict[str, Any]] = field(default_factory=list)
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    arns: dict[str, str] = field(default_factory=dict)
    retired: list[Endpoint] = field(default_factory=list)
    in_transition: dict[str, Endpoint] = field(default_factory=dict)
    failing_configs: list[str] = field(default_factory=list)
    quotas: dict[str, float] = field(default_factory=dict)
    # What the fleet file says of this region's bill: other_usage, and shares that are credit, tax and discount.
    billing: dict[str, Any] = field(default_factory=dict)
    # Whole days of the bill that were worked out, and the state of the region they hold for.
    billed: tuple[tuple[int, ...], dict[date, Any]] = ((), {})
    # The last ListMetrics answer, so that its pages do not search all series again.
    listed_metrics: tuple[str, list[dict[str, Any]]] = ("", [])

    def know(self, arn: str) -> None:
        """Let a resource carry tags."""
        self.arns.setdefault(arn, arn)
        self.tags.setdefault(arn, {})

    def role_arn(self, name: str) -> str:
        """The ARN of a role of the account."""
        return f"arn:{self.partition}:iam::{self.account_id}:role/{name}"

    def place(self, service: str) -> str:
        """How the ARNs of a service's resources here begin."""
        return f"arn:{self.partition}:{service}:{self.name}:{self.account_id}"

    def arn(self, resource: str) -> str:
        """The ARN of `endpoint/Name` and the like; SageMaker lower-cases the name in it."""
        return f"arn:{self.partition}:sagemaker:{self.name}:{self.account_id}:{resource.lower()}"


@dataclass
class Account:
    """One AWS account. `deny` are rules {region, action, resource} that hold for every caller."""

    id: str
    alias: str
    bus: EventBus
    partition: str = "aws"
    access_keys: list[str] = field(default_factory=list)
    roles: dict[str, Role] = field(default_factory=dict)
    deny: list[dict[str, str]] = field(default_factory=list)
    regions: dict[str, Region] = field(default_factory=dict)
    management: bool = False
    # Tag keys that are activated for cost allocation; None: all of them.
    allocation_tags: frozenset[str] | None = None
    # usd_per_hour and discount of the Savings Plan it holds, {} without one
    savings_plan: dict[str, Any] = field(default_factory=dict)
    # Opt-in regions the account has switched on, and regions switched off by name.
    chosen_regions: frozenset[str] = frozenset()
    disabled_regions: frozenset[str] = frozenset()
    # kind (roles, images, objects) -> patterns of what models refer to and is not there
    missing: dict[str, list[str]] = field(default_factory=dict)

    def region(self, name: str) -> Region:
        """The region's contents, created empty on first use."""
        if name not in self.regions:
            self.regions[name] = Region(self.id, name, self.bus, self.partition)
        return self.regions[name]

    def has_switched_on(self, region: str) -> bool:
        """Whether the account may be called in a region: by default, unless it must be chosen or was switched off."""
        chosen = region not in OPT_IN or region in self.chosen_regions
        return chosen and region not in self.disabled_regions

    def denies(self, region: str, action: str, resource: str) -> bool:
        """Whether a rule of the account forbids `service:Action` on a resource name."""
        return any(
            fnmatchcase(region, rule.get("region", "*"))
            and fnmatchcase(action, rule["action"])
            and fnmatchcase(resource, rule.get("resource", "*"))
            for rule in self.deny
        )


@dataclass
class World:
    """All accounts, the clock, and the epoch that relative times of the fleet file count from."""

    clock: Clock
    durations: Durations
    epoch: datetime
    bus: EventBus
    accounts: dict[str, Account] = field(default_factory=dict)

    @cached_property
    def by_key(self) -> dict[str, Account]:
        """Accounts by their long-term access keys."""
        return {key: account for account in self.accounts.values() for key in account.access_keys}

    @cached_property
    def management(self) -> Account:
        """The account that unknown long-term access keys belong to."""
        marked = [account for account in self.accounts.values() if account.management]
        return marked[0] if marked else next(iter(self.accounts.values()))

    def regions(self) -> list[Region]:
        """Every region of every account, in file order."""
        return [region for account in self.accounts.values() for region in account.regions.values()]


def new_epoch() -> datetime:
    """The current minute, from which a fresh fleet counts its relative times."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def seconds(amount: float) -> timedelta:
    """A timedelta of so many seconds."""
    return timedelta(seconds=amount)
