"""One-sentence change events from what a run saw before and after."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from fleet.analysis.config_settings import settings
from fleet.models import ChangeEvent, Endpoint, EndpointConfig, Operation
from fleet.sync import rows
from fleet.sync.variants import Moved

Category = ChangeEvent.Category
MAX_SUMMARY = 512
SHOWN_FIELDS = 4
OPERATION_ECHO = timedelta(minutes=10)

# Config fields in people's words; others are named as AWS names them.
WORDS = {
    "ServerlessConfig.MaxConcurrency": "max concurrency",
    "ServerlessConfig.ProvisionedConcurrency": "provisioned concurrency",
    "ServerlessConfig.MemorySizeInMB": "memory in MB",
    "InstanceType": "instance type",
    "InitialInstanceCount": "initial instance count",
    "InitialVariantWeight": "initial weight",
    "ModelName": "model",
    "VolumeSizeInGB": "volume in GB",
}
CAPACITY_WORDS = {
    "current_instance_count": "instances",
    "current_weight": "weight",
    "max_concurrency": "max concurrency",
    "provisioned_concurrency": "provisioned concurrency",
    "memory_mb": "memory in MB",
}


def created(endpoint: Endpoint) -> ChangeEvent:
    """The first sighting, at AWS's creation time."""
    what = "an endpoint of unknown kind" if endpoint.kind == "unknown" else f"a {endpoint.kind} endpoint"
    if endpoint.kind == "asynchronous":
        what = "an asynchronous endpoint"
    return _event(
        endpoint,
        endpoint.created_at,
        Category.CREATED,
        f"Created as {what}.",
        {},
        {"status": endpoint.status},
    )


def reopened(endpoint: Endpoint, closed_at: datetime, at: datetime) -> ChangeEvent:
    """It was taken for deleted, and AWS has it after all."""
    return _event(
        endpoint,
        at,
        Category.CREATED,
        "AWS has it again: it was not deleted.",
        {"closed_at": closed_at.isoformat()},
        {"status": endpoint.status},
    )


def status(endpoint: Endpoint, before: str, at: datetime) -> ChangeEvent:
    """A status change, with AWS's failure reason where it gave one."""
    reason = f": {endpoint.failure_reason}" if endpoint.failure_reason else ""
    summary = f"Status {before} → {endpoint.status}{reason}"
    after = {"status": endpoint.status, "failure_reason": endpoint.failure_reason}
    return _event(endpoint, at, Category.STATUS, summary, {"status": before}, after)


def config(
    endpoint: Endpoint,
    before_name: str,
    before: EndpointConfig | None,
    after: EndpointConfig | None,
    at: datetime,
) -> ChangeEvent:
    """Another config is live: which settings differ. `before`/`after` hold "variant.field" → value."""
    old, new = (settings(c.document, shadow="") if c else {} for c in (before, after))
    paths = [path for path in {**old, **new} if old.get(path) != new.get(path)]
    summary = f"Config {before_name or 'unknown'} → {endpoint.config_name}"
    if before and after:
        told = [f"{_words(p)} {_shown(old.get(p))} → {_shown(new.get(p))}" for p in paths[:SHOWN_FIELDS]]
        more = len(paths) - SHOWN_FIELDS
        summary += ": " + ("; ".join(told) or "no setting differs") + (f"; {more} more" if more > 0 else "")
    return _event(
        endpoint,
        at,
        Category.CONFIG,
        summary,
        {"config_name": before_name, **{p: old.get(p) for p in paths}},
        {"config_name": endpoint.config_name, **{p: new.get(p) for p in paths}},
    )


def capacity(moved: Moved, at: datetime) -> ChangeEvent | None:
    """What a variant holds has changed; None when only fields that are not capacity did."""
    fields = {f: pair for f, pair in moved.fields.items() if f in CAPACITY_WORDS}
    if not fields:
        return None
    told = [f"{CAPACITY_WORDS[f]} {_shown(old)} → {_shown(new)}" for f, (old, new) in fields.items()]
    prefix = f"{moved.variant_name}."
    return _event(
        moved.endpoint,
        at,
        Category.CAPACITY,
        f"{moved.variant_name}: {', '.join(told)}",
        {prefix + f: old for f, (old, _) in fields.items()},
        {prefix + f: new for f, (_, new) in fields.items()},
    )


def tags(
    endpoint: Endpoint, before: Mapping[str, str], after: Mapping[str, str], at: datetime
) -> ChangeEvent:
    """Tags were added, changed or removed."""
    keys = [k for k in {**before, **after} if before.get(k) != after.get(k)]
    told = [f"{k} {_shown(before.get(k))} → {_shown(after.get(k))}" for k in keys[:SHOWN_FIELDS]]
    more = len(keys) - SHOWN_FIELDS
    summary = "Tags: " + "; ".join(told) + (f"; {more} more" if more > 0 else "")
    old, new = ({k: side[k] for k in keys if k in side} for side in (before, after))
    return _event(endpoint, at, Category.TAGS, summary, old, new)


def inherited(endpoint: Endpoint, labels: Mapping[str, str], at: datetime) -> ChangeEvent:
    """What somebody set by hand on an earlier endpoint of this name holds for it too; labels: field → text."""
    told = ", ".join(f"{field.replace('_', ' ')} {value}" for field, value in labels.items())
    summary = f"Kept from the deleted endpoint of the same name, where it was set by hand: {told}"
    return _event(endpoint, at, Category.TAGS, summary, {}, labels)


def scaling(
    endpoint: Endpoint, summary: str, before: Mapping[str, Any], after: Mapping[str, Any], at: datetime
) -> ChangeEvent:
    """A scalable target, policy or scheduled action appeared, changed or went."""
    return _event(endpoint, at, Category.SCALING, summary, before, after)


def save(events: Sequence[ChangeEvent], *, now: datetime) -> None:
    """Write the events; those on an endpoint that one of our operations is changing are linked to it."""
    concerned = {e.endpoint_id for e in events if e.category != Category.CREATED}
    operations = _at_work(concerned, now) if concerned else {}
    for event in events:
        if event.category != Category.CREATED:
            event.operation_id = operations.get(event.endpoint_id)
    rows.insert(events)


_AT_WORK = """
    SELECT endpoint_id, id FROM fleet_operation
    WHERE endpoint_id = ANY(%s) AND (state = ANY(%s) OR finished_at >= %s) ORDER BY planned_at, id
"""


def _at_work(endpoint_ids: Collection[int], now: datetime) -> dict[int, int]:
    """Id of the newest operation on each of these endpoints that is changing it, or was just now."""
    with connection.cursor() as cursor:
        states = [str(state) for state in Operation.ACTIVE]
        cursor.execute(_AT_WORK, [list(endpoint_ids), states, now - OPERATION_ECHO])
        return dict(cursor.fetchall())


def _words(path: str) -> str:
    for field, words in WORDS.items():
        if path.endswith(f".{field}"):
            return words
    return path


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def _event(
    endpoint: Endpoint,
    at: datetime,
    category: Category,
    summary: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> ChangeEvent:
    return ChangeEvent(
        endpoint=endpoint,
        at=at,
        category=category,
        summary=summary[:MAX_SUMMARY],
        before=dict(before),
        after=dict(after),
    )
