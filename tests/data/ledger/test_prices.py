"""Each day of the ledger keeps the price it had; a correction reaches the days it names, and no other."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet import discount_entries, price_entries
from fleet.costs.price_history import DatedPrice
from fleet.ledger import update_shard
from fleet.models import CapacityPeriod, DailyCost, Price, Shard, StaleDay
from fleet.price_entries import Days, Who
from fleet.sync import prices as price_sync
from fleet.types import CostComponent, Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 42, tzinfo=UTC)
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
START = datetime(2026, 11, 14, tzinfo=UTC)
HOURS = CostComponent.INSTANCE_TIME


@pytest.fixture
def shard() -> Shard:
    done = datetime(2026, 11, 19, tzinfo=UTC)
    return rows.shard(region="us-east-1", backfill_from=START, backfill_until=done, backfill_done_until=done)


@pytest.fixture
def who() -> Who:
    return Who(rows.user("admin", None), NOW)


def endpoint(shard: Shard, kind: Kind = Kind.REAL_TIME, name: str = "ranker") -> None:
    variant = rows.variant(rows.endpoint(shard, name, kind))
    variant.metrics_until = NOW
    variant.save()
    CapacityPeriod.objects.create(
        variant=variant, start=START, instance_type="ml.c5.large", instance_count=1, volume_gb=0
    )


def listed(usd: str, at: datetime = NOW, currency: str = "USD") -> int:
    """AWS's list names this price at that moment."""
    told = DatedPrice(
        "us-east-1", HOURS, "ml.c5.large", Decimal(usd), "AWS Price List API", date(2026, 9, 1), currency
    )
    return price_sync.store([told], at)


def day_cost(day: date) -> DailyCost:
    return DailyCost.objects.get(day=day, component=HOURS, endpoint__name="ranker")


def amounts() -> dict[date, Decimal | None]:
    return dict(DailyCost.objects.filter(component=HOURS, day__lt=TODAY).values_list("day", "amount"))


def update(shard: Shard, minutes: int = 0) -> set[date]:
    """The days that the next update writes."""
    StaleDay.objects.all().delete()
    update_shard(shard.pk, now=NOW + timedelta(minutes=minutes))
    return set(StaleDay.objects.values_list("day", flat=True))


def test_yesterday_keeps_its_price_when_aws_changes_it_today(shard: Shard) -> None:
    endpoint(shard)
    listed("0.1", NOW - timedelta(days=3))
    update(shard)
    listed("0.05")
    assert update(shard, 1) == {TODAY}, "no other day is worked out again"
    assert day_cost(YESTERDAY).amount == Decimal("2.4")
    today = day_cost(TODAY)
    assert (today.quantity, today.amount) == (9, Decimal("0.45"))


def test_a_correction_of_the_past_reaches_exactly_its_days(shard: Shard, who: Who) -> None:
    endpoint(shard)
    listed("0.1")
    update(shard)
    wrong = Days(date(2026, 11, 15), date(2026, 11, 17))
    row = price_entries.set_price(
        region="us-east-1", component=HOURS, item="ml.c5.large", usd=Decimal("0.2"), days=wrong,
        reason="the list was wrong", who=who,
    )  # fmt: skip
    assert update(shard, 1) == {date(2026, 11, n) for n in (15, 16, 17)}
    assert {day.day for day, amount in amounts().items() if amount == Decimal("4.8")} == {15, 16, 17}
    assert {day.day for day, amount in amounts().items() if amount == Decimal("2.4")} == {14, 18, 19}
    assert day_cost(date(2026, 11, 16)).price_source == "entered by admin: the list was wrong, 2026-11-20"
    price_entries.remove(row, who)
    assert update(shard, 2) == {date(2026, 11, n) for n in (15, 16, 17)}
    assert set(amounts().values()) == {Decimal("2.4")}


