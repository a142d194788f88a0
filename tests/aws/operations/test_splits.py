"""A second endpoint for some models, made and deleted again against the simulator."""

from collections.abc import Callable

import pytest

from fleet.aws import sagemaker
from fleet.models import Endpoint, Operation, User
from fleet.operations.kinds import SplitWish, UnsplitWish
from tests.aws.operations.conftest import plan_and_confirm
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]
Settle = Callable[[Operation], Operation]
WISH = SplitWish("persona-b", "1", "en/a.tar.gz\nen/b.tar.gz")


@pytest.fixture
def simulator(simulator: SimulatorProcess) -> SimulatorProcess:
    simulator.reset("thrashing")
    return simulator


@pytest.fixture
def persona(mirror: Callable[[], None]) -> Endpoint:
    return Endpoint.objects.get(name="persona-mme")


def actions(simulator: SimulatorProcess) -> list[str]:
    return [write["action"].split(":")[-1] for write in simulator.calls()["writes"]]


def test_a_second_endpoint_is_made_like_the_first_and_deleted_with_its_config(
    simulator: SimulatorProcess, mirror: Callable[[], None], persona: Endpoint, alice: User, settle: Settle
) -> None:
    simulator.reset_calls()
    operation = settle(plan_and_confirm(persona, WISH, alice))
    assert (operation.state, operation.verdict) == ("succeeded", "applied"), operation.verdict_detail
    assert actions(simulator) == ["CreateEndpointConfig", "CreateEndpoint"]
    scope = persona.shard.scope
    old, new = (sagemaker.describe_endpoint(scope, name) for name in ("persona-mme", "persona-b"))
    assert (old.config_name, old.variants[0].current_instance_count) == ("persona-mme-cfg-1", 2)
    assert (new.config_name, new.variants[0].current_instance_count) == (f"persona-b-op-{operation.code}", 1)
    first, second = (
        sagemaker.describe_endpoint_config(scope, each.config_name)["ProductionVariants"][0]
        for each in (old, new)
    )
    assert second == first | {"InitialInstanceCount": 1}, (
        "the same model, so the same container and S3 prefix"
    )
    assert sagemaker.list_tags(scope, new.arn) == {"owner": "ana", "team": "growth"}

    mirror()
    made = Endpoint.objects.get(name="persona-b", closed_at=None)
    simulator.reset_calls()
    back = settle(plan_and_confirm(made, UnsplitWish(), alice))
    assert (back.state, back.verdict) == ("succeeded", "applied"), back.verdict_detail
    assert actions(simulator) == ["DeleteEndpoint", "DeleteEndpointConfig"]
    holdings = simulator.holdings()
    assert [each["name"] for each in holdings["endpoints"]] == ["persona-mme"]
    assert [each["document"]["EndpointConfigName"] for each in holdings["configs"]] == ["persona-mme-cfg-1"]


def test_a_name_that_somebody_took_meanwhile_is_left_alone(
    simulator: SimulatorProcess, persona: Endpoint, alice: User, settle: Settle
) -> None:
    operation = plan_and_confirm(persona, WISH, alice)
    simulator.add_endpoint(
        name="persona-b", account="test", region="us-east-1", instances={"type": "ml.c5.large", "count": 1}
    )
    operation = settle(operation)
    assert (operation.state, operation.verdict) == ("failed", "refused")
    assert "An endpoint named persona-b exists already, on persona-b-cfg-1. It was left alone." in (
        operation.verdict_detail
    )


def test_an_endpoint_that_aws_cannot_make_is_told_and_may_be_deleted(
    simulator: SimulatorProcess, mirror: Callable[[], None], persona: Endpoint, alice: User, settle: Settle
) -> None:
    simulator.fault("deny", "*:CreateEndpoint")
    operation = settle(plan_and_confirm(persona, WISH, alice))
    assert (operation.state, operation.verdict) == ("failed", "refused")
    assert operation.aws_error
    assert operation.aws_error["missing_permission"] == "sagemaker:CreateEndpoint"
    assert f"the endpoint config persona-b-op-{operation.code} was created and is not used" in (
        operation.verdict_detail
    )
