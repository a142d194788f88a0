"""The scaling section: scalable targets, policies and scheduled actions, read in bulk."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction

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
from fleet.sync import changes, rows
from fleet.sync.roster import Roster
from fleet.sync.scaling_known import Stored
from fleet.sync.scaling_known import known as stored_of

Key = tuple[str, str]
Document = dict[str, Any]
# AWS puts these beside a policy; they change without the policy changing.
_NOISE = frozenset({"Alarms", "CreationTime"})


@dataclass
class _Rows:
    """Rows of one model that this run creates, amends and removes."""

    model: type[models.Model]
    fields: tuple[str, ...]
    fresh: list[Any] = field(default_factory=list)
    changed: list[Any] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)

    def amend(self, row: Any, values: Mapping[str, Any]) -> None:
        """Set the row's values; it is written if one of them differs."""
        if any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            self.changed.append(row)

    def save(self) -> None:
        """At most three statements, whatever the number of rows."""
        if self.gone:
            self.model._default_manager.filter(pk__in=self.gone).delete()
        rows.insert(self.fresh)
        rows.update(self.changed, self.fields)


class _Diff:
    """Everything one run writes."""

    def __init__(self) -> None:
        self.targets = _Rows(ScalableTarget, _TARGET_FIELDS)
        self.policies = _Rows(ScalingPolicy, ("policy_type", "configuration", "document"))
        self.actions = _Rows(
            ScheduledAction, ("schedule", "timezone", "min_capacity", "max_capacity", "document")
        )
        self.events: list[ChangeEvent] = []

    def __bool__(self) -> bool:
        rows = (self.targets, self.policies, self.actions)
        return bool(self.events) or any(r.fresh or r.changed or r.gone for r in rows)


_TARGET_FIELDS = (
    "endpoint_id",
    "variant_name",
    "min_capacity",
    "max_capacity",
    "suspended",
    "created_at",
    "document",
)


def run(shard: Shard, *, now: datetime, fence: int, roster: Roster | None = None) -> int:
    """Mirror the shard's scalable targets; the number of targets seen. Nothing is removed unless all was listed."""
    targets = {_key(d): d for d in autoscaling.scalable_targets(shard.scope)}
    # Policies and scheduled actions end with their target (DeregisterScalableTarget): without one there are none.
    policies = _by_target(autoscaling.scaling_policies(shard.scope)) if targets else {}
    actions = _by_target(autoscaling.scheduled_actions(shard.scope)) if targets else {}
    roster = roster or Roster(shard)
    known = stored_of(shard) if roster.stock.has(ScalableTarget) else {}
    owners = _owners(roster, targets) if targets else {}
    diff = _Diff()
    for key, document in targets.items():
        of_target = policies.get(key, []), actions.get(key, [])
        _compare(diff, shard, known.pop(key, None), document, *of_target, owners, now)
    diff.events += _removed(known.values(), now)
    diff.targets.gone = [stored.target.pk for stored in known.values()]
    if diff:
        is_first = (shard.sections.get("scaling") or {}).get("ok_at") is None
        with transaction.atomic():
            locks.guard(shard.pk, fence)
            for kind in (diff.targets, diff.policies, diff.actions):
                kind.save()
            changes.save([] if is_first else diff.events, now=now)
    return len(targets)


def _key(document: Mapping[str, Any]) -> Key:
    return document["ResourceId"], document["ScalableDimension"]


def _by_target(documents: Any) -> dict[Key, list[Document]]:
    grouped: dict[Key, list[Document]] = {}
    for document in documents:
        grouped.setdefault(_key(document), []).append(document)
    return grouped


def _owners(roster: Roster, targets: Iterable[Key]) -> dict[str, Endpoint]:
    """Open endpoints by their resource in Application Auto Scaling: "endpoint/NAME", "inference-component/NAME"."""
    by_id = {row.pk: row for row in roster.rows()}
    owners = {f"endpoint/{row.name}": row for row in by_id.values()}
    if not any(resource_id.startswith("inference-component/") for resource_id, _ in targets):
        return owners
    components = InferenceComponent.objects.filter(endpoint__in=by_id, removed_at=None)
    for name, endpoint_id in components.values_list("name", "endpoint_id"):
        owners[f"inference-component/{name}"] = by_id[endpoint_id]
    return owners


