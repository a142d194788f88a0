"""Every refusal: which field, which code, and the numbers a person needs in the message."""

from decimal import Decimal
from typing import Any

import pytest

from fleet.operations import guards
from fleet.operations.kinds import (
    ActiveOperation,
    ConcurrencyChange,
    ConcurrencyLedger,
    ConcurrencyWish,
    Conversion,
    ConversionWish,
    InstanceOption,
    Observed,
    Route,
)
from tests.unit.operations.wishes import SCALING, context, seen

BUSY = ActiveOperation("8f21c0de", "Change concurrency of fraud-score", "bob", "10:02 UTC")


@pytest.mark.parametrize(
    ("maximum", "provisioned", "field", "code", "words"),
    [
        ("", "", "max_concurrency", "missing", ["Max concurrency is missing"]),
        ("ten", "", "max_concurrency", "not-a-number", ["whole number", "ten"]),
        ("1.5", "", "max_concurrency", "not-a-number", ["whole number", "1.5"]),
        ("1e2", "", "max_concurrency", "not-a-number", ["1e2"]),
        ("²", "", "max_concurrency", "not-a-number", ["²"]),
        ("0", "", "max_concurrency", "max-too-low", ["is 0", "lowest", "1"]),
        ("-3", "", "max_concurrency", "max-too-low", ["-3"]),
        ("201", "", "max_concurrency", "max-too-high", ["201", "200"]),
        ("40", "many", "provisioned_concurrency", "not-a-number", ["many"]),
        ("40", "0", "provisioned_concurrency", "provisioned-too-low", ["is 0", "empty for none"]),
        ("40", "50", "provisioned_concurrency", "provisioned-over-max", ["50 > max concurrency 40"]),
        ("20", "5", "", "no-change", ["20", "5", "already"]),
    ],
)
def test_a_wish_is_refused_beside_its_field(
    maximum: str, provisioned: str, field: str, code: str, words: list[str]
) -> None:
    change, refusals = guards.concurrency(ConcurrencyWish(maximum, provisioned), seen(), context())
    assert change is None
    assert [(r.field, r.code) for r in refusals] == [(field, code)]
    assert all(word in refusals[0].message for word in words), refusals[0].message


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ({"kind": "real-time", "serverless": None}, "not-serverless", ["real-time", "not serverless"]),
        ({"status": "Updating"}, "not-in-service", ["Updating", "InService"]),
        ({"status": "SomethingNew"}, "not-in-service", ["SomethingNew"]),
        ({"unreadable": "AccessDeniedException: no"}, "unreadable", ["AccessDeniedException: no"]),
        ({"is_closed": True}, "closed", ["no longer exists"]),
        ({"config_document": {}}, "config-unread", ["fraud-score-cfg-7"]),
    ],
)
@pytest.mark.parametrize("wish", ["concurrency", "conversion"])
def test_an_endpoint_in_the_wrong_state_is_refused_whatever_is_asked(
    state: dict[str, Any], code: str, words: list[str], wish: str
) -> None:
    refusals = _refusals(wish, seen(**state), context())
    assert [(r.field, r.code) for r in refusals] == [("", code)]
    assert all(word in refusals[0].message for word in words), refusals[0].message


@pytest.mark.parametrize("wish", ["concurrency", "conversion"])
def test_a_viewer_is_told_the_role_that_is_needed(wish: str) -> None:
    refusals = _refusals(wish, seen(), context(actor_may=False, actor_role="viewer"))
    assert [r.code for r in refusals] == ["role"]
    assert "viewer" in refusals[0].message
    assert "operator" in refusals[0].message


@pytest.mark.parametrize("wish", ["concurrency", "conversion"])
def test_an_account_none_of_whose_roles_may_change_is_refused(wish: str) -> None:
    refusals = _refusals(wish, seen(is_read_only=True), context())
    assert [(r.field, r.code) for r in refusals] == [("", "read-only-account")]
    assert "prod is read-only" in refusals[0].message
    assert guards.standing(seen(), context()) == []


@pytest.mark.parametrize("wish", ["concurrency", "conversion"])
def test_a_second_operation_is_told_who_changes_what_since_when(wish: str) -> None:
    refusals = _refusals(wish, seen(), context(active=BUSY))
    assert [r.code for r in refusals] == ["busy"]
    for word in ("bob", "Change concurrency of fraud-score", "op-8f21c0de", "10:02 UTC"):
        assert word in refusals[0].message


def _refusals(wish: str, state: Observed, where: Any) -> list[Any]:
    if wish == "concurrency":
        return guards.concurrency(ConcurrencyWish("40", "10"), state, where)[1]
    return guards.conversion(ConversionWish("ml.m5.xlarge", "2"), state, where)[1]


def test_the_region_quota_may_be_reached_but_not_passed() -> None:
    ledger = ConcurrencyLedger(others=960, quota=1000)
    change, refusals = guards.concurrency(ConcurrencyWish("40", "5"), seen(), context(ledger=ledger))
    assert (change, refusals) == (ConcurrencyChange(40, 5, Route.AUTO), [])

    change, refusals = guards.concurrency(ConcurrencyWish("41", "5"), seen(), context(ledger=ledger))
    assert [(r.field, r.code) for r in refusals] == [("max_concurrency", "region-quota")]
    assert "1,001 of 1,000" in refusals[0].message
    assert "40 are left" in refusals[0].message


def test_lowering_is_allowed_while_the_region_is_over_its_quota() -> None:
    ledger = ConcurrencyLedger(others=1200, quota=1000)
    change, _ = guards.concurrency(ConcurrencyWish("10", "5"), seen(), context(ledger=ledger))
    assert change is not None


