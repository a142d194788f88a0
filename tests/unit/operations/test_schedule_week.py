"""A week of scheduled actions and a policy that follows utilisation: refused, sent, told, priced, and put back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from fleet.analysis.planner.timetable import HOURS, actions, week_fields
from fleet.analysis.planner.tracking import Policy
from fleet.costs.periods import Window
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import HourLevels, Traffic
from fleet.operations import confirmation, schedule_guards, schedule_plan, schedule_week
from fleet.operations.schedules import (
    INSTANCES,
    PROVISIONED,
    HeldPolicy,
    ScheduleChange,
    ScheduleWish,
    Spot,
    TimedAction,
)
from fleet.types import CostComponent, PricePoint
from tests.unit.operations.wishes import context, seen

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RESOURCE = "endpoint/fraud-score/variant/AllTraffic"
WARM = Spot(RESOURCE, PROVISIONED, "AllTraffic", 2, 1, most=20)
WEEK = ScheduleWish(
    "week", lines="cron(58 7 ? * MON-FRI *) 4\ncron(0 12 ? * MON-FRI *) 6\ncron(0 18 ? * MON-FRI *) 1"
)
FOLLOW = ScheduleWish("track", **{k: v for k, v in Policy(0.7, 1, 6).fields().items() if k != "way"})
OURS = HeldPolicy(
    "provisioned-concurrency-utilization", "TargetTrackingScaling", Policy(0.7, 1, 6).configuration()
)


def checked(wish: ScheduleWish, spot: Spot = WARM) -> ScheduleChange:
    change, refusals = schedule_guards.schedule(wish, seen(spots=(spot,)), context(), NOON)
    assert change is not None, refusals
    return change


def codes(wish: ScheduleWish, spot: Spot = WARM, **changes: Any) -> list[tuple[str, str]]:
    change, refusals = schedule_guards.schedule(wish, seen(spots=(spot,), **changes), context(), NOON)
    assert change is None
    return [(refusal.field, refusal.code) for refusal in refusals]


def test_a_week_registers_round_its_levels_and_writes_each_time() -> None:
    plan = schedule_plan.build(checked(WEEK), seen(), None, NOON)
    assert [(step.action, step.parameters.get("name")) for step in plan.steps][1:-1] == [
        ("register-scaling", None),
        ("put-scheduled-action", "level-4-at-0758"),
        ("put-scheduled-action", "level-6-at-1200"),
        ("put-scheduled-action", "level-1-at-1800"),
    ]
    assert plan.summary == "provisioned concurrency: 3 scheduled actions a week, level 1 to 6"
    assert plan.steps[1].parameters["minimum"], plan.steps[1].parameters["maximum"] == (1, 6)


def test_the_next_week_takes_the_place_of_the_one_before_and_leaves_what_others_wrote() -> None:
    old = (
        TimedAction("level-3-at-0800", "cron(0 8 ? * * *)", "UTC", 3, 3),
        TimedAction("noon", "cron(0 12 * * ? *)", "UTC", 2, 2),
        TimedAction("weekly-on", "cron(0 8 ? * * *)", "UTC", 3, 3),
    )
    spot = replace(WARM, minimum=1, maximum=6, actions=old)
    change = checked(WEEK, spot)
    assert change.delete == ("level-3-at-0800", "weekly-on")
    assert "other-actions" in [warning.code for warning in schedule_plan.warnings(change, NOON)]
    follows = checked(FOLLOW, spot)
    assert follows.delete == ("level-3-at-0800", "weekly-on"), "they would pin the level"
    assert "other-actions" in [warning.code for warning in schedule_plan.warnings(follows, NOON)]
    followed = replace(spot, policies=("mine",), maximum=9)
    assert {action.maximum for action in checked(WEEK, followed).put} == {9}, "policies stay free to go above"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("", [("lines", "missing")]),
        ("cron(0 8 ? * MON-FRI *) 4", [("lines", "same-level")]),
        ("cron(0 8 ? * MON-FRI *) 4\ncron(0 8 ? * SAT *) 4", [("lines", "same-name")]),
        ("cron(0 8 ? * MON-FRI *)\ncron(0 9 ? * * *) 1", [("lines", "line")]),
        ("cron(0 8 * * MON *) 4\ncron(0 9 ? * * *) 1", [("lines", "line")]),
        ("rate(1 day) 4\ncron(0 9 ? * * *) 1", [("lines", "line")]),
        ("cron(0 8 ? * * *) 0\ncron(0 9 ? * * *) 2", [("lines", "too-low")]),
        ("cron(0 8 ? * * *) 21\ncron(0 9 ? * * *) 2", [("lines", "too-high")]),
    ],
)
def test_lines_that_make_no_week_are_refused(lines: str, found: list[tuple[str, str]]) -> None:
    assert codes(replace(WEEK, lines=lines)) == found


@pytest.mark.parametrize("wish", [WEEK, FOLLOW])
def test_it_takes_an_endpoint_in_service_with_provisioned_concurrency(wish: ScheduleWish) -> None:
    registered = replace(WARM, minimum=1, maximum=6)
    assert codes(wish, registered, status="Updating") == [("", "not-in-service")]
    assert codes(wish, replace(registered, level=None)) == [("", "no-provisioned")]


@settings(max_examples=40)
@given(some.lists(some.integers(1, 3), min_size=28, max_size=28), some.integers(0, 29))
def test_what_the_planner_fills_in_is_accepted_and_read_back_as_its_levels(
    blocks: list[int], early_min: int
) -> None:
    hours = [level for level in blocks for _ in range(HOURS // 28)]
    found = actions(hours, 60 * early_min)
    assume(len({one.level for one in found}) > 1)
    change = checked(ScheduleWish(**week_fields(found)))
    told = schedule_week.pattern(change.actions_after(), 2, NOON)
    assert told is not None
    assert isinstance(told.weekly, HourLevels)
    assert list(told.weekly.levels) == hours


def test_a_month_of_a_week_is_its_mean_level_and_no_price_is_given_where_a_policy_decides() -> None:
    point = PricePoint(
        "eu-west-1", CostComponent.KEPT_WARM, "4096", "unit-second", Decimal("0.00001"), "test", NOON.date()
    )
    silent = Traffic(Window(NOON - timedelta(hours=168), NOON), busy_s=Decimal(0))
    book = PriceBook.layered([point])
    change = checked(WEEK)
    cost = schedule_plan.cost_change(change, seen(spots=(WARM,)), silent, book, now=NOON)
    assert cost is not None
    mean = Decimal(5 * (4 * 4 + 6 * 6) + (168 - 50)) / 168
    kept = next(row for row in cost.rows if row.component == "kept-warm")
    assert kept.before == 2 * Decimal(730) * 3600 * Decimal("0.00001")
    assert kept.after == mean * Decimal(730) * 3600 * Decimal("0.00001")
    assert schedule_plan.cost_change(checked(FOLLOW), seen(spots=(WARM,)), silent, book, now=NOON) is None
    theirs = TimedAction("evening", "cron(0 18 ? * MON-FRI *)", "UTC", 1, 1)
    assert schedule_week.pattern((theirs,), 2, NOON) is None, "may mean anything"


def test_a_policy_is_written_with_its_bounds_and_proven_field_by_field() -> None:
    change = checked(FOLLOW)
    plan = schedule_plan.build(change, seen(), None, NOON)
    assert [step.action for step in plan.steps] == [
        "read-schedule", "register-scaling", "put-scaling-policy", "prove-schedule",
    ]  # fmt: skip
    assert plan.wanted["bounds"] == [1, 6]
    document = {
        "TargetValue": 0.7,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
        },
        "ScaleOutCooldown": 300,
        "ScaleInCooldown": 300,
    }
    assert plan.wanted["policies"] == {
        OURS.name: {"policy_type": "TargetTrackingScaling", "configuration": document}
    }
    (call,) = [call for call in plan.calls if call.action == "PutScalingPolicy"]
    assert "TargetTrackingScalingPolicyConfiguration=" in call.arguments
    assert plan.summary == "provisioned concurrency: follows 70 % utilisation between 1 and 6"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"goal": ""}, [("goal", "missing")]),
        ({"goal": "0.7"}, [("goal", "not-a-number")]),
        ({"goal": "101"}, [("goal", "out-of-range")]),
        ({"minimum": "0"}, [("minimum", "too-low")]),
        ({"maximum": "21"}, [("maximum", "too-high")]),
        ({"minimum": "6"}, [("maximum", "nothing-moves")]),
        ({"in_cooldown": "soon"}, [("in_cooldown", "not-a-number")]),
    ],
)
def test_a_policy_that_cannot_be_is_refused_beside_its_field(
    changes: dict[str, str], found: list[tuple[str, str]]
) -> None:
    assert codes(replace(FOLLOW, **changes)) == found


def test_what_follows_the_metric_already_is_replaced_and_what_is_there_already_changes_nothing() -> None:
    theirs = replace(OURS, name="keep-warm", configuration={**OURS.configuration, "TargetValue": 0.5})
    spot = replace(WARM, minimum=1, maximum=6, policies=("keep-warm",), held=(theirs,))
    assert [policy.name for policy in checked(FOLLOW, spot).policies] == ["keep-warm"]
    same = replace(OURS, configuration={**OURS.configuration, "DisableScaleIn": False})
    assert codes(FOLLOW, replace(spot, held=(same,))) == [("", "no-change")]
    machines = Spot(RESOURCE, INSTANCES, "AllTraffic", 4, 1, instance_type="ml.m5.xlarge")
    assert codes(FOLLOW, machines) == [("target", "not-provisioned")]


def test_the_way_back_from_a_policy_deletes_what_was_written_and_restores_what_was_there() -> None:
    before = replace(WARM, minimum=2, maximum=4, policies=("mine",), held=(replace(OURS, name="mine"),))
    change = checked(replace(FOLLOW, goal="40"), before)
    kept = json.loads(json.dumps(change.version()))
    now = replace(
        before,
        minimum=1,
        maximum=6,
        policies=("mine", "new"),
        held=(*change.policies, replace(OURS, name="new")),
    )
    back = checked(ScheduleWish("restore", before=json.dumps(kept)), now)
    assert (back.bounds, back.dropped) == ((2, 4), ("new",))
    assert [(policy.name, policy.configuration["TargetValue"]) for policy in back.policies] == [("mine", 0.7)]
    of_actions = json.dumps(checked(WEEK, before).version())
    assert not checked(ScheduleWish("restore", before=of_actions), now).dropped, (
        "a week leaves policies alone"
    )
    odd = json.dumps(kept | {"policies": [{"name": "x", "kind": "PredictiveScaling", "configuration": {}}]})
    assert codes(ScheduleWish("restore", before=odd), now) == [("", "not-restorable")]


def test_a_policy_that_came_meanwhile_makes_its_plan_stale_and_no_schedule() -> None:
    spot = replace(WARM, minimum=1, maximum=4)
    follows, weekly = checked(FOLLOW, spot), checked(WEEK, spot)
    moved = seen(spots=(replace(spot, policies=("new",), held=(replace(OURS, name="new"),)),))
    (refusal,) = confirmation.stale(seen().version() | {"schedule": follows.version()}, moved)
    assert "a scaling policy was written or deleted" in refusal.message
    assert confirmation.stale(seen().version() | {"schedule": weekly.version()}, moved) == []
