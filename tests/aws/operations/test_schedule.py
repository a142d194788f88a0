"""Schedules, carried out against the simulator: written, read back, refused, overwritten, put back."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dashboards.operations import words
from fleet.aws import autoscaling
from fleet.models import Endpoint, Operation
from fleet.operations.kinds import ConcurrencyWish
from fleet.operations.schedules import PROVISIONED, ScheduleWish
from tests.aws.operations.conftest import Planner
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

OFFICE = ScheduleWish(
    "weekly", days="weekdays", from_hour="8", to_hour="18", level="5", rest="1", timezone="Europe/Paris"
)
Settle = Callable[[Operation], Operation]


@pytest.fixture
def warm(mirror: Callable[[], None], queued: Planner, settle: Settle, simulator: SimulatorProcess) -> None:
    """Five slots are kept warm; nothing scales them."""
    settle(queued(ConcurrencyWish("30", "5")))
    mirror()
    simulator.reset_calls()


def live(endpoint: Endpoint) -> dict[str, tuple[str, str, int, int]]:
    """What AWS has: schedule, zone and bounds by name."""
    return {
        row["ScheduledActionName"]: (
            row["Schedule"], row["Timezone"],
            row["ScalableTargetAction"]["MinCapacity"], row["ScalableTargetAction"]["MaxCapacity"],
        )
        for row in autoscaling.scheduled_actions(endpoint.shard.scope)
    }  # fmt: skip


def writes(simulator: SimulatorProcess) -> list[str]:
    return [write["action"].split(":")[-1] for write in simulator.calls()["writes"]]


def test_a_schedule_is_registered_written_changed_and_taken_back_to_what_was_there(
    simulator: SimulatorProcess,
    mirror: Callable[[], None],
    endpoint: Endpoint,
    warm: None,
    queued: Planner,
    settle: Settle,
) -> None:
    first = settle(queued(OFFICE))
    assert (first.state, first.verdict) == ("succeeded", "applied"), first.verdict_detail
    assert writes(simulator) == ["RegisterScalableTarget", "PutScheduledAction", "PutScheduledAction"]
    office = {
        "weekly-on": ("cron(0 8 ? * MON-FRI *)", "Europe/Paris", 5, 5),
        "weekly-off": ("cron(0 18 ? * MON-FRI *)", "Europe/Paris", 1, 1),
    }
    assert live(endpoint) == office

    mirror()
    second = settle(queued(replace(OFFICE, to_hour="20", level="8")))
    assert second.verdict == "applied", second.verdict_detail
    assert live(endpoint)["weekly-off"][0] == "cron(0 20 ? * MON-FRI *)"
    mirror()
    back = settle(queued(ScheduleWish(**words.plan_again(second, back=True))))
    assert back.verdict == "applied", back.verdict_detail
    assert live(endpoint) == office

    mirror()
    undone = settle(queued(ScheduleWish(**words.plan_again(first, back=True))))
    assert undone.verdict == "applied", undone.verdict_detail
    assert live(endpoint) == {}
    assert list(autoscaling.scalable_targets(endpoint.shard.scope)) == []


def test_one_action_with_times_is_read_back_field_by_field_and_removed(
    mirror: Callable[[], None], endpoint: Endpoint, warm: None, queued: Planner, settle: Settle
) -> None:
    wish = ScheduleWish(
        "one", name="launch day", schedule="rate(12 hours)", minimum="2", maximum="9",
        start="2099-12-01 08:00", end="2099-12-24 18:00",
    )  # fmt: skip
    operation = settle(queued(wish))
    assert operation.verdict == "applied", operation.verdict_detail
    steps = operation.steps.filter(action="put-scheduled-action")
    assert [step.read_back for step in steps] == ["Read back, every field equal"]
    mirror()
    removed = settle(queued(ScheduleWish("remove", name="launch day")))
    assert removed.verdict == "applied", removed.verdict_detail
    assert live(endpoint) == {}


def test_a_refusal_is_told_with_its_permission_and_what_was_done_before_it(
    simulator: SimulatorProcess, endpoint: Endpoint, warm: None, queued: Planner, settle: Settle
) -> None:
    simulator.fault("deny", "*:PutScheduledAction")
    operation = settle(queued(OFFICE))
    assert (operation.state, operation.verdict) == ("failed", "refused")
    assert operation.aws_error is not None
    assert operation.aws_error["missing_permission"] == "application-autoscaling:PutScheduledAction"
    assert "the scalable target was registered with 1 to 5" in operation.verdict_detail
    assert live(endpoint) == {}


def test_a_target_that_moved_since_the_plan_stops_it_before_anything_is_sent(
    simulator: SimulatorProcess, endpoint: Endpoint, warm: None, queued: Planner, settle: Settle
) -> None:
    operation = queued(OFFICE)
    variant = endpoint.variants.get().name
    resource = f"endpoint/{endpoint.name}/variant/{variant}"
    autoscaling.register_scalable_target(endpoint.shard.scope, resource, PROVISIONED, minimum=1, maximum=9)
    simulator.reset_calls()
    operation = settle(operation)
    assert (operation.verdict, writes(simulator)) == ("stale", [])
    assert "1 – 9" in operation.verdict_detail


def test_bounds_are_changed_and_the_target_is_deregistered_and_put_back(
    simulator: SimulatorProcess,
    mirror: Callable[[], None],
    endpoint: Endpoint,
    warm: None,
    queued: Planner,
    settle: Settle,
) -> None:
    def bounds() -> list[tuple[int, int]]:
        targets = autoscaling.scalable_targets(endpoint.shard.scope)
        return [(row["MinCapacity"], row["MaxCapacity"]) for row in targets]

    first = settle(queued(ScheduleWish("bounds", minimum="2", maximum="9")))
    assert (first.verdict, bounds()) == ("applied", [(2, 9)]), first.verdict_detail
    mirror()
    gone = settle(queued(ScheduleWish("leave")))
    assert (gone.verdict, bounds()) == ("applied", []), gone.verdict_detail
    assert writes(simulator) == ["RegisterScalableTarget", "DeregisterScalableTarget"]
    mirror()
    back = settle(queued(ScheduleWish(**words.plan_again(gone, back=True))))
    assert (back.verdict, bounds()) == ("applied", [(2, 9)]), back.verdict_detail
