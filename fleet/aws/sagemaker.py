"""SageMaker: endpoints, configs, models, inference components, tags; and the writes that operations use."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fleet.aws.documents import plain
from fleet.aws.sessions import call, pages
from fleet.types import AwsScope, EndpointState, EndpointSummary, ServerlessCapacity, VariantState

SERVICE = "sagemaker"
PAGE_SIZE = 100


def list_endpoints(scope: AwsScope) -> Iterator[EndpointSummary]:
    """Every endpoint of the scope. Raises when the listing cannot be completed: a part of it is never the fleet."""
    for row in pages(scope, SERVICE, "list_endpoints", key="Endpoints", MaxResults=PAGE_SIZE):
        yield EndpointSummary(
            name=row["EndpointName"],
            arn=row["EndpointArn"],
            status=row["EndpointStatus"],
            created_at=row["CreationTime"],
            modified_at=row["LastModifiedTime"],
        )


def describe_endpoint(scope: AwsScope, name: str) -> EndpointState:
    """The endpoint as it is now. Raises NotFound when it is gone."""
    answer = call(scope, SERVICE, "describe_endpoint", expect="EndpointStatus", EndpointName=name)
    variants = [_variant(v, is_shadow=False) for v in answer.get("ProductionVariants", ())]
    variants += [_variant(v, is_shadow=True) for v in answer.get("ShadowProductionVariants", ())]
    return EndpointState(
        name=answer["EndpointName"],
        arn=answer["EndpointArn"],
        status=answer["EndpointStatus"],
        config_name=answer.get("EndpointConfigName", ""),
        created_at=answer["CreationTime"],
        modified_at=answer["LastModifiedTime"],
        failure_reason=answer.get("FailureReason", "").replace("\x00", "�"),
        variants=tuple(variants),
        is_async="AsyncInferenceConfig" in answer,
        document=plain(answer),
    )


def describe_endpoint_config(scope: AwsScope, name: str) -> dict[str, Any]:
    """The config's whole document (times as ISO text). Raises NotFound when it was deleted."""
    answer = call(
        scope, SERVICE, "describe_endpoint_config", expect="EndpointConfigArn", EndpointConfigName=name
    )
    return plain(answer)


def describe_model(scope: AwsScope, name: str) -> dict[str, Any]:
    """The model's document with environment values left out. Raises NotFound when it was deleted."""
    return plain(call(scope, SERVICE, "describe_model", expect="ModelArn", ModelName=name))


def list_inference_components(scope: AwsScope) -> Iterator[dict[str, Any]]:
    """Every inference component of the scope, as listed (name, endpoint, variant, status, times)."""
    return pages(scope, SERVICE, "list_inference_components", key="InferenceComponents", MaxResults=PAGE_SIZE)


def describe_inference_component(scope: AwsScope, name: str) -> dict[str, Any]:
    """One component's document: specification, copies wanted and running. Raises NotFound when it is gone."""
    return plain(
        call(
            scope,
            SERVICE,
            "describe_inference_component",
            expect="InferenceComponentArn",
            InferenceComponentName=name,
        )
    )


def list_tags(scope: AwsScope, arn: str) -> dict[str, str]:
    """Tags of one resource; the tagging API (fleet.aws.tags) reads many at once."""
    return {
        row["Key"]: row["Value"] for row in pages(scope, SERVICE, "list_tags", key="Tags", ResourceArn=arn)
    }


# --- writes: each returns AWS's request id ----------------------------------------------------------


def create_endpoint_config(scope: AwsScope, document: Mapping[str, Any]) -> str:
    """CreateEndpointConfig with exactly this request. Raises Conflict when the name exists already.

    botocore repeats a call whose answer was lost, so Conflict may mean that our own first attempt worked:
    read the config back and compare before calling it a failure.
    """
    return _request_id(call(scope, SERVICE, "create_endpoint_config", **document))


def update_endpoint(
    scope: AwsScope,
    name: str,
    config_name: str,
    *,
    retain_all_variant_properties: bool = False,
    exclude_retained: Sequence[str] = (),
) -> str:
    """UpdateEndpoint to another config. exclude_retained: DesiredInstanceCount, DesiredWeight, DataCaptureConfig.

    Raises Conflict while another change is in progress. A repeated call may meet the update it started itself.
    """
    parameters: dict[str, Any] = {
        "EndpointName": name,
        "EndpointConfigName": config_name,
        "RetainAllVariantProperties": retain_all_variant_properties,
    }
    if exclude_retained:
        parameters["ExcludeRetainedVariantProperties"] = [
            {"VariantPropertyType": kind} for kind in exclude_retained
        ]
    return _request_id(call(scope, SERVICE, "update_endpoint", **parameters))


def update_weights_and_capacities(scope: AwsScope, name: str, desired: Sequence[Mapping[str, Any]]) -> str:
    """UpdateEndpointWeightsAndCapacities; `desired` are AWS's DesiredWeightAndCapacity documents."""
    answer = call(
        scope,
        SERVICE,
        "update_endpoint_weights_and_capacities",
        EndpointName=name,
        DesiredWeightsAndCapacities=[dict(item) for item in desired],
    )
    return _request_id(answer)


def create_endpoint(scope: AwsScope, name: str, config_name: str, tags: Sequence[Mapping[str, str]]) -> str:
    """CreateEndpoint on a config, with tags (Key, Value). Raises Conflict when the name exists already.

    botocore repeats a call whose answer was lost, so Conflict may mean that our own first attempt worked.
    """
    parameters: dict[str, Any] = {"EndpointName": name, "EndpointConfigName": config_name}
    if tags:
        parameters["Tags"] = [dict(tag) for tag in tags]
    return _request_id(call(scope, SERVICE, "create_endpoint", **parameters))


def delete_endpoint(scope: AwsScope, name: str) -> str:
    """DeleteEndpoint. Raises NotFound when it is gone, Conflict while it changes or goes already."""
    return _request_id(call(scope, SERVICE, "delete_endpoint", EndpointName=name))


def delete_endpoint_config(scope: AwsScope, name: str) -> str:
    """DeleteEndpointConfig; only of a config that no endpoint is on. Raises NotFound when it is gone."""
    return _request_id(call(scope, SERVICE, "delete_endpoint_config", EndpointConfigName=name))


def _request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))


def _variant(row: Mapping[str, Any], *, is_shadow: bool) -> VariantState:
    return VariantState(
        name=row["VariantName"],
        is_shadow=is_shadow,
        current_weight=row.get("CurrentWeight"),
        desired_weight=row.get("DesiredWeight"),
        current_instance_count=row.get("CurrentInstanceCount"),
        desired_instance_count=row.get("DesiredInstanceCount"),
        current_serverless=_serverless(row.get("CurrentServerlessConfig")),
        desired_serverless=_serverless(row.get("DesiredServerlessConfig")),
    )


def _serverless(row: Mapping[str, Any] | None) -> ServerlessCapacity | None:
    if not row:
        return None
    return ServerlessCapacity(row["MemorySizeInMB"], row["MaxConcurrency"], row.get("ProvisionedConcurrency"))
