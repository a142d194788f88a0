"""The kinds of operation and the value types their planning works on. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fleet.operations.schedules import PROVISIONED, ScheduleChange, ScheduleWish, Spot
from fleet.types import ServerlessCapacity

PROVISIONED_DIMENSION = PROVISIONED


class OperationKind(StrEnum):
    """What an operation does; the value is stored and stands in URLs."""

    CHANGE_CONCURRENCY = "change-concurrency"
    CHANGE_MEMORY = "change-memory"
    CONVERT = "convert-serverless-to-real-time"
    CHANGE_SCHEDULE = "change-schedule"
    CHANGE_INSTANCES = "change-instances"
    SPLIT_MODELS = "split-models"
    DELETE_SPLIT = "delete-split"


@dataclass(frozen=True)
class KindSpec:
    """What is the same for every operation of a kind. role: the weakest role that may confirm it."""

    label: str
    role: str
    is_irreversible: bool


KINDS: Mapping[OperationKind, KindSpec] = {
    OperationKind.CHANGE_CONCURRENCY: KindSpec("Change concurrency", "operator", is_irreversible=False),
    OperationKind.CHANGE_MEMORY: KindSpec("Change memory", "operator", is_irreversible=False),
    OperationKind.CONVERT: KindSpec("Convert to real-time", "operator", is_irreversible=True),
    OperationKind.CHANGE_SCHEDULE: KindSpec("Change schedule", "operator", is_irreversible=False),
    OperationKind.CHANGE_INSTANCES: KindSpec("Change instances", "operator", is_irreversible=False),
    OperationKind.SPLIT_MODELS: KindSpec("Split models", "operator", is_irreversible=False),
    OperationKind.DELETE_SPLIT: KindSpec("Delete endpoint", "operator", is_irreversible=True),
}


class Route(StrEnum):
    """How a change is made. AUTO lets the plan of concurrency choose between the next two; SCALING leaves it to

    Application Auto Scaling. NEW_ENDPOINT: the endpoint itself stays, another one is made beside it, or goes again.
    """

    AUTO = "auto"
    IN_PLACE = "in-place"
    NEW_CONFIG = "new-config"
    SCALING = "scaling"
    NEW_ENDPOINT = "new-endpoint"


@dataclass(frozen=True)
class ConcurrencyWish:
    """What a person typed. Values are text as typed, so that a guard can name them; "" = left empty."""

    max_concurrency: str
    provisioned_concurrency: str
    route: Route = Route.AUTO


@dataclass(frozen=True)
class MemoryWish:
    """What a person chose, in MB as text, so that a guard can name it; "" = nothing chosen."""

    memory_mb: str


@dataclass(frozen=True)
class ConversionWish:
    """What a person typed; typed_name is the endpoint's name, typed again at confirmation only."""

    instance_type: str
    instance_count: str
    accept_unpriced: bool = False


@dataclass(frozen=True)
class InstancesWish:
    """Other instances of a variant that runs on instances already, as typed."""

    instance_type: str
    instance_count: str
    accept_unpriced: bool = False


@dataclass(frozen=True)
class SplitWish:
    """A second multi-model endpoint as typed. models: what callers send as TargetModel, one a line."""

    name: str
    instance_count: str
    models: str


@dataclass(frozen=True)
class UnsplitWish:
    """The endpoint that a split made is to go again: there is nothing to type but its name, at confirmation."""


Wish = ConcurrencyWish | MemoryWish | ConversionWish | ScheduleWish | InstancesWish | SplitWish | UnsplitWish


