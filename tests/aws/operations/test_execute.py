"""Operations carried out against the simulator: every way one can end, and what AWS received."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from fleet.aws import autoscaling, sagemaker
from fleet.models import AuditEntry, Operation
from fleet.operations.execute import advance
from fleet.operations.kinds import PROVISIONED_DIMENSION, ConcurrencyWish, ConversionWish, Route
from tests.aws.operations.conftest import Planner
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

Settle = Callable[[Operation], Operation]


def writes(simulator: SimulatorProcess) -> Counter[str]:
    """Effective writes by action."""
    return Counter(write["action"].split(":")[-1] for write in simulator.calls()["writes"])


def test_concurrency_is_changed_in_place_and_proven(
    simulator: SimulatorProcess, queued: Planner, settle: Settle
) -> None:
    operation = settle(queued(ConcurrencyWish("40", "10")))

    assert (operation.state, operation.verdict) == ("succeeded", "applied"), operation.verdict_detail
    assert writes(simulator) == {"UpdateEndpointWeightsAndCapacities": 1}
    live = sagemaker.describe_endpoint(operation.endpoint.shard.scope, "alpha-serverless")
    capacity = live.variants[0].current_serverless
    assert capacity is not None
    assert (capacity.max_concurrency, capacity.provisioned_concurrency) == (40, 10)
    assert "max concurrency 40, provisioned 10" in operation.verdict_detail
    assert [step.state for step in operation.steps.all()] == ["done"] * 4
    assert AuditEntry.objects.filter(action="operation.ended", after__verdict="applied").exists()


def test_a_new_config_is_a_copy_with_two_fields_changed_and_its_tags(
    simulator: SimulatorProcess, queued: Planner, settle: Settle
) -> None:
    operation = queued(ConcurrencyWish("30", "", Route.NEW_CONFIG))
    scope = operation.endpoint.shard.scope
    before = sagemaker.describe_endpoint_config(scope, operation.observed["config_name"])

    operation = settle(operation)

    assert operation.verdict == "applied", operation.verdict_detail
    name = operation.plan["wanted"]["config_name"]
    assert name == f"alpha-serverless-op-{operation.code}"
    after = sagemaker.describe_endpoint_config(scope, name)
    assert after["ProductionVariants"][0]["ServerlessConfig"] == {
        "MemorySizeInMB": 2048,
        "MaxConcurrency": 30,
    }
    assert after["MetricsConfig"] == {"EnableDetailedObservability": False}, "silence would turn it on"
    unchanged = {"EndpointConfigName", "EndpointConfigArn", "CreationTime", "ProductionVariants"}
    unchanged.add("MetricsConfig")
    assert {k: v for k, v in after.items() if k not in unchanged} == {
        k: v for k, v in before.items() if k not in unchanged
    }
    assert writes(simulator) == {"CreateEndpointConfig": 1, "UpdateEndpoint": 1}
    assert "fields equal" in operation.steps.get(action="create-config").read_back


def test_removing_provisioned_concurrency_takes_a_new_config(
    simulator: SimulatorProcess, mirror: Callable[[], None], queued: Planner, settle: Settle
) -> None:
    settle(queued(ConcurrencyWish("20", "5")))
    mirror()
    operation = settle(queued(ConcurrencyWish("20", "")))

    assert operation.verdict == "applied", operation.verdict_detail
    live = sagemaker.describe_endpoint(operation.endpoint.shard.scope, "alpha-serverless")
    assert live.variants[0].current_serverless is not None
    assert not live.variants[0].current_serverless.provisioned_concurrency
    assert live.config_name == f"alpha-serverless-op-{operation.code}"


def test_conversion_deregisters_scaling_first_and_ends_real_time(
    simulator: SimulatorProcess, mirror: Callable[[], None], queued: Planner, settle: Settle
) -> None:
    operation = settle(queued(ConcurrencyWish("20", "5")))
    resource = "endpoint/alpha-serverless/variant/AllTraffic"
    resource = resource.replace("AllTraffic", operation.variant_name)
    autoscaling.register_scalable_target(
        operation.endpoint.shard.scope, resource, PROVISIONED_DIMENSION, minimum=1, maximum=10
    )
    mirror()
    simulator.reset_calls()

    operation = settle(queued(ConversionWish("ml.m5.large", "2")))

    assert operation.verdict == "applied", operation.verdict_detail
    assert [step.action for step in operation.steps.all()][:3] == [
        "read-state",
        "deregister-scaling",
        "create-config",
    ]
    assert writes(simulator) == {
        "DeregisterScalableTarget": 1,
        "CreateEndpointConfig": 1,
        "UpdateEndpoint": 1,
    }
    live = sagemaker.describe_endpoint(operation.endpoint.shard.scope, "alpha-serverless")
    assert live.variants[0].current_serverless is None
    assert live.variants[0].current_instance_count == 2
    mirror()
    operation.endpoint.refresh_from_db()
    assert operation.endpoint.kind == "real-time"


@pytest.mark.parametrize("route", [Route.AUTO, Route.NEW_CONFIG])
def test_a_silent_rollback_is_told_as_one(
    simulator: SimulatorProcess, queued: Planner, settle: Settle, route: Route
) -> None:
    reason = 'The primary container did not pass the "ping" <b>health check</b>.'
    simulator.fail_next_update("alpha-serverless", reason)
    operation = settle(queued(ConcurrencyWish("40", "", route)))

    assert (operation.state, operation.verdict) == ("rolled-back", "rolled-back")
    assert operation.failure_reason == reason
    assert operation.verdict_detail.startswith("AWS undid the change: alpha-serverless is InService on")
    assert "max concurrency 20, provisioned none, as before" in operation.verdict_detail
    assert operation.steps.get(action="prove").state == "failed"


def test_a_foreign_change_right_after_ours_is_told_as_overwritten(
    simulator: SimulatorProcess, queued: Planner
) -> None:
    operation = queued(ConcurrencyWish("40", ""))
    now = timezone.now()
    assert advance(operation.pk, now=now) is not None
    simulator.advance(60)
    foreign = [
        {"VariantName": operation.variant_name, "ServerlessUpdateConfig": {"MaxConcurrency": 33}},
    ]
    sagemaker.update_weights_and_capacities(operation.endpoint.shard.scope, "alpha-serverless", foreign)
    simulator.advance(60)

    assert advance(operation.pk, now=now + timedelta(seconds=31)) is None
    operation.refresh_from_db()
    assert (operation.state, operation.verdict) == ("failed", "overwritten")
    assert "max concurrency 33" in operation.verdict_detail


def test_a_foreign_change_before_the_first_step_stops_it_unsent(
    simulator: SimulatorProcess, queued: Planner, settle: Settle
) -> None:
    operation = queued(ConcurrencyWish("40", ""))
    foreign = [
        {"VariantName": operation.variant_name, "ServerlessUpdateConfig": {"MaxConcurrency": 33}},
    ]
    sagemaker.update_weights_and_capacities(operation.endpoint.shard.scope, "alpha-serverless", foreign)
    simulator.advance(60).reset_calls()

    operation = settle(operation)

    assert (operation.state, operation.verdict) == ("failed", "stale")
    assert operation.verdict_detail.startswith("State changed, look again")
    assert "max concurrency 20 → 33" in operation.verdict_detail
    assert writes(simulator) == {}


def test_a_refusal_midway_is_kept_word_for_word_with_what_is_left_behind(
    simulator: SimulatorProcess, queued: Planner, settle: Settle
) -> None:
    simulator.fault("deny", "sagemaker:UpdateEndpoint")
    operation = settle(queued(ConcurrencyWish("40", "", Route.NEW_CONFIG)))

    assert (operation.state, operation.verdict) == ("failed", "refused")
    assert operation.aws_error is not None
    assert operation.aws_error["code"] == "AccessDeniedException"
    assert operation.aws_error["message"].startswith("User: ")
    assert operation.aws_error["missing_permission"] == "sagemaker:UpdateEndpoint"
    assert operation.plan["wanted"]["config_name"] in operation.verdict_detail
    assert "is not used" in operation.verdict_detail


def test_throttling_delays_and_loses_nothing(
    simulator: SimulatorProcess, queued: Planner, settle: Settle
) -> None:
    simulator.fault("throttle", "sagemaker:UpdateEndpointWeightsAndCapacities", count=25)
    operation = queued(ConcurrencyWish("40", ""))
    pause = advance(operation.pk, now=timezone.now())
    assert pause == 30
    operation.refresh_from_db()
    assert operation.state == "running"
    assert "ThrottlingException" in operation.steps.get(action="update-capacity").read_back
    assert advance(operation.pk, now=timezone.now()) is None, "it asked for a pause"

    simulator.clear_faults()
    operation = settle(operation)
    assert operation.verdict == "applied", operation.verdict_detail
    assert writes(simulator) == {"UpdateEndpointWeightsAndCapacities": 1}


@pytest.mark.parametrize("foreign", [40, 33], ids=["the same change", "another change"])
def test_somebody_elses_change_on_the_same_config_is_not_taken_for_ours(
    simulator: SimulatorProcess, queued: Planner, settle: Settle, foreign: int
) -> None:
    operation = queued(ConcurrencyWish("40", ""))
    simulator.fault("503", "sagemaker:DescribeEndpoint", skip=1)
    assert advance(operation.pk, now=timezone.now()) is not None, "the first step is done, the second waits"
    simulator.clear_faults()
    change = [{"VariantName": operation.variant_name, "ServerlessUpdateConfig": {"MaxConcurrency": foreign}}]
    sagemaker.update_weights_and_capacities(operation.endpoint.shard.scope, "alpha-serverless", change)
    assert advance(operation.pk, now=timezone.now() + timedelta(seconds=31)) is None

    operation.refresh_from_db()
    assert (operation.state, operation.verdict) == ("failed", "stale"), operation.verdict_detail
    assert "Updating" in operation.verdict_detail
    assert writes(simulator) == {"UpdateEndpointWeightsAndCapacities": 1}, "the foreign one"


def test_an_endpoint_deleted_meanwhile_is_said_so(simulator: SimulatorProcess, queued: Planner) -> None:
    operation = queued(ConcurrencyWish("40", ""))
    now = timezone.now()
    advance(operation.pk, now=now)
    simulator.advance(60).fault("vanish", "sagemaker:DescribeEndpoint", resource="alpha-serverless")
    assert advance(operation.pk, now=now + timedelta(seconds=31)) is None
    operation.refresh_from_db()
    assert operation.verdict == "overwritten"
    assert "was deleted" in operation.verdict_detail
