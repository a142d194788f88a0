"""What an endpoint is made of, as facts and small tables: wished, live, desired; models and containers; tags."""

import json
from collections.abc import Mapping
from typing import Any

from dashboards import wording
from dashboards.endpoint.sentence import variant_words
from dashboards.status import KIND_LABELS
from dashboards.tables import Column, PlainTable
from fleet.models import ProductionVariant, VariantStatus
from fleet.queries.endpoint import Configuration, Head

Facts = list[tuple[str, str]]

LEFT_OUT = frozenset(
    {
        "EndpointConfigName",
        "EndpointConfigArn",
        "ProductionVariants",
        "ShadowProductionVariants",
        "CreationTime",
    }
)
"""Keys of the config's document that other parts of the tab show."""


def facts(head: Head) -> Facts:
    """The few lines everybody asks for."""
    endpoint = head.endpoint
    found = [("Kind", KIND_LABELS.get(endpoint.kind, endpoint.kind))]
    found += [
        (f"Variant {v.name}" + (" (shadow)" if v.is_shadow else ""), variant_words(v)) for v in head.variants
    ]
    found += [
        ("Endpoint config", endpoint.config_name or wording.UNKNOWN),
        ("Owner", endpoint.owner or "no owner tag"),
        ("Team", endpoint.team or "no team tag"),
        ("Created", f"{endpoint.created_at:%-d %b %Y %H:%M} UTC"),
        ("Last modified", f"{endpoint.modified_at:%-d %b %Y %H:%M} UTC"),
    ]
    return found


def async_facts(head: Head) -> Facts:
    """Queue settings of the config: outputs, notifications, parallel requests."""
    config = head.endpoint.config
    document: Mapping[str, Any] = (config.document.get("AsyncInferenceConfig") if config else None) or {}
    output, client = document.get("OutputConfig") or {}, document.get("ClientConfig") or {}
    topics = output.get("NotificationConfig") or {}
    parallel = client.get("MaxConcurrentInvocationsPerInstance")
    return [
        ("Results go to", str(output.get("S3OutputPath") or wording.UNKNOWN)),
        ("Failures go to", str(output.get("S3FailurePath") or "no failure path")),
        ("Success topic", str(topics.get("SuccessTopic") or "none")),
        ("Error topic", str(topics.get("ErrorTopic") or "none: failed requests are not announced")),
        ("Parallel requests per instance", str(parallel) if parallel else "chosen by SageMaker"),
    ]


def context(head: Head, found: Configuration) -> dict[str, Any]:
    """The Configuration tab."""
    endpoint = head.endpoint
    return {
        "variant_tables": [
            (variant, variant_table(variant, found.wanted.get(variant.name))) for variant in head.variants
        ],
        "missing_variants": [name for name in found.wanted if name not in {v.name for v in head.variants}],
        "config_fields": config_fields(endpoint.config.document if endpoint.config else {}),
        "models": found.models,
        "components": found.components,
        "tags": sorted(endpoint.tags.items()),
        "facts": [
            *facts(head),
            ("ARN", endpoint.arn),
            (
                "Described",
                f"{endpoint.described_at:%-d %b %Y %H:%M} UTC" if endpoint.described_at else "never",
            ),
        ],
    }


def variant_table(live: VariantStatus, wanted: ProductionVariant | None) -> PlainTable:
    """Field by field: what the config wishes, what is live, what AWS is moving to."""
    rows = [
        ("Model", "model_name", "model_name", ""),
        ("Instance type", "instance_type", "instance_type", ""),
        ("Instances", "initial_instance_count", "current_instance_count", "desired_instance_count"),
        ("Volume, GB", "volume_gb", "volume_gb", ""),
        ("Memory, MB", "memory_mb", "memory_mb", ""),
        ("Max concurrency", "max_concurrency", "max_concurrency", "desired_max_concurrency"),
        (
            "Provisioned concurrency",
            "provisioned_concurrency",
            "provisioned_concurrency",
            "desired_provisioned_concurrency",
        ),
        ("Weight", "initial_weight", "current_weight", "desired_weight"),
    ]
    cells = []
    for label, wished, now, later in rows:
        found = (
            getattr(wanted, wished) if wanted else None,
            getattr(live, now),
            getattr(live, later) if later else None,
        )
        is_beside_the_point = label == "Instances" and live.memory_mb is not None
        if any(value not in (None, "") for value in found) and not is_beside_the_point:
            cells.append((label, *(_cell(value) for value in found), _note(*found)))
    columns = [
        Column("Field"),
        Column("In the config"),
        Column("Live now"),
        Column("Desired"),
        Column("Note"),
    ]
    return PlainTable(f"Variant {live.name}", columns, cells)


def _cell(value: Any) -> str:
    if value in (None, ""):
        return wording.UNKNOWN
    return (
        f"{value:g}" if isinstance(value, float) else (f"{value:,}" if isinstance(value, int) else str(value))
    )


def _note(wanted: Any, live: Any, desired: Any) -> str:
    if desired is not None and live is not None and desired != live:
        return "changing"
    if wanted not in (None, "") and live not in (None, "") and wanted != live:
        return "changed since the config"
    return ""


def config_fields(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every other field of the config as AWS returned it, nested ones as JSON."""
    return [
        (key, json.dumps(value, indent=2, default=str) if isinstance(value, dict | list) else str(value))
        for key, value in sorted(document.items())
        if key not in LEFT_OUT and value not in (None, "", [], {})
    ]
