"""The components section: inference components and the copies they run."""

from datetime import datetime
from typing import Any

from django.db import transaction

from fleet import locks
from fleet.aws import sagemaker, unknown
from fleet.aws.sessions import each
from fleet.errors import AwsError, NotFound
from fleet.models import Endpoint, InferenceComponent, Shard
from fleet.sync import rows
from fleet.sync.roster import Roster

_FIELDS = (
    "variant_name",
    "status",
    "model_name",
    "current_copies",
    "desired_copies",
    "modified_at",
    "removed_at",
    "document",
)


def run(shard: Shard, *, now: datetime, fence: int, roster: Roster | None = None) -> int:
    """Mirror the shard's inference components; the number seen. Describes those that changed or are changing."""
    listed = {row["InferenceComponentName"]: row for row in sagemaker.list_inference_components(shard.scope)}
    endpoints = {e.name: e for e in (roster or Roster(shard)).rows()}
    known = {c.name: c for c in InferenceComponent.objects.filter(endpoint__in=list(endpoints.values()))}
    stale = [
        name
        for name, row in listed.items()
        if row["EndpointName"] in endpoints and _is_stale(row, known.get(name))
    ]
    documents: dict[str, dict[str, Any]] = {}
    failure: AwsError | None = None
    for name, answer in each(lambda n: sagemaker.describe_inference_component(shard.scope, n), stale):
        if isinstance(answer, dict):
            documents[name] = answer
        elif not isinstance(answer, NotFound):
            failure = failure or answer
    fresh, changed = [], []
    for name, document in documents.items():
        row = known.get(name)
        if row is None:
            fresh.append(_new(endpoints[listed[name]["EndpointName"]], document))
        elif _amend(row, _values(document)):
            changed.append(row)
    gone = [c.pk for name, c in known.items() if name not in listed and c.removed_at is None]
    if fresh or changed or gone:
        with transaction.atomic():
            locks.guard(shard.pk, fence)
            rows.insert(fresh)
            rows.update(changed, _FIELDS)
            InferenceComponent.objects.filter(pk__in=gone).update(removed_at=now)
    if failure is not None:
        raise failure
    return len(listed)


def _is_stale(row: dict[str, Any], known: InferenceComponent | None) -> bool:
    if known is None or known.removed_at is not None:
        return True
    is_settled = row.get("InferenceComponentStatus") in {"InService", "Failed"}
    return (
        not is_settled
        or known.modified_at != row["LastModifiedTime"]
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
        "modified_at": datetime.fromisoformat(document["LastModifiedTime"]),
        "removed_at": None,
        "document": {key: value for key, value in document.items() if key != unknown.KEY},
    }


def _new(endpoint: Endpoint, document: dict[str, Any]) -> InferenceComponent:
    return InferenceComponent(
        endpoint=endpoint,
        name=document["InferenceComponentName"],
        created_at=datetime.fromisoformat(document["CreationTime"]),
        **_values(document),
    )


def _amend(row: InferenceComponent, values: dict[str, Any]) -> bool:
    """Set the row's values; whether one of them differed."""
    is_changed = any(getattr(row, name) != values[name] for name in _FIELDS)
    for name, value in values.items():
        setattr(row, name, value)
    return is_changed
