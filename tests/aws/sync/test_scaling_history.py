"""What Application Auto Scaling did is read once an hour: while it moves, by pages, and under the endpoint it was."""

from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from fleet.aws import autoscaling
from fleet.models import CallTally, Endpoint, ScalingActivity, ScalingHistory, Shard
from fleet.sync import scaling_history
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
HOUR = timedelta(hours=1)
NAME = "beta-realtime"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{NAME}/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
ACTION = "application-autoscaling:DescribeScalingActivities"


@pytest.fixture
def scaling(simulator: SimulatorProcess) -> Any:
    return boto3.client("application-autoscaling", region_name="us-east-1")


def scale(scaling: Any, simulator: SimulatorProcess, *levels: int) -> None:
    """To each level in turn, done before the next."""
    for level in levels:
        scaling.register_scalable_target(**TARGET, MinCapacity=level, MaxCapacity=level)
        simulator.advance(60)


def look(simulator: SimulatorProcess, shard: Shard) -> set[str]:
    """A run an hour later; what failed in it."""
    now = simulator.advance(HOUR.total_seconds()).now()
    return run_inventory(shard.pk, now=now).failed_sections


@pytest.fixture
def known(scaling: Any, simulator: SimulatorProcess, shard: Shard) -> Shard:
    """The shard after its first look, with a target that scaled from 2 to 4 before it."""
    scale(scaling, simulator, 4)
    assert run_inventory(shard.pk, now=simulator.now()).errors == {}
    return shard


def told() -> list[tuple[str, int | None]]:
    stored = ScalingActivity.objects.order_by("begun_at")
    return list(stored.values_list("status", "to_level"))


def test_activities_are_read_once_an_hour_from_the_second_look_on(
    scaling: Any, simulator: SimulatorProcess, known: Shard
) -> None:
    assert not ScalingHistory.objects.exists(), "the first look asks nothing that can wait"
    simulator.reset_calls()
    assert look(simulator, known) == set()
    assert told() == [("Successful", 4)]
    run_inventory(known.pk, now=simulator.now() + timedelta(seconds=1))
    assert simulator.calls()["calls"][ACTION] == 1
    assert CallTally.objects.filter(action=ACTION).exists()

    scale(scaling, simulator, 6, 3)
    assert look(simulator, known) == set()
    assert told() == [("Successful", 4), ("Successful", 6), ("Successful", 3)]
    row = ScalingActivity.objects.get(to_level=6)
    assert row.ended_at is not None
    assert row.begun_at < row.ended_at
    assert row.cause == "minimum capacity was set to 6"
    assert row.history.endpoint.name == NAME
    assert row.history.variant_name == "AllTraffic"
    assert simulator.calls()["calls"][ACTION] == 2


def test_six_weeks_are_covered_at_once_and_each_reading_joins_the_one_before(
    scaling: Any, simulator: SimulatorProcess, known: Shard
) -> None:
    look(simulator, known)
    first = ScalingHistory.objects.get()
    assert first.read_until is not None
    assert first.read_from == first.read_until - timedelta(weeks=6)
    look(simulator, known)
    second = ScalingHistory.objects.get()
    assert (second.read_from, second.read_until) == (first.read_from, last_reading(first))


def last_reading(before: ScalingHistory) -> datetime:
    """When the reading after this one was."""
    run = Shard.objects.get().sections[scaling_history.NAME]
    found = datetime.fromisoformat(run["ok_at"])
    assert before.read_until is not None
    assert found > before.read_until
    return found


def test_an_activity_in_progress_is_read_again_until_it_ended(
    scaling: Any, simulator: SimulatorProcess, known: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoscaling, "PAGE_SIZE", 2)
    look(simulator, known)
    ScalingActivity.objects.update(status="InProgress", ended_at=None)
    scale(scaling, simulator, 5, 2, 5)
    simulator.advance(HOUR.total_seconds())
    scale(scaling, simulator, 2, 5, 2)
    look(simulator, known)
    assert {status for status, _ in told()} == {"Successful"}
    assert len(told()) == 7


def test_a_failed_activity_is_kept_with_its_reason(
    scaling: Any, simulator: SimulatorProcess, known: Shard
) -> None:
    simulator.fail_next_update(NAME, "insufficient capacity")
    scale(scaling, simulator, 9)
    look(simulator, known)
    failed = ScalingActivity.objects.get(status="Failed")
    assert failed.to_level == 9
    assert "insufficient capacity" in failed.status_message


def test_activities_are_read_by_pages_back_to_the_last_reading(
    scaling: Any, simulator: SimulatorProcess, known: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoscaling, "PAGE_SIZE", 4)
    scale(scaling, simulator, *([2, 3] * 4))
    simulator.reset_calls()
    look(simulator, known)
    assert len(told()) == 9
    assert simulator.calls()["calls"][ACTION] == 3
    look(simulator, known)
    assert simulator.calls()["calls"][ACTION] == 4, "the newest page reaches back far enough"


def test_where_the_reading_is_cut_off_coverage_begins_at_the_oldest_that_was_told(
    scaling: Any, simulator: SimulatorProcess, known: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling_history, "MOST_PAGES", 2)
    monkeypatch.setattr(autoscaling, "PAGE_SIZE", 2)
    scale(scaling, simulator, *([2, 3] * 4))
    look(simulator, known)
    assert len(told()) == 4
    oldest = ScalingActivity.objects.order_by("begun_at")[0]
    assert ScalingHistory.objects.get().read_from == oldest.begun_at


def test_a_refusal_is_shown_with_its_action_and_leaves_a_history_that_knows_nothing(
    scaling: Any, simulator: SimulatorProcess, known: Shard
) -> None:
    simulator.fault("deny", ACTION)
    assert look(simulator, known) == {scaling_history.NAME}
    known.refresh_from_db()
    error = known.sections[scaling_history.NAME]["error"]
    assert (error["kind"], error["action"]) == ("AccessDenied", ACTION)
    history = ScalingHistory.objects.get()
    assert (history.read_from, history.read_until) == (None, None)
    assert history.target_since is not None
    simulator.clear_faults()
    assert look(simulator, known) == set()
    assert told() == [("Successful", 4)]


def test_what_an_endpoint_of_the_same_name_did_before_is_not_taken_for_this_one_s(
    scaling: Any, simulator: SimulatorProcess, sagemaker: Any, known: Shard
) -> None:
    look(simulator, known)
    config = sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"]
    sagemaker.delete_endpoint(EndpointName=NAME)
    simulator.advance(60)
    run_inventory(known.pk, now=simulator.now())
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=config)
    simulator.advance(60)
    scale(scaling, simulator, 7)
    run_inventory(known.pk, now=simulator.now())
    look(simulator, known)
    old, new = Endpoint.objects.filter(name=NAME).order_by("created_at")
    assert list(ScalingActivity.objects.filter(history__endpoint=old).values_list("to_level")) == [(4,)]
    assert list(ScalingActivity.objects.filter(history__endpoint=new).values_list("to_level")) == [(7,)]


def test_what_scaled_until_its_target_went_is_still_read_and_then_no_more_is_asked(
    scaling: Any, simulator: SimulatorProcess, known: Shard
) -> None:
    look(simulator, known)
    scale(scaling, simulator, 8)
    scaling.deregister_scalable_target(**TARGET)
    look(simulator, known)
    assert told() == [("Successful", 4), ("Successful", 8)]
    history = ScalingHistory.objects.get()
    assert history.closed_at == history.read_until
    simulator.reset_calls()
    look(simulator, known)
    assert ACTION not in simulator.calls()["calls"]
