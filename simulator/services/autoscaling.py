"""Application Auto Scaling for the three sagemaker dimensions: targets, policies, scheduled actions.

Ranges are enforced on registration and after manual edits; policies are stored, not acted upon.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zlib import crc32

from simulator import lifecycle
from simulator.call import Action, Call
from simulator.errors import ServiceError, validation_error
from simulator.fleet_documents import DIMENSIONS, NOT_SUSPENDED, action_document, policy_document
from simulator.lifecycle import PROVISIONED
from simulator.paging import page
from simulator.records import Endpoint, ScalableTarget

DEFAULT_PAGE = 50
ACTIVITIES_KEPT = timedelta(weeks=6)


def _check_scope(params: dict[str, Any]) -> None:
    if params["ServiceNamespace"] != "sagemaker":
        raise validation_error("The simulator scales the service namespace sagemaker only.")
    dimension = params.get("ScalableDimension")
    if dimension is not None and dimension not in DIMENSIONS.values():
        raise validation_error(f"Unsupported scalable dimension {dimension} for service namespace sagemaker.")


def _endpoint(call: Call, resource_id: str) -> Endpoint | None:
    parts = resource_id.split("/")
    if len(parts) == 2 and parts[0] == "inference-component":
        if parts[1] in call.region.components:
            return None
    elif len(parts) == 4 and parts[0] == "endpoint" and parts[2] == "variant":
        endpoint = call.region.endpoints.get(parts[1])
        if endpoint is not None and any(variant.name == parts[3] for variant in endpoint.variants):
            return endpoint
    raise validation_error(
        f"No scalable resource found for service namespace: sagemaker, resource ID: {resource_id}"
    )


def _target(call: Call, params: dict[str, Any]) -> ScalableTarget:
    key = (params["ResourceId"], params["ScalableDimension"])
    target = call.region.targets.get(key)
    if target is None:
        raise ServiceError(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: sagemaker, resource ID: {key[0]}, "
            f"scalable dimension: {key[1]}",
        )
    return target


def register_scalable_target(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """RegisterScalableTarget: creates or changes a range and moves the present capacity inside it."""
    _check_scope(params)
    endpoint = _endpoint(call, params["ResourceId"])
    key = (params["ResourceId"], params["ScalableDimension"])
    present = call.region.targets.get(key)
    before = present.document if present else {}
    low = params.get("MinCapacity", before.get("MinCapacity"))
    high = params.get("MaxCapacity", before.get("MaxCapacity"))
    _check_range(call, endpoint, key, low, high)
    if present is None:
        created = {"ServiceNamespace": "sagemaker", "ResourceId": key[0], "ScalableDimension": key[1]}
        present = ScalableTarget(*key, document={**created, "CreationTime": call.now})
        call.region.targets[key] = present
    role = call.region.role_arn("aws-service-role/sagemaker.application-autoscaling")
    service_role = f"{role}.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    present.document |= {
        "MinCapacity": low,
        "MaxCapacity": high,
        "RoleARN": params.get("RoleARN", service_role),
        "SuspendedState": NOT_SUSPENDED | before.get("SuspendedState", {}) | params.get("SuspendedState", {}),
    }
    if endpoint is not None and endpoint.status == "InService" and not endpoint.pinned:
        lifecycle.enforce_targets(endpoint, call.region, call.now, call.world.durations)
    return {}


def _check_range(
    call: Call, endpoint: Endpoint | None, key: tuple[str, str], low: int | None, high: int | None
) -> None:
    if low is None or high is None:
        raise validation_error("MinCapacity and MaxCapacity are required to register a new scalable target.")
    if low > high:
        raise validation_error("Maximum capacity cannot be less than minimum capacity")
    if key[1] == PROVISIONED:
        if low < 1:
            raise validation_error(
                "Minimum capacity must be greater than or equal to 1 for provisioned concurrency"
            )
        variant = next(v for v in endpoint.variants if key[0].endswith(f"/{v.name}")) if endpoint else None
        if variant is not None and not variant.capacity.provisioned:
            raise validation_error(f"{key[0]} has no provisioned concurrency to scale")


def describe_scalable_targets(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeScalableTargets."""
    _check_scope(params)
    ids = params.get("ResourceIds")
    wanted = params.get("ScalableDimension")
    rows = [
        {**target.document, "ScalableTargetARN": _target_arn(call, target)}
        for target in call.region.targets.values()
        if (ids is None or target.resource_id in ids) and wanted in (None, target.dimension)
    ]
    return _paged(rows, params, "ScalableTargets")


