"""The scaling section: scalable targets, policies and scheduled actions, read in bulk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from fleet import locks
from fleet.aws import autoscaling
from fleet.models import (
    ChangeEvent,
    Endpoint,
    InferenceComponent,
    ScalableTarget,
    ScalingPolicy,
    ScheduledAction,
    Shard,
)
from fleet.sync import changes

Key = tuple[str, str]
Document = dict[str, Any]
# AWS puts these beside a policy; they change without the policy changing.
_NOISE = frozenset({"Alarms", "CreationTime"})


def run(shard: Shard, *, now: datetime, fence: int) -> int:
    """Mirror the shard's scalable targets; the number of targets seen. Nothing is removed unless all was listed."""
    targets = {_key(d): d for d in autoscaling.scalable_targets(shard.scope)}
    policies = _by_target(autoscaling.scaling_policies(shard.scope))
    actions = _by_target(autoscaling.scheduled_actions(shard.scope))
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        events: list[ChangeEvent] = []
        known = {
            (t.resource_id, t.dimension): t
            for t in ScalableTarget.objects.filter(shard=shard)
            .select_related("endpoint")
            .prefetch_related("policies", "scheduled_actions")
        }
        owners = _owners(shard)
        is_first = (shard.sections.get("scaling") or {}).get("ok_at") is None
        for key, document in targets.items():
            events += _write_target(
                shard,
                known.pop(key, None),
                document,
                policies.get(key, []),
                actions.get(key, []),
                owners,
                now,
            )
        events += [_removed(target, now) for target in known.values() if target.endpoint is not None]
        ScalableTarget.objects.filter(pk__in=[target.pk for target in known.values()]).delete()
        changes.save([] if is_first else events, now=now)
    return len(targets)


def _key(document: Mapping[str, Any]) -> Key:
    return document["ResourceId"], document["ScalableDimension"]


def _by_target(documents: Any) -> dict[Key, list[Document]]:
    grouped: dict[Key, list[Document]] = {}
    for document in documents:
        grouped.setdefault(_key(document), []).append(document)
    return grouped


def _owners(shard: Shard) -> dict[str, Endpoint]:
    """Open endpoints by their resource in Application Auto Scaling: "endpoint/NAME", "inference-component/NAME"."""
    rows = Endpoint.objects.filter(shard=shard, closed_at=None).only("id", "name", "shard_id")
    owners = {f"endpoint/{row.name}": row for row in rows}
    by_id = {row.pk: row for row in rows}
    components = InferenceComponent.objects.filter(endpoint__in=by_id, removed_at=None)
    for name, endpoint_id in components.values_list("name", "endpoint_id"):
        owners[f"inference-component/{name}"] = by_id[endpoint_id]
    return owners


def _place(resource_id: str, owners: Mapping[str, Endpoint]) -> tuple[Endpoint | None, str]:
    """The endpoint and variant a resource id stands for; (None, …) when there is no such endpoint (any more)."""
    parts = resource_id.split("/")
    variant = parts[3] if len(parts) == 4 and parts[2] == "variant" else ""
    return owners.get("/".join(parts[:2])), variant[:63]


def _write_target(
    shard: Shard,
    row: ScalableTarget | None,
    document: Document,
    policies: Sequence[Document],
    actions: Sequence[Document],
    owners: Mapping[str, Endpoint],
    now: datetime,
) -> list[ChangeEvent]:
    resource_id, dimension = _key(document)
    endpoint, variant = _place(resource_id, owners)
    values: dict[str, Any] = {
        "endpoint": endpoint,
        "variant_name": variant,
        "min_capacity": document["MinCapacity"],
        "max_capacity": document["MaxCapacity"],
        "suspended": document.get("SuspendedState") or {},
        "created_at": _time(document.get("CreationTime")),
        "document": document,
    }
    before = None if row is None else _told(row)
    if row is None:
        row = ScalableTarget.objects.create(
            shard=shard, resource_id=resource_id, dimension=dimension, **values
        )
    elif any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    _write_policies(row, policies)
    _write_actions(row, actions)
    after = _told_by_aws(document, policies, actions)
    if endpoint is None or before == after:
        return []
    return [changes.scaling(endpoint, _summary(dimension, before, after), before or {}, after, now)]


