"""Entering prices, discounts and exchange rates: what is refused beside which field, and what the audit keeps."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from fleet import discount_entries, price_entries
from fleet.errors import Refused
from fleet.models import Account, AuditEntry, Discount, Price
from fleet.price_entries import Days, Who
from fleet.types import CostComponent
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 42, tzinfo=UTC)
NOVEMBER = Days(date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture
def who() -> Who:
    return Who(rows.user("admin", None), NOW, "203.0.113.7")


@pytest.fixture
def account() -> Account:
    return rows.shard(region="us-east-1").account


def enter(who: Who, **changed: Any) -> Price:
    """A sound price with something changed; the list price is $0.102."""
    sound: dict[str, Any] = {
        "region": "us-east-1", "component": "instance-time", "item": "ml.c5.large", "usd": Decimal("0.09"),
        "days": NOVEMBER, "reason": "private offer", "who": who,
    }  # fmt: skip
    return price_entries.set_price(**{**sound, **changed})


def percentage(who: Who, name: str = "EDP 2026", **changed: Any) -> Discount:
    sound: dict[str, Any] = {
        "name": name, "account": None, "component": "", "percent": Decimal(10), "days": NOVEMBER,
        "reason": "contract", "who": who,
    }  # fmt: skip
    return discount_entries.add_percentage(**{**sound, **changed})


def plan(who: Who, account: Account | None, **changed: Any) -> Discount:
    sound: dict[str, Any] = {
        "name": "SP", "account": account, "region": "us-east-1", "component": "instance-time",
        "item": "ml.c5.large", "usd_per_hour": Decimal("0.06"), "days": NOVEMBER, "reason": "bought", "who": who,
    }  # fmt: skip
    return discount_entries.add_plan_rate(**{**sound, **changed})


def refused(call: Any, *args: Any, **kwargs: Any) -> dict[str, str]:
    """Code by field of what the call refuses."""
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return {refusal.field: refusal.code for refusal in caught.value.refusals}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"usd": Decimal("-0.01")}, {"usd": "negative"}),
        ({"usd": Decimal("NaN")}, {"usd": "invalid"}),
        ({"usd": Decimal("1e-13")}, {"usd": "digits"}),
        ({"usd": Decimal(0), "reason": " "}, {"reason": "missing"}),
        ({"region": "moon-east-1"}, {"region": "unknown"}),
        ({"component": "laptops"}, {"component": "unknown"}),
        ({"item": "ml.zz9.large"}, {"item": "unknown"}),
        ({"item": "2048"}, {"item": "unknown"}),
        ({"days": Days(date(2026, 11, 3), date(2026, 11, 2))}, {"last_day": "order"}),
        ({"usd": Decimal("10.3")}, {"is_confirmed": "absurd"}),
        ({"usd": Decimal("0.001")}, {"is_confirmed": "absurd"}),
        ({"usd": Decimal(0)}, {"is_confirmed": "absurd"}),
        ({"usd": Decimal(-1), "region": ""}, {"usd": "negative", "region": "unknown"}),
    ],
)  # fmt: skip
def test_a_bad_price_is_refused_beside_its_field(
    who: Who, changed: dict[str, Any], expected: dict[str, str]
) -> None:
    assert refused(enter, who, **changed) == expected
    assert not Price.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_price_far_from_the_list_stands_once_it_is_confirmed(who: Who) -> None:
    assert enter(who, usd=Decimal(0), is_confirmed=True).usd == 0
    assert enter(who, usd=Decimal("10.1"), item="ml.c5.large", days=Days(date(2026, 12, 1))).usd, (
        "within 100 times"
    )


def test_an_entry_below_admin_is_refused() -> None:
    operator = Who(rows.user("operator", None), NOW)
    assert refused(enter, operator) == {"": "role"}
    assert refused(percentage, operator) == {"": "role"}


def test_an_entry_that_overlaps_another_is_refused_with_the_other_named(who: Who) -> None:
    enter(who)
    with pytest.raises(
        Refused, match=r"admin entered \$0.09 from 2026-11-01 to 2026-11-30 \(private offer\)"
    ):
        enter(who, days=Days(date(2026, 11, 30)))
    enter(who, days=Days(date(2026, 12, 1)))
    enter(who, region="eu-west-1", is_confirmed=True)
    assert Price.objects.count() == 3


def test_what_was_entered_ended_and_removed_stands_in_the_audit(who: Who) -> None:
    row = enter(who, days=Days(date(2026, 11, 1)))
    assert price_entries.end(row, who)
    assert not price_entries.end(row, who), "it ends by itself now"
    row.refresh_from_db()
    assert row.last_day == NOW.date()
    price_entries.remove(row, who)
    price_entries.remove(Price(pk=row.pk), who)
    assert not Price.objects.exists()
    found = list(AuditEntry.objects.order_by("pk").values_list("action", "reason", "actor_label", "address"))
    assert found == [
        (action, "private offer", "admin", "203.0.113.7")
        for action in ("price.entered", "price.ended", "price.removed")
    ]
    assert AuditEntry.objects.order_by("pk")[0].after["usd"] == "0.09"


@pytest.mark.parametrize("mine", [None, "prod"])
@pytest.mark.parametrize("theirs", [None, "prod"])
@pytest.mark.parametrize("component", ["", "instance-time"])
def test_percentages_that_could_reach_one_line_twice_are_refused_with_both_named(
    who: Who, account: Account, mine: str | None, theirs: str | None, component: str
) -> None:
    of = {None: None, "prod": account}
    percentage(who, "EDP 2025", account=of[theirs])
    with pytest.raises(
        Refused, match="“EDP 2026” would overlap “EDP 2025”, which holds from 2026-11-01 to 2026-11-30"
    ):
        percentage(who, "EDP 2026", account=of[mine], component=component)


def test_percentages_of_other_accounts_components_or_days_stand_beside_each_other(
    who: Who, account: Account
) -> None:
    other = rows.shard(region="us-east-1", alias="other", account_id="999900001111").account
    percentage(who, "a", account=account, component="kept-warm")
    percentage(who, "b", account=account, component="storage")
    percentage(who, "c", account=other)
    percentage(who, "d", days=Days(date(2026, 12, 1)))
    assert Discount.objects.count() == 4


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"percent": Decimal(0)}, {"percent": "range"}),
        ({"percent": Decimal("100.1")}, {"percent": "range"}),
        ({"percent": Decimal(95)}, {"is_confirmed": "absurd"}),
        ({"name": " ", "reason": ""}, {"name": "missing", "reason": "missing"}),
        ({"component": "laptops"}, {"component": "unknown"}),
    ],
)
def test_a_bad_percentage_is_refused_beside_its_field(
    who: Who, changed: dict[str, Any], expected: dict[str, str]
) -> None:
    assert refused(percentage, who, **changed) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"account": None}, {"account": "missing"}),
        ({"usd_per_hour": Decimal("0.2")}, {"is_confirmed": "absurd"}),
        ({"component": "kept-warm", "item": "2048"}, {"component": "not-covered"}),
        ({"item": "ml.zz9.large"}, {"item": "unknown"}),
    ],
)
def test_a_bad_savings_plans_rate_is_refused_beside_its_field(
    who: Who, account: Account, changed: dict[str, Any], expected: dict[str, str]
) -> None:
    assert refused(plan, who, **{"account": account, **changed}) == expected


def test_a_rate_and_a_percentage_may_hold_together_but_not_two_rates(who: Who, account: Account) -> None:
    percentage(who)
    plan(who, account)
    assert refused(plan, who, account, days=Days(date(2026, 11, 30))) == {"first_day": "overlap"}
    plan(who, account, component=CostComponent.BATCH_TIME)


@pytest.mark.parametrize(
    ("currency", "usd", "expected"),
    [
        ("USD", "1", {"currency": "unknown"}),
        ("C1", "0.14", {"currency": "unknown"}),
        ("CNY", "0", {"usd": "zero"}),
        ("CNY", "-1", {"usd": "negative"}),
        ("CNY", "7.1", {"is_confirmed": "absurd"}),
        ("CNY", "0.15", {"first_day": "overlap"}),
    ],
)
def test_a_bad_exchange_rate_is_refused_beside_its_field(
    who: Who, currency: str, usd: str, expected: dict[str, str]
) -> None:
    common: dict[str, Any] = {"days": NOVEMBER, "reason": "treasury", "who": who}
    price_entries.set_exchange_rate(currency="CNY", usd=Decimal("0.14"), **common)
    assert refused(price_entries.set_exchange_rate, currency=currency, usd=Decimal(usd), **common) == expected