@pytest.mark.parametrize(
    ("wish", "is_refused"),
    [
        (ConcurrencyWish("30", "5"), False),
        (ConcurrencyWish("30", "5", Route.NEW_CONFIG), True),
        (ConcurrencyWish("30", ""), True),
    ],
)
def test_a_config_with_a_field_the_sdk_does_not_know_is_not_copied(
    wish: ConcurrencyWish, is_refused: bool
) -> None:
    strange = seen(unknown_fields=("ProductionVariants[0].WarmPool",))
    change, refusals = guards.concurrency(wish, strange, context())
    assert [r.code for r in refusals] == (["unknown-fields"] if is_refused else [])
    assert (change is None) == is_refused
    converted, refusals = guards.conversion(ConversionWish("ml.m5.xlarge", "1"), strange, context())
    assert converted is None
    assert "ProductionVariants[0].WarmPool" in refusals[-1].message or "WarmPool" in refusals[0].message


def test_an_unknown_quota_refuses_nothing() -> None:
    change, _ = guards.concurrency(
        ConcurrencyWish("200", "5"), seen(), context(ledger=ConcurrencyLedger(99999, None))
    )
    assert change is not None


@pytest.mark.parametrize(("level", "allowed"), [("1", False), ("2", True), ("8", True), ("9", False)])
def test_provisioned_concurrency_stays_inside_its_scalable_target(level: str, allowed: bool) -> None:
    _, refusals = guards.concurrency(ConcurrencyWish("20", level), seen(scaling=SCALING), context())
    assert [r.code for r in refusals] == ([] if allowed else ["outside-scaling"])
    if refusals:
        assert refusals[0].field == "provisioned_concurrency"
        assert f"{level} is outside the scalable target, between 2 and 8" in refusals[0].message


def test_provisioned_concurrency_is_not_removed_under_a_scalable_target() -> None:
    _, refusals = guards.concurrency(ConcurrencyWish("20", ""), seen(scaling=SCALING), context())
    assert [(r.field, r.code) for r in refusals] == [("provisioned_concurrency", "scalable-target")]
    assert "deregister" in refusals[0].message


def test_the_in_place_way_cannot_remove_provisioned_concurrency() -> None:
    _, refusals = guards.concurrency(ConcurrencyWish("20", "", Route.IN_PLACE), seen(), context())
    assert [(r.field, r.code) for r in refusals] == [("route", "route-cannot-remove")]


@pytest.mark.parametrize(
    ("name", "count", "field", "code", "words"),
    [
        ("", "1", "instance_type", "unknown-instance", ["Choose"]),
        ("ml.made.up", "1", "instance_type", "unknown-instance", ["ml.made.up"]),
        ("ml.g6e.xlarge", "1", "instance_type", "no-price", ["ml.g6e.xlarge", "eu-west-1", "admin"]),
        ("ml.t2.medium", "1", "instance_type", "memory-too-small", ["2,048 MB", "4,096 MB"]),
        ("ml.m5.xlarge", "0", "instance_count", "count-out-of-range", ["is 0", "at least 1"]),
        ("ml.m5.xlarge", "two", "instance_count", "not-a-number", ["two"]),
        ("ml.m5.xlarge", "", "instance_count", "missing", ["missing"]),
    ],
)
def test_a_conversion_is_refused_beside_its_field(
    name: str, count: str, field: str, code: str, words: list[str]
) -> None:
    change, refusals = guards.conversion(ConversionWish(name, count), seen(), context())
    assert change is None
    assert [(r.field, r.code) for r in refusals] == [(field, code)]
    assert all(word in refusals[0].message for word in words), refusals[0].message


@pytest.mark.parametrize(
    ("quota", "held", "count", "refusal", "words"),
    [
        (None, 50, "9", None, []),
        (10, 8, "2", None, []),
        (10, 8, "3", ("instance_count", "instance-quota"), ["11 of 10 ml.m5.xlarge", "2 are left"]),
        (10, 12, "1", ("instance_count", "instance-quota"), ["13 of 10", "0 are left"]),
        (0, 0, "1", ("instance_type", "no-instance-quota"), ["prod may run 0 of ml.m5.xlarge", "eu-west-1"]),
    ],
)
def test_the_instance_quota_may_be_reached_but_not_passed(
    quota: int | None, held: int, count: str, refusal: tuple[str, str] | None, words: list[str]
) -> None:
    option = InstanceOption("ml.m5.xlarge", 16384, 4, Decimal("0.257"), quota=quota, held=held)
    where = context(instances={option.name: option})
    change, refusals = guards.conversion(ConversionWish(option.name, count), seen(), where)
    assert [(r.field, r.code) for r in refusals] == ([] if refusal is None else [refusal])
    assert (change is None) is (refusal is not None)
    assert all(word in refusals[0].message for word in words)


@pytest.mark.parametrize(
    ("is_admin", "ticked", "allowed"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_only_an_admin_who_says_so_goes_on_without_a_price(
    is_admin: bool, ticked: bool, allowed: bool
) -> None:
    wish = ConversionWish("ml.g6e.xlarge", "1", accept_unpriced=ticked)
    change, refusals = guards.conversion(wish, seen(), context(is_admin=is_admin))
    assert (change is not None) is allowed
    assert [r.code for r in refusals] == ([] if allowed else ["no-price"])


def test_the_memory_of_today_is_enough() -> None:
    change, _ = guards.conversion(ConversionWish("ml.c5.large", "1"), seen(), context())
    assert isinstance(change, Conversion)
    assert change.instance_count == 1
