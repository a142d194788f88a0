"""Another memory size, carried out against the simulator."""

from collections.abc import Callable

import pytest

from fleet.aws import sagemaker
from fleet.models import Operation
from fleet.operations.kinds import ConcurrencyWish, MemoryWish
from tests.aws.operations.conftest import Planner
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]


def test_memory_is_changed_by_a_new_config_that_keeps_the_concurrency_and_can_be_changed_back(
    simulator: SimulatorProcess,
    mirror: Callable[[], None],
    queued: Planner,
    settle: Callable[[Operation], Operation],
) -> None:
    settle(queued(ConcurrencyWish("30", "5")))
    mirror()
    simulator.reset_calls()
    operation = settle(queued(MemoryWish("4096")))

    assert (operation.state, operation.verdict) == ("succeeded", "applied"), operation.verdict_detail
    assert "4,096 MB, max concurrency 30, provisioned 5" in operation.verdict_detail
    writes = [write["action"].split(":")[-1] for write in simulator.calls()["writes"]]
    assert writes == ["CreateEndpointConfig", "UpdateEndpoint"]
    scope = operation.endpoint.shard.scope
    live = sagemaker.describe_endpoint(scope, "alpha-serverless")
    assert live.config_name == f"alpha-serverless-op-{operation.code}"
    capacity = live.variants[0].current_serverless
    assert capacity is not None
    assert (capacity.memory_mb, capacity.max_concurrency, capacity.provisioned_concurrency) == (4096, 30, 5)

    mirror()
    back = settle(queued(MemoryWish(str(operation.observed["memory_mb"]))))
    assert back.verdict == "applied", back.verdict_detail
    assert "2,048 MB" in back.verdict_detail


def test_an_update_that_aws_undoes_leaves_the_old_size_and_says_so(
    simulator: SimulatorProcess, queued: Planner, settle: Callable[[Operation], Operation]
) -> None:
    operation = queued(MemoryWish("1024"))
    simulator.request(
        "POST",
        "/_fail_next_update",
        {"endpoint": "alpha-serverless", "reason": "Out of memory while loading."},
    )
    operation = settle(operation)

    assert (operation.state, operation.verdict) == ("rolled-back", "rolled-back")
    assert "2,048 MB" in operation.verdict_detail
    assert operation.failure_reason == "Out of memory while loading."
