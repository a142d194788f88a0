"""Faults on demand: rates, odd pages, unknown values, late points, skewed clocks, revoked roles, reused names."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, PaginationError

from tests.aws.simulator.conftest import Client, settled
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws


def outcomes(sagemaker: Any, calls: int) -> list[str]:
    """The error code of each of so many DescribeEndpoint calls, empty where it was answered."""
    codes = []
    for _ in range(calls):
        try:
            sagemaker.describe_endpoint(EndpointName="on-demand")
            codes.append("")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
    return codes


def test_a_rate_strikes_its_share_of_calls_and_repeats_itself(
    client: Client, simulator: SimulatorProcess
) -> None:
    sagemaker = client("sagemaker")
    simulator.fault("throttle", "sagemaker:Describe*", share=0.3, seed=7).fault("500", share=0.2, seed=8)
    first = outcomes(sagemaker, 100)
    counts = Counter(first)
    assert 20 <= counts["ThrottlingException"] <= 40
    assert 7 <= counts["InternalFailure"] <= 25
    simulator.clear_faults()
    assert outcomes(sagemaker, 1) == [""]
    simulator.fault("throttle", "sagemaker:Describe*", share=0.3, seed=7).fault("500", share=0.2, seed=8)
    assert outcomes(sagemaker, 100) == first


def test_a_share_outside_zero_and_one_is_refused(simulator: SimulatorProcess) -> None:
    with pytest.raises(RuntimeError, match="not between 0 and 1"):
        simulator.fault("throttle", share=1.5)


def test_a_repeated_token_is_the_one_sent(client: Client, simulator: SimulatorProcess) -> None:
    simulator.fault("repeat-token", "sagemaker:ListEndpoints")
    sagemaker = client("sagemaker")
    first = sagemaker.list_endpoints(MaxResults=5)
    again = sagemaker.list_endpoints(MaxResults=5, NextToken=first["NextToken"])
    assert again["NextToken"] == first["NextToken"]
    with pytest.raises(PaginationError):
        list(sagemaker.get_paginator("list_endpoints").paginate())


def test_an_empty_page_carries_on_to_the_page_it_stood_for(
    client: Client, simulator: SimulatorProcess
) -> None:
    sagemaker = client("sagemaker")
    whole = [e["EndpointName"] for e in sagemaker.list_endpoints(MaxResults=100)["Endpoints"]]
    simulator.fault("empty-page", "sagemaker:ListEndpoints", count=2, skip=1)
    pages = list(
        sagemaker.get_paginator("list_endpoints").paginate(PaginationConfig={"PageSize": len(whole) // 2})
    )
    assert [len(page["Endpoints"]) for page in pages][1:3] == [0, 0]
    assert [e["EndpointName"] for page in pages for e in page["Endpoints"]] == whole


def test_an_empty_list_looks_complete(client: Client, simulator: SimulatorProcess) -> None:
    simulator.fault("empty-list", "sagemaker:ListEndpoints", count=1)
    answer = client("sagemaker").list_endpoints(MaxResults=2)
    assert answer["Endpoints"] == []
    assert "NextToken" not in answer


def test_a_list_answer_may_lack_its_list(client: Client, simulator: SimulatorProcess) -> None:
    simulator.fault("without-list", count=2)
    assert "Endpoints" not in client("sagemaker").list_endpoints()
    assert "Metrics" not in client("cloudwatch").list_metrics()


def test_an_unknown_status_and_unknown_members_reach_the_client(
    client: Client, simulator: SimulatorProcess
) -> None:
    simulator.fault("unknown-enum", "sagemaker:*Endpoint*").fault("unknown-field", "sagemaker:*")
    sagemaker = client("sagemaker")
    described = sagemaker.describe_endpoint(EndpointName="on-demand")
    assert described["EndpointStatus"] == "Hibernating"
    assert {e["EndpointStatus"] for e in sagemaker.list_endpoints()["Endpoints"]} == {"Hibernating"}
    assert "FieldOfTomorrow" not in described
    simulator.clear_faults()
    assert sagemaker.describe_endpoint(EndpointName="on-demand")["EndpointStatus"] == "InService"
    simulator.fault("unknown-enum", field="InstanceType", value="ml.q9.mega")
    config = sagemaker.describe_endpoint_config(EndpointConfigName="real-time-cfg-1")
    assert config["ProductionVariants"][0]["InstanceType"] == "ml.q9.mega"


def newest_invocations(client: Client, simulator: SimulatorProcess) -> list[tuple[Any, float]]:
    """An hour of a busy endpoint's Invocations, as answered."""
    end = simulator.now().replace(second=0, microsecond=0)
    stat = {
        "Metric": {
            "Namespace": "AWS/SageMaker",
            "MetricName": "Invocations",
            "Dimensions": [
                {"Name": "EndpointName", "Value": "real-time"},
                {"Name": "VariantName", "Value": "AllTraffic"},
            ],
        },
        "Period": 60,
        "Stat": "Sum",
    }
    answer = client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "n", "MetricStat": stat}],
        StartTime=end - timedelta(hours=1),
        EndTime=end,
        ScanBy="TimestampAscending",
    )
    (row,) = answer["MetricDataResults"]
    return list(zip(row["Timestamps"], row["Values"], strict=True))


