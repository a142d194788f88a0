"""What the simulator refuses of endpoints and configs, in AWS's own words."""

from __future__ import annotations

import re

import pytest

from tests.aws.simulator.conftest import Client
from tests.aws.simulator.test_endpoints import ARN, concurrency, instance_config, refusal, serverless_config
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws


def test_refusals_use_the_words_of_aws(client: Client) -> None:
    sagemaker = client("sagemaker")
    assert refusal(sagemaker.describe_endpoint, EndpointName="absent") == (
        "ValidationException",
        f'Could not find endpoint "{ARN}:endpoint/absent".',
    )
    assert refusal(sagemaker.update_endpoint, EndpointName="on-demand", EndpointConfigName="absent") == (
        "ValidationException",
        f'Could not find endpoint configuration "{ARN}:endpoint-config/absent".',
    )
    taken = {"EndpointName": "on-demand", "EndpointConfigName": "on-demand-cfg-1"}
    assert refusal(sagemaker.create_endpoint, **taken) == (
        "ValidationException",
        f'Cannot create already existing endpoint "{ARN}:endpoint/on-demand".',
    )
    assert refusal(sagemaker.create_endpoint_config, **serverless_config("on-demand-cfg-1")) == (
        "ValidationException",
        f'Cannot create already existing endpoint configuration "{ARN}:endpoint-config/on-demand-cfg-1".',
    )
    code, message = refusal(sagemaker.create_endpoint_config, **instance_config("c", kind="ml.made-up.large"))
    assert code == "ValidationException"
    assert "Member must satisfy enum value set" in message
    code, message = refusal(sagemaker.describe_endpoint, EndpointName="n" * 64)
    assert (code, "length less than or equal to 63" in message) == ("ValidationException", True)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"MemorySizeInMB": 2000}, "MemorySizeInMB 2000 is not supported"),
        ({"MaxConcurrency": 201}, "Member must have value less than or equal to 200"),
        (
            {"ProvisionedConcurrency": 21},
            "ProvisionedConcurrency 21 must be less than or equal to MaxConcurrency 20",
        ),
    ],
)
def test_impossible_serverless_settings_are_refused(
    client: Client, settings: dict[str, int], part: str
) -> None:
    code, message = refusal(client("sagemaker").create_endpoint_config, **serverless_config("c", **settings))
    assert code == "ValidationException"
    assert part in message


def test_provisioned_above_the_maximum_is_refused_on_the_live_endpoint(client: Client) -> None:
    code, message = refusal(
        client("sagemaker").update_endpoint_weights_and_capacities,
        EndpointName="on-demand",
        DesiredWeightsAndCapacities=concurrency(10, 11),
    )
    assert code == "ValidationException"
    assert "ProvisionedConcurrency 11" in message


def test_concurrency_over_the_account_quota_is_a_limit_error(
    client: Client, simulator: SimulatorProcess
) -> None:
    entry = {
        "account": "test",
        "region": "us-east-1",
        "serverless": {"memory_mb": 1024, "max_concurrency": 170},
    }
    simulator.add_endpoints([{**entry, "name": "big-{n}", "repeat": 5}])
    code, message = refusal(
        client("sagemaker").update_endpoint_weights_and_capacities,
        EndpointName="on-demand",
        DesiredWeightsAndCapacities=concurrency(100),
    )
    assert code == "ResourceLimitExceeded"
    # 20 + 40 + 20 + 5 from the fleet file and 5 x 170 make 935; raising 20 to 100 asks for 80 more.
    assert re.search(r"is 1000, with current utilization of 935 and a request delta of 80\.", message)


@pytest.mark.parametrize(
    "status",
    ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting", "Failed", "OutOfService"],
)
def test_nothing_but_a_resting_endpoint_may_be_updated(
    client: Client, simulator: SimulatorProcess, status: str
) -> None:
    entry = {
        "account": "test",
        "region": "us-east-1",
        "serverless": {"memory_mb": 1024, "max_concurrency": 5},
    }
    simulator.add_endpoint(name="pinned", status=status, **entry)
    sagemaker = client("sagemaker")
    assert sagemaker.describe_endpoint(EndpointName="pinned")["EndpointStatus"] == status
    code, _ = refusal(
        sagemaker.update_endpoint_weights_and_capacities,
        EndpointName="pinned",
        DesiredWeightsAndCapacities=concurrency(4),
    )
    assert code == "ValidationException"