def _write_policies(target: ScalableTarget, documents: Sequence[Document]) -> None:
    known = {policy.name: policy for policy in target.policies.all()}
    for document in documents:
        values = {
            "policy_type": document["PolicyType"],
            "configuration": _configuration(document),
            "document": {k: v for k, v in document.items() if k not in _NOISE},
        }
        _upsert(
            ScalingPolicy, target, known.pop(document["PolicyName"], None), document["PolicyName"], values
        )
    ScalingPolicy.objects.filter(pk__in=[policy.pk for policy in known.values()]).delete()


def _write_actions(target: ScalableTarget, documents: Sequence[Document]) -> None:
    known = {action.name: action for action in target.scheduled_actions.all()}
    for document in documents:
        wanted = document.get("ScalableTargetAction") or {}
        values = {
            "schedule": document["Schedule"],
            "timezone": document.get("Timezone", ""),
            "min_capacity": wanted.get("MinCapacity"),
            "max_capacity": wanted.get("MaxCapacity"),
            "document": document,
        }
        name = document["ScheduledActionName"]
        _upsert(ScheduledAction, target, known.pop(name, None), name, values)
    ScheduledAction.objects.filter(pk__in=[action.pk for action in known.values()]).delete()


def _upsert(
    model: type[ScalingPolicy] | type[ScheduledAction],
    target: ScalableTarget,
    row: ScalingPolicy | ScheduledAction | None,
    name: str,
    values: Mapping[str, Any],
) -> None:
    if row is None:
        model._default_manager.create(target=target, name=name, **values)
    elif any(getattr(row, field) != value for field, value in values.items()):
        for field, value in values.items():
            setattr(row, field, value)
        row.save()


def _configuration(document: Document) -> Document:
    for key, value in document.items():
        if key.endswith("PolicyConfiguration"):
            return dict(value)
    return {}


def _told(target: ScalableTarget) -> dict[str, Any]:
    """What an event tells about a stored target: bounds, suspensions, policies and schedules."""
    return {
        "min": target.min_capacity,
        "max": target.max_capacity,
        "suspended": _suspended(target.suspended),
        "policies": {p.name: p.configuration for p in target.policies.all()},
        "scheduled_actions": {
            a.name: [a.schedule, a.min_capacity, a.max_capacity] for a in target.scheduled_actions.all()
        },
    }


def _told_by_aws(
    target: Document, policies: Sequence[Document], actions: Sequence[Document]
) -> dict[str, Any]:
    """The same from AWS's documents."""
    bounds = [(a["ScheduledActionName"], a["Schedule"], a.get("ScalableTargetAction") or {}) for a in actions]
    return {
        "min": target["MinCapacity"],
        "max": target["MaxCapacity"],
        "suspended": _suspended(target.get("SuspendedState") or {}),
        "policies": {p["PolicyName"]: _configuration(p) for p in policies},
        "scheduled_actions": {
            name: [schedule, wanted.get("MinCapacity"), wanted.get("MaxCapacity")]
            for name, schedule, wanted in bounds
        },
    }


def _suspended(state: Mapping[str, Any]) -> list[str]:
    return sorted(name for name, is_on in state.items() if is_on)


def _summary(dimension: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    what = dimension.rpartition(":")[2]
    bounds = f"{after['min']} to {after['max']}"
    if before is None:
        return f"Scaling of {what} registered: {bounds}, {len(after['policies'])} policies"
    told = []
    if (before["min"], before["max"]) != (after["min"], after["max"]):
        told.append(f"bounds {before['min']} to {before['max']} → {bounds}")
    told += [
        word.replace("_", " ")
        for word in ("policies", "scheduled_actions", "suspended")
        if before[word] != after[word]
    ]
    return f"Scaling of {what} changed: {', '.join(told)}"


def _removed(target: ScalableTarget, now: datetime) -> ChangeEvent:
    assert target.endpoint is not None
    what = target.dimension.rpartition(":")[2]
    return changes.scaling(target.endpoint, f"Scaling of {what} removed", _told(target), {}, now)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
