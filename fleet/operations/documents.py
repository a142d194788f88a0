"""Endpoint config documents: cloned with every field, named after the operation, compared. Pure."""

import copy
import json
from collections.abc import Mapping
from typing import Any

MAX_NAME = 63
"""Longest endpoint config name (Amazon SageMaker API reference, CreateEndpointConfig)."""

RESPONSE_ONLY = frozenset({"EndpointConfigName", "EndpointConfigArn", "CreationTime", "ResponseMetadata"})
"""What DescribeEndpointConfig adds to the request, and the name, which is new."""


def config_name(endpoint: str, code: str) -> str:
    """The config an operation creates: always the same for the same operation, so a repeat finds its own work."""
    ending = f"-op-{code}"
    return endpoint[: MAX_NAME - len(ending)].rstrip("-") + ending


def clone_config(
    document: Mapping[str, Any],
    name: str,
    variant: str,
    *,
    serverless: Mapping[str, Any] | None = None,
    instances: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A CreateEndpointConfig request equal to `document` in every field but the name and one variant's capacity.

    document: DescribeEndpointConfig's answer; fields Flotilla has no use for are copied too. serverless: fields of
    ServerlessConfig to set, None removes one. instances: replaces ServerlessConfig altogether. Detailed
    observability is off in the copy unless the document says that it is on.
    Raises ValueError when the document has no such variant.
    """
    request: dict[str, Any] = {"EndpointConfigName": name}
    request |= {key: copy.deepcopy(value) for key, value in document.items() if key not in RESPONSE_ONLY}
    chosen = [item for item in request.get("ProductionVariants", []) if item.get("VariantName") == variant]
    if not chosen:
        raise ValueError(f"the endpoint config has no variant {variant}")
    if serverless is not None:
        merged = {**chosen[0].get("ServerlessConfig", {}), **serverless}
        chosen[0]["ServerlessConfig"] = {key: value for key, value in merged.items() if value is not None}
    if instances is not None:
        chosen[0].pop("ServerlessConfig", None)
        chosen[0].update(instances)
    # A config from before 17 June 2026 has detailed observability off, a new one has it on unless it says otherwise
    # (Amazon SageMaker API reference, MetricsConfig, read November 2026): silence would turn it on.
    metrics = request.get("MetricsConfig") or {}
    request["MetricsConfig"] = {"EnableDetailedObservability": False, **metrics}
    return request


def flattened(document: Mapping[str, Any]) -> dict[str, str]:
    """Leaf fields by dotted path, values as JSON, without what only a response has."""
    found: dict[str, str] = {}
    for key, value in document.items():
        if key not in RESPONSE_ONLY:
            _flatten(value, key, found)
    return found


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Paths of the wanted fields that the found config lacks or has otherwise; AWS may add defaults of its own."""
    ours, theirs = flattened(wanted), flattened(found)
    return [path for path, value in ours.items() if theirs.get(path) != value and path != "Tags"]


def _flatten(value: Any, path: str, found: dict[str, str]) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _flatten(item, f"{path}.{key}", found)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _flatten(item, f"{path}[{position}]", found)
    else:
        # AWS and JSON columns do not agree on whether a weight of one is 1 or 1.0.
        whole = isinstance(value, float) and value.is_integer()
        found[path] = json.dumps(int(value) if whole else value, default=str)


def own_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as a request takes them; AWS keeps those that begin with aws: to itself."""
    return [{"Key": key, "Value": value} for key, value in tags.items() if not key.lower().startswith("aws:")]
