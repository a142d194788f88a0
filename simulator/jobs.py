"""Batch transform, compilation and recommendation jobs: their documents, and what time makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from simulator.clock import minute_of
from simulator.instances import instance_type
from simulator.records import Capacity, Endpoint, Traffic, Variant
from simulator.world import Durations, Region, seconds

STOPPABLE = ("InProgress",)


@dataclass
class Plan:
    """What becomes of a running job: `status` when `due` has come."""

    due: datetime
    status: str
    reason: str | None = None


def add_transform_job(region: Region, entry: dict[str, Any], created: datetime) -> None:
    """A job of a fleet file, as if it had long been there."""
    minutes = entry.get("minutes")
    ended = created + timedelta(minutes=minutes) if minutes is not None else None
    document = _document(region, entry, created, ended)
    keep_job(region, document, {key: str(value) for key, value in entry.get("tags", {}).items()})
    begin_work(region, document, float(entry.get("load", 0.6)))
    if ended is not None:
        _end_work(region, entry["name"], ended)


def _document(
    region: Region, entry: dict[str, Any], created: datetime, ended: datetime | None
) -> dict[str, Any]:
    name = entry["name"]
    status = entry.get("status", "Completed" if ended else "InProgress")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://sim-batch/{name}/in/"}}
    return {
        "TransformJobName": name,
        "TransformJobArn": region.arn(f"transform-job/{name}"),
        "TransformJobStatus": status,
        "FailureReason": entry.get("failure_reason"),
        "ModelName": entry.get("model", f"{name}-model"),
        "MaxConcurrentTransforms": entry.get("concurrent", 1),
        "ModelClientConfig": entry.get("client"),
        "MaxPayloadInMB": entry.get("payload_mb"),
        "BatchStrategy": entry.get("strategy", "MultiRecord"),
        "Environment": entry.get("environment"),
        "TransformInput": {
            "DataSource": source,
            "ContentType": "text/csv",
            "CompressionType": entry.get("compression", "None"),
            "SplitType": entry.get("split", "Line"),
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://sim-batch/{name}/out/",
            "AssembleWith": "Line",
            "KmsKeyId": entry.get("kms", ""),
        },
        "TransformResources": {
            "InstanceType": entry.get("instance_type", "ml.m5.xlarge"),
            "InstanceCount": entry.get("instances", 1),
        },
        "DataProcessing": entry.get("data_processing"),
        "CreationTime": created,
        "TransformStartTime": created + timedelta(minutes=2),
        "TransformEndTime": ended,
        "LastModifiedTime": ended or created,
    }


def keep_job(region: Region, document: dict[str, Any], tags: dict[str, str]) -> None:
    """Put a transform job into its region."""
    arn = document["TransformJobArn"]
    region.transform_jobs[document["TransformJobName"]] = document
    region.know(arn)
    region.tags[arn] = tags


def begin_work(region: Region, document: dict[str, Any], load: float) -> None:
    """Let the job's instances publish metrics from its start on; `load` is their cores' busy share."""
    kind = document["TransformResources"]["InstanceType"]
    begun = document["TransformStartTime"]
    per_minute = 60
    latency_ms = load / 0.8 * 60_000 * instance_type(kind).vcpus / per_minute
    capacity = Capacity(hosting="instances", instance_type=kind, instances=1)
    variant = Variant("host", document["ModelName"], 1.0, 1.0, capacity, capacity)
    pairs = (("latency_ms", latency_ms), ("memory_percent", 100 * load * 0.8), ("per_minute", per_minute))
    variant.traffic = [(minute_of(begun), Traffic("sustained", pairs))]
    variant.seed = document["TransformJobName"]
    variant.deploy(capacity, begun)
    name = document["TransformJobName"]
    region.job_hosts[name] = Endpoint(
        name, document["TransformJobArn"], "", "", begun, begun, [variant], hosting_kind="transform"
    )


def _end_work(region: Region, name: str, ended: datetime) -> None:
    host = region.job_hosts.get(name)
    if host is not None:
        host.variants[0].deploy(None, ended)


def host_names(document: dict[str, Any]) -> list[str]:
    """The Host dimension of each instance: `[transform-job-name]/[instance-id]`."""
    name = document["TransformJobName"]
    count = document["TransformResources"]["InstanceCount"]
    return [f"{name}/i-{crc32(f'{name}:{n}'.encode()):08x}{n:09x}" for n in range(count)]


def plan_job(region: Region, name: str, now: datetime, durations: Durations, reason: str | None) -> None:
    """Let a new job end after twice an update's time: Completed, or Failed for a reason."""
    status = "Failed" if reason else "Completed"
    region.job_plans[name] = Plan(now + seconds(durations.update_s * 2), status, reason)


