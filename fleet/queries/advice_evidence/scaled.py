"""How an endpoint is scaled, updated and owned, from the mirror's rows, as the advisor takes it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from fleet.advisor.evidence import Ownership
from fleet.advisor.evidence_parts import Deployment, Lint, Policy, Scaling, Target
from fleet.models import Endpoint, ScalableTarget, ScalingPolicy
from fleet.queries.advice_evidence.mirror import Move

BACK_WITHIN = timedelta(hours=1)
ENVIRONMENT_TAGS = frozenset({"environment", "env", "stage"})
"""Tag keys, in lower case, that say what an endpoint is for."""


def scaling(
    targets: Sequence[ScalableTarget],
    moves: Sequence[Move],
    read_since: datetime | None,
    end: datetime,
    lint: tuple[Lint, ...] = (),
    *,
    is_read: bool,
) -> Scaling:
    """Targets with their policies; moves: successful activities of the window, oldest first.

    read_since: from when all activities are read, None = none are. is_read: whether the targets could be read at all.
    """
    days = (end - read_since) / timedelta(days=1) if read_since else 0.0
    if not is_read:
        return Scaling(lint=lint)
    return Scaling(
        targets=tuple(
            Target(
                target.dimension,
                target.min_capacity,
                target.max_capacity,
                tuple(policy(each) for each in target.policies.all()),
                len(target.scheduled_actions.all()),
            )
            for target in targets
        ),
        changes_per_day=len(moves) / days if days > 0 else None,
        reversals_per_day=reversals(moves) / days if days > 0 else None,
        lint=lint,
    )


def policy(row: ScalingPolicy) -> Policy:
    """A policy as far as its document says."""
    found = row.configuration
    predefined = found.get("PredefinedMetricSpecification") or {}
    customized = found.get("CustomizedMetricSpecification") or {}
    steps = found.get("StepAdjustments") or []
    return Policy(
        row.name,
        row.policy_type,
        str(predefined.get("PredefinedMetricType") or customized.get("MetricName") or ""),
        found.get("TargetValue"),
        wakes=row.policy_type == "StepScaling"
        and any((step.get("ScalingAdjustment") or 0) > 0 for step in steps),
    )


def reversals(moves: Sequence[Move]) -> int:
    """How often a capacity went one way and back the other within BACK_WITHIN, by what was scaled."""
    last: dict[int, tuple[datetime, int, int]] = {}
    found = 0
    for move in moves:
        before = last.get(move.history)
        way = 0 if before is None else (move.level > before[1]) - (move.level < before[1])
        if before is not None and way and before[2] == -way and move.at - before[0] <= BACK_WITHIN:
            found += 1
        last[move.history] = (move.at, move.level, way or (before[2] if before else 0))
    return found


def ownership(endpoint: Endpoint, today: date) -> Ownership:
    """Whose it is, from what its tags and its operators say."""
    tags = {key: str(value) for key, value in endpoint.tags.items()}
    is_checked = endpoint.built_from != Endpoint.BuiltFrom.CANNOT_TELL
    return Ownership(
        owner=endpoint.owner or endpoint.team,
        environment=next((value for key, value in tags.items() if key.lower() in ENVIRONMENT_TAGS), ""),
        expires_in_days=(endpoint.expires_on - today).days if endpoint.expires_on else None,
        broken=tuple(f"{link.get('kind')} {link.get('name')}" for link in endpoint.broken_links)
        if is_checked
        else None,
        tags=tags,
    )


def deployment(document: Mapping[str, Any], updates: int, failed: int = 0) -> Deployment | None:
    """How the last update reached it (DescribeEndpoint, LastDeploymentConfig); None while it was never described."""
    if not document:
        return None
    found = document.get("LastDeploymentConfig") or {}
    rolling = found.get("RollingUpdatePolicy")
    routing = (found.get("BlueGreenUpdatePolicy") or {}).get("TrafficRoutingConfiguration") or {}
    rollback = found.get("AutoRollbackConfiguration") or {}
    return Deployment(
        traffic="ROLLING" if rolling else str(routing.get("Type") or ""),
        alarms=len(rollback.get("Alarms") or ()),
        updates=max(updates, failed),
        failed=failed,
    )
