"""What surrounds SageMaker: regions switched on or off, partitions, roles, images, artefacts and permissions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.simulator.conftest import Client
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
SECRET = {"SecretAccessKey": "simulated", "SessionToken": None}
GOV = {"AccessKeyId": "AKIASIMULATORGOV0000", **SECRET}
CHINA = {"AccessKeyId": "AKIASIMULATORCHINA00", **SECRET}


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    """The module's simulator on the fleet of three partitions."""
    with SimulatorProcess("partitions") as running:
        yield running


def refusal(call: Any, **params: Any) -> str:
    """The error code a call is refused with."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def test_regions_are_on_by_default_chosen_or_off(client: Client) -> None:
    pages = client("account").get_paginator("list_regions").paginate(PaginationConfig={"PageSize": 20})
    status = {row["RegionName"]: row["RegionOptStatus"] for page in pages for row in page["Regions"]}
    assert status["us-east-1"] == "ENABLED_BY_DEFAULT"
    assert status["af-south-1"] == "ENABLED"
    assert (status["ap-east-1"], status["sa-east-1"]) == ("DISABLED", "DISABLED")
    ec2 = client("ec2")
    everywhere = {
        row["RegionName"]: row["OptInStatus"] for row in ec2.describe_regions(AllRegions=True)["Regions"]
    }
    assert set(everywhere) == set(status)
    assert (everywhere["us-east-1"], everywhere["af-south-1"]) == ("opt-in-not-required", "opted-in")
    usable = {row["RegionName"] for row in ec2.describe_regions()["Regions"]}
    assert everywhere.keys() - usable == {name for name, state in status.items() if state == "DISABLED"}
    (one,) = ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"]
    assert one["Endpoint"] == "ec2.eu-west-1.amazonaws.com"


def test_a_region_that_is_off_knows_no_credentials(client: Client) -> None:
    client("sagemaker", "af-south-1").list_endpoints()
    for region in ("ap-east-1", "sa-east-1"):
        assert refusal(client("sagemaker", region).list_endpoints) == "UnrecognizedClientException"


@pytest.mark.parametrize(
    ("credentials", "region", "name", "partition"),
    [(GOV, "us-gov-west-1", "there", "aws-us-gov"), (CHINA, "cn-north-1", "beijing", "aws-cn")],
)
def test_arns_carry_their_partition(
    client: Client, credentials: dict[str, Any], region: str, name: str, partition: str
) -> None:
    def arns(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (arn for item in value.values() for arn in arns(item))
        elif isinstance(value, list):
            yield from (arn for item in value for arn in arns(item))
        elif isinstance(value, str) and value.startswith("arn:"):
            yield value

    sagemaker = client("sagemaker", region, credentials)
    scaling = client("application-autoscaling", region, credentials)
    answers = [
        sagemaker.describe_endpoint(EndpointName=name),
        sagemaker.describe_endpoint_config(EndpointConfigName=f"{name}-cfg-1"),
        sagemaker.describe_model(ModelName=f"{name}-model"),
        scaling.describe_scalable_targets(ServiceNamespace="sagemaker"),
        client("sts", region, credentials).get_caller_identity(),
        client("service-quotas", region, credentials).list_service_quotas(ServiceCode="sagemaker"),
    ]
    found = {arn.split(":")[1] for answer in answers for arn in arns(answer)}
    assert found == {partition}
    regions = client("account", region, credentials).list_regions()["Regions"]
    assert all(row["RegionName"].startswith(region[:3]) for row in regions)


def test_a_queue_of_china_has_chinas_host(client: Client) -> None:
    sqs = client("sqs", "cn-north-1", CHINA)
    url = sqs.get_queue_url(QueueName="events")["QueueUrl"]
    assert url == "https://sqs.cn-north-1.amazonaws.com.cn/333344445555/events"
    client("sagemaker", "cn-north-1", CHINA).delete_endpoint(EndpointName="beijing")
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]


def test_roles_images_and_artefacts_exist_unless_missing(client: Client) -> None:
    iam, ecr, s3 = client("iam"), client("ecr"), client("s3")
    role = iam.get_role(RoleName="SageMakerExecution")["Role"]
    assert role["Arn"] == "arn:aws:iam::111122223333:role/SageMakerExecution"
    assert refusal(iam.get_role, RoleName="DeletedExecutionRole") == "NoSuchEntity"
    (image,) = ecr.describe_images(repositoryName="classifier", imageIds=[{"imageTag": "1.0"}])[
        "imageDetails"
    ]
    assert image["imageTags"] == ["1.0"]
    assert refusal(ecr.describe_images, repositoryName="gone") == "RepositoryNotFoundException"
    missing = {"repositoryName": "classifier", "imageIds": [{"imageTag": "2.1"}]}
    assert refusal(ecr.describe_images, **missing) == "ImageNotFoundException"
    foreign = {"repositoryName": "xgboost", "registryId": "683313688378"}
    assert refusal(ecr.describe_images, **foreign) == "AccessDeniedException"
    assert s3.head_object(Bucket="sim-models", Key="here/model.tar.gz")["ETag"]
    assert refusal(s3.head_object, Bucket="sim-models", Key="lost/model.tar.gz") == "404"


def test_a_permission_check_says_what_a_role_may(client: Client) -> None:
    answer = client("iam").simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::111122223333:role/Reader",
        ActionNames=[
            "sagemaker:ListEndpoints",
            "sagemaker:CreateEndpoint",
            "servicequotas:ListServiceQuotas",
        ],
        ResourceArns=["*"],
    )
    decisions = {row["EvalActionName"]: row["EvalDecision"] for row in answer["EvaluationResults"]}
    assert decisions == {
        "sagemaker:ListEndpoints": "allowed",
        "sagemaker:CreateEndpoint": "implicitDeny",
        "servicequotas:ListServiceQuotas": "explicitDeny",
    }
    nobody = {
        "PolicySourceArn": "arn:aws:iam::111122223333:role/DeletedExecutionRole",
        "ActionNames": ["a:B"],
    }
    assert refusal(client("iam").simulate_principal_policy, **nobody) == "NoSuchEntity"
