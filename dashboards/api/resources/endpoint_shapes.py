"""What an endpoint looks like in an answer, and the words for figures that are not there."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from ninja import Schema
from pydantic import Field

from dashboards import status
from dashboards.api.schemas import Money, Place, WindowOut, money
from dashboards.endpoints.tables import WHY
from fleet.queries.endpoint_records import FIGURES
from fleet.types import Kind

_ONLY = {
    "cold_starts": Kind.SERVERLESS,
    "cold_start_share": Kind.SERVERLESS,
    "cache_hit_ratio": Kind.MULTI_MODEL,
}
_SILENT = {
    "cold_starts": "No ModelSetupTime sample in 30 days",
    "cold_start_share": "No ModelSetupTime sample in 30 days",
    "cache_hit_ratio": "ModelCacheHit was not reported",
    "p99_ms": "CloudWatch reported no latency in this window",
}


class Variant(Schema):
    """A live variant. Current and desired differ while AWS is changing it."""

    name: str
    is_shadow: bool
    model_name: str
    instance_type: str
    volume_gb: int | None
    current_instance_count: int | None
    desired_instance_count: int | None
    current_weight: float | None
    memory_mb: int | None
    max_concurrency: int | None
    provisioned_concurrency: int | None
    desired_max_concurrency: int | None
    desired_provisioned_concurrency: int | None


class Policy(Schema):
    """A scaling policy."""

    name: str
    type: str


class Schedule(Schema):
    """A scheduled action; schedule is AWS's own expression."""

    name: str
    schedule: str


class Target(Schema):
    """A scalable target."""

    resource_id: str
    dimension: str
    min_capacity: int
    max_capacity: int
    policies: list[Policy]
    scheduled_actions: list[Schedule]


class Figures(Schema):
    """Figures over the window; ratios between 0 and 1. `why` explains each that is null."""

    calls: float | None = Field(description="Invocations, or requests processed for asynchronous endpoints.")
    p99_ms: float | None = Field(description="p99 model latency of the window's middle bucket.")
    error_share: float | None = Field(description="5xx responses per call.")
    cold_starts: float | None = Field(description="ModelSetupTime samples: an estimate.")
    cold_start_share: float | None
    cache_hit_ratio: float | None
    why: dict[str, str]


class EndpointOut(Place):
    """One endpoint. kind_reason says how its kind was told; unreadable why AWS does not describe it."""

    id: int
    name: str
    arn: str
    state: str = Field(description="critical, warning, changing, in-service, off or closed.")
    incident: str = Field(description="Title of the gravest open incident.")
    status: str = Field(description="AWS's word.")
    status_since: datetime | None
    failure_reason: str
    kind: str
    kind_reason: str
    config_name: str
    created_at: datetime
    modified_at: datetime
    closed_at: datetime | None
    described_at: datetime | None
    unreadable: dict[str, Any] | None
    owner: str
    team: str
    application: str
    tags: dict[str, Any]
    variants: list[Variant]
    component_copies: int | None = Field(description="Copies of inference components.")
    scaling: list[Target]
    cost_month_to_date: Money
    cost_is_complete: bool = Field(description="Every line has an amount and the month's history is stored.")
    window: WindowOut
    figures: Figures


def shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record of fleet.queries.endpoint_records as EndpointOut has it."""
    amount: Decimal | None = record["cost_month_to_date_usd"]
    return {
        **record,
        "window": {"start": record["window_start"], "end": record["window_end"]},
        "cost_month_to_date": money(amount, "No priced cost line of this month yet"),
        "figures": _figures(record),
    }


def _figures(record: dict[str, Any]) -> dict[str, Any]:
    values = {name: record[name] for name in FIGURES}
    quiet = _why_nothing(record)
    missing = [name for name, value in values.items() if value is None]
    return {**values, "why": {name: _why(name, record["kind"], quiet) for name in missing}}


def _why(name: str, kind: str, quiet: str) -> str:
    if name in _ONLY and kind != _ONLY[name]:
        return f"Not published for {status.KIND_LABELS.get(kind, kind)}"
    return WHY.get(quiet) or _SILENT.get(name, "Not reported")


def _why_nothing(record: dict[str, Any]) -> str:
    if record["unreadable"] is not None:
        return "no access"
    if record["calls"] is None:
        return "no data"
    return "no calls" if record["calls"] == 0 else ""
