"""Endpoint calls over HTTP: documents, refusals in AWS's words, changes and rollbacks."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.simulator.conftest import Client, settled
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
ARN = "arn:aws:sagemaker:us-east-1:111122223333"


def refusal(call: Any, **params: Any) -> tuple[str, str]:
    """Code and message of the error a call must raise."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def serverless_config(name: str, **settings: int) -> dict[str, Any]:
    """CreateEndpointConfig parameters of a serverless variant."""
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 20} | settings
    variant = {"VariantName": "AllTraffic", "ModelName": "on-demand-model", "ServerlessConfig": config}
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}


def instance_config(name: str, kind: str = "ml.c5.large", count: int = 1) -> dict[str, Any]:
    """CreateEndpointConfig parameters of an instance-hosted variant."""
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "on-demand-model",
        "InstanceType": kind,
        "InitialInstanceCount": count,
    }
    return {"EndpointConfigName": name, "ProductionVariants": [variant]}


def concurrency(maximum: int, provisioned: int | None = None) -> list[dict[str, Any]]:
    """DesiredWeightsAndCapacities with a ServerlessUpdateConfig."""
    update = {"MaxConcurrency": maximum} | ({"ProvisionedConcurrency": provisioned} if provisioned else {})
    return [{"VariantName": "AllTraffic", "ServerlessUpdateConfig": update}]


def test_a_capacity_change_passes_through_updating_and_shows_what_is_desired(client: Client) -> None:
    sagemaker = client("sagemaker")
    before = sagemaker.describe_endpoint(EndpointName="on-demand")["LastModifiedTime"]
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="on-demand", DesiredWeightsAndCapacities=concurrency(40, 2)
    )
    during = sagemaker.describe_endpoint(EndpointName="on-demand")
    variant = during["ProductionVariants"][0]
    assert during["EndpointStatus"] == "Updating"
    assert variant["CurrentServerlessConfig"]["MaxConcurrency"] == 20
    assert variant["DesiredServerlessConfig"]["MaxConcurrency"] == 40
    busy = {"EndpointName": "on-demand", "DesiredWeightsAndCapacities": concurrency(30)}
    words = ("ValidationException", f'Cannot update in-progress endpoint "{ARN}:endpoint/on-demand".')
    assert refusal(sagemaker.update_endpoint_weights_and_capacities, **busy) == words
    assert refusal(sagemaker.delete_endpoint, EndpointName="on-demand") == words
    after = settled(sagemaker, "on-demand")
    current = after["ProductionVariants"][0]["CurrentServerlessConfig"]
    assert current == {"MemorySizeInMB": 2048, "MaxConcurrency": 40, "ProvisionedConcurrency": 2}
    assert after["LastModifiedTime"] > before


def test_a_failed_update_comes_back_in_service_on_the_old_config(
    client: Client, simulator: SimulatorProcess
) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_endpoint_config(**serverless_config("next", MemorySizeInMB=1024))
    simulator.fail_next_update("on-demand", reason='model "x" <b>broke</b>')
    sagemaker.update_endpoint(EndpointName="on-demand", EndpointConfigName="next")
    pending = sagemaker.describe_endpoint(EndpointName="on-demand")["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "next"
    seen: list[str] = []
    after = settled(sagemaker, "on-demand", seen)
    assert seen == ["Updating", "RollingBack", "InService"]
    assert after["EndpointConfigName"] == "on-demand-cfg-1"
    assert after["FailureReason"] == 'model "x" <b>broke</b>'
    simulator.advance(60)
    assert "FailureReason" not in sagemaker.describe_endpoint(EndpointName="on-demand")
    sagemaker.update_endpoint(EndpointName="on-demand", EndpointConfigName="next")
    assert settled(sagemaker, "on-demand")["EndpointConfigName"] == "next"


def test_a_config_the_fleet_file_marks_never_deploys(client: Client, simulator: SimulatorProcess) -> None:
    settings = {"memory_mb": 2048, "max_concurrency": 5}
    simulator.add_endpoint(
        name="doomed",
        account="test",
        region="us-east-1",
        serverless=settings,
        other_configs=[{"config": "doomed-cfg-2", "serverless": settings}],
        fail_updates_to=["doomed-cfg-*2"],
    )
    sagemaker = client("sagemaker")
    sagemaker.update_endpoint(EndpointName="doomed", EndpointConfigName="doomed-cfg-2")
    after = settled(sagemaker, "doomed")
    assert after["EndpointConfigName"] == "doomed-cfg-1"
    assert "did not pass the ping health check" in after["FailureReason"]


def test_serverless_becomes_real_time_and_never_comes_back(client: Client) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_endpoint_config(**instance_config("on-instances", count=2))
    sagemaker.update_endpoint(EndpointName="on-demand", EndpointConfigName="on-instances")
    variant = settled(sagemaker, "on-demand")["ProductionVariants"][0]
    assert variant["CurrentInstanceCount"] == 2
    assert "CurrentServerlessConfig" not in variant
    code, message = refusal(
        sagemaker.update_endpoint, EndpointName="on-demand", EndpointConfigName="on-demand-cfg-1"
    )
    assert code == "ValidationException"
    assert "from an instance-based to a serverless" in message


def test_a_registered_variant_keeps_its_instance_type(client: Client) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_endpoint_config(**instance_config("on-instances"))
    update = {"EndpointName": "provisioned", "EndpointConfigName": "on-instances"}
    code, message = refusal(sagemaker.update_endpoint, **update)
    assert (code, "must be deregistered as scalable targets" in message) == ("ValidationException", True)
    client("application-autoscaling").deregister_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/provisioned/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredProvisionedConcurrency",
    )
    sagemaker.update_endpoint(**update)
    assert settled(sagemaker, "provisioned")["EndpointConfigName"] == "on-instances"


