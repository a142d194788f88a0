"""The document DescribeEndpoint answers with."""

from __future__ import annotations

from typing import Any

from simulator.call import Call
from simulator.records import Capacity, Endpoint, Transition, Variant


def describe(call: Call, endpoint: Endpoint) -> dict[str, Any]:
    """The DescribeEndpoint document; variants appear once the endpoint has served."""
    config = call.region.configs.get(endpoint.config_name, {})
    pending = endpoint.transition if endpoint.transition and endpoint.transition.kind == "update" else None
    deployed = endpoint.status not in ("Creating",) and not _never_served(endpoint)
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config_name,
        "ProductionVariants": [_summary(call, v, endpoint) for v in endpoint.variants] if deployed else None,
        "ShadowProductionVariants": [_summary(call, v, endpoint) for v in endpoint.shadows] or None,
        "DataCaptureConfig": _data_capture(config),
        "EndpointStatus": endpoint.status,
        "FailureReason": endpoint.failure_reason or None,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "LastDeploymentConfig": endpoint.deployment_config,
        "AsyncInferenceConfig": endpoint.async_config,
        "PendingDeploymentSummary": _pending(pending) if pending else None,
        "MetricsConfig": config.get("MetricsConfig"),
    }


def _never_served(endpoint: Endpoint) -> bool:
    return endpoint.status == "Failed" and not any(variant.history for variant in endpoint.variants)


def _data_capture(config: dict[str, Any]) -> dict[str, Any] | None:
    capture = config.get("DataCaptureConfig")
    if not capture:
        return None
    return {
        "EnableCapture": capture.get("EnableCapture", False),
        "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


def serverless_document(capacity: Capacity) -> dict[str, Any]:
    """ProductionVariantServerlessConfig; without ProvisionedConcurrency when there is none."""
    document = {"MemorySizeInMB": capacity.memory_mb, "MaxConcurrency": capacity.max_concurrency}
    return document | ({"ProvisionedConcurrency": capacity.provisioned} if capacity.provisioned else {})


def _summary(call: Call, variant: Variant, endpoint: Endpoint) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "VariantName": variant.name,
        "DeployedImages": _images(call, variant, endpoint),
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.desired_weight,
    }
    if variant.capacity.hosting == "serverless":
        summary["CurrentInstanceCount"] = 0
        summary["CurrentServerlessConfig"] = serverless_document(variant.capacity)
        if variant.desired != variant.capacity and variant.desired.hosting == "serverless":
            summary["DesiredServerlessConfig"] = serverless_document(variant.desired)
    else:
        summary["CurrentInstanceCount"] = variant.capacity.instances
        summary["DesiredInstanceCount"] = variant.desired.instances
        for name in ("ManagedInstanceScaling", "RoutingConfig"):
            summary[name] = variant.document.get(name)
    return summary


def _images(call: Call, variant: Variant, endpoint: Endpoint) -> list[dict[str, Any]] | None:
    model = call.region.models.get(variant.model)
    if model is None:
        return None
    containers = model.get("Containers") or [model["PrimaryContainer"]]
    return [
        {"SpecifiedImage": c["Image"], "ResolvedImage": c["Image"], "ResolutionTime": endpoint.created}
        for c in containers
        if "Image" in c
    ]


def _pending(change: Transition) -> dict[str, Any]:
    return {
        "EndpointConfigName": change.config_name,
        "StartTime": change.started,
        "ProductionVariants": [
            {
                "VariantName": variant.name,
                "DesiredWeight": variant.weight,
                "VariantStatus": [{"Status": "Creating", "StartTime": change.started}],
            }
            | (
                {"DesiredServerlessConfig": serverless_document(variant.capacity)}
                if variant.capacity.hosting == "serverless"
                else {
                    "DesiredInstanceCount": variant.capacity.instances,
                    "InstanceType": variant.capacity.instance_type or None,
                }
            )
            for variant in change.variants
        ],
    }
