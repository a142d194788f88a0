"""The short way and botocore's own: the same answers, errors, counts and retries."""

from typing import Any

import pytest

from fleet.aws import clients, meter, sagemaker, sessions
from fleet.errors import AwsError, NotFound, Unavailable
from fleet.types import AwsScope
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
SCOPE = AwsScope("111122223333", "us-east-1")


@pytest.fixture
def name(simulator: SimulatorProcess) -> str:
    """An endpoint's name; the client has been asked once, so that its short way is open."""
    found = next(iter(sagemaker.list_endpoints(SCOPE))).name
    way = clients.line(SCOPE, "sagemaker").short_way
    assert way is not None
    assert way.leads_to("describe_endpoint")
    assert way.leads_to("list_endpoints")
    return found


def test_writes_and_other_services_go_botocores_way(name: str) -> None:
    way = clients.line(SCOPE, "sagemaker").short_way
    assert way is not None
    assert not way.leads_to("update_endpoint")
    assert not way.leads_to("create_endpoint_config")
    assert clients.line(SCOPE, "sts").short_way is None


def test_both_ways_bring_the_same_answer(name: str) -> None:
    by_short_way = sessions.call(SCOPE, "sagemaker", "describe_endpoint", EndpointName=name)
    in_full = clients.line(SCOPE, "sagemaker").client.describe_endpoint
    token = clients.asked.set(SCOPE)
    try:
        theirs = in_full(EndpointName=name)
    finally:
        clients.asked.reset(token)
    assert by_short_way.pop("ResponseMetadata")["RequestId"]
    del theirs["ResponseMetadata"]
    assert by_short_way == theirs


def test_a_refusal_is_one_request_with_awss_words(name: str) -> None:
    with meter.recording() as tally, pytest.raises(NotFound) as told:
        sagemaker.describe_endpoint(SCOPE, "no-such-endpoint")
    assert "no-such-endpoint" in told.value.message
    assert told.value.request_id
    assert tally.actions["sagemaker:DescribeEndpoint"].calls == 1


def test_a_throttled_request_is_repeated_and_each_attempt_counted(
    name: str, simulator: SimulatorProcess
) -> None:
    simulator.reset_calls()
    simulator.fault("throttle", "sagemaker:DescribeEndpoint", count=1)
    with meter.recording() as tally:
        assert sagemaker.describe_endpoint(SCOPE, name).name == name
    count = tally.actions["sagemaker:DescribeEndpoint"]
    assert (count.calls, count.throttles) == (2, 1)
    assert simulator.calls()["calls"]["sagemaker:DescribeEndpoint"] == 2


@pytest.mark.parametrize("parameters", [{"EndpointName": 7}, {"EndpointName": "x" * 400}])
def test_what_aws_refuses_is_told_and_nothing_is_left_behind(name: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(AwsError):
        sessions.call(SCOPE, "sagemaker", "describe_endpoint", **parameters)
    assert sagemaker.describe_endpoint(SCOPE, name).name == name


def test_a_body_cut_short_is_given_back_to_botocore(name: str, simulator: SimulatorProcess) -> None:
    simulator.fault("truncate", "sagemaker:DescribeEndpoint", count=1)
    with pytest.raises(Unavailable):
        sagemaker.describe_endpoint(SCOPE, name)
    assert sagemaker.describe_endpoint(SCOPE, name).name == name


def test_an_unreachable_address_is_unavailable(name: str, simulator: SimulatorProcess) -> None:
    simulator.fault("reset", "sagemaker:DescribeEndpoint", count=3)
    with pytest.raises(Unavailable):
        sagemaker.describe_endpoint(SCOPE, name)
