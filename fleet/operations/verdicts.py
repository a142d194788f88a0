"""What a read of the live endpoint proves about an operation: K1, a silent rollback is told as one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from typing import Any

from fleet.types import TRANSITIONAL_STATUSES, EndpointState, EndpointStatus, VariantState


class Standing(StrEnum):
    """Where AWS stands in relation to what an operation wants."""

    APPLIED = "applied"
    IN_FLIGHT = "in-flight"
    BUSY = "busy"
    UNTOUCHED = "untouched"
    ROLLED_BACK = "rolled-back"
    OVERWRITTEN = "overwritten"
    BROKEN = "broken"


@dataclass(frozen=True)
class Reading:
    """One read of the endpoint: where it stands, and the sentence that says what was read."""

    standing: Standing
    text: str


def version_of(live: EndpointState, variant: str) -> dict[str, Any]:
    """The same figures as Observed.version, read from AWS; has_scaling is no part of an endpoint."""
    found = _variant(live, variant)
    capacity = found.current_serverless if found else None
    return {
        "modified_at": live.modified_at.astimezone(UTC).isoformat(),
        "config_name": live.config_name,
        "max_concurrency": capacity.max_concurrency if capacity else None,
        "provisioned_concurrency": (capacity.provisioned_concurrency or None) if capacity else None,
        "memory_mb": capacity.memory_mb if capacity else None,
    }


def moved_since(observed: Mapping[str, Any], live: EndpointState, variant: str) -> str:
    """What differs from the version a plan was made from, in words; "" when nothing does."""
    now = version_of(live, variant)
    parts = [
        f"{key.replace('_', ' ')} {_shown(observed.get(key))} → {_shown(value)}"
        for key, value in now.items()
        if observed.get(key) != value
    ]
    if live.status != EndpointStatus.IN_SERVICE:
        parts.insert(0, f"status {live.status}")
    return "; ".join(parts)


def read(
    live: EndpointState, *, wanted: Mapping[str, Any], observed: Mapping[str, Any], variant: str
) -> Reading:
    """Compare the live endpoint with what is wanted and with what was there before."""
    if live.status in TRANSITIONAL_STATUSES:
        if is_ours(live, wanted, observed, variant):
            return Reading(Standing.IN_FLIGHT, f"AWS says {live.status}, towards what was asked")
        return Reading(Standing.BUSY, f"AWS says {live.status}")
    if live.status != EndpointStatus.IN_SERVICE:
        reason = f": {live.failure_reason}" if live.failure_reason else ""
        return Reading(Standing.BROKEN, f"AWS says {live.status}{reason}")
    shown = _capacity_words(live, variant, with_memory="memory_mb" in wanted)
    where = f"InService on {live.config_name} with {shown}"
    if _is_live(live, wanted, variant):
        return Reading(Standing.APPLIED, where)
    now = version_of(live, variant)
    if now["modified_at"] == observed.get("modified_at"):
        return Reading(Standing.UNTOUCHED, where)
    kept = ("config_name", "max_concurrency", "provisioned_concurrency", "memory_mb")
    if all(now[key] == observed.get(key) for key in kept):
        return Reading(Standing.ROLLED_BACK, where)
    return Reading(Standing.OVERWRITTEN, where)


def is_ours(
    live: EndpointState, wanted: Mapping[str, Any], observed: Mapping[str, Any], variant: str
) -> bool:
    """Whether the change AWS is carrying out is the one that is wanted.

    A config of an operation's own has a name nobody else uses; a change in place keeps the name, so that only the
    desired concurrency tells it from anybody else's.
    """
    pending = _pending(live)
    if config_ahead(live) != wanted["config_name"]:
        return False
    if wanted["config_name"] != observed.get("config_name"):
        return bool(pending)
    desired = _desired(live, pending, variant)
    return (
        "max_concurrency" in wanted
        and desired.get("MaxConcurrency") == wanted["max_concurrency"]
        and _provisioned_fits(desired.get("ProvisionedConcurrency"), wanted)
    )


def config_ahead(live: EndpointState) -> str:
    """The config that AWS is moving the endpoint to, else the one it is on."""
    return str(_pending(live).get("EndpointConfigName") or live.config_name)


def _pending(live: EndpointState) -> Mapping[str, Any]:
    """What DescribeEndpoint tells of a deployment under way; {} without one."""
    found: Mapping[str, Any] = live.document.get("PendingDeploymentSummary") or {}
    return found


def _desired(live: EndpointState, pending: Mapping[str, Any], variant: str) -> Mapping[str, Any]:
    """DesiredServerlessConfig of the variant, from the endpoint or from its pending deployment; {} without one."""
    found = _variant(live, variant)
    if found is not None and found.desired_serverless is not None:
        desired = found.desired_serverless
        return {
            "MaxConcurrency": desired.max_concurrency,
            "ProvisionedConcurrency": desired.provisioned_concurrency,
        }
    rows = [row for row in pending.get("ProductionVariants") or () if row.get("VariantName") == variant]
    return (rows[0].get("DesiredServerlessConfig") or {}) if rows else {}


def _is_live(live: EndpointState, wanted: Mapping[str, Any], variant: str) -> bool:
    found = _variant(live, variant)
    if found is None or live.config_name != wanted["config_name"]:
        return False
    if "instance_count" in wanted:
        return found.current_serverless is None and found.current_instance_count == wanted["instance_count"]
    capacity = found.current_serverless
    return (
        capacity is not None
        and capacity.max_concurrency == wanted["max_concurrency"]
        and capacity.memory_mb == wanted.get("memory_mb", capacity.memory_mb)
        and _provisioned_fits(capacity.provisioned_concurrency, wanted)
    )


def _provisioned_fits(level: int | None, wanted: Mapping[str, Any]) -> bool:
    level = level or None
    if level == wanted["provisioned_concurrency"]:
        return True
    bounds = wanted.get("provisioned_range")
    return bool(bounds and level is not None and bounds[0] <= level <= bounds[1])


def _variant(live: EndpointState, name: str) -> VariantState | None:
    return next((variant for variant in live.variants if variant.name == name), None)


def _capacity_words(live: EndpointState, name: str, *, with_memory: bool) -> str:
    found = _variant(live, name)
    if found is None:
        return "no such variant"
    capacity = found.current_serverless
    if capacity is None:
        return f"{_shown(found.current_instance_count)} instances"
    provisioned = _shown(capacity.provisioned_concurrency or None)
    memory = f"{capacity.memory_mb:,} MB, " if with_memory else ""
    return f"{memory}max concurrency {capacity.max_concurrency}, provisioned {provisioned}"


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
