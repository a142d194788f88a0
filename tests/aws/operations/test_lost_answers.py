"""An answer of AWS that never came: no failure, no second write, and told as unknown where nothing proves it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from fleet.models import Operation
from fleet.operations.execute import advance
from fleet.operations.kinds import ConcurrencyWish, Route
from tests.aws.operations.conftest import Planner
from tests.aws.operations.test_execute import Settle, writes
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]


@pytest.mark.parametrize(
    "action", ["sagemaker:CreateEndpointConfig", "sagemaker:UpdateEndpoint"], ids=["config", "update"]
)
def test_a_lost_answer_is_no_failure_and_no_second_write(
    simulator: SimulatorProcess, queued: Planner, settle: Settle, action: str
) -> None:
    simulator.fault("lost-answer", action, count=1)
    operation = settle(queued(ConcurrencyWish("40", "", Route.NEW_CONFIG)))

    assert operation.verdict == "applied", operation.verdict_detail
    assert writes(simulator) == {"CreateEndpointConfig": 1, "UpdateEndpoint": 1}


def test_a_lost_answer_followed_by_a_refused_read_waits_for_proof(
    simulator: SimulatorProcess, queued: Planner
) -> None:
    operation = _sent_blindly(simulator, queued)
    assert operation.state == "running"
    assert operation.steps.get(action="update-capacity").state == "running"

    simulator.clear_faults().advance(60)
    now = timezone.now() + timedelta(seconds=60)
    while advance(operation.pk, now=now) is not None:
        now += timedelta(seconds=60)
    operation.refresh_from_db()
    assert operation.verdict == "applied", operation.verdict_detail
    assert writes(simulator) == {"UpdateEndpointWeightsAndCapacities": 1}


def test_a_lost_answer_that_nothing_can_prove_is_told_as_unknown(
    simulator: SimulatorProcess, queued: Planner
) -> None:
    operation = _sent_blindly(simulator, queued)
    assert advance(operation.pk, now=timezone.now() + timedelta(hours=2)) is None
    operation.refresh_from_db()
    assert (operation.state, operation.verdict) == ("failed", "unknown")
    assert "the update may have reached AWS" in operation.verdict_detail
    assert "Nothing was changed" not in operation.verdict_detail


def _sent_blindly(simulator: SimulatorProcess, queued: Planner) -> Operation:
    """An update whose answer was lost and whose endpoint AWS does not let Flotilla read any more."""
    operation = queued(ConcurrencyWish("40", ""))
    simulator.fault("lost-answer", "sagemaker:UpdateEndpointWeightsAndCapacities", count=1)
    simulator.fault("deny", "sagemaker:DescribeEndpoint", skip=2)
    assert advance(operation.pk, now=timezone.now()) is not None
    operation.refresh_from_db()
    assert "AccessDeniedException" in operation.steps.get(action="update-capacity").read_back
    return operation


def test_losing_sight_of_aws_after_sending_never_ends_it_early(
    simulator: SimulatorProcess, queued: Planner, settle: Settle
) -> None:
    operation = queued(ConcurrencyWish("40", ""))
    now = timezone.now()
    advance(operation.pk, now=now)
    simulator.advance(60).fault("deny", "sagemaker:DescribeEndpoint")
    assert advance(operation.pk, now=now + timedelta(seconds=31)) is not None
    operation.refresh_from_db()
    assert operation.state == "verifying"

    simulator.clear_faults()
    assert advance(operation.pk, now=now + timedelta(seconds=100)) is None
    operation.refresh_from_db()
    assert operation.verdict == "applied"


def test_no_proof_in_time_is_told_as_unknown(simulator: SimulatorProcess, queued: Planner) -> None:
    operation = queued(ConcurrencyWish("40", ""))
    now = timezone.now()
    advance(operation.pk, now=now)
    simulator.fault("503", "sagemaker:DescribeEndpoint")
    assert advance(operation.pk, now=now + timedelta(hours=2)) is None
    operation.refresh_from_db()
    assert (operation.state, operation.verdict) == ("failed", "unknown")
    assert "the update was sent" in operation.verdict_detail
