"""What AWS's documents say about hosting, and what serverless excludes of it."""

from typing import Any

import pytest

from fleet.queries import config_history, hosting
from fleet.queries.serverless_fit import Use, exclusions

CONFIG: dict[str, Any] = {
    "EndpointConfigName": "c",
    "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": "ml.m5.large"}],
}
MODEL: dict[str, Any] = {
    "ModelName": "m",
    "EnableNetworkIsolation": False,
    "PrimaryContainer": {"Image": "123.dkr.ecr/x:1", "Mode": "SingleModel"},
}


def test_queue_settings_and_who_hears_of_failures() -> None:
    output = {
        "S3OutputPath": "s3://out/",
        "S3FailurePath": "s3://failed/",
        "NotificationConfig": {"SuccessTopic": "arn:ok"},
        "KmsKeyId": "key",
    }
    client = {"MaxConcurrentInvocationsPerInstance": 4}
    found = hosting.asynchronous({"AsyncInferenceConfig": {"OutputConfig": output, "ClientConfig": client}})
    assert found is not None
    assert (found.output_path, found.failure_path, found.max_concurrent) == ("s3://out/", "s3://failed/", 4)
    assert (found.success_topic, found.error_topic, found.announces_failures) == ("arn:ok", "", False)
    assert hosting.asynchronous({}) is None


def test_live_data_capture_wins_over_the_wish_and_names_its_call() -> None:
    wish = {"EnableCapture": True, "InitialSamplingPercentage": 20, "DestinationS3Uri": "s3://cap/"}
    live = {"EnableCapture": True, "CaptureStatus": "Stopped", "CurrentSamplingPercentage": 5}
    found = hosting.capture({"DataCaptureConfig": live}, {"DataCaptureConfig": wish})
    assert found is not None
    assert (found.sampling_percent, found.status, found.destination) == (5, "Stopped", "s3://cap/")
    assert found.call == "sagemaker:DescribeEndpoint"
    planned = hosting.capture({}, {"DataCaptureConfig": wish})
    assert planned is not None
    assert (planned.sampling_percent, planned.call) == (20, "sagemaker:DescribeEndpointConfig")
    assert hosting.capture({}, {}) is None


def test_isolation_is_unknown_where_no_document_was_read() -> None:
    assert hosting.network(CONFIG, []).is_isolated is None
    assert hosting.network(CONFIG, [MODEL]).is_isolated is False
    vpc = {"VpcConfig": {"Subnets": ["s-1"], "SecurityGroupIds": ["g-1"]}}
    assert hosting.network(CONFIG, [{**MODEL, **vpc}]).subnets == ("s-1",)


def test_a_component_s_share_and_instance_scaling() -> None:
    needs = {"NumberOfAcceleratorDevicesRequired": 1, "MinMemoryRequiredInMb": 16384}
    found = hosting.share({"Specification": {"ComputeResourceRequirements": needs}})
    assert (found.accelerators, found.memory_min_mb, found.cpu_cores) == (1, 16384, None)
    variant = {
        "VariantName": "v",
        "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 3},
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
    }
    scaling = hosting.instance_scaling({}, {"ProductionVariants": [variant]}, "v")
    assert (scaling.minimum, scaling.maximum, scaling.routing) == (0, 3, "LEAST_OUTSTANDING_REQUESTS")
    assert hosting.instance_scaling({}, {}, "v").minimum is None


def test_recommender_and_neo_only_as_far_as_a_document_tells() -> None:
    proposals = [{"RecommendationId": "r/1", "InstanceType": "ml.c5.large"}]
    model = {
        **MODEL,
        "DeploymentRecommendation": {
            "RecommendationStatus": "COMPLETED",
            "RealTimeInferenceRecommendations": proposals,
        },
    }
    found = hosting.recommendation(model)
    assert found is not None
    assert (found.status, found.ids) == ("COMPLETED", (("r/1", "ml.c5.large"),))
    assert hosting.recommendation(MODEL) is None
    assert hosting.is_for_neo("1.dkr.ecr.us-east-1.amazonaws.com/sagemaker-neo-pytorch:1.9-inf-py3")
    assert hosting.is_for_neo("1.dkr.ecr.us-east-1.amazonaws.com/xgboost-neo:latest")
    assert not hosting.is_for_neo("1.dkr.ecr.us-east-1.amazonaws.com/neon:1")


@pytest.mark.parametrize(
    ("config", "models", "feature", "use"),
    [
        ({}, [MODEL], "GPUs", Use.NOT_USED),
        (
            {"ProductionVariants": [{"VariantName": "v", "InstanceType": "ml.g5.xlarge"}]},
            [MODEL],
            "GPUs",
            Use.USED,
        ),
        ({}, [MODEL], "Marketplace model packages", Use.CANNOT_TELL),
        (
            {},
            [{**MODEL, "PrimaryContainer": {"Image": "i", "ImageConfig": {"RepositoryAccessMode": "Vpc"}}}],
            "Private Docker registries",
            Use.USED,
        ),
        ({}, [{**MODEL, "PrimaryContainer": {"Mode": "MultiModel"}}], "Multi-model endpoints", Use.USED),
        ({}, [{**MODEL, "VpcConfig": {"Subnets": ["s-1"]}}], "VPC configuration", Use.USED),
        ({}, [{**MODEL, "EnableNetworkIsolation": True}], "Network isolation", Use.USED),
        ({"DataCaptureConfig": {"EnableCapture": False}}, [MODEL], "Data capture", Use.USED),
        ({}, [MODEL], "Data capture", Use.NOT_USED),
        (
            {"ProductionVariants": [{"VariantName": "a"}, {"VariantName": "b"}]},
            [MODEL],
            "Multiple production variants",
            Use.USED,
        ),
        ({}, [MODEL], "Model Monitor", Use.CANNOT_TELL),
        ({}, [{"ModelName": "m", "Containers": [{}, {}]}], "Inference pipelines", Use.USED),
        ({}, [], "Inference pipelines", Use.CANNOT_TELL),
        ({}, [], "VPC configuration", Use.CANNOT_TELL),
    ],
)
def test_each_of_the_ten_exclusions(
    config: dict[str, Any], models: list[Any], feature: str, use: Use
) -> None:
    found = exclusions({**CONFIG, **config}, models)
    assert len(found) == 10
    assert {row.feature: row.use for row in found}[feature] is use
    assert all(row.call and row.evidence for row in found)


def test_a_diff_names_fields_in_words_and_keeps_unknown_ones_as_aws_names_them() -> None:
    before = {
        **CONFIG,
        "ProductionVariants": [{"VariantName": "AllTraffic", "ServerlessConfig": {"MaxConcurrency": 20}}],
    }
    after = {
        "EndpointConfigName": "d",
        "ProductionVariants": [
            {"VariantName": "AllTraffic", "ServerlessConfig": {"MaxConcurrency": 40}, "WarmPool": {"Size": 2}}
        ],
    }
    found = {d.field: (d.before, d.after) for d in config_history.differences(before, after)}
    assert found == {"AllTraffic: Max concurrency": (20, 40), "AllTraffic.WarmPool.Size": (None, 2)}
