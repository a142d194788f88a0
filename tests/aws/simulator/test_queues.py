"""Endpoint state changes in an SQS queue: shape, order, long polling, visibility, and events gone astray."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.simulator.conftest import Client, settled
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
DEADLINE_S = 10.0


@pytest.fixture
def queue(client: Client) -> tuple[Any, str]:
    """An SQS client and the URL of the fleet's queue."""
    sqs = client("sqs")
    return sqs, sqs.get_queue_url(QueueName="endpoint-events")["QueueUrl"]


def drained(queue: tuple[Any, str], wanted: int) -> list[dict[str, Any]]:
    """Events received and deleted, until so many have come and no more wait."""
    sqs, url = queue
    events: list[dict[str, Any]] = []
    deadline = time.monotonic() + DEADLINE_S
    while len(events) < wanted and time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
            "Messages", []
        ):
            events.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return events


def statuses(events: list[dict[str, Any]]) -> list[str]:
    return [event["detail"]["EndpointStatus"] for event in events]


def create(sagemaker: Any, name: str) -> None:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "on-demand-model",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-cfg", ProductionVariants=[variant])
    sagemaker.create_endpoint(
        EndpointName=name, EndpointConfigName=f"{name}-cfg", Tags=[{"Key": "team", "Value": "risk"}]
    )


def test_every_status_of_a_life_is_announced(client: Client, queue: tuple[Any, str]) -> None:
    sagemaker = client("sagemaker")
    create(sagemaker, "Newcomer")
    described = settled(sagemaker, "Newcomer")
    sagemaker.delete_endpoint(EndpointName="Newcomer")
    config, *events = drained(queue, 4)
    assert config["detail-type"] == "SageMaker Endpoint Config State Change"
    assert config["detail"]["EndpointConfigName"] == "Newcomer-cfg"
    assert statuses(events) == ["CREATING", "IN_SERVICE", "DELETING"]
    event = events[1]
    assert event["detail-type"] == "SageMaker Endpoint State Change"
    assert (event["source"], event["account"], event["region"]) == (
        "aws.sagemaker",
        "111122223333",
        "us-east-1",
    )
    assert event["resources"] == [described["EndpointArn"]]
    assert event["detail"]["EndpointName"] == "Newcomer"
    assert event["detail"]["EndpointConfigName"] == "Newcomer-cfg"
    assert event["detail"]["Tags"] == {"team": "risk"}
    assert event["detail"]["CreationTime"] == pytest.approx(
        described["CreationTime"].timestamp() * 1000, abs=1
    )


def test_a_rolled_back_update_tells_its_turns(
    client: Client, simulator: SimulatorProcess, queue: tuple[Any, str]
) -> None:
    sagemaker = client("sagemaker")
    simulator.fail_next_update("on-demand")
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="on-demand",
        DesiredWeightsAndCapacities=[
            {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 9}}
        ],
    )
    assert statuses(drained(queue, 3)) == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]


def test_a_long_poll_waits_for_its_event_and_blocks_nobody(client: Client, queue: tuple[Any, str]) -> None:
    sqs, url = queue
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=10)
        client("sagemaker").delete_endpoint(EndpointName="on-demand")
        (message,) = waiting.result(timeout=DEADLINE_S)["Messages"]
    assert statuses([json.loads(message["Body"])]) == ["DELETING"]


def test_an_undeleted_message_comes_again(client: Client, queue: tuple[Any, str]) -> None:
    sqs, url = queue
    client("sagemaker").delete_endpoint(EndpointName="on-demand")
    (first,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
    (again,) = sqs.receive_message(
        QueueUrl=url, WaitTimeSeconds=5, MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )["Messages"]
    assert again["MessageId"] == first["MessageId"]
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    done = sqs.delete_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "good", "ReceiptHandle": again["ReceiptHandle"]},
            {"Id": "bad", "ReceiptHandle": "?"},
        ],
    )
    assert [row["Id"] for row in done["Successful"]] == ["good"]
    assert [row["Id"] for row in done["Failed"]] == ["bad"]


def test_events_may_be_lost_doubled_or_late(
    client: Client, simulator: SimulatorProcess, queue: tuple[Any, str]
) -> None:
    sagemaker = client("sagemaker")
    simulator.fault("event-lost", resource="silent").fault("event-duplicate", resource="unused")
    simulator.fault("event-late", resource="on-demand", seconds=2)
    for name in ("on-demand", "silent", "unused"):
        sagemaker.delete_endpoint(EndpointName=name)
    names = [event["detail"]["EndpointName"] for event in drained(queue, 3)]
    assert names == ["unused", "unused", "on-demand"]


def test_an_unknown_queue_and_a_foreign_one_are_refused(client: Client, queue: tuple[Any, str]) -> None:
    sqs, url = queue
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nobody")
    guarded = client("sts").assume_role(
        RoleArn="arn:aws:iam::444455556666:role/Guarded", RoleSessionName="tests", ExternalId="shared-secret"
    )
    with pytest.raises(ClientError, match="denied"):
        client("sqs", credentials=guarded["Credentials"]).receive_message(QueueUrl=url)
