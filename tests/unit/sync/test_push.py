"""Which place an event is about, and which bodies are no event at all."""

import json

import pytest

from fleet.sync import push


def _event(**changes: object) -> str:
    event = {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Endpoint State Change",
        "account": "111122223333",
        "region": "us-east-1",
        "detail": {"EndpointName": "alpha"},
    }
    return json.dumps(event | changes)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        "null",
        _event(source="aws.ec2"),
        _event(**{"detail-type": "SageMaker Training Job State Change"}),
        _event(account=None),
        _event(region=7),
    ],
)
def test_what_is_no_endpoint_event_names_no_place(body: str) -> None:
    assert push.place_of(body) is None


def test_an_event_names_its_place() -> None:
    assert push.place_of(_event()) == ("111122223333", "us-east-1")
