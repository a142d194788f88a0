"""SageMaker inference components: models that share an endpoint's instances, copy by copy."""

from __future__ import annotations

from typing import Any

from simulator.call import Action, Call
from simulator.components import begin_component
from simulator.errors import validation_error
from simulator.instances import instance_type
from simulator.listing import listing
from simulator.records import Endpoint
from simulator.world import Region

COLUMNS = (
    "CreationTime",
    "InferenceComponentArn",
    "InferenceComponentName",
    "EndpointArn",
    "EndpointName",
    "VariantName",
    "InferenceComponentStatus",
    "LastModifiedTime",
)


def _arn(call: Call, name: str) -> str:
    return call.region.arn(f"inference-component/{name}")


def _find(call: Call, name: str) -> dict[str, Any]:
    component = call.region.components.get(name)
    if component is None:
        raise validation_error(f'Could not find inference component "{_arn(call, name)}".')
    return component


def _idle(call: Call, name: str) -> dict[str, Any]:
    component = _find(call, name)
    if component["InferenceComponentStatus"] in ("Creating", "Updating", "Deleting"):
        raise validation_error(f'Cannot update in-progress inference component "{_arn(call, name)}".')
    return component


def _endpoint(call: Call, name: str) -> Endpoint:
    endpoint = call.region.endpoints.get(name)
    if endpoint is None:
        raise validation_error(f'Could not find endpoint "{call.region.arn(f"endpoint/{name}")}".')
    if endpoint.hosting_kind != "component":
        raise validation_error(f'Endpoint "{endpoint.arn}" does not host inference components.')
    return endpoint


def create_inference_component(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """CreateInferenceComponent: Creating; InService once its copies are placed, Failed where they do not fit."""
    name, region = params["InferenceComponentName"], call.region
    if name in region.components:
        raise validation_error(f'Cannot create already existing inference component "{_arn(call, name)}".')
    endpoint = _endpoint(call, params["EndpointName"])
    variant = params.get("VariantName", endpoint.variants[0].name)
    if variant not in [known.name for known in endpoint.variants]:
        raise validation_error(f'Could not find variant "{variant}" in endpoint "{endpoint.arn}".')
    copies = params.get("RuntimeConfig", {}).get("CopyCount", 1)
    region.components[name] = {
        "InferenceComponentName": name,
        "InferenceComponentArn": _arn(call, name),
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "VariantName": variant,
        "Specification": params.get("Specification"),
        "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": 0},
        "CreationTime": call.now,
        "LastModifiedTime": call.now,
        "InferenceComponentStatus": "Creating",
    }
    region.know(_arn(call, name))
    region.tags[_arn(call, name)] = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
    _begin(call, name, "Creating", copies)
    return {"InferenceComponentArn": _arn(call, name)}


def _begin(call: Call, name: str, status: str, copies: int) -> None:
    reason = _does_not_fit(call.region, name, copies)
    begin_component(call.region, name, status, copies, reason, call.now, call.world.durations)


def _does_not_fit(region: Region, name: str, copies: int) -> str:
    """Why the copies find no room on as many instances as the variant may have; empty when they fit."""
    component = region.components[name]
    endpoint = region.endpoints[component["EndpointName"]]
    variant = next(v for v in endpoint.variants if v.name == component["VariantName"])
    kind = instance_type(variant.capacity.instance_type)
    managed = variant.document.get("ManagedInstanceScaling", {})
    most = max(managed.get("MaxInstanceCount", 0), variant.capacity.instances)
    needs = (component["Specification"] or {}).get("ComputeResourceRequirements", {})
    used_devices, used_mb = _reserved(region, endpoint.name, name)
    devices = used_devices + copies * needs.get("NumberOfAcceleratorDevicesRequired", 0)
    memory_mb = used_mb + copies * needs.get("MinMemoryRequiredInMb", 0)
    if devices > kind.gpus * most or memory_mb > kind.memory_gb * 1024 * most:
        return (
            f"Insufficient capacity to place {copies} copies of inference component {name} on at most {most} "
            f"instances of {variant.capacity.instance_type}."
        )
    return ""


def _reserved(region: Region, endpoint: str, apart_from: str) -> tuple[float, float]:
    devices = memory_mb = 0.0
    for name, component in region.components.items():
        if component["EndpointName"] == endpoint and name != apart_from:
            needs = (component["Specification"] or {}).get("ComputeResourceRequirements", {})
            copies = component["RuntimeConfig"]["DesiredCopyCount"]
            devices += copies * needs.get("NumberOfAcceleratorDevicesRequired", 0)
            memory_mb += copies * needs.get("MinMemoryRequiredInMb", 0)
    return devices, memory_mb


def update_inference_component(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateInferenceComponent: another specification, another number of copies, or both."""
    name = params["InferenceComponentName"]
    component = _idle(call, name)
    component["Specification"] = params.get("Specification", component["Specification"])
    present = component["RuntimeConfig"]["DesiredCopyCount"]
    _begin(call, name, "Updating", params.get("RuntimeConfig", {}).get("CopyCount", present))
    return {"InferenceComponentArn": _arn(call, name)}


def update_runtime_config(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """UpdateInferenceComponentRuntimeConfig: another number of copies."""
    name = params["InferenceComponentName"]
    _idle(call, name)
    _begin(call, name, "Updating", params["DesiredRuntimeConfig"]["CopyCount"])
    return {"InferenceComponentArn": _arn(call, name)}


def delete_inference_component(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteInferenceComponent: Deleting, then gone."""
    name = params["InferenceComponentName"]
    _idle(call, name)
    begin_component(call.region, name, "Deleting", 0, "", call.now, call.world.durations)
    return {}


def describe_inference_component(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeInferenceComponent."""
    return _find(call, params["InferenceComponentName"])


def list_inference_components(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListInferenceComponents."""
    rows = [
        {column: component[column] for column in COLUMNS}
        for component in call.region.components.values()
        if component["EndpointName"] == params.get("EndpointNameEquals", component["EndpointName"])
        and component["VariantName"] == params.get("VariantNameEquals", component["VariantName"])
    ]
    return listing(
        rows, params, "InferenceComponents", name="InferenceComponentName", status="InferenceComponentStatus"
    )


ACTIONS: dict[str, Action] = {
    "CreateInferenceComponent": create_inference_component,
    "UpdateInferenceComponent": update_inference_component,
    "UpdateInferenceComponentRuntimeConfig": update_runtime_config,
    "DeleteInferenceComponent": delete_inference_component,
    "ListInferenceComponents": list_inference_components,
    "DescribeInferenceComponent": describe_inference_component,
}
