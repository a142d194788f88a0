"""SageMaker batch transform, compilation and Inference Recommender jobs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from simulator import jobs
from simulator.call import Action, Call
from simulator.errors import ServiceError, validation_error
from simulator.listing import listing
from simulator.paging import page

DEFAULT_PAGE = 10
MOST_PAYLOAD_MB = 100


def create_transform_job(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """CreateTransformJob: InProgress at once; fails later where its input is missing."""
    name, region = params["TransformJobName"], call.region
    arn = region.arn(f"transform-job/{name}")
    if name in region.transform_jobs:
        text = "Job name must be unique within an AWS account and region, and a job with this name already exists "
        text += f"({arn})"
        raise ServiceError("ResourceInUse", text)
    if params["ModelName"] not in region.models:
        model = region.arn(f"model/{params['ModelName']}")
        raise validation_error(f'Could not find model "{model}".')
    _check_payload(params)
    kept = {key: value for key, value in params.items() if key not in ("Tags", "ExperimentConfig")}
    document = {
        **kept,
        "TransformJobArn": arn,
        "TransformJobStatus": "InProgress",
        "CreationTime": call.now,
        "TransformStartTime": call.now,
        "LastModifiedTime": call.now,
    }
    jobs.keep_job(region, document, {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])})
    jobs.begin_work(region, document, 0.6)
    jobs.plan_job(region, name, call.now, call.world.durations, _missing_input(call, params))
    return {"TransformJobArn": arn}


def _check_payload(params: dict[str, Any]) -> None:
    total = params.get("MaxPayloadInMB", 6) * max(params.get("MaxConcurrentTransforms", 1), 1)
    if total > MOST_PAYLOAD_MB:
        raise validation_error(
            f"MaxConcurrentTransforms * MaxPayloadInMB must not exceed {MOST_PAYLOAD_MB} MB, but is {total} MB."
        )


def _missing_input(call: Call, params: dict[str, Any]) -> str | None:
    uri = params["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    missing = call.caller.account.missing.get("objects", [])
    if any(fnmatchcase(uri.removeprefix("s3://"), pattern) for pattern in missing):
        return f"ClientError: No S3 objects found under S3 URL {uri}"
    return None


def _transform_job(call: Call, name: str) -> dict[str, Any]:
    job = call.region.transform_jobs.get(name)
    if job is None:
        raise ServiceError("ResourceNotFound", f"Could not find requested job with name: {name}")
    return job


def stop_transform_job(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """StopTransformJob: Stopping, then Stopped; refused for a job that has ended."""
    name = params["TransformJobName"]
    status = _transform_job(call, name)["TransformJobStatus"]
    if status not in jobs.STOPPABLE:
        raise validation_error(f"The request was rejected because the transform job is in status {status}.")
    jobs.plan_stop(call.region, name, call.now, call.world.durations)
    return {}


def describe_transform_job(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeTransformJob."""
    job = _transform_job(call, params["TransformJobName"])
    return {key: value for key, value in job.items() if key != "LastModifiedTime"}


def list_transform_jobs(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListTransformJobs."""
    columns: tuple[str, ...] = (
        "TransformJobName",
        "TransformJobArn",
        "CreationTime",
        "TransformEndTime",
        "LastModifiedTime",
    )
    columns += ("TransformJobStatus", "FailureReason")
    rows = [{column: job.get(column) for column in columns} for job in call.region.transform_jobs.values()]
    return listing(
        rows, params, "TransformJobSummaries", name="TransformJobName", status="TransformJobStatus"
    )


def list_compilation_jobs(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListCompilationJobs."""
    columns: tuple[str, ...] = (
        "CompilationJobName",
        "CompilationJobArn",
        "CreationTime",
        "CompilationStartTime",
    )
    columns += ("CompilationEndTime", "LastModifiedTime", "CompilationJobStatus")
    rows = [
        {column: job[column] for column in columns}
        | {"CompilationTargetDevice": job["OutputConfig"]["TargetDevice"]}
        for job in call.region.compilation_jobs.values()
    ]
    return listing(
        rows, params, "CompilationJobSummaries", name="CompilationJobName", status="CompilationJobStatus"
    )


def describe_compilation_job(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeCompilationJob."""
    name = params["CompilationJobName"]
    if name not in call.region.compilation_jobs:
        raise ServiceError("ResourceNotFound", f"Could not find requested job with name: {name}")
    return call.region.compilation_jobs[name]


def list_recommendation_jobs(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListInferenceRecommendationsJobs."""
    columns: tuple[str, ...] = (
        "JobName",
        "JobDescription",
        "JobType",
        "JobArn",
        "Status",
        "CreationTime",
        "CompletionTime",
    )
    columns += ("RoleArn", "LastModifiedTime", "FailureReason")
    rows = [
        {column: job[column] for column in columns} | {"ModelName": job["InputConfig"]["ModelName"]}
        for job in call.region.recommendation_jobs.values()
        if params.get("ModelNameEquals") in (None, job["InputConfig"]["ModelName"])
    ]
    return listing(rows, params, "InferenceRecommendationsJobs", name="JobName", status="Status")


def _recommendation_job(call: Call, name: str) -> dict[str, Any]:
    if name not in call.region.recommendation_jobs:
        raise ServiceError("ResourceNotFound", f"Could not find requested job with name: {name}")
    return call.region.recommendation_jobs[name]


def describe_recommendation_job(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeInferenceRecommendationsJob."""
    return _recommendation_job(call, params["JobName"])


def list_recommendation_steps(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListInferenceRecommendationsJobSteps: one benchmark per recommendation."""
    job = _recommendation_job(call, params["JobName"])
    steps = [
        {
            "StepType": "BENCHMARK",
            "JobName": job["JobName"],
            "Status": "COMPLETED",
            "InferenceBenchmark": {
                part: result[part] for part in ("Metrics", "EndpointConfiguration", "ModelConfiguration")
            },
        }
        for result in job["InferenceRecommendations"]
    ]
    wanted = params.get("Status")
    steps = [step for step in steps if wanted in (None, step["Status"])]
    shown, token = page(steps, params.get("NextToken"), params.get("MaxResults", DEFAULT_PAGE))
    return {"Steps": shown, "NextToken": token}


ACTIONS: dict[str, Action] = {
    "CreateTransformJob": create_transform_job,
    "StopTransformJob": stop_transform_job,
    "DescribeTransformJob": describe_transform_job,
    "ListTransformJobs": list_transform_jobs,
    "ListCompilationJobs": list_compilation_jobs,
    "DescribeCompilationJob": describe_compilation_job,
    "ListInferenceRecommendationsJobs": list_recommendation_jobs,
    "DescribeInferenceRecommendationsJob": describe_recommendation_job,
    "ListInferenceRecommendationsJobSteps": list_recommendation_steps,
}
