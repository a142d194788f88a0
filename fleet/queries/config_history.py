"""The configs an endpoint has run on, as far as Flotilla saw them, and what differs between any two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fleet.analysis.config_settings import settings as settings
from fleet.models import ChangeEvent, Endpoint, EndpointConfig

LENGTH = 50

WORDS = {
    "ServerlessConfig.MaxConcurrency": "Max concurrency",
    "ServerlessConfig.ProvisionedConcurrency": "Provisioned concurrency",
    "ServerlessConfig.MemorySizeInMB": "Memory, MB",
    "InstanceType": "Instance type",
    "InitialInstanceCount": "Initial instance count",
    "InitialVariantWeight": "Initial weight",
    "ModelName": "Model",
    "VolumeSizeInGB": "Volume, GB",
    "ManagedInstanceScaling.MinInstanceCount": "Managed scaling, lowest",
    "ManagedInstanceScaling.MaxInstanceCount": "Managed scaling, highest",
    "RoutingConfig.RoutingStrategy": "Routing strategy",
    "KmsKeyId": "KMS key of volumes",
    "DataCaptureConfig.EnableCapture": "Data capture",
    "DataCaptureConfig.InitialSamplingPercentage": "Data capture, sampled %",
    "AsyncInferenceConfig.OutputConfig.S3OutputPath": "Results go to",
    "AsyncInferenceConfig.OutputConfig.S3FailurePath": "Failures go to",
    "AsyncInferenceConfig.ClientConfig.MaxConcurrentInvocationsPerInstance": "Requests at a time per instance",
    "MetricsConfig.EnableDetailedObservability": "Detailed observability",
}
"""Config fields in people's words; others are named as AWS names them."""


@dataclass(frozen=True)
class Used:
    """A config the endpoint ran on: since when as far as is known, and the row that keeps it (None: never read)."""

    name: str
    since: datetime | None
    config: EndpointConfig | None
    is_live: bool = False


@dataclass(frozen=True)
class Difference:
    """One setting that differs; path is AWS's own. before or after None: that config does not set it."""

    path: str
    field: str
    before: Any
    after: Any


def used(endpoint: Endpoint) -> list[Used]:
    """Newest first, the live one at the head; two queries."""
    events = list(
        endpoint.changes.filter(category=ChangeEvent.Category.CONFIG).order_by("-at", "-id")[:LENGTH]
    )
    since: dict[str, datetime | None] = {}
    if endpoint.config_name:
        since[endpoint.config_name] = events[0].at if events else None
    for position, event in enumerate(events):
        before = str(event.before.get("config_name") or "")
        older = events[position + 1].at if position + 1 < len(events) else None
        if before and before not in since:
            since[before] = older
    rows = {
        row.name: row
        for row in EndpointConfig.objects.filter(shard_id=endpoint.shard_id, name__in=since).order_by(
            "created_at"
        )
    }
    return [Used(name, at, rows.get(name), name == endpoint.config_name) for name, at in since.items()]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Settings of two config documents that are not equal, in the order AWS lists them."""
    old, new = settings(before), settings(after)
    return [
        Difference(path, worded(path), old.get(path), new.get(path))
        for path in {**old, **new}
        if old.get(path) != new.get(path)
    ]


def worded(path: str) -> str:
    """ "AllTraffic: Max concurrency" for a known field, AWS's own path for another."""
    for field, words in WORDS.items():
        if path == field:
            return words
        if path.endswith(f".{field}"):
            return f"{path[: -len(field) - 1]}: {words}"
    return path


def pair(found: Sequence[Used], before: str, after: str) -> tuple[Used, Used] | None:
    """The two configs to compare: those named, else the live one and the one before; None without two read ones."""
    read = [item for item in found if item.config is not None]
    by_name = {item.name: item for item in read}
    if len(read) < 2:
        return None
    return by_name.get(before, read[1]), by_name.get(after, read[0])