@dataclass(frozen=True)
class ScalingRange:
    """The registered range of provisioned concurrency; policies are the names that go with the target."""

    resource_id: str
    minimum: int
    maximum: int
    policies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observed:
    """The newest state of an endpoint that Flotilla knows, and the version a plan is made from.

    serverless: live capacity of the variant, None when it is not serverless or was never described.
    modified_at: ISO 8601 UTC, AWS's LastModifiedTime. unreadable: why the last describe failed, "" when it did not.
    scaling: the scalable target of provisioned concurrency, None when there is none. unknown_fields: paths in the
    config that the installed AWS SDK does not know, so that a copy could not carry them. is_read_only: IAM said that no
    role of the account may change endpoints. spots: everything that can be scaled by a schedule.
    """

    endpoint: str
    account: str
    region: str
    kind: str
    status: str
    config_name: str
    modified_at: str
    variant: str = ""
    serverless: ServerlessCapacity | None = None
    is_closed: bool = False
    unreadable: str = ""
    config_document: Mapping[str, Any] = field(default_factory=dict)
    scaling: ScalingRange | None = None
    unknown_fields: tuple[str, ...] = ()
    is_read_only: bool = False
    spots: tuple[Spot, ...] = ()

    def version(self) -> dict[str, Any]:
        """What must still hold when the plan is confirmed and when its first step runs."""
        live = self.serverless
        return {
            "modified_at": self.modified_at,
            "config_name": self.config_name,
            "max_concurrency": live.max_concurrency if live else None,
            "provisioned_concurrency": live.provisioned_concurrency if live else None,
            "memory_mb": live.memory_mb if live else None,
            "has_scaling": self.scaling is not None,
        }


@dataclass(frozen=True)
class ConcurrencyLedger:
    """Concurrency handed out in one account and region. others: all serverless endpoints but this one,

    changes under way included. quota None: neither Service Quotas nor the documented table knows the region.
    """

    others: int
    quota: int | None
    quota_source: str = ""


@dataclass(frozen=True)
class ActiveOperation:
    """The operation that holds the endpoint at the moment."""

    code: str
    title: str
    actor: str
    since: str


@dataclass(frozen=True)
class InstanceOption:
    """An instance type for hosting. memory_mb and vcpus None when unknown, usd_per_hour None without a price.

    quota: the most of it that endpoints of the account may run in the region, None = not read from Service Quotas.
    held: how many of it other endpoints run.
    """

    name: str
    memory_mb: int | None
    vcpus: int | None = None
    usd_per_hour: Decimal | None = None
    quota: int | None = None
    held: int = 0


@dataclass(frozen=True)
class Usage:
    """What the variant did over the last seven days.

    peak_concurrency: most calls at a time. cold_starts_per_day: an estimate. memory_percent: of the memory of today, in
    the busiest hour, on average. None = CloudWatch does not tell.
    """

    peak_concurrency: int | None = None
    cold_starts_per_day: float | None = None
    memory_percent: float | None = None


NOTHING_SEEN = Usage()


@dataclass(frozen=True)
class Context:
    """What guards need beyond the endpoint itself."""

    actor_may: bool
    actor_role: str
    is_admin: bool
    ledger: ConcurrencyLedger
    active: ActiveOperation | None = None
    instances: Mapping[str, InstanceOption] = field(default_factory=dict)


@dataclass(frozen=True)
class ConcurrencyChange:
    """A checked wish: max_concurrency 1–200, provisioned_concurrency None (none) or 1–max_concurrency."""

    max_concurrency: int
    provisioned_concurrency: int | None
    route: Route


@dataclass(frozen=True)
class MemoryChange:
    """A checked wish: one of MEMORY_SIZES_MB, another than today's. Concurrency stays as it is live."""

    memory_mb: int


@dataclass(frozen=True)
class Conversion:
    """A checked wish: an instance type of the region and how many, at least 1."""

    option: InstanceOption
    instance_count: int


@dataclass(frozen=True)
class InstancesChange:
    """A checked wish: another type or count than today's. spot: the variant's instances as they are."""

    spot: Spot
    option: InstanceOption
    instance_count: int


@dataclass(frozen=True)
class SplitChange:
    """A checked wish: the new endpoint's name, its instances of today's type, and the models that callers move."""

    spot: Spot
    option: InstanceOption
    name: str
    instance_count: int
    models: tuple[str, ...]


@dataclass(frozen=True)
class SplitOrigin:
    """The split that made an endpoint. calls: in the last hour, None = not read."""

    code: str
    endpoint: str
    calls: float | None


@dataclass(frozen=True)
class UnsplitChange:
    """A checked wish to delete what a split made."""

    origin: SplitOrigin


Change = (
    ConcurrencyChange
    | MemoryChange
    | Conversion
    | ScheduleChange
    | InstancesChange
    | SplitChange
    | UnsplitChange
)
