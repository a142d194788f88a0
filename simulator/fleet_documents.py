"""Turns the short forms of a fleet file into the documents that AWS's calls would have created."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simulator.lifecycle import INSTANCES, PROVISIONED
from simulator.records import Endpoint, ScalableTarget
from simulator.world import Region

DIMENSIONS = {
    "provisioned": PROVISIONED,
    "instances": INSTANCES,
    "copies": "sagemaker:inference-component:DesiredCopyCount",
}
IMAGE = "683313688378.dkr.ecr.{region}.amazonaws.com/sagemaker-xgboost:1.7-1"


def model_documents(entry: dict[str, Any], region: Region) -> list[dict[str, Any]]:
    """The DescribeModel documents an endpoint entry needs; none for inference-component endpoints."""
    if "components" in entry:
        return []
    spec = entry.get("model", {})
    name = spec.get("name", f"{entry['name']}-model")
    image = spec.get("image", IMAGE).format(region=region.name)
    base = {"Image": image, "ModelDataUrl": spec.get("data", f"s3://sim-models/{entry['name']}/model.tar.gz")}
    document: dict[str, Any] = {
        "ModelName": name,
        "ModelArn": region.arn(f"model/{name}"),
        "EnableNetworkIsolation": bool(entry.get("isolated", False)),
        "ExecutionRoleArn": region.role_arn(spec.get("role", "SageMakerExecution")),
    }
    if "vpc" in entry:
        document["VpcConfig"] = _vpc(entry["vpc"])
    containers = spec.get("containers", [])
    if containers:
        document["Containers"] = [{**base, "ContainerHostname": hostname} for hostname in containers]
        document["InferenceExecutionConfig"] = {"Mode": spec.get("execution", "Serial")}
    else:
        document["PrimaryContainer"] = base | {"Mode": spec.get("mode", "SingleModel")}
    return [document]


def endpoint_config(entry: dict[str, Any], region: Region) -> dict[str, Any]:
    """The DescribeEndpointConfig document (without CreationTime) of an endpoint entry."""
    name = entry["config"]
    document: dict[str, Any] = {
        "EndpointConfigName": name,
        "EndpointConfigArn": region.arn(f"endpoint-config/{name}"),
        "ProductionVariants": [_variant(entry, variant) for variant in entry.get("variants", [{}])],
    }
    if "shadow" in entry:
        document["ShadowProductionVariants"] = [_variant(entry, {"name": "shadow", **entry["shadow"]})]
    if "async" in entry:
        settings = entry["async"]
        document["AsyncInferenceConfig"] = {
            "OutputConfig": {"S3OutputPath": settings.get("output", f"s3://sim-async/{entry['name']}/out/")},
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": settings.get("max_concurrent", 4)},
        }
        topics = settings.get("topics")
        if topics:
            document["AsyncInferenceConfig"]["OutputConfig"]["NotificationConfig"] = topics
    if "kms" in entry:
        document["KmsKeyId"] = entry["kms"]
    if "components" in entry:
        if "vpc" in entry:
            document["VpcConfig"] = _vpc(entry["vpc"])
        document["EnableNetworkIsolation"] = bool(entry.get("isolated", False))
        document["ExecutionRoleArn"] = region.role_arn("SageMakerExecution")
    if "metrics" in entry:
        document["MetricsConfig"] = entry["metrics"]
    if "capture" in entry:
        document["DataCaptureConfig"] = {
            "EnableCapture": True,
            "InitialSamplingPercentage": entry["capture"],
            "DestinationS3Uri": f"s3://sim-capture/{entry['name']}/",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
    return document


def _vpc(settings: dict[str, Any]) -> dict[str, Any]:
    return {"SecurityGroupIds": settings["security_groups"], "Subnets": settings["subnets"]}


def _variant(entry: dict[str, Any], variant: dict[str, Any]) -> dict[str, Any]:
    merged = {**entry, **variant}
    document: dict[str, Any] = {
        "VariantName": variant.get("name", "AllTraffic"),
        "InitialVariantWeight": float(variant.get("weight", 1.0)),
    }
    if "components" not in entry:
        document["ModelName"] = entry.get("model", {}).get("name", f"{entry['name']}-model")
    if "serverless" in merged:
        settings = merged["serverless"]
        document["ServerlessConfig"] = {
            "MemorySizeInMB": settings["memory_mb"],
            "MaxConcurrency": settings["max_concurrency"],
        }
        if settings.get("provisioned"):
            document["ServerlessConfig"]["ProvisionedConcurrency"] = settings["provisioned"]
        return document
    settings = merged["instances"]
    document["InstanceType"] = settings["type"]
    # A config cannot ask for none; an endpoint scaled to zero has a config that asked for one.
    document["InitialInstanceCount"] = max(settings.get("count", 1), 1)
    if settings.get("volume_gb"):
        document["VolumeSizeInGB"] = settings["volume_gb"]
    if "routing" in settings:
        document["RoutingConfig"] = {"RoutingStrategy": settings["routing"]}
    if "managed_min" in settings:
        document["ManagedInstanceScaling"] = {
            "Status": "ENABLED",
            "MinInstanceCount": settings["managed_min"],
            "MaxInstanceCount": settings["managed_max"],
        }
    return document


def scaling_target(entry: dict[str, Any], endpoint: Endpoint, region: Region) -> ScalableTarget:
    """A registered scalable target with its policies and scheduled actions."""
    dimension = DIMENSIONS[entry["dimension"]]
    resource = f"endpoint/{endpoint.name}/variant/{entry.get('variant', endpoint.variants[0].name)}"
    if entry["dimension"] == "copies":
        resource = f"inference-component/{entry['component']}"
    partition, account = endpoint.arn.split(":")[1], endpoint.arn.split(":")[4]
    target = ScalableTarget(
        resource_id=resource,
        dimension=dimension,
        document={
            "ServiceNamespace": "sagemaker",
            "ResourceId": resource,
            "ScalableDimension": dimension,
            "MinCapacity": entry["min"],
            "MaxCapacity": entry["max"],
            "RoleARN": f"arn:{partition}:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling."
            "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
            "CreationTime": endpoint.created,
            "SuspendedState": entry.get("suspended", NOT_SUSPENDED),
        },
    )
    for policy in entry.get("policies", []):
        name = policy["PolicyName"]
        target.policies[name] = policy_document(target, policy, region, endpoint.created)
    for action in entry.get("scheduled", []):
        name = action["ScheduledActionName"]
        target.actions[name] = action_document(target, action, region, endpoint.created)
    return target


NOT_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


def policy_document(
    target: ScalableTarget, policy: dict[str, Any], region: Region, created: datetime
) -> dict[str, Any]:
    """A ScalingPolicy as DescribeScalingPolicies shows it; target tracking brings its own two alarms."""
    name = policy["PolicyName"]
    kind = policy.get("PolicyType", "StepScaling")
    head = f"TargetTracking-{target.resource_id}" if kind == "TargetTrackingScaling" else name
    edges = ("AlarmHigh", "AlarmLow") if kind == "TargetTrackingScaling" else ("Alarm",)
    alarms = [f"{head}-{edge}" for edge in edges]
    return {
        **policy,
        "PolicyType": kind,
        "PolicyARN": f"{region.place('autoscaling')}:scalingPolicy:simulated:resource/sagemaker/"
        f"{target.resource_id}:policyName/{name}",
        "ServiceNamespace": "sagemaker",
        "ResourceId": target.resource_id,
        "ScalableDimension": target.dimension,
        "Alarms": [
            {"AlarmName": alarm, "AlarmARN": f"{region.place('cloudwatch')}:alarm:{alarm}"}
            for alarm in alarms
        ],
        "CreationTime": created,
    }


def action_document(
    target: ScalableTarget, action: dict[str, Any], region: Region, created: datetime
) -> dict[str, Any]:
    """A ScheduledAction as DescribeScheduledActions shows it."""
    return {
        **action,
        "ScheduledActionARN": f"{region.place('autoscaling')}:scheduledAction:simulated:resource/sagemaker/"
        f"{target.resource_id}:scheduledActionName/{action['ScheduledActionName']}",
        "ServiceNamespace": "sagemaker",
        "ResourceId": target.resource_id,
        "ScalableDimension": target.dimension,
        "CreationTime": created,
    }
