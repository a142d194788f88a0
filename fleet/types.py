"""Frozen value types shared by aws, sync, costs, analysis and operations. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Hosting option of an endpoint, inferred from its documents (see fleet.sync.kinds)."""

    SERVERLESS = "serverless"
    REAL_TIME = "real-time"
    ASYNCHRONOUS = "asynchronous"
    MULTI_MODEL = "multi-model"
    MULTI_CONTAINER = "multi-container"
    INFERENCE_COMPONENT = "inference-component"
    UNKNOWN = "unknown"


class EndpointStatus(StrEnum):
    """The nine statuses AWS documents; an unknown one is stored and shown as it came."""

    CREATING = "Creating"
    IN_SERVICE = "InService"
    UPDATING = "Updating"
    SYSTEM_UPDATING = "SystemUpdating"
    ROLLING_BACK = "RollingBack"
    DELETING = "Deleting"
    FAILED = "Failed"
    OUT_OF_SERVICE = "OutOfService"
    UPDATE_ROLLBACK_FAILED = "UpdateRollbackFailed"


TRANSITIONAL_STATUSES = frozenset(
    {
        EndpointStatus.CREATING,
        EndpointStatus.UPDATING,
        EndpointStatus.SYSTEM_UPDATING,
        EndpointStatus.ROLLING_BACK,
        EndpointStatus.DELETING,
    }
)

MAX_SERVERLESS_CONCURRENCY = 200


@dataclass(frozen=True)
class AwsScope:
    """Where a call goes: one account in one region, and the role to assume there ("" = own credentials)."""

    account_id: str
    region: str
    role_arn: str = ""
    external_id: str = ""


# --- what AWS reports -------------------------------------------------------------------------------


@dataclass(frozen=True)
class EndpointSummary:
    """One row of ListEndpoints."""

    name: str
    arn: str
    status: str
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True)
class ServerlessCapacity:
    """Serverless settings of a variant; provisioned_concurrency None means none is configured."""

    memory_mb: int
    max_concurrency: int
    provisioned_concurrency: int | None = None


@dataclass(frozen=True)
class VariantState:
    """A live variant as DescribeEndpoint reports it; current and desired differ while AWS is changing it."""

    name: str
    is_shadow: bool = False
    current_weight: float | None = None
    desired_weight: float | None = None
    current_instance_count: int | None = None
    desired_instance_count: int | None = None
    current_serverless: ServerlessCapacity | None = None
    desired_serverless: ServerlessCapacity | None = None


@dataclass(frozen=True)
class EndpointState:
    """DescribeEndpoint, reduced to what Flotilla decides on, with the raw document beside it."""

    name: str
    arn: str
    status: str
    config_name: str
    created_at: datetime
    modified_at: datetime
    failure_reason: str = ""
    variants: tuple[VariantState, ...] = ()
    is_async: bool = False
    document: Mapping[str, Any] = field(default_factory=dict)


# --- metrics ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MetricRow:
    """One wide bucket of one variant; attributes are the columns of fleet.catalogue, None = not reported.

    Latencies in milliseconds, ages in seconds, utilisations as AWS publishes them (see the catalogue).
    """

    variant_id: int
    at: datetime
    period_s: int
    values: Mapping[str, float | None]

    @property
    def until(self) -> datetime:
        """End of the bucket, exclusive."""
        return self.at + timedelta(seconds=self.period_s)

    def get(self, column: str) -> float | None:
        return self.values.get(column)


# --- prices and costs -------------------------------------------------------------------------------


class CostComponent(StrEnum):
    """What a cost line pays for."""

    INSTANCE_TIME = "instance-time"
    EXECUTION_ON_DEMAND = "execution-on-demand"
    KEPT_WARM = "kept-warm"
    EXECUTION_PROVISIONED = "execution-provisioned"
    STORAGE = "storage"
    BATCH_TIME = "batch-time"
    DATA_IN = "data-in"
    DATA_OUT = "data-out"


class Confidence(StrEnum):
    """How far a figure can be trusted, worst last. ASSUMED: the quantity rests on what a person said, not on AWS."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    ASSUMED_RATE = "assumed-rate"
    ASSUMED = "assumed"
    NO_DATA = "no-data"
    UNPRICED = "unpriced"


@dataclass(frozen=True)
class PricePoint:
    """One price: what a unit of `item` costs in a region, and where the figure comes from."""

    region: str
    component: CostComponent
    item: str
    """Instance type (ml.m5.large), memory size ("2048"), volume type ("gp2") or what processes data ("hosting")."""
    unit: str
    usd: Decimal
    source: str
    source_date: date
    is_assumed: bool = False


@dataclass(frozen=True)
class CostLine:
    """quantity × usd_per_unit − discount = amount, USD unrounded; amount None when unpriced or without data.

    usd_per_unit is the list price (or the manual one in its place), discount what the account's agreements take off it,
    in USD, and discount_note which agreements.
    """

    component: CostComponent
    item: str
    quantity: Decimal | None
    unit: str
    usd_per_unit: Decimal | None
    amount: Decimal | None
    confidence: Confidence
    price_source: str = ""
    note: str = ""
    discount: Decimal = Decimal(0)
    discount_note: str = ""


@dataclass(frozen=True)
class Capacity:
    """What one variant is configured to hold over [start, end): input of the cost functions.

    end None means "still so". instance_type "" for serverless; serverless None for instances. is_inferred: from
    before Flotilla first looked, taken to have been as found. is_scaling_unread: something may have scaled it in
    the meantime, and what it did was not read.
    """

    start: datetime
    end: datetime | None
    instance_type: str = ""
    instance_count: int | None = None
    volume_gb: int | None = None
    serverless: ServerlessCapacity | None = None
    is_inferred: bool = False
    is_scaling_unread: bool = False
