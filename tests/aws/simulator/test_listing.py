"""Listings over HTTP: pages, filters, order, and the documents that tell an endpoint's kind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.simulator.conftest import Client
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
ARN = "arn:aws:sagemaker:us-east-1:111122223333"


def test_every_page_of_the_listing_is_needed_to_see_every_endpoint(client: Client) -> None:
    sagemaker = client("sagemaker")
    pages = list(sagemaker.get_paginator("list_endpoints").paginate(PaginationConfig={"PageSize": 5}))
    names = [endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"]]
    assert [len(page["Endpoints"]) for page in pages] == [5, 5, 3]
    assert len(set(names)) == 13


def test_listing_filters_and_sorts(client: Client) -> None:
    sagemaker = client("sagemaker")
    found = sagemaker.list_endpoints(NameContains="real", SortBy="Name", SortOrder="Ascending")["Endpoints"]
    assert [endpoint["EndpointName"] for endpoint in found] == ["real-time"]
    by_name = sagemaker.list_endpoints(SortBy="Name", SortOrder="Ascending", MaxResults=100)["Endpoints"]
    names = [endpoint["EndpointName"] for endpoint in by_name]
    assert names == sorted(names)
    assert sagemaker.list_endpoints(StatusEquals="Failed")["Endpoints"] == []


def test_arns_lower_case_the_name_that_keeps_its_case(client: Client, simulator: SimulatorProcess) -> None:
    simulator.add_endpoint(
        name="Mixed-Case",
        account="test",
        region="us-east-1",
        serverless={"memory_mb": 1024, "max_concurrency": 5},
    )
    described = client("sagemaker").describe_endpoint(EndpointName="Mixed-Case")
    assert described["EndpointName"] == "Mixed-Case"
    assert described["EndpointArn"] == f"{ARN}:endpoint/mixed-case"


def test_each_kind_is_told_from_its_documents(client: Client) -> None:
    sagemaker = client("sagemaker")

    def describe(name: str) -> dict[str, Any]:
        return dict(sagemaker.describe_endpoint(EndpointName=name))

    serverless = describe("provisioned")["ProductionVariants"][0]["CurrentServerlessConfig"]
    assert serverless == {"MemorySizeInMB": 2048, "MaxConcurrency": 40, "ProvisionedConcurrency": 4}
    assert describe("real-time")["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert (
        describe("queue")["AsyncInferenceConfig"]["ClientConfig"]["MaxConcurrentInvocationsPerInstance"] == 2
    )
    multi = sagemaker.describe_model(ModelName="many-models-model")
    assert multi["PrimaryContainer"]["Mode"] == "MultiModel"
    direct = sagemaker.describe_model(ModelName="direct-model")
    assert (len(direct["Containers"]), direct["InferenceExecutionConfig"]["Mode"]) == (2, "Direct")
    components = sagemaker.list_inference_components(EndpointNameEquals="components")["InferenceComponents"]
    assert sorted(c["InferenceComponentName"] for c in components) == ["chat", "summary"]
    chat = sagemaker.describe_inference_component(InferenceComponentName="chat")
    assert chat["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}
    jobs = sagemaker.list_transform_jobs()["TransformJobSummaries"]
    assert [job["TransformJobName"] for job in jobs] == ["nightly"]
    assert sagemaker.describe_transform_job(TransformJobName="nightly")["TransformJobStatus"] == "Completed"