def _target_arn(call: Call, target: ScalableTarget) -> str:
    region = call.region
    service = f"arn:{region.partition}:application-autoscaling"
    scope = f"{service}:{region.name}:{region.account_id}:scalable-target"
    code = crc32(f"{target.resource_id}:{target.dimension}".encode())
    return f"{scope}/{code:08x}"


def deregister_scalable_target(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeregisterScalableTarget: its policies and scheduled actions go with it."""
    target = _target(call, params)
    del call.region.targets[(target.resource_id, target.dimension)]
    return {}


def put_scaling_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """PutScalingPolicy: needs a registered target."""
    _check_scope(params)
    target = _target(call, params)
    kept = {
        k: v for k, v in params.items() if k not in ("ServiceNamespace", "ResourceId", "ScalableDimension")
    }
    document = policy_document(target, kept, call.region, call.now)
    target.policies[params["PolicyName"]] = document
    return {"PolicyARN": document["PolicyARN"], "Alarms": document["Alarms"]}


def describe_scaling_policies(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeScalingPolicies."""
    _check_scope(params)
    names = params.get("PolicyNames")
    rows = [
        policy
        for target in _matching(call, params)
        for policy in target.policies.values()
        if names is None or policy["PolicyName"] in names
    ]
    return _paged(rows, params, "ScalingPolicies")


def delete_scaling_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteScalingPolicy."""
    name = params["PolicyName"]
    if _target(call, params).policies.pop(name, None) is None:
        raise ServiceError("ObjectNotFoundException", f"No scaling policy found for name: {name}")
    return {}


def put_scheduled_action(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """PutScheduledAction: an update without start or end time erases the old ones, as AWS documents."""
    _check_scope(params)
    target = _target(call, params)
    name = params["ScheduledActionName"]
    if name not in target.actions and "Schedule" not in params:
        raise validation_error("Schedule is required for a new scheduled action.")
    before = {k: v for k, v in target.actions.get(name, {}).items() if k not in ("StartTime", "EndTime")}
    document = action_document(target, {**before, **params}, call.region, call.now)
    target.actions[name] = document
    return {}


def describe_scheduled_actions(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeScheduledActions."""
    _check_scope(params)
    names = params.get("ScheduledActionNames")
    rows = [
        action
        for target in _matching(call, params)
        for action in target.actions.values()
        if names is None or action["ScheduledActionName"] in names
    ]
    return _paged(rows, params, "ScheduledActions")


def delete_scheduled_action(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteScheduledAction."""
    name = params["ScheduledActionName"]
    if _target(call, params).actions.pop(name, None) is None:
        raise ServiceError("ObjectNotFoundException", f"No scheduled action found for name: {name}")
    return {}


def describe_scaling_activities(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeScalingActivities, newest first: those of the previous six weeks, as AWS keeps them."""
    _check_scope(params)
    resource, dimension = params.get("ResourceId"), params.get("ScalableDimension")
    if dimension is not None and resource is None:
        raise validation_error("ResourceId is required when ScalableDimension is specified.")
    rows = [
        row
        for row in call.region.activities
        if resource in (None, row["ResourceId"])
        and dimension in (None, row["ScalableDimension"])
        and row["StartTime"] >= call.now - ACTIVITIES_KEPT
    ]
    return _paged(rows, params, "ScalingActivities")


def _matching(call: Call, params: dict[str, Any]) -> list[ScalableTarget]:
    resource, dimension = params.get("ResourceId"), params.get("ScalableDimension")
    return [
        target
        for target in call.region.targets.values()
        if resource in (None, target.resource_id) and dimension in (None, target.dimension)
    ]


def _paged(rows: list[dict[str, Any]], params: dict[str, Any], key: str) -> dict[str, Any]:
    size = min(params.get("MaxResults", DEFAULT_PAGE), DEFAULT_PAGE)
    shown, token = page(rows, params.get("NextToken"), size, "InvalidNextTokenException")
    return {key: shown, "NextToken": token}


ACTIONS: dict[str, Action] = {
    "RegisterScalableTarget": register_scalable_target,
    "DescribeScalableTargets": describe_scalable_targets,
    "DeregisterScalableTarget": deregister_scalable_target,
    "PutScalingPolicy": put_scaling_policy,
    "DescribeScalingPolicies": describe_scaling_policies,
    "DeleteScalingPolicy": delete_scaling_policy,
    "PutScheduledAction": put_scheduled_action,
    "DescribeScheduledActions": describe_scheduled_actions,
    "DeleteScheduledAction": delete_scheduled_action,
    "DescribeScalingActivities": describe_scaling_activities,
}
