"""The components section: inference components and the copies they run."""

from datetime import datetime
from typing import Any

from django.db import transaction

from fleet import locks
from fleet.aws import sagemaker, unknown
from fleet.aws.sessions import each
from fleet.errors import AwsError, NotFound
from fleet.models import Endpoint, InferenceComponent, Shard

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


def run(shard: Shard, *, now: datetime, fence: int) -> int:
    """Mirror the shard's inference components; the number seen. Describes those that changed or are changing."""
    listed = {row["InferenceComponentName"]: row for row in sagemaker.list_inference_components(shard.scope)}
    endpoints = {e.name: e for e in Endpoint.objects.filter(shard=shard, closed_at=None).only("id", "name")}
    known = {
        c.name: c
        for c in InferenceComponent.objects.filter(endpoint__in=endpoints.values()).defer("document")
    }
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
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        for name, document in documents.items():
            _write(known.get(name), endpoints[listed[name]["EndpointName"]], document)
        gone = [c.pk for name, c in known.items() if name not in listed and c.removed_at is None]
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


def _write(row: InferenceComponent | None, endpoint: Endpoint, document: dict[str, Any]) -> None:
    runtime = document.get("RuntimeConfig") or {}
    values: dict[str, Any] = {
        "variant_name": document.get("VariantName", ""),
        "status": document.get("InferenceComponentStatus", ""),
        "model_name": (document.get("Specification") or {}).get("ModelName", ""),
        "current_copies": runtime.get("CurrentCopyCount"),
        "desired_copies": runtime.get("DesiredCopyCount"),
        "modified_at": datetime.fromisoformat(document["LastModifiedTime"]),
        "removed_at": None,
        "document": {key: value for key, value in document.items() if key != unknown.KEY},
    }
    if row is None:
        InferenceComponent.objects.create(
            endpoint=endpoint,
            name=document["InferenceComponentName"],
            created_at=datetime.fromisoformat(document["CreationTime"]),
            **values,
        )
    elif any(getattr(row, field) != values[field] for field in _FIELDS):
        for field, value in values.items():
            setattr(row, field, value)
        row.save()