def test_retained_variant_properties_survive_a_config_switch(client: Client) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_endpoint_config(**instance_config("one", kind="ml.c5.xlarge", count=1))
    sagemaker.update_endpoint(
        EndpointName="real-time", EndpointConfigName="one", RetainAllVariantProperties=True
    )
    assert settled(sagemaker, "real-time")["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    sagemaker.create_endpoint_config(**instance_config("one-more", kind="ml.c5.xlarge", count=1))
    sagemaker.update_endpoint(EndpointName="real-time", EndpointConfigName="one-more")
    assert settled(sagemaker, "real-time")["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_an_endpoint_is_created_used_and_deleted(client: Client) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="fresh",
        PrimaryContainer={"Image": "i"},
        ExecutionRoleArn="arn:aws:iam::111122223333:role/run",
    )
    sagemaker.create_endpoint_config(**serverless_config("fresh"))
    arn = sagemaker.create_endpoint(
        EndpointName="fresh", EndpointConfigName="fresh", Tags=[{"Key": "team", "Value": "new"}]
    )["EndpointArn"]
    assert sagemaker.describe_endpoint(EndpointName="fresh")["EndpointStatus"] == "Creating"
    assert settled(sagemaker, "fresh")["EndpointStatus"] == "InService"
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "ana"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "ana"}]
    sagemaker.delete_endpoint(EndpointName="fresh")
    sagemaker.get_waiter("endpoint_deleted").wait(
        EndpointName="fresh", WaiterConfig={"Delay": 1, "MaxAttempts": 15}
    )
    sagemaker.delete_endpoint_config(EndpointConfigName="fresh")
    sagemaker.delete_model(ModelName="fresh")
    assert "fresh" not in str(sagemaker.list_models(MaxResults=100)["Models"])
    assert "fresh" not in str(sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"])


def test_a_private_encrypted_endpoint_with_routing_says_so(
    client: Client, simulator: SimulatorProcess
) -> None:
    simulator.add_endpoint(
        name="Sealed",
        account="test",
        region="us-east-1",
        instances={"type": "ml.m5.large", "count": 1, "routing": "LEAST_OUTSTANDING_REQUESTS"},
        kms="alias/sealed",
        vpc={"subnets": ["subnet-1"], "security_groups": ["sg-1"]},
        isolated=True,
    )
    sagemaker = client("sagemaker")
    (variant,) = sagemaker.describe_endpoint(EndpointName="Sealed")["ProductionVariants"]
    assert variant["RoutingConfig"] == {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
    assert sagemaker.describe_endpoint_config(EndpointConfigName="Sealed-cfg-1")["KmsKeyId"] == "alias/sealed"
    model = sagemaker.describe_model(ModelName="Sealed-model")
    assert model["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    assert model["EnableNetworkIsolation"] is True


def test_a_created_endpoint_brings_its_shadow(client: Client) -> None:
    sagemaker = client("sagemaker")
    variant = {
        "VariantName": "Main",
        "ModelName": "real-time-model",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="shaded",
        ProductionVariants=[variant],
        ShadowProductionVariants=[{**variant, "VariantName": "Shadow"}],
    )
    sagemaker.create_endpoint(EndpointName="shaded", EndpointConfigName="shaded")
    described = settled(sagemaker, "shaded")
    assert [v["VariantName"] for v in described["ShadowProductionVariants"]] == ["Shadow"]