def test_a_discount_is_kept_apart_and_belongs_to_its_account_and_days(shard: Shard, who: Who) -> None:
    endpoint(shard)
    read = {name: getattr(shard, name) for name in ("backfill_from", "backfill_until", "backfill_done_until")}
    other = rows.shard(region="us-east-1", alias="other", account_id="999900001111", **read)
    endpoint(other, name="elsewhere")
    listed("0.1")
    for each in (shard, other):
        update_shard(each.pk, now=NOW)
    discount_entries.add_percentage(
        name="EDP 2026", account=shard.account, component="", percent=Decimal(10), days=Days(YESTERDAY),
        reason="contract", who=who,
    )  # fmt: skip
    assert update(shard, 1) == {YESTERDAY, TODAY}
    assert update(other, 1) == set()
    cost = day_cost(YESTERDAY)
    assert (cost.usd_per_unit, cost.discount, cost.amount) == (
        Decimal("0.1"),
        Decimal("0.24"),
        Decimal("2.16"),
    )
    assert cost.discount_note == "10 % off the list price (EDP 2026)"
    assert day_cost(YESTERDAY - timedelta(days=1)).discount == 0


def test_a_savings_plans_rate_reaches_real_time_and_not_asynchronous_endpoints(
    shard: Shard, who: Who
) -> None:
    endpoint(shard)
    endpoint(shard, Kind.ASYNCHRONOUS, "ocr")
    rows.hour_bucket(shard.endpoints.get(name="ocr"), NOW - timedelta(days=1), instance_minutes=60.0)
    listed("0.1")
    discount_entries.add_plan_rate(
        name="SP", account=shard.account, region="us-east-1", component=HOURS, item="ml.c5.large",
        usd_per_hour=Decimal("0.06"), days=Days(YESTERDAY), reason="bought", who=who,
    )  # fmt: skip
    update(shard)
    assert (day_cost(YESTERDAY).discount, day_cost(YESTERDAY).amount) == (Decimal("0.96"), Decimal("1.44"))
    queued = DailyCost.objects.get(day=YESTERDAY, component=HOURS, endpoint__name="ocr")
    assert (queued.quantity, queued.discount, queued.amount) == (1, 0, Decimal("0.1"))


def test_a_price_in_another_currency_is_unpriced_until_a_rate_is_set(shard: Shard, who: Who) -> None:
    endpoint(shard)
    listed("0.8", currency="CNY")
    update(shard)
    cost = day_cost(YESTERDAY)
    assert (cost.amount, cost.confidence, cost.note.partition(";")[0]) == (None, "unpriced", "priced in CNY")
    price_entries.set_exchange_rate(
        currency="cny", usd=Decimal("0.125"), days=Days(YESTERDAY), reason="treasury", who=who
    )
    assert update(shard, 1) == {YESTERDAY, TODAY}
    assert day_cost(YESTERDAY).amount == Decimal("2.4")
    assert day_cost(YESTERDAY - timedelta(days=1)).amount is None


def entries(where: Any) -> list[tuple[Decimal, date | None, date | None]]:
    rows_found = Price.objects.filter(item="ml.c5.large", **where).order_by("first_day")
    return [(row.usd, row.first_day, row.last_day) for row in rows_found if row.usd is not None]


def test_only_changed_prices_are_written_and_each_ends_the_former(shard: Shard) -> None:
    days_ago = [NOW - timedelta(days=n) for n in (5, 4, 2, 0)]
    assert [listed(usd, at) for usd, at in zip(("0.1", "0.1", "0.2", "0.3"), days_ago, strict=True)] == [
        1,
        0,
        1,
        1,
    ]
    second, third = days_ago[2].date(), TODAY
    found = sorted(entries({}), key=lambda row: row[1] or date.min)
    assert found == [
        (Decimal("0.1"), None, second - timedelta(days=1)),
        (Decimal("0.2"), second, third - timedelta(days=1)),
        (Decimal("0.3"), third, None),
    ]
    assert listed("0.4", NOW + timedelta(hours=1)) == 1, "a second change on one day"
    assert entries({"last_day": None}) == [(Decimal("0.4"), TODAY, None)]
