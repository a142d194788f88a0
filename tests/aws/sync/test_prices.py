"""AWS's price list over HTTP: every page is read, only what changed is written, and each price has its days."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from fleet.models import Price, PriceReading, Shard
from fleet.queries import prices as queries
from fleet.sync import prices
from fleet.types import CostComponent
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
REGION = "us-east-1"
HOURS = CostComponent.INSTANCE_TIME


def read(at: datetime) -> PriceReading:
    """The region's list, read now."""
    (outcome,) = prices.refresh(now=at, force=True)
    assert outcome.errors == {}
    return PriceReading.objects.get(region=REGION)


def in_force(item: str, at: datetime, component: CostComponent = HOURS) -> Decimal | None:
    found = queries.book(REGION, on=at.date()).find(REGION, component, item)
    return found.usd if found else None


def test_the_list_is_read_whole_and_a_second_reading_writes_nothing(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    first = read(now)
    stored = set(Price.objects.values_list("pk", flat=True))
    assert first.prices == first.changed == len(stored)
    assert first.published_at is not None
    components = set(Price.objects.values_list("component", flat=True))
    assert components == set(CostComponent) - {CostComponent.BATCH_TIME}, "those are asked for by type"
    assert in_force("hosting", now, CostComponent.DATA_OUT) == Decimal("0.016")
    assert sum(first.passed_over.values()) == first.products - first.prices
    assert read(now + timedelta(days=1)).changed == 0
    assert set(Price.objects.values_list("pk", flat=True)) == stored


def test_a_new_price_holds_from_the_day_it_was_read(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    read(now)
    later = now + timedelta(days=2)
    simulator.list_price(REGION, "host", "ml.c5.large", "0.08")
    assert read(later).changed == 1
    days = [now, later - timedelta(days=1), later]
    assert [in_force("ml.c5.large", day) for day in days] == [
        Decimal("0.102"),
        Decimal("0.102"),
        Decimal("0.08"),
    ]


def test_a_price_that_turns_to_another_currency_stops_counting_that_day(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    read(now)
    later = now + timedelta(days=2)
    simulator.list_price(REGION, "host", "ml.c5.large", "0.73", "CNY")
    assert read(later).changed == 1
    assert in_force("ml.c5.large", now) == Decimal("0.102")
    book = queries.book(REGION, on=later.date())
    assert book.find(REGION, HOURS, "ml.c5.large") is None
    assert book.why_missing(REGION, HOURS, "ml.c5.large") == "priced in CNY; no exchange rate is set"


def test_a_reading_that_breaks_off_changes_nothing_and_says_why(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    read(now)
    simulator.list_price(REGION, "host", "ml.c5.large", "0.08")
    simulator.fault("deny", "pricing:GetProducts", count=None, skip=2)
    (outcome,) = prices.refresh(now=now + timedelta(days=1), force=True)
    assert set(outcome.errors) == {"prices"}
    assert in_force("ml.c5.large", now + timedelta(days=1)) == Decimal("0.102")
    assert PriceReading.objects.get().read_at == now
