"""Every document the simulator answers with is one that botocore's models allow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator

from simulator.app import Simulator
from simulator.errors import ServiceError
from simulator.identity import Caller
from simulator.pricebook import PriceList
from simulator.protocol import plain, service_model
from simulator.validation import check
from simulator.world import Durations

FLEETS = Path(__file__).resolve().parents[2] / "aws" / "fleets"


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    """A simulator in this process; nothing here goes over the network."""
    return Simulator(FLEETS / "one_of_each.yaml", Durations())


def answer(simulator: Simulator, service: str, action: str, **params: Any) -> dict[str, Any]:
    """A service function's answer for the management account."""
    account = simulator.world.management
    caller = Caller(account, f"arn:aws:iam::{account.id}:root", account.id)
    return simulator.perform(service, action, caller, "us-east-1", params)


def conforms(service: str, action: str, document: dict[str, Any]) -> str:
    """botocore's own report on an answer, empty when it is valid."""
    shape = service_model(service).operation_model(action).output_shape
    assert shape is not None
    plain(document, shape)
    present = {key: value for key, value in document.items() if value is not None}
    return ParamValidator().validate(_without_none(present), shape).generate_report()


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def test_every_described_thing_fits_the_models(simulator: Simulator) -> None:
    region = simulator.world.management.region("us-east-1")
    things: dict[str, tuple[str, Iterable[str]]] = {
        "DescribeEndpoint": ("EndpointName", region.endpoints),
        "DescribeEndpointConfig": ("EndpointConfigName", region.configs),
        "DescribeModel": ("ModelName", region.models),
        "DescribeInferenceComponent": ("InferenceComponentName", region.components),
        "DescribeTransformJob": ("TransformJobName", region.transform_jobs),
        "DescribeCompilationJob": ("CompilationJobName", region.compilation_jobs),
        "DescribeInferenceRecommendationsJob": ("JobName", region.recommendation_jobs),
    }
    for action, (param, names) in things.items():
        assert list(names)
        for name in names:
            assert (
                conforms("sagemaker", action, answer(simulator, "sagemaker", action, **{param: name})) == ""
            )


@pytest.mark.parametrize(
    ("service", "action", "params"),
    [
        ("sagemaker", "ListEndpoints", {"MaxResults": 100}),
        ("sagemaker", "ListModels", {}),
        ("sagemaker", "ListEndpointConfigs", {}),
        ("sagemaker", "ListInferenceComponents", {}),
        ("sagemaker", "ListTransformJobs", {}),
        ("sagemaker", "ListCompilationJobs", {}),
        ("sagemaker", "ListInferenceRecommendationsJobs", {}),
        ("sagemaker", "ListInferenceRecommendationsJobSteps", {"JobName": "real-time-advice"}),
        ("account", "ListRegions", {}),
        ("ec2", "DescribeRegions", {}),
        ("iam", "GetRole", {"RoleName": "SageMakerExecution"}),
        ("ecr", "DescribeImages", {"repositoryName": "any"}),
        ("sqs", "ListQueues", {}),
        ("application-autoscaling", "DescribeScalableTargets", {"ServiceNamespace": "sagemaker"}),
        ("application-autoscaling", "DescribeScalingPolicies", {"ServiceNamespace": "sagemaker"}),
        ("application-autoscaling", "DescribeScheduledActions", {"ServiceNamespace": "sagemaker"}),
        ("application-autoscaling", "DescribeScalingActivities", {"ServiceNamespace": "sagemaker"}),
        ("cloudwatch", "ListMetrics", {}),
        ("service-quotas", "ListServiceQuotas", {"ServiceCode": "sagemaker"}),
        ("pricing", "GetProducts", {"ServiceCode": "AmazonSageMaker"}),
        ("resourcegroupstaggingapi", "GetResources", {}),
        ("sts", "GetCallerIdentity", {}),
    ],
)
def test_every_listing_fits_the_models(
    simulator: Simulator, service: str, action: str, params: dict[str, Any]
) -> None:
    assert conforms(service, action, answer(simulator, service, action, **params)) == ""


def test_metric_data_fits_the_models(simulator: Simulator) -> None:
    now = simulator.clock.now()
    metric = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Dimensions": [
            {"Name": "EndpointName", "Value": "gpu"},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
    }
    document = answer(
        simulator,
        "cloudwatch",
        "GetMetricData",
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=now - timedelta(hours=1),
        EndTime=now,
    )
    assert conforms("cloudwatch", "GetMetricData", document) == ""
    assert len(document["MetricDataResults"][0]["Values"]) >= 58


def test_broken_constraints_are_all_named() -> None:
    shape = service_model("sagemaker").operation_model("CreateEndpointConfig").input_shape
    variant = {"VariantName": "-", "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 0}}
    with pytest.raises(ServiceError) as caught:
        check({"ProductionVariants": [variant]}, shape)
    message = caught.value.message
    assert message.startswith("3 validation errors detected: ")
    assert (
        "Value null at 'endpointConfigName' failed to satisfy constraint: Member must not be null" in message
    )
    assert "'productionVariants.1.member.serverlessConfig.maxConcurrency'" in message
    assert "Member must satisfy regular expression pattern" in message


def test_hostile_tags_are_refused_as_aws_refuses_them() -> None:
    shape = service_model("sagemaker").operation_model("AddTags").input_shape
    arn = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/e"
    check(
        {"ResourceArn": arn, "Tags": [{"Key": "équipe", "Value": "recherche / R&D".replace("&", "+")}]}, shape
    )
    with pytest.raises(ServiceError, match="regular expression"):
        check({"ResourceArn": arn, "Tags": [{"Key": "k", "Value": "<script>"}]}, shape)


def test_unsourced_prices_are_labelled() -> None:
    prices = PriceList()
    by_usage = {product.attributes["usagetype"]: product for product in prices.products}
    assert "note" not in by_usage["USE1-ServerlessInf:Mem-6GB"].attributes
    assert by_usage["EUC1-ServerlessInf:Mem-6GB"].attributes["note"] == "simulated rate"
    assert "simulated rate" in by_usage["EUC1-ServerlessInf:Mem-6GB"].text
    assert prices.usd("ap-south-1", "host", "ml.inf1.xlarge") is None