def plan_stop(region: Region, name: str, now: datetime, durations: Durations) -> None:
    """Stopping; then Stopped."""
    region.transform_jobs[name]["TransformJobStatus"] = "Stopping"
    region.job_plans[name] = Plan(now + seconds(durations.delete_s), "Stopped")


def settle_jobs(region: Region, now: datetime) -> None:
    """Apply every plan that is due."""
    for name, plan in list(region.job_plans.items()):
        if plan.due > now:
            continue
        del region.job_plans[name]
        document = region.transform_jobs[name]
        document["TransformJobStatus"] = plan.status
        document["FailureReason"] = plan.reason
        document["TransformEndTime"] = document["LastModifiedTime"] = plan.due
        _end_work(region, name, plan.due)


def add_compilation_job(region: Region, entry: dict[str, Any], created: datetime) -> None:
    """A Neo compilation job of a fleet file."""
    name = entry["name"]
    status = entry.get("status", "COMPLETED")
    ended = created + timedelta(minutes=entry.get("minutes", 12)) if status in ENDED else None
    region.compilation_jobs[name] = {
        "CompilationJobName": name,
        "CompilationJobArn": region.arn(f"compilation-job/{name}"),
        "CompilationJobStatus": status,
        "CompilationStartTime": created + timedelta(minutes=1),
        "CompilationEndTime": ended,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "CreationTime": created,
        "LastModifiedTime": ended or created,
        "FailureReason": entry.get("failure_reason", ""),
        "ModelArtifacts": {
            "S3ModelArtifacts": entry.get("artifact", f"s3://sim-compiled/{name}/model.tar.gz")
        },
        "RoleArn": region.role_arn("SageMakerExecution"),
        "InputConfig": {
            "S3Uri": f"s3://sim-models/{name}/model.tar.gz",
            "DataInputConfig": '{"input": [1, 3, 224, 224]}',
            "Framework": entry.get("framework", "PYTORCH"),
        },
        "OutputConfig": {
            "S3OutputLocation": f"s3://sim-compiled/{name}/",
            "TargetDevice": entry.get("target", "ml_c5"),
        },
    }


ENDED = ("COMPLETED", "FAILED", "STOPPED")


def add_recommendation_job(region: Region, entry: dict[str, Any], created: datetime) -> None:
    """An Inference Recommender job of a fleet file; `results` are the variants it measured."""
    name = entry["name"]
    status = entry.get("status", "COMPLETED")
    ended = created + timedelta(minutes=entry.get("minutes", 45)) if status in ENDED else None
    region.recommendation_jobs[name] = {
        "JobName": name,
        "JobDescription": entry.get("description", ""),
        "JobType": entry.get("type", "Default"),
        "JobArn": region.arn(f"inference-recommendations-job/{name}"),
        "RoleArn": region.role_arn("SageMakerExecution"),
        "Status": status,
        "CreationTime": created,
        "CompletionTime": ended,
        "LastModifiedTime": ended or created,
        "FailureReason": entry.get("failure_reason"),
        "InputConfig": {"ModelName": entry["model"]},
        "InferenceRecommendations": [
            _recommendation(name, number, result) for number, result in enumerate(entry.get("results", []), 1)
        ],
    }


def _recommendation(job: str, number: int, result: dict[str, Any]) -> dict[str, Any]:
    return {
        "RecommendationId": f"{job}/{crc32(f'{job}{number}'.encode()):08x}",
        "Metrics": {
            "CostPerHour": result["usd_per_hour"],
            "CostPerInference": result["usd_per_inference"],
            "MaxInvocations": result["per_minute"],
            "ModelLatency": result["latency_ms"],
            "CpuUtilization": result.get("cpu"),
            "MemoryUtilization": result.get("memory"),
        },
        "EndpointConfiguration": {
            "EndpointName": f"sm-epc-{crc32(f'{job}{number}'.encode()):08x}",
            "VariantName": "sm-epc-variant",
            "InstanceType": result["instance_type"],
            "InitialInstanceCount": 1,
        },
        "ModelConfiguration": {},
    }