def _place(resource_id: str, owners: Mapping[str, Endpoint]) -> tuple[Endpoint | None, str]:
    """The endpoint and variant a resource id stands for; (None, …) when there is no such endpoint (any more)."""
    return owners.get(place(resource_id)), variant_of(resource_id)


def place(resource_id: str) -> str:
    """ "endpoint/NAME" or "inference-component/NAME": whose capacity a resource id of AWS names."""
    return "/".join(resource_id.split("/")[:2])


def variant_of(resource_id: str) -> str:
    """The variant that a resource id of AWS names, "" where it names none."""
    parts = resource_id.split("/")
    return parts[3][:63] if len(parts) == 4 and parts[2] == "variant" else ""


def _compare(
    diff: _Diff,
    shard: Shard,
    stored: Stored | None,
    document: Document,
    policies: Sequence[Document],
    actions: Sequence[Document],
    owners: Mapping[str, Endpoint],
    now: datetime,
) -> None:
    resource_id, dimension = _key(document)
    endpoint, variant = _place(resource_id, owners)
    values: dict[str, Any] = {
        "endpoint_id": None if endpoint is None else endpoint.pk,
        "variant_name": variant,
        "min_capacity": document["MinCapacity"],
        "max_capacity": document["MaxCapacity"],
        "suspended": document.get("SuspendedState") or {},
        "created_at": _time(document.get("CreationTime")),
        "document": document,
    }
    before = None if stored is None else _told(stored)
    if stored is None:
        row = ScalableTarget(shard=shard, resource_id=resource_id, dimension=dimension, **values)
        diff.targets.fresh.append(row)
        stored = Stored(row)
    else:
        row = stored.target
        diff.targets.amend(row, values)
    wanted = {d["PolicyName"]: _policy(d) for d in policies}
    _compare_children(diff.policies, row, stored.policies, wanted)
    wanted = {d["ScheduledActionName"]: _action(d) for d in actions}
    _compare_children(diff.actions, row, stored.actions, wanted)
    after = _told_by_aws(document, policies, actions)
    if endpoint is not None and before != after:
        summary = _summary(dimension, before, after)
        diff.events.append(changes.scaling(endpoint, summary, before or {}, after, now))


def _compare_children(
    rows: _Rows, target: ScalableTarget, known: Mapping[str, Any], wanted: Mapping[str, Document]
) -> None:
    for name, values in wanted.items():
        if name in known:
            rows.amend(known[name], values)
        else:
            rows.fresh.append(rows.model(target=target, name=name, **values))
    rows.gone += [row.pk for name, row in known.items() if name not in wanted]


def _policy(document: Document) -> Document:
    return {
        "policy_type": document["PolicyType"],
        "configuration": _configuration(document),
        "document": {k: v for k, v in document.items() if k not in _NOISE},
    }


def _action(document: Document) -> Document:
    wanted = document.get("ScalableTargetAction") or {}
    return {
        "schedule": document["Schedule"],
        "timezone": document.get("Timezone", ""),
        "min_capacity": wanted.get("MinCapacity"),
        "max_capacity": wanted.get("MaxCapacity"),
        "document": document,
    }


def _configuration(document: Document) -> Document:
    for key, value in document.items():
        if key.endswith("PolicyConfiguration"):
            return dict(value)
    return {}


def _told(stored: Stored) -> dict[str, Any]:
    """What an event tells about a stored target: bounds, suspensions, policies and schedules."""
    target = stored.target
    return {
        "min": target.min_capacity,
        "max": target.max_capacity,
        "suspended": _suspended(target.suspended),
        "policies": {p.name: p.configuration for p in stored.policies.values()},
        "scheduled_actions": {
            a.name: [a.schedule, a.min_capacity, a.max_capacity] for a in stored.actions.values()
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


def _removed(gone: Collection[Stored], now: datetime) -> list[ChangeEvent]:
    """Events of targets that are gone, where they stood for an endpoint."""
    owners = {stored.target.endpoint_id for stored in gone} - {None}
    endpoints = Endpoint.objects.in_bulk(owners) if owners else {}
    events = []
    for stored in gone:
        endpoint = endpoints.get(stored.target.endpoint_id)
        if endpoint is not None:
            summary = f"Scaling of {stored.target.dimension.rpartition(':')[2]} removed"
            events.append(changes.scaling(endpoint, summary, _told(stored), {}, now))
    return events


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
