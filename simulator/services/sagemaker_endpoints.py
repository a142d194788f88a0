"""SageMaker endpoints: create, describe, list, update, delete, and capacity changes."""

from __future__ import annotations

from typing import Any

from simulator import lifecycle
from simulator.call import Action, Call
from simulator.errors import validation_error
from simulator.listing import listing
from simulator.records import Capacity, Endpoint, Transition, Variant, changed
from simulator.services.sagemaker_describe import describe
from simulator.services.sagemaker_limits import (
    check_concurrency_quota,
    check_instance_quota,
    check_serverless,
)

UPDATABLE = ("InService",)


def _find(call: Call, name: str) -> Endpoint:
    endpoint = call.region.endpoints.get(name)
    if endpoint is None:
        raise validation_error(f'Could not find endpoint "{call.region.arn(f"endpoint/{name}")}".')
    return endpoint


def _config(call: Call, name: str) -> dict[str, Any]:
    config = call.region.configs.get(name)
    if config is None:
        arn = call.region.arn(f"endpoint-config/{name}")
        raise validation_error(f'Could not find endpoint configuration "{arn}".')
    return config


def _require_idle(endpoint: Endpoint) -> None:
    if endpoint.status == "Failed":
        text = f'Cannot update endpoint "{endpoint.arn}" in status Failed: only DeleteEndpoint is allowed.'
        raise validation_error(text)
    if endpoint.status not in UPDATABLE:
        raise validation_error(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def create_endpoint(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """CreateEndpoint."""
    region, name = call.region, params["EndpointName"]
    arn = region.arn(f"endpoint/{name}")
    if name in region.endpoints:
        raise validation_error(f'Cannot create already existing endpoint "{arn}".')
    config = _config(call, params["EndpointConfigName"])
    variants = [
        lifecycle.new_variant(doc, f"{name}/{doc['VariantName']}") for doc in config["ProductionVariants"]
    ]
    check_concurrency_quota(region, {name: [v.capacity for v in variants]})
    check_instance_quota(region, {name: [v.capacity for v in variants]})
    endpoint = Endpoint(
        name=name,
        arn=arn,
        config_name=params["EndpointConfigName"],
        status="Creating",
        created=call.now,
        modified=call.now,
        variants=variants,
        shadows=[
            lifecycle.new_variant(doc, f"{name}/{doc['VariantName']}")
            for doc in config.get("ShadowProductionVariants", [])
        ],
        async_config=config.get("AsyncInferenceConfig"),
        hosting_kind=lifecycle.hosting_kind(region, config),
        deployment_config=params.get("DeploymentConfig"),
    )
    region.endpoints[name] = endpoint
    region.arns[arn] = arn
    region.tags[arn] = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
    lifecycle.begin_create(endpoint, region, call.now, call.world.durations)
    return {"EndpointArn": arn}


def describe_endpoint(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeEndpoint."""
    return describe(call, _find(call, params["EndpointName"]))


def list_endpoints(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListEndpoints: filters, order and pages as in the model."""
    rows = [
        {
            "EndpointName": e.name,
            "EndpointArn": e.arn,
            "CreationTime": e.created,
            "LastModifiedTime": e.modified,
            "EndpointStatus": e.status,
        }
        for e in call.region.endpoints.values()
    ]
    return listing(rows, params, "Endpoints", name="EndpointName", status="EndpointStatus")


def update_endpoint(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateEndpoint: a switch to another endpoint config."""
    endpoint = _find(call, params["EndpointName"])
    config = _config(call, params["EndpointConfigName"])
    _require_idle(endpoint)
    variants = [
        lifecycle.new_variant(doc, f"{endpoint.name}/{doc['VariantName']}")
        for doc in config["ProductionVariants"]
    ]
    _refuse_one_way(endpoint, variants)
    _refuse_registered(call, endpoint, variants)
    if params.get("RetainAllVariantProperties"):
        _retain(endpoint, variants, params.get("ExcludeRetainedVariantProperties", []))
    wanted = {endpoint.name: [variant.capacity for variant in variants]}
    check_concurrency_quota(call.region, wanted)
    check_instance_quota(call.region, wanted)
    change = Transition(
        "update", [], config_name=params["EndpointConfigName"], variants=variants, config=config
    )
    if not params.get("RetainDeploymentConfig"):
        endpoint.deployment_config = params.get("DeploymentConfig")
    lifecycle.begin_update(endpoint, call.region, call.now, call.world.durations, change)
    return {"EndpointArn": endpoint.arn}


def _refuse_one_way(endpoint: Endpoint, variants: list[Variant]) -> None:
    to_serverless = any(variant.capacity.hosting == "serverless" for variant in variants)
    if to_serverless and any(variant.capacity.hosting == "instances" for variant in endpoint.variants):
        raise validation_error(
            f'Cannot update endpoint "{endpoint.arn}" from an instance-based to a serverless configuration.'
        )


def _refuse_registered(call: Call, endpoint: Endpoint, variants: list[Variant]) -> None:
    wanted = {variant.name: variant.capacity for variant in variants}
    for variant in endpoint.variants:
        resource = f"endpoint/{endpoint.name}/variant/{variant.name}"
        if not any(key[0] == resource for key in call.region.targets):
            continue
        new = wanted.get(variant.name)
        if new is None or (new.hosting, new.instance_type) != (
            variant.capacity.hosting,
            variant.capacity.instance_type,
        ):
            raise validation_error(
                f'The variant(s) "[{variant.name}]" must be deregistered as scalable targets with AWS Auto '
                "Scaling before they can be removed or have their instance type updated."
            )


def _retain(endpoint: Endpoint, variants: list[Variant], excluded: list[dict[str, Any]]) -> None:
    skipped = {item["VariantPropertyType"] for item in excluded}
    live = {variant.name: variant for variant in endpoint.variants}
    for variant in variants:
        present = live.get(variant.name)
        if present is None:
            continue
        if "DesiredWeight" not in skipped:
            variant.weight = variant.desired_weight = present.weight
        if (
            "DesiredInstanceCount" not in skipped
            and present.capacity.hosting == variant.capacity.hosting == "instances"
        ):
            variant.capacity = variant.desired = changed(
                variant.capacity, instances=present.capacity.instances
            )


def update_weights_and_capacities(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateEndpointWeightsAndCapacities, incl. ServerlessUpdateConfig."""
    endpoint = _find(call, params["EndpointName"])
    _require_idle(endpoint)
    live = {variant.name: variant for variant in endpoint.variants}
    capacities: dict[str, Capacity] = {}
    weights: dict[str, float] = {}
    for item in params["DesiredWeightsAndCapacities"]:
        variant = live.get(item["VariantName"])
        if variant is None:
            raise validation_error(
                f'Could not find variant "{item["VariantName"]}" in endpoint "{endpoint.arn}".'
            )
        capacities[variant.name] = _wanted(variant, item)
        if "DesiredWeight" in item:
            weights[variant.name] = item["DesiredWeight"]
    check_concurrency_quota(call.region, {endpoint.name: _after(endpoint, capacities)})
    check_instance_quota(call.region, {endpoint.name: _after(endpoint, capacities)})
    for name, capacity in capacities.items():
        live[name].desired = capacity
        live[name].desired_weight = weights.get(name, live[name].weight)
    change = Transition("capacity", [], capacities=capacities, weights=weights)
    lifecycle.begin_update(endpoint, call.region, call.now, call.world.durations, change)
    return {"EndpointArn": endpoint.arn}


def _after(endpoint: Endpoint, capacities: dict[str, Capacity]) -> list[Capacity]:
    return [capacities.get(variant.name, variant.capacity) for variant in endpoint.variants]


def _wanted(variant: Variant, item: dict[str, Any]) -> Capacity:
    serverless, count = item.get("ServerlessUpdateConfig"), item.get("DesiredInstanceCount")
    if serverless is not None and variant.capacity.hosting != "serverless":
        raise validation_error(f"ServerlessUpdateConfig is not supported for variant {variant.name}.")
    if count is not None and variant.capacity.hosting == "serverless":
        raise validation_error(
            f"DesiredInstanceCount is not supported for serverless variant {variant.name}."
        )
    if serverless is None:
        return changed(variant.capacity, instances=count)
    capacity = changed(
        variant.capacity,
        max_concurrency=serverless.get("MaxConcurrency"),
        provisioned=serverless.get("ProvisionedConcurrency"),
    )
    check_serverless(capacity.memory_mb, capacity.max_concurrency, capacity.provisioned)
    return capacity


def delete_endpoint(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteEndpoint: refused while a change is under way, with the same wording as an update."""
    endpoint = _find(call, params["EndpointName"])
    if endpoint.transition is not None or endpoint.status in (
        "Creating",
        "Updating",
        "SystemUpdating",
        "RollingBack",
    ):
        raise validation_error(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    lifecycle.begin_delete(endpoint, call.region, call.now, call.world.durations)
    return {}


ACTIONS: dict[str, Action] = {
    "CreateEndpoint": create_endpoint,
    "DescribeEndpoint": describe_endpoint,
    "ListEndpoints": list_endpoints,
    "UpdateEndpoint": update_endpoint,
    "UpdateEndpointWeightsAndCapacities": update_weights_and_capacities,
    "DeleteEndpoint": delete_endpoint,
}
