"""What an endpoint is made of, as facts and small tables: wished, live, desired; models and containers; tags."""

import json
from collections.abc import Mapping
from typing import Any

from dashboards import wording
from dashboards.endpoint import settings
from dashboards.endpoint.sentence import variant_words
from dashboards.status import ACTIVITY_LABELS, KIND_LABELS
from dashboards.sync import observer
from dashboards.tables import Column, PlainTable
from dashboards.tiles import Explain
from fleet.models import Endpoint, ProductionVariant, VariantStatus
from fleet.queries import hosting, serverless_fit
from fleet.queries.endpoint import Configuration, Head

Facts = list[tuple[str, str]]

LEFT_OUT = frozenset(
    {
        "EndpointConfigName",
        "EndpointConfigArn",
        "ProductionVariants",
        "ShadowProductionVariants",
        "CreationTime",
        "KmsKeyId",
        "AsyncInferenceConfig",
        "VpcConfig",
        "EnableNetworkIsolation",
        "MetricsConfig",
        "DataCaptureConfig",
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
        ("Traffic, 14 days", activity_words(endpoint)),
        *((f"Metrics of {v.name}", f"read {observer.cadence(v)}") for v in head.variants),
        ("Endpoint config", endpoint.config_name or wording.UNKNOWN),
        ("Owner", endpoint.owner or "no owner tag"),
        ("Team", endpoint.team or "no team tag"),
        ("Created", f"{endpoint.created_at:%-d %b %Y %H:%M} UTC"),
        ("Last modified", f"{endpoint.modified_at:%-d %b %Y %H:%M} UTC"),
    ]
    return found


def activity_words(endpoint: Endpoint) -> str:
    """ "Idle: no call in 14 days, all of which were read"; "Cannot tell" always with its reason."""
    word = ACTIVITY_LABELS.get(endpoint.activity, endpoint.activity)
    return f"{word}: {endpoint.activity_reason or 'not judged yet'}"


def async_facts(head: Head) -> Facts:
    """Queue settings of the config: outputs, notifications, parallel requests."""
    config = head.endpoint.config
    found = hosting.asynchronous(config.document) if config else None
    if found is None:
        return []
    answer = ", response included" if "SUCCESS_NOTIFICATION_TOPIC" in found.includes_response else ""
    counts = [v.current_instance_count for v in head.variants if v.current_instance_count is not None]
    return [
        ("Requests come by", "InvokeEndpointAsync: the caller names the S3 object to read"),
        ("Results go to", found.output_path or wording.UNKNOWN),
        ("Failures go to", found.failure_path or _no_failure_path(found)),
        ("Success topic", f"{found.success_topic}{answer}" if found.success_topic else "none"),
        ("Error topic", found.error_topic or "none: failed requests are not announced"),
        ("Parallel requests per instance", str(found.max_concurrent or "chosen by SageMaker")),
        ("Instances now", str(sum(counts)) if counts else wording.UNKNOWN),
    ]


def _no_failure_path(found: hosting.AsyncSettings) -> str:
    return (
        "no failure path: the reason reaches the error topic only" if found.error_topic else "no failure path"
    )


def async_warning(head: Head) -> str:
    """What is missing in the queue's settings; "" when somebody is told of failures, or nothing is known."""
    config = head.endpoint.config
    found = hosting.asynchronous(config.document) if config else None
    if found is None or found.announces_failures:
        return ""
    if found.failure_path:
        return "No error topic is set: failures lie in the failure path, and nobody is told."
    return "Neither an error topic nor a failure path is set: a request that fails leaves no trace for its caller."


def context(head: Head, found: Configuration) -> dict[str, Any]:
    """The Configuration tab."""
    endpoint = head.endpoint
    said, checklist = settings.exclusions(head, found)
    return {
        "settings": settings.settings(head, found),
        "exclusions_words": said,
        "exclusions": checklist,
        "exclusions_source": serverless_fit.SOURCE,
        "described": Explain(
            "As AWS described it. A config never changes; live values are those of the last look at the endpoint.",
            source="the AWS account",
            basis="measured",
            as_of=endpoint.described_at,
            window="as last described",
            call="sagemaker:DescribeEndpoint, DescribeEndpointConfig, DescribeModel",
        ),
        "unknown_fields": [
            *endpoint.unknown_fields,
            *(endpoint.config.unknown_fields if endpoint.config else []),
        ],
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
