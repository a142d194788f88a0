"""Schedules: what is refused, what is sent, what a person is told, what a month costs, and what puts it back."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet.costs.periods import Window
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.operations import confirmation, schedule_guards, schedule_plan
from fleet.operations.kinds import InstanceOption, Observed
from fleet.operations.schedules import (
    COPIES,
    INSTANCES,
    PROVISIONED,
    ScheduleChange,
    ScheduleWish,
    Spot,
    TimedAction,
    from_document,
    pattern,
)
from fleet.types import CostComponent, PricePoint
from tests.unit.operations.wishes import context, seen

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WARM = Spot("endpoint/fraud-score/variant/AllTraffic", PROVISIONED, "AllTraffic", 5, 1, most=20)
MACHINES = Spot(
    "endpoint/fraud-score/variant/AllTraffic", INSTANCES, "AllTraffic", 4, 1, instance_type="ml.m5.xlarge"
)
OFFICE = ScheduleWish(
    "weekly", days="weekdays", from_hour="8", to_hour="18", level="5", rest="1", timezone="UTC"
)
ONE = ScheduleWish("one", name="evening", schedule="cron(0 18 ? * MON-FRI *)", minimum="1", maximum="2")
ON = TimedAction("weekly-on", "cron(0 8 ? * MON-FRI *)", "UTC", 5, 5)
OFF = TimedAction("weekly-off", "cron(0 18 ? * MON-FRI *)", "UTC", 1, 1)


def of(spot: Spot = WARM, **changes: Any) -> Observed:
    return seen(spots=(spot,), **changes)


def checked(wish: ScheduleWish, spot: Spot = WARM) -> ScheduleChange:
    change, refusals = schedule_guards.schedule(wish, of(spot), context(), NOON)
    assert change is not None, refusals
    return change


def codes(wish: ScheduleWish, where: Observed, **changes: Any) -> list[tuple[str, str]]:
    change, refusals = schedule_guards.schedule(wish, where, context(**changes), NOON)
    assert change is None
    return [(refusal.field, refusal.code) for refusal in refusals]


def registered(spot: Spot = WARM, **changes: Any) -> Spot:
    return replace(spot, **{"minimum": 1, "maximum": 5, **changes})


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"level": ""}, [("level", "missing")]),
        ({"rest": "0"}, [("rest", "too-low")]),
        ({"level": "21"}, [("level", "too-high")]),
        ({"rest": "5"}, [("rest", "same-level")]),
        ({"from_hour": "24"}, [("from_hour", "hour")]),
        ({"to_hour": "8"}, [("to_hour", "same-hour")]),
        ({"from_hour": "0", "to_hour": "24"}, [("to_hour", "same-hour")]),
        ({"days": "someday"}, [("days", "days")]),
        ({"timezone": "Mars/Base"}, [("timezone", "timezone")]),
    ],
)
def test_a_weekly_schedule_that_cannot_be_is_refused_beside_its_field(
    changes: dict[str, str], found: list[tuple[str, str]]
) -> None:
    assert codes(replace(OFFICE, **changes), of()) == found


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"schedule": "cron(0 18 * * MON *)"}, [("schedule", "expression")]),
        ({"schedule": ""}, [("schedule", "missing")]),
        ({"schedule": "at(2026-11-20T11:59:59)"}, [("schedule", "past")]),
        ({"schedule": "at(2026-11-20T12:30:00)", "timezone": "Europe/Paris"}, [("schedule", "past")]),
        ({"name": "a/b"}, [("name", "name")]),
        ({"name": ""}, [("name", "missing")]),
        ({"minimum": "3"}, [("maximum", "min-over-max")]),
        ({"minimum": "", "maximum": ""}, [("minimum", "missing")]),
        ({"start": "soon"}, [("start", "time")]),
        ({"start": "2027-02-01 08:00", "end": "2027-01-01 08:00"}, [("end", "end-before-start")]),
        ({"end": "2026-11-01 08:00"}, [("end", "past")]),
    ],
)
def test_one_action_that_aws_would_not_carry_out_is_refused(
    changes: dict[str, str], found: list[tuple[str, str]]
) -> None:
    assert codes(replace(ONE, **changes), of()) == found


def test_one_bound_alone_is_held_to_the_other_of_the_target() -> None:
    assert codes(replace(ONE, minimum="8", maximum=""), of(registered())) == [("minimum", "min-over-max")]
    low = replace(ONE, minimum="", maximum="2")
    assert codes(low, of(registered(minimum=3))) == [("maximum", "min-over-max")]


def test_who_may_not_and_what_is_not_there_changes_nothing() -> None:
    viewer = {"actor_may": False, "actor_role": "viewer"}
    assert codes(OFFICE, of(), **viewer) == [("", "role")]
    assert codes(OFFICE, seen()) == [("", "nothing-scales")]
    assert codes(OFFICE, of(is_closed=True)) == [("", "closed")]
    assert codes(replace(OFFICE, target="gone"), of()) == [("target", "unknown-target")]
    assert codes(OFFICE, of(status="Updating")) == [("", "not-in-service")], "a target is to be registered"
    assert checked(OFFICE, registered()).bounds is None
    few = {"ml.m5.xlarge": InstanceOption("ml.m5.xlarge", 16384, quota=6, held=2)}
    assert codes(OFFICE, of(MACHINES), instances=few) == [("level", "instance-quota")]


def test_asynchronous_instances_and_copies_may_go_to_zero_and_real_time_ones_not() -> None:
    none = replace(OFFICE, rest="0")
    assert codes(none, of(MACHINES)) == [("rest", "too-low")]
    assert checked(none, replace(MACHINES, floor=0)).put[1].maximum == 0
    copies = Spot("inference-component/llm-1", COPIES, "AllTraffic", 2, 0)
    assert checked(none, copies).put[1].minimum == 0


def test_a_target_is_registered_first_around_every_level_so_that_nothing_moves_at_once() -> None:
    found = checked(replace(OFFICE, level="8", rest="2"))
    assert found.bounds == (2, 8)
    plan = schedule_plan.build(found, of(), None, NOON)
    assert [step.action for step in plan.steps] == [
        "read-schedule", "register-scaling", "put-scheduled-action", "put-scheduled-action", "prove-schedule",
    ]  # fmt: skip
    assert [call.action for call in plan.calls if not call.is_skipped] == [
        "DescribeScheduledActions", "RegisterScalableTarget", "PutScheduledAction", "PutScheduledAction",
    ]  # fmt: skip
    assert plan.steps[2].parameters["request"] == {
        "Schedule": "cron(0 8 ? * MON-FRI *)",
        "ScalableTargetAction": {"MinCapacity": 8, "MaxCapacity": 8},
        "Timezone": "UTC",
    }
    assert plan.wanted["is_registered"]
    assert set(plan.wanted["schedule"]) == {"weekly-on", "weekly-off"}


@pytest.mark.parametrize(
    ("days", "hours", "off"),
    [
        ("weekdays", ("8", "18"), "cron(0 18 ? * MON-FRI *)"),
        ("weekdays", ("22", "6"), "cron(0 6 ? * TUE-SAT *)"),
        ("weekdays", ("8", "24"), "cron(0 0 ? * TUE-SAT *)"),
        ("weekend", ("20", "2"), "cron(0 2 ? * SUN,MON *)"),
        ("daily", ("8", "24"), "cron(0 0 ? * * *)"),
    ],
)
def test_a_night_ends_on_the_day_after(days: str, hours: tuple[str, str], off: str) -> None:
    found = checked(replace(OFFICE, days=days, from_hour=hours[0], to_hour=hours[1]))
    assert found.put[1].schedule == off
    known = pattern(found.put, 5, NOON)
    assert known is not None
    assert (known.fields["days"], known.fields["from_hour"], known.fields["to_hour"]) == (days, *hours)


def test_where_policies_scale_they_stay_free_to_go_above_the_level() -> None:
    spot = registered(maximum=9, policies=("track-use",))
    found = checked(OFFICE, spot)
    assert [(action.minimum, action.maximum) for action in found.put] == [(5, 9), (1, 9)]
    assert "policies" in [warning.code for warning in schedule_plan.warnings(found, NOON)]


def test_the_same_schedule_again_is_no_change_and_another_one_writes_only_what_differs() -> None:
    spot = registered(actions=(OFF, ON))
    assert codes(OFFICE, of(spot)) == [("", "no-change")]
    assert [action.name for action in checked(replace(OFFICE, to_hour="20"), spot).put] == ["weekly-off"]


@pytest.mark.parametrize(
    ("zone", "hour", "found"),
    [
        ("UTC", "8", ["no-summer-time"]),
        ("Europe/Paris", "8", ["clocks-change"]),
        ("Europe/Paris", "2", ["clocks-change", "odd-hour"]),
        ("Asia/Tokyo", "8", ["no-summer-time"]),
    ],
)
def test_daylight_saving_is_told_with_its_days(zone: str, hour: str, found: list[str]) -> None:
    change = checked(replace(OFFICE, timezone=zone, from_hour=hour), registered())
    warnings = schedule_plan.warnings(change, NOON)
    assert [warning.code for warning in warnings] == found
    if zone == "Europe/Paris":
        assert "28 March 2027 and 31 October 2027" in warnings[0].text


def test_the_way_back_puts_the_earlier_actions_and_bounds_in_place() -> None:
    morning = TimedAction("morning", "cron(0 6 * * ? *)", "UTC", 2, 5, end="2027-01-01T00:00:00")
    before = registered(actions=(morning, replace(ON, minimum=3, maximum=3)))
    now = registered(minimum=1, maximum=1, actions=(ON, OFF))
    found = checked(ScheduleWish("restore", before=json.dumps(before.version())), now)
    assert {action.name for action in found.put} == {"morning", "weekly-on"}
    assert (found.delete, found.bounds, found.leaves) == (("weekly-off",), (1, 5), False)
    assert sorted(action.name for action in found.actions_after()) == ["morning", "weekly-on"]

    bare = checked(ScheduleWish("restore", before=json.dumps(WARM.version())), now)
    assert (bare.leaves, bare.put, bare.delete) == (True, (), ())
    steps = [step.action for step in schedule_plan.build(bare, of(now), None, NOON).steps]
    assert steps == ["read-schedule", "deregister-scaling", "prove-schedule"]


@pytest.mark.parametrize(
    "before",
    [
        "",
        "[]",
        "{}",
        '{"minimum": 1, "maximum": 5, "actions": [{"name": "x", "schedule": "cron(nonsense)"}]}',
    ],
)
def test_a_way_back_that_a_form_made_up_is_refused(before: str) -> None:
    assert codes(ScheduleWish("restore", before=before), of(registered()))


def test_one_action_or_all_are_removed_and_what_is_not_there_is_refused() -> None:
    spot = registered(actions=(ON, OFF))
    assert checked(ScheduleWish("remove", name="weekly-on"), spot).delete == ("weekly-on",)
    everything = checked(ScheduleWish("remove"), spot)
    assert everything.delete == ("weekly-off", "weekly-on")
    assert "level-stays" in [warning.code for warning in schedule_plan.warnings(everything, NOON)]
    assert codes(ScheduleWish("remove", name="noon"), of(spot)) == [("name", "no-action")]
    assert codes(ScheduleWish("remove"), of(registered())) == [("name", "no-action")]


def test_a_plan_is_stale_once_its_target_or_an_action_moved_and_not_when_the_endpoint_did() -> None:
    planned = {"modified_at": "2020", "schedule": WARM.version()}
    assert confirmation.stale(planned, of()) == []
    moved = confirmation.stale(planned, of(registered()))
    assert "the scalable target is 1 – 5, it was not registered" in moved[0].message
    written = {"schedule": registered().version()}
    assert "a scheduled action" in confirmation.stale(written, of(registered(actions=(ON,))))[0].message
    assert "is gone" in confirmation.stale(written, seen())[0].message


def price(component: CostComponent, item: str, unit: str, usd: str) -> PricePoint:
    return PricePoint("eu-west-1", component, item, unit, Decimal(usd), "test", NOON.date())


BOOK = PriceBook.layered(
    [
        price(CostComponent.KEPT_WARM, "4096", "unit-second", "0.00001"),
        price(CostComponent.EXECUTION_ON_DEMAND, "4096", "second", "0.00008"),
        price(CostComponent.EXECUTION_PROVISIONED, "4096", "second", "0.00004"),
        price(CostComponent.INSTANCE_TIME, "ml.m5.xlarge", "instance-hour", "0.25"),
    ]
)


def near(usd: Decimal) -> Any:
    return pytest.approx(usd, abs=Decimal("1e-9"))


SILENT = Traffic(Window(NOON - timedelta(hours=168), NOON), busy_s=Decimal(0))


def test_the_month_is_told_before_and_after_from_the_hours_of_the_week() -> None:
    found = schedule_plan.cost_change(checked(OFFICE), of(), SILENT, BOOK, now=NOON)
    assert found is not None
    month, on = Decimal(730) * 3600, Decimal(50) / 168
    assert found.before == 5 * month * Decimal("0.00001")
    assert found.after == near((5 * on + 1 * (1 - on)) * month * Decimal("0.00001"))

    machines = schedule_plan.cost_change(
        checked(replace(OFFICE, level="4"), MACHINES), of(MACHINES), SILENT, BOOK, now=NOON
    )
    assert machines is not None
    assert machines.rows[0].before == 4 * 730 * Decimal("0.25")
    assert machines.rows[0].after == near((4 * on + 1 - on) * 730 * Decimal("0.25"))
    assert schedule_plan.cost_change(checked(ONE), of(), SILENT, BOOK, now=NOON) is None, (
        "not told by one action"
    )


def test_from_one_weekly_schedule_to_another_both_months_are_scheduled() -> None:
    spot = registered(actions=(ON, OFF))
    change = checked(replace(OFFICE, to_hour="13"), spot)
    found = schedule_plan.cost_change(change, of(spot), SILENT, BOOK, now=NOON)
    assert found is not None
    month = Decimal(730) * 3600 * Decimal("0.00001")
    assert found.before == near((5 * Decimal(50) / 168 + Decimal(118) / 168) * month)
    assert found.after == near((5 * Decimal(25) / 168 + Decimal(143) / 168) * month)


def test_an_action_read_back_is_what_was_sent() -> None:
    change = checked(replace(ONE, start="2026-12-01 08:00", end="2027-01-01"), registered())
    action = change.put[0]
    read = {"ScheduledActionName": action.name, **action.request()}
    assert read["StartTime"] == "2026-12-01T08:00:00+00:00"
    assert from_document(read) == action
