"""Other instances, carried out against the simulator."""

from collections.abc import Callable

import pytest

from fleet.aws import sagemaker
from fleet.models import Endpoint, Operation, User
from fleet.operations.kinds import InstancesWish
from tests.aws.operations.conftest import plan_and_confirm
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]


def test_type_and_count_are_changed_by_a_new_config_proved_and_changed_back(
    simulator: SimulatorProcess,
    mirror: Callable[[], None],
    alice: User,
    settle: Callable[[Operation], Operation],
) -> None:
    endpoint = Endpoint.objects.get(name="beta-realtime")
    simulator.reset_calls()
    operation = settle(plan_and_confirm(endpoint, InstancesWish("ml.c5.xlarge", "3"), alice))

    assert (operation.state, operation.verdict) == ("succeeded", "applied"), operation.verdict_detail
    assert "3 instances" in operation.verdict_detail
    writes = [write["action"].split(":")[-1] for write in simulator.calls()["writes"]]
    assert writes == ["CreateEndpointConfig", "UpdateEndpoint"]
    scope = operation.endpoint.shard.scope
    live = sagemaker.describe_endpoint(scope, "beta-realtime")
    assert live.config_name == f"beta-realtime-op-{operation.code}"
    [variant] = sagemaker.describe_endpoint_config(scope, live.config_name)["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.c5.xlarge", 3)
    assert variant["VolumeSizeInGB"] == 30

    mirror()
    seen = operation.observed
    wish = InstancesWish(seen["instance_type"], str(seen["instance_count"]))
    back = settle(plan_and_confirm(endpoint, wish, alice))
    assert back.verdict == "applied", back.verdict_detail
    assert sagemaker.describe_endpoint(scope, "beta-realtime").variants[0].current_instance_count == 2


def test_an_update_that_aws_undoes_leaves_the_old_instances_and_says_so(
    simulator: SimulatorProcess,
    mirror: Callable[[], None],
    alice: User,
    settle: Callable[[Operation], Operation],
) -> None:
    endpoint = Endpoint.objects.get(name="beta-realtime")
    operation = plan_and_confirm(endpoint, InstancesWish("ml.c5.xlarge", "2"), alice)
    simulator.request(
        "POST", "/_fail_next_update", {"endpoint": "beta-realtime", "reason": "No capacity for ml.c5.xlarge."}
    )
    operation = settle(operation)
    assert (operation.state, operation.verdict) == ("rolled-back", "rolled-back")
    assert operation.failure_reason == "No capacity for ml.c5.xlarge."
