"""Inference components: their life, their copies, and the room they need."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.simulator.conftest import Client

pytestmark = pytest.mark.aws
DEADLINE_S = 10.0


def settled(sagemaker: Any, name: str) -> dict[str, Any]:
    """Poll DescribeInferenceComponent until nothing is under way."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        component: dict[str, Any] = sagemaker.describe_inference_component(InferenceComponentName=name)
        if component["InferenceComponentStatus"] in ("InService", "Failed"):
            return component
        assert time.monotonic() < deadline, component


def create(sagemaker: Any, name: str, copies: int, endpoint: str = "components") -> str:
    needs = {"NumberOfAcceleratorDevicesRequired": 1, "MinMemoryRequiredInMb": 1024}
    answer = sagemaker.create_inference_component(
        InferenceComponentName=name,
        EndpointName=endpoint,
        VariantName="AllTraffic",
        Specification={"ModelName": "real-time-model", "ComputeResourceRequirements": needs},
        RuntimeConfig={"CopyCount": copies},
        Tags=[{"Key": "team", "Value": "assistant"}],
    )
    return str(answer["InferenceComponentArn"])


def change(sagemaker: Any, name: str, copies: int) -> None:
    sagemaker.update_inference_component_runtime_config(
        InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": copies}
    )


def test_a_component_lives_from_creation_to_deletion(client: Client) -> None:
    sagemaker = client("sagemaker")
    change(sagemaker, "chat", 0)
    settled(sagemaker, "chat")
    arn = create(sagemaker, "Newcomer", 1)
    fresh = sagemaker.describe_inference_component(InferenceComponentName="Newcomer")
    assert fresh["InferenceComponentStatus"] == "Creating"
    assert fresh["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 0}
    with pytest.raises(ClientError, match="in-progress"):
        change(sagemaker, "Newcomer", 0)
    ready = settled(sagemaker, "Newcomer")
    assert (ready["InferenceComponentStatus"], ready["RuntimeConfig"]["CurrentCopyCount"]) == ("InService", 1)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "assistant"}]
    with pytest.raises(ClientError, match="already existing"):
        create(sagemaker, "Newcomer", 1)
    sagemaker.delete_inference_component(InferenceComponentName="Newcomer")
    with pytest.raises(ClientError, match="Could not find inference component"):
        settled(sagemaker, "Newcomer")
    listed = sagemaker.list_inference_components(EndpointNameEquals="components")["InferenceComponents"]
    assert {row["InferenceComponentName"] for row in listed} == {"chat", "summary"}


def test_copies_that_find_no_room_fail_a_new_component_and_leave_an_old_one_as_it_was(client: Client) -> None:
    sagemaker = client("sagemaker")
    create(sagemaker, "Greedy", 50)
    greedy = settled(sagemaker, "Greedy")
    assert greedy["InferenceComponentStatus"] == "Failed"
    assert "Insufficient capacity" in greedy["FailureReason"]
    sagemaker.delete_inference_component(InferenceComponentName="Greedy")
    change(sagemaker, "chat", 50)
    kept = settled(sagemaker, "chat")
    assert kept["InferenceComponentStatus"] == "InService"
    assert kept["RuntimeConfig"]["CurrentCopyCount"] == 1
    assert "Insufficient capacity" in kept["FailureReason"]


def test_an_endpoint_of_another_kind_takes_no_component(client: Client) -> None:
    with pytest.raises(ClientError, match="does not host inference components"):
        create(client("sagemaker"), "Misplaced", 1, endpoint="real-time")


def test_a_component_publishes_what_its_copies_use(client: Client) -> None:
    dimensions = [{"Name": "InferenceComponentName", "Value": "chat"}]
    metrics = client("cloudwatch").list_metrics(
        Namespace="/aws/sagemaker/InferenceComponents", Dimensions=dimensions
    )["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == {
        "CPUUtilizationNormalized",
        "MemoryUtilizationNormalized",
        "GPUUtilizationNormalized",
        "GPUMemoryUtilizationNormalized",
    }
