"""Bounds of a scalable target, changed or taken away: what is refused, sent, told and priced."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet.costs.periods import Window
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.operations import schedule_guards, schedule_plan
from fleet.operations.kinds import InstanceOption
from fleet.operations.schedules import INSTANCES, PROVISIONED, ScheduleChange, ScheduleWish, Spot
from fleet.types import CostComponent, PricePoint
from tests.unit.operations.wishes import context, seen

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RESOURCE = "endpoint/fraud-score/variant/AllTraffic"
WARM = Spot(RESOURCE, PROVISIONED, "AllTraffic", 1, 1, most=20, minimum=1, maximum=5)
MACHINES = Spot(RESOURCE, INSTANCES, "AllTraffic", 4, 1, instance_type="ml.m5.xlarge")
BOUNDS = ScheduleWish("bounds", minimum="2", maximum="8")


def checked(wish: ScheduleWish, spot: Spot = WARM) -> ScheduleChange:
    change, refusals = schedule_guards.schedule(wish, seen(spots=(spot,)), context(), NOON)
    assert change is not None, refusals
    return change


def codes(wish: ScheduleWish, spot: Spot, **changes: Any) -> list[tuple[str, str]]:
    change, refusals = schedule_guards.schedule(wish, seen(spots=(spot,)), context(**changes), NOON)
    assert change is None
    return [(refusal.field, refusal.code) for refusal in refusals]


@pytest.mark.parametrize(
    ("changes", "spot", "found"),
    [
        ({"minimum": ""}, WARM, [("minimum", "missing")]),
        ({"minimum": "9"}, WARM, [("maximum", "min-over-max")]),
        ({"maximum": "21"}, WARM, [("maximum", "too-high")]),
        ({"minimum": "0"}, WARM, [("minimum", "too-low")]),
        ({"minimum": "0"}, replace(MACHINES, floor=0), [("minimum", "nothing-wakes")]),
        ({"minimum": "1", "maximum": "5"}, WARM, [("", "no-change")]),
    ],
)
def test_bounds_that_cannot_be_are_refused_beside_their_field(
    changes: dict[str, str], spot: Spot, found: list[tuple[str, str]]
) -> None:
    assert codes(replace(BOUNDS, **changes), spot) == found


def test_bounds_are_changed_without_a_schedule_and_what_moves_at_once_is_told() -> None:
    change = checked(BOUNDS, replace(WARM, policies=("track",)))
    assert (change.bounds, change.put) == ((2, 8), ())
    plan = schedule_plan.build(change, seen(), None, NOON)
    assert plan.summary == "provisioned concurrency: between 2 and 8"
    assert [step.action for step in plan.steps] == ["read-schedule", "register-scaling", "prove-schedule"]
    assert "moves-now" in [warning.code for warning in plan.warnings]
    assert checked(replace(BOUNDS, minimum="0"), replace(MACHINES, floor=0, wakes=True)).bounds == (0, 8)
    few = {"ml.m5.xlarge": InstanceOption("ml.m5.xlarge", 16384, quota=3, held=2)}
    assert codes(BOUNDS, MACHINES, instances=few) == [("maximum", "instance-quota")]


def test_the_month_of_bounds_is_told_where_nothing_else_decides_on_the_level() -> None:
    point = PricePoint(
        "eu-west-1", CostComponent.KEPT_WARM, "4096", "unit-second", Decimal("0.00001"), "test", NOON.date()
    )
    book = PriceBook.layered([point])
    silent = Traffic(Window(NOON - timedelta(hours=168), NOON), busy_s=Decimal(0))

    def cost(spot: Spot) -> Any:
        return schedule_plan.cost_change(checked(BOUNDS, spot), seen(spots=(spot,)), silent, book, now=NOON)

    month = Decimal(730) * 3600 * Decimal("0.00001")
    assert next(row.before for row in cost(WARM).rows) == month
    assert next(row.after for row in cost(WARM).rows) == 2 * month
    assert cost(replace(WARM, policies=("track",))) is None


def test_a_target_is_deregistered_and_where_none_is_that_is_refused() -> None:
    spot = replace(WARM, policies=("track",))
    change = checked(ScheduleWish("leave"), spot)
    plan = schedule_plan.build(change, seen(spots=(spot,)), None, NOON)
    assert [step.action for step in plan.steps] == ["read-schedule", "deregister-scaling", "prove-schedule"]
    assert {"policies-removed", "level-stays"} <= {warning.code for warning in plan.warnings}
    assert not plan.wanted["is_registered"]
    assert codes(ScheduleWish("leave"), MACHINES) == [("", "not-registered")]


def test_the_step_that_wakes_an_asynchronous_endpoint_is_written_with_its_alarm() -> None:
    asleep = replace(MACHINES, floor=0, level=0, minimum=0, maximum=4, policies=("backlog",))
    change = checked(ScheduleWish("wake"), asleep)
    plan = schedule_plan.build(change, seen(spots=(asleep,)), None, NOON)
    assert [step.action for step in plan.steps] == [
        "read-schedule", "put-scaling-policy", "put-wake-alarm", "prove-schedule",
    ]  # fmt: skip
    assert [(call.service, call.action) for call in plan.calls if not call.is_skipped][1:] == [
        ("application-autoscaling", "PutScalingPolicy"), ("cloudwatch", "PutMetricAlarm"),
    ]  # fmt: skip
    assert plan.wanted["policy"] == "HasBacklogWithoutCapacity-ScalingPolicy"
    assert "way-back" in [warning.code for warning in plan.warnings]
    assert codes(ScheduleWish("wake"), replace(asleep, wakes=True)) == [("", "no-change")]
    assert codes(ScheduleWish("wake"), replace(asleep, minimum=None, maximum=None)) == [
        ("", "not-registered")
    ]
    for other in (WARM, replace(MACHINES, minimum=1, maximum=4)):
        assert codes(ScheduleWish("wake"), other) == [("", "not-asynchronous")]


ASLEEP = replace(MACHINES, floor=0, level=0, minimum=0, maximum=4, policies=("backlog",))


def test_what_is_woken_goes_back_to_0_by_two_actions_of_aws_at_the_time_that_the_plan_showed() -> None:
    change = checked(ScheduleWish("wake", back_after="8"), ASLEEP)
    assert [(each.schedule, each.minimum, each.maximum) for each in change.put] == [
        ("at(2026-11-20T20:00:00)", 0, 0), ("at(2026-11-20T20:15:00)", 0, 4),
    ]  # fmt: skip
    plan = schedule_plan.build(change, seen(spots=(ASLEEP,)), None, NOON)
    assert [step.action for step in plan.steps] == [
        "read-schedule", "put-scheduled-action", "put-scheduled-action", "put-scaling-policy", "put-wake-alarm",
        "prove-schedule",
    ]  # fmt: skip
    assert plan.summary == "instances: a step policy that wakes it from 0, back to 0 at 2026-11-20 20:00 UTC"
    assert {"way-back", "back-to-0"} <= {warning.code for warning in plan.warnings}
    assert [row.field for row in plan.differences][1:] == ["wake-back-to-0", "wake-bounds-again"]
    # What the row keeps is planned again at confirmation, hours later: the time must not move.
    later, refusals = schedule_guards.schedule(
        change.wish, seen(spots=(ASLEEP,)), context(), NOON + timedelta(hours=3)
    )
    assert later is not None, refusals
    assert later.put == change.put
    _, refusals = schedule_guards.schedule(
        change.wish, seen(spots=(ASLEEP,)), context(), NOON + timedelta(hours=8)
    )
    assert [refusal.code for refusal in refusals] == ["past"]


def test_an_endpoint_that_wakes_already_may_get_the_way_back_alone_and_nonsense_is_refused() -> None:
    change = checked(ScheduleWish("wake", back_after="1"), replace(ASLEEP, wakes=True))
    assert not change.wakes
    assert len(change.put) == 2
    few = {"ml.m5.xlarge": InstanceOption("ml.m5.xlarge", 16384, quota=2, held=0)}
    found, refusals = schedule_guards.schedule(
        ScheduleWish("wake", back_after="1"), seen(spots=(ASLEEP,)), context(instances=few), NOON
    )
    assert found is not None, refusals
    for hours in ("0", "721", "soon", "1.5"):
        assert [field for field, _ in codes(ScheduleWish("wake", back_after=hours), ASLEEP)] == ["back_after"]
    kept = replace(ASLEEP, minimum=1)
    assert codes(ScheduleWish("wake", back_after="8"), kept) == [("back_after", "minimum-above-0")]


def test_bounds_that_moved_again_are_no_proof() -> None:
    change = checked(BOUNDS)
    assert schedule_plan.build(change, seen(), None, NOON).wanted["bounds"] == [2, 8]
