"""Two roles on one account: reads go by the reading role, every write by the acting one."""

from collections.abc import Callable

import pytest

from fleet.aws import autoscaling, sagemaker
from fleet.errors import AccessDenied
from fleet.models import Account, Endpoint, Operation, Shard, User
from fleet.operations.kinds import (
    PROVISIONED_DIMENSION,
    ConcurrencyWish,
    ConversionWish,
    MemoryWish,
    Route,
    Wish,
)
from fleet.operations.schedules import ScheduleWish
from fleet.sync.shard import run_inventory
from tests.aws.operations.conftest import plan_and_confirm
from tests.aws.simulator_process import SimulatorProcess

OFFICE = ScheduleWish("weekly", days="weekdays", from_hour="8", to_hour="18", level="3", rest="1")
pytestmark = [pytest.mark.aws, pytest.mark.django_db]

ROLE = "arn:aws:iam::111122223333:role/"


@pytest.fixture
def shard(simulator: SimulatorProcess, db: None) -> Shard:
    """A mirrored account whose reading role is denied every write, and whose acting role every other read."""
    simulator.reset("two_roles")
    account = Account.objects.create(
        account_id="111122223333", alias="test", role_arn=f"{ROLE}Reads", act_role_arn=f"{ROLE}Acts"
    )
    shard = Shard.objects.create(account=account, region="us-east-1")
    outcome = run_inventory(shard.pk, now=simulator.now())
    assert "inventory" in outcome.ok_sections, outcome
    return shard


@pytest.mark.parametrize(
    ("wish", "writes"),
    [
        (ConcurrencyWish("40", "5"), ["UpdateEndpointWeightsAndCapacities"]),
        (ConcurrencyWish("40", "5", Route.NEW_CONFIG), ["CreateEndpointConfig", "UpdateEndpoint"]),
        (MemoryWish("4096"), ["CreateEndpointConfig", "UpdateEndpoint"]),
        (OFFICE, ["PutScheduledAction", "PutScheduledAction"]),
        (
            ConversionWish("ml.m5.large", "1"),
            ["DeregisterScalableTarget", "CreateEndpointConfig", "UpdateEndpoint"],
        ),
    ],
    ids=["in place", "new config", "memory", "schedule", "conversion"],
)
def test_each_role_does_what_it_is_there_for(
    simulator: SimulatorProcess,
    shard: Shard,
    alice: User,
    settle: Callable[[Operation], Operation],
    wish: Wish,
    writes: list[str],
) -> None:
    simulator.reset_calls()
    operation = settle(plan_and_confirm(Endpoint.objects.get(), wish, alice))

    assert operation.verdict == "applied", (operation.verdict_detail, operation.aws_error)
    assert [write["action"].split(":")[-1] for write in simulator.calls()["writes"]] == writes


def test_the_roles_of_this_test_cannot_stand_in_for_each_other(shard: Shard) -> None:
    endpoint = Endpoint.objects.get()
    resource = f"endpoint/{endpoint.name}/variant/{endpoint.variants.get().name}"
    with pytest.raises(AccessDenied):
        sagemaker.update_endpoint(shard.scope, endpoint.name, endpoint.config_name)
    with pytest.raises(AccessDenied):
        autoscaling.deregister_scalable_target(shard.scope, resource, PROVISIONED_DIMENSION)
    with pytest.raises(AccessDenied):
        sagemaker.list_tags(shard.scope, endpoint.arn)
    with pytest.raises(AccessDenied):
        sagemaker.describe_endpoint(shard.act_scope, endpoint.name)
    with pytest.raises(AccessDenied):
        list(autoscaling.scalable_targets(shard.act_scope))