def test_points_come_late_revised_or_out_of_order(client: Client, simulator: SimulatorProcess) -> None:
    final = newest_invocations(client, simulator)
    edge = simulator.now() - timedelta(minutes=10)
    simulator.fault("late-points", "cloudwatch:GetMetricData", seconds=600)
    late = newest_invocations(client, simulator)
    assert late
    assert max(at for at, _ in late) < edge + timedelta(minutes=1)
    simulator.clear_faults().fault("revised-points", seconds=600, factor=0.5)
    provisional = dict(newest_invocations(client, simulator))
    changed = [at for at, value in final if provisional.get(at, value) != value]
    assert changed
    assert min(changed) >= edge - timedelta(minutes=1)
    simulator.clear_faults().fault("shuffled-points", seed=3)
    shuffled = newest_invocations(client, simulator)
    assert [at for at, _ in shuffled] != sorted(at for at, _ in shuffled)
    assert set(final) & set(shuffled)


@pytest.mark.parametrize(("seconds", "words"), [(600, "Signature expired"), (-600, "not yet current")])
def test_a_skewed_clock_refuses_signatures(
    client: Client, simulator: SimulatorProcess, seconds: int, words: str
) -> None:
    simulator.fault("clock-skew", seconds=seconds)
    with pytest.raises(ClientError, match=words) as caught:
        client("sagemaker").list_endpoints()
    assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert "date" in caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    with pytest.raises(ClientError) as caught:
        client("sts").get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    simulator.clear_faults().fault("clock-skew", seconds=seconds / 3)
    client("sagemaker").list_endpoints()


def test_a_revoked_role_loses_its_keys_and_cannot_be_assumed(
    client: Client, simulator: SimulatorProcess
) -> None:
    role = {"RoleArn": "arn:aws:iam::111122223333:role/Reader", "RoleSessionName": "tests"}
    credentials = client("sts").assume_role(**role)["Credentials"]
    reader = client("sagemaker", credentials=credentials)
    reader.list_endpoints()
    simulator.fault("revoked-role", account="111122223333", resource="Reader")
    with pytest.raises(ClientError) as caught:
        reader.list_endpoints()
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
    with pytest.raises(
        ClientError, match="sts:AssumeRole on resource: arn:aws:iam::111122223333:role/Reader"
    ):
        client("sts").assume_role(**role)
    client("sagemaker").list_endpoints()
    simulator.clear_faults()
    reader.list_endpoints()


def test_a_reused_name_is_a_new_endpoint(client: Client) -> None:
    sagemaker = client("sagemaker")
    before = sagemaker.describe_endpoint(EndpointName="on-demand")
    sagemaker.delete_endpoint(EndpointName="on-demand")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        settled(sagemaker, "on-demand")
    sagemaker.create_endpoint(EndpointName="on-demand", EndpointConfigName=before["EndpointConfigName"])
    assert settled(sagemaker, "on-demand")["CreationTime"] > before["CreationTime"]
