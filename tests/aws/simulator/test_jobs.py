"""Transform jobs and their metrics, compilation jobs and Inference Recommender jobs."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.simulator.conftest import Client
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
DEADLINE_S = 10.0


def ended(sagemaker: Any, name: str) -> dict[str, Any]:
    """Poll DescribeTransformJob until the job has ended."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        job: dict[str, Any] = sagemaker.describe_transform_job(TransformJobName=name)
        if job["TransformJobStatus"] not in ("InProgress", "Stopping"):
            return job
        assert time.monotonic() < deadline, job


def wanted(name: str, **fields: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://sim-batch/in/"}
    return {
        "TransformJobName": name,
        "ModelName": "real-time-model",
        "MaxConcurrentTransforms": 4,
        "MaxPayloadInMB": 6,
        "BatchStrategy": "SingleRecord",
        "TransformInput": {"DataSource": {"S3DataSource": source}, "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://sim-batch/out/"},
        "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 1},
        "Tags": [{"Key": "team", "Value": "risk"}],
        **fields,
    }


def test_a_job_runs_and_completes(client: Client) -> None:
    sagemaker = client("sagemaker")
    arn = sagemaker.create_transform_job(**wanted("Scoring"))["TransformJobArn"]
    assert sagemaker.describe_transform_job(TransformJobName="Scoring")["TransformJobStatus"] == "InProgress"
    job = ended(sagemaker, "Scoring")
    assert job["TransformJobStatus"] == "Completed"
    assert job["TransformEndTime"] > job["TransformStartTime"] >= job["CreationTime"]
    for name in ("MaxConcurrentTransforms", "MaxPayloadInMB", "BatchStrategy", "ModelClientConfig"):
        assert job[name] == wanted("Scoring")[name]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
    with pytest.raises(ClientError) as caught:
        sagemaker.create_transform_job(**wanted("Scoring"))
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"


def test_a_job_can_be_stopped_once(client: Client) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_transform_job(**wanted("Short"))
    sagemaker.stop_transform_job(TransformJobName="Short")
    assert sagemaker.describe_transform_job(TransformJobName="Short")["TransformJobStatus"] == "Stopping"
    assert ended(sagemaker, "Short")["TransformJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.stop_transform_job(TransformJobName="Short")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ModelName": "nobody"}, "Could not find model"),
        ({"MaxConcurrentTransforms": 20, "MaxPayloadInMB": 10}, "must not exceed 100 MB"),
    ],
)
def test_a_job_that_cannot_run_is_refused(client: Client, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ClientError, match=words):
        client("sagemaker").create_transform_job(**wanted("Refused", **fields))


def test_a_job_s_hosts_publish_while_it_runs(client: Client, simulator: SimulatorProcess) -> None:
    cloudwatch, sagemaker = client("cloudwatch"), client("sagemaker")
    metrics = cloudwatch.list_metrics(Namespace="/aws/sagemaker/TransformJobs")["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == {"CPUUtilization", "MemoryUtilization"}
    (dimension,) = metrics[0]["Dimensions"]
    assert dimension["Name"] == "Host"
    assert dimension["Value"].startswith("nightly/i-")
    job = sagemaker.describe_transform_job(TransformJobName="nightly")
    stat = {"Metric": {k: metrics[0][k] for k in metrics[0]}, "Period": 60, "Stat": "Average"}
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "cpu", "MetricStat": stat}],
        StartTime=job["TransformStartTime"] - timedelta(minutes=5),
        EndTime=job["TransformEndTime"] + timedelta(minutes=5),
    )
    (row,) = answer["MetricDataResults"]
    minutes = (job["TransformEndTime"] - job["TransformStartTime"]) / timedelta(minutes=1)
    assert len(row["Values"]) == pytest.approx(minutes, abs=1)
    assert all(value > 0 for value in row["Values"])


def test_compilation_and_recommendation_jobs_are_told(client: Client) -> None:
    sagemaker = client("sagemaker")
    (summary,) = sagemaker.list_compilation_jobs()["CompilationJobSummaries"]
    assert (summary["CompilationJobName"], summary["CompilationTargetDevice"]) == ("real-time-neo", "ml_c5")
    compiled = sagemaker.describe_compilation_job(CompilationJobName="real-time-neo")
    assert compiled["ModelArtifacts"] == {"S3ModelArtifacts": "s3://sim-models/real-time/model.tar.gz"}
    (listed,) = sagemaker.list_inference_recommendations_jobs(ModelNameEquals="real-time-model")[
        "InferenceRecommendationsJobs"
    ]
    assert (
        sagemaker.list_inference_recommendations_jobs(ModelNameEquals="x")["InferenceRecommendationsJobs"]
        == []
    )
    advice = sagemaker.describe_inference_recommendations_job(JobName=listed["JobName"])
    (best,) = advice["InferenceRecommendations"]
    assert best["EndpointConfiguration"]["InstanceType"] == "ml.c5.large"
    assert best["Metrics"]["ModelLatency"] == 31
    (step,) = sagemaker.list_inference_recommendations_job_steps(JobName=listed["JobName"])["Steps"]
    assert step["InferenceBenchmark"]["Metrics"] == best["Metrics"]
