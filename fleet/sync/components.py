"""The components section: inference components and the copies they run."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from fleet import loading, locks
from fleet.aws import sagemaker, unknown
from fleet.aws.sessions import each
from fleet.errors import AwsError, NotFound
from fleet.models import Endpoint, InferenceComponent, Shard
from fleet.sync import component_periods, rows
from fleet.sync.roster import Roster

_FIELDS = (
    "variant_name",
    "status",
    "model_name",
    "current_copies",
    "desired_copies",
    "created_at",
    "modified_at",
    "removed_at",
    "document",
)
Place = tuple[str, str]
"""Endpoint and component: a name is unique in its region, yet may be deleted here and made anew elsewhere."""


def run(shard: Shard, *, now: datetime, fence: int, roster: Roster | None = None) -> int:
    """Mirror the shard's inference components; the number seen. Describes those that changed or are changing."""
    roster = roster or Roster(shard)
    endpoints = {e.name: e for e in roster.rows()}
    listing = {_place(row): row for row in sagemaker.list_inference_components(shard.scope)}
    known = _known(endpoints) if roster.stock.has(InferenceComponent) else {}
    stale = [
        place for place, row in listing.items() if place[0] in endpoints and _is_stale(row, known.get(place))
    ]
    documents, failure = _described(shard, stale)
    fresh, changed = [], []
    for place, document in documents.items():
        row = known.get(place)
        if row is None:
            fresh.append(_new(endpoints[place[0]], document))
        elif _amend(row, _values(document)):
            changed.append(row)
    gone = [c for place, c in known.items() if place not in listing and c.removed_at is None]
    for row in gone:
        row.removed_at = now
    held = component_periods.changes([*known.values(), *fresh], now=now)
    if fresh or changed or gone or held:
        with transaction.atomic():
            locks.guard(shard.pk, fence)
            rows.insert(fresh)
            rows.update(changed, _FIELDS)
            rows.update(gone, ["removed_at"])
            held.save()
    if fresh or changed or gone:
        roster.is_rebuilt = True
    if failure is not None:
        raise failure
    return len(listing)


def _place(row: dict[str, Any]) -> Place:
    return row["EndpointName"], row["InferenceComponentName"]


def _known(endpoints: Mapping[str, Endpoint]) -> dict[Place, InferenceComponent]:
    names = {endpoint.pk: name for name, endpoint in endpoints.items()}
    found = loading.read(InferenceComponent, "WHERE t.endpoint_id = ANY(%s)", [list(names)]) if names else []
    return {(names[component.endpoint_id], component.name): component for component in found}


def _described(shard: Shard, places: Iterable[Place]) -> tuple[dict[Place, dict[str, Any]], AwsError | None]:
    """Documents of the components that are still where they were listed, and the first error."""
    documents: dict[Place, dict[str, Any]] = {}
    failure: AwsError | None = None
    for place, answer in each(lambda p: sagemaker.describe_inference_component(shard.scope, p[1]), places):
        if isinstance(answer, AwsError):
            failure = failure or (None if isinstance(answer, NotFound) else answer)
        elif answer.get("EndpointName", place[0]) == place[0]:
            documents[place] = answer
    return documents, failure


def _is_stale(row: dict[str, Any], known: InferenceComponent | None) -> bool:
    if known is None or known.removed_at is not None:
        return True
    is_settled = row.get("InferenceComponentStatus") in {"InService", "Failed"}
    return (
        not is_settled
        or (known.created_at, known.modified_at) != (row["CreationTime"], row["LastModifiedTime"])
        or known.status != row.get("InferenceComponentStatus")
    )


def _values(document: dict[str, Any]) -> dict[str, Any]:
    runtime = document.get("RuntimeConfig") or {}
    return {
        "variant_name": document.get("VariantName", ""),
        "status": document.get("InferenceComponentStatus", ""),
        "model_name": (document.get("Specification") or {}).get("ModelName", ""),
        "current_copies": runtime.get("CurrentCopyCount"),
        "desired_copies": runtime.get("DesiredCopyCount"),
        "created_at": datetime.fromisoformat(document["CreationTime"]),
        "modified_at": datetime.fromisoformat(document["LastModifiedTime"]),
        "removed_at": None,
        "document": {key: value for key, value in document.items() if key != unknown.KEY},
    }


def _new(endpoint: Endpoint, document: dict[str, Any]) -> InferenceComponent:
    return InferenceComponent(
        endpoint=endpoint,
        name=document["InferenceComponentName"],
        **_values(document),
    )


def _amend(row: InferenceComponent, values: dict[str, Any]) -> bool:
    """Set the row's values; whether one of them differed."""
    is_changed = any(getattr(row, name) != values[name] for name in _FIELDS)
    for name, value in values.items():
        setattr(row, name, value)
    return is_changed
