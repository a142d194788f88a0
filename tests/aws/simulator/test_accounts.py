"""Accounts, roles, denials, faults, prices, quotas, tags, and changes kept over a restart."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.aws.simulator.conftest import Client, client_factory, settled
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
GUARDED = "arn:aws:iam::444455556666:role/Guarded"
READER = "arn:aws:iam::111122223333:role/Reader"


def assume(client: Client, role: str, **more: Any) -> dict[str, Any]:
    """Temporary credentials of a role."""
    answer = client("sts").assume_role(RoleArn=role, RoleSessionName="tests", **more)
    return dict(answer["Credentials"])


def test_a_role_leads_into_another_account(client: Client) -> None:
    assert client("sts").get_caller_identity()["Account"] == "111122223333"
    credentials = assume(client, GUARDED, ExternalId="shared-secret")
    identity = client("sts", credentials=credentials).get_caller_identity()
    assert identity["Account"] == "444455556666"
    assert identity["Arn"] == "arn:aws:sts::444455556666:assumed-role/Guarded/tests"
    there = client("sagemaker", "eu-west-1", credentials).list_endpoints()["Endpoints"]
    assert {endpoint["EndpointName"] for endpoint in there} == {"hidden-one", "Shown-One"}
    assert client("sagemaker", "eu-west-1").list_endpoints()["Endpoints"] == []


@pytest.mark.parametrize("more", [{}, {"ExternalId": "wrong"}])
def test_a_wrong_external_id_is_refused(client: Client, more: dict[str, str]) -> None:
    with pytest.raises(ClientError) as caught:
        assume(client, GUARDED, **more)
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDenied"
    assert "is not authorized to perform: sts:AssumeRole on resource: " + GUARDED in error["Message"]


def test_temporary_credentials_expire(client: Client, simulator: SimulatorProcess) -> None:
    credentials = assume(client, READER, DurationSeconds=900)
    simulator.advance(901)
    with pytest.raises(ClientError) as caught:
        client("sagemaker", credentials=credentials).list_endpoints()
    assert caught.value.response["Error"]["Code"] == "ExpiredTokenException"


def test_one_endpoint_may_be_denied_while_the_rest_is_read(client: Client) -> None:
    credentials = assume(client, GUARDED, ExternalId="shared-secret")
    sagemaker = client("sagemaker", "eu-west-1", credentials)
    assert sagemaker.describe_endpoint(EndpointName="Shown-One")["EndpointStatus"] == "InService"
    with pytest.raises(ClientError) as caught:
        sagemaker.describe_endpoint(EndpointName="hidden-one")
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert "is not authorized to perform: sagemaker:DescribeEndpoint on resource" in error["Message"]


def test_a_reading_role_cannot_write(client: Client, simulator: SimulatorProcess) -> None:
    credentials = assume(client, READER)
    with pytest.raises(ClientError, match="sagemaker:DeleteEndpoint"):
        client("sagemaker", credentials=credentials).delete_endpoint(EndpointName="on-demand")
    assert simulator.calls()["writes"] == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("throttle", "ThrottlingException"),
        ("500", "InternalFailure"),
        ("503", "ServiceUnavailable"),
        ("deny", "AccessDeniedException"),
        ("expired-token", "ExpiredTokenException"),
        ("vanish", "ValidationException"),
    ],
)
def test_faults_strike_as_often_as_asked(
    client: Client, simulator: SimulatorProcess, kind: str, code: str
) -> None:
    simulator.fault(kind, "sagemaker:DescribeEndpoint", count=1, skip=1)
    sagemaker = client("sagemaker")
    sagemaker.describe_endpoint(EndpointName="on-demand")
    with pytest.raises(ClientError) as caught:
        sagemaker.describe_endpoint(EndpointName="on-demand")
    assert caught.value.response["Error"]["Code"] == code
    sagemaker.describe_endpoint(EndpointName="on-demand")
    assert simulator.calls()["calls"]["sagemaker:DescribeEndpoint"] == 3
    assert simulator.calls()["errors"] == {code: 1}


def test_faults_stay_in_their_account_and_region(client: Client, simulator: SimulatorProcess) -> None:
    simulator.fault("throttle", region="eu-*")
    client("sagemaker").list_endpoints()
    with pytest.raises(ClientError, match="Rate exceeded"):
        client("sagemaker", "eu-west-1").list_endpoints()
    with pytest.raises(ClientError) as caught:
        client("cloudwatch", "eu-west-1").list_metrics()
    assert caught.value.response["Error"]["Code"] == "Throttling"
    simulator.clear_faults()
    client("sagemaker", "eu-west-1").list_endpoints()


def test_a_cut_body_becomes_an_answer_without_its_list(client: Client, simulator: SimulatorProcess) -> None:
    simulator.fault("truncate", "sagemaker:ListEndpoints", count=1)
    assert "Endpoints" not in client("sagemaker").list_endpoints()
    assert "Endpoints" in client("sagemaker").list_endpoints()


def test_a_lost_answer_had_its_effect(simulator: SimulatorProcess) -> None:
    simulator.fault("lost-answer", "sagemaker:CreateEndpointConfig", count=1)
    session: Any = boto3.session.Session()
    retrying = session.client(
        "sagemaker",
        region_name="us-east-1",
        endpoint_url=simulator.url,
        aws_access_key_id="AKIASIMULATORTEST000",
        aws_secret_access_key="simulated",
        config=Config(retries={"total_max_attempts": 2}),
    )
    variant = {
        "VariantName": "v",
        "ModelName": "on-demand-model",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        retrying.create_endpoint_config(EndpointConfigName="lost", ProductionVariants=[variant])
    assert [write["params"]["EndpointConfigName"] for write in simulator.calls()["writes"]] == ["lost"]


def test_a_reset_connection_had_none(client: Client, simulator: SimulatorProcess) -> None:
    simulator.fault("reset", "sagemaker:DeleteEndpoint", count=1)
    with pytest.raises(ConnectionClosedError):
        client("sagemaker").delete_endpoint(EndpointName="on-demand")
    assert client("sagemaker").describe_endpoint(EndpointName="on-demand")["EndpointStatus"] == "InService"


def test_an_unknown_fault_is_refused(simulator: SimulatorProcess) -> None:
    with pytest.raises(RuntimeError, match="unknown fault kind"):
        simulator.fault("earthquake")


def products(client: Client, **wanted: str) -> list[dict[str, Any]]:
    """Price-list products whose attributes equal the wanted ones."""
    filters = [{"Type": "TERM_MATCH", "Field": key, "Value": value} for key, value in wanted.items()]
    pages = (
        client("pricing")
        .get_paginator("get_products")
        .paginate(ServiceCode="AmazonSageMaker", Filters=filters)
    )
    return [json.loads(text) for page in pages for text in page["PriceList"]]


def price(product: dict[str, Any]) -> tuple[str, str]:
    """Unit and USD of a product's only price."""
    (term,) = product["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    return dimension["unit"], dimension["pricePerUnit"]["USD"]


def test_prices_are_shaped_and_labelled(client: Client) -> None:
    (hosting,) = products(
        client, regionCode="us-east-1", instanceName="ml.c5.large", usagetype="USE1-Host:ml.c5.large"
    )
    assert hosting["product"]["productFamily"] == "ML Instance"
    assert price(hosting) == ("Hrs", "0.102")
    (serverless,) = products(client, usagetype="USE1-ServerlessInf:Mem-3GB")
    assert price(serverless) == ("seconds", "0.00006")
    (usage,) = products(
        client, regionCode="us-east-1", usagetype="USE1-ServerlessInf:ProvisionedConcurrency:Usage-2GB"
    )
    assert price(usage) == ("seconds", "0.00001")
    assert "note" not in usage["product"]["attributes"]
    (made_up,) = products(
        client, regionCode="us-east-1", usagetype="USE1-ServerlessInf:ProvisionedConcurrency:Usage-4GB"
    )
    assert made_up["product"]["attributes"]["note"] == "simulated rate"
    assert products(client, regionCode="ap-south-1", instanceName="ml.inf1.xlarge") == []


def test_price_pages_cover_every_region(client: Client) -> None:
    regions = {product["product"]["attributes"]["regionCode"] for product in products(client)}
    assert regions == {"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1"}


def test_quotas_follow_the_region(client: Client) -> None:
    def concurrency(region: str) -> float:
        quotas = client("service-quotas", region).list_service_quotas(ServiceCode="sagemaker")["Quotas"]
        (found,) = [quota for quota in quotas if "total concurrency" in quota["QuotaName"]]
        return float(found["Value"])

    assert concurrency("us-east-1") == 1000
    assert concurrency("ap-south-1") == 500


def test_tags_of_many_endpoints_come_in_pages(client: Client) -> None:
    pages = (
        client("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(ResourceTypeFilters=["sagemaker:endpoint"], PaginationConfig={"PageSize": 4})
    )
    found = [row for page in pages for row in page["ResourceTagMappingList"]]
    assert len(found) == 13
    assert all(row["Tags"] == [{"Key": "team", "Value": "test"}] for row in found)


def test_changes_survive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with SimulatorProcess("one_of_each", state=state) as first:
        make = client_factory(first.url)
        sagemaker = make("sagemaker")
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": "on-demand-model",
            "ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 7},
        }
        sagemaker.create_endpoint_config(EndpointConfigName="kept", ProductionVariants=[variant])
        arn = sagemaker.update_endpoint(EndpointName="on-demand", EndpointConfigName="kept")["EndpointArn"]
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "ana"}])
        before = settled(sagemaker, "on-demand")
        end = first.now()
        truth = first.truth(end - timedelta(days=2), end)
        first.kill()
    with SimulatorProcess("one_of_each", state=state) as second:
        sagemaker = client_factory(second.url)("sagemaker")
        after = sagemaker.describe_endpoint(EndpointName="on-demand")
        for page in (before, after):
            del page["ResponseMetadata"]
        assert after == before
        assert {"Key": "owner", "Value": "ana"} in sagemaker.list_tags(ResourceArn=arn)["Tags"]
        assert second.truth(end - timedelta(days=2), end) == truth


def test_the_demo_fleet_tells_every_story() -> None:
    root = Path(__file__).resolve().parents[3]
    with SimulatorProcess(root / "simulator" / "fleet.yaml") as demo:
        make = client_factory(demo.url)
        sagemaker = make("sagemaker")
        endpoints = sagemaker.list_endpoints(MaxResults=100)["Endpoints"]
        allotted = 0
        for endpoint in endpoints:
            described = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
            for variant in described.get("ProductionVariants", []):
                allotted += variant.get("CurrentServerlessConfig", {}).get("MaxConcurrency", 0)
        assert allotted == 930
        lab = assume(make, "arn:aws:iam::444455556666:role/FlotillaAct", ExternalId="lab-7f3c9a")
        statuses = {
            endpoint["EndpointStatus"]
            for endpoint in make("sagemaker", "us-west-2", lab).list_endpoints(MaxResults=100)["Endpoints"]
        }
        assert len(statuses) == 9
        assert demo.request("GET", "/_health")["endpoints"] == 62
