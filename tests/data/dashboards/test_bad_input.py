"""What cannot be priced, from the mirror to the page: named, counted, and nowhere a silent zero."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from fleet.ledger import update_shard
from fleet.models import CapacityPeriod, Endpoint, Price, Shard, VariantStatus
from fleet.rollups.places import update_places
from fleet.types import CostComponent, Kind
from tests.data.dashboards import cost_rows, rows

pytestmark = pytest.mark.django_db

YESTERDAY = cost_rows.today() - timedelta(days=1)
QUERY = {"range": "custom", "from": YESTERDAY.isoformat(), "to": YESTERDAY.isoformat()}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(YESTERDAY, time(hour, minute), UTC)


@pytest.fixture
def shard() -> Shard:
    found = rows.shard(region="us-east-1")
    found.backfill_from = at(0) - timedelta(days=5)
    found.backfill_until = found.backfill_done_until = at(0)
    found.save()
    return found


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("viewer", None))
    return client


def endpoint(shard: Shard, name: str, kind: Kind, **held: object) -> Endpoint:
    found = rows.endpoint(shard, name, kind)
    VariantStatus.objects.filter(endpoint=found).update(metrics_until=rows.now())
    CapacityPeriod.objects.create(variant=rows.variant(found), start=at(0) - timedelta(days=3), **held)
    return found


def ranker(shard: Shard, name: str = "ranker", item: str = "ml.c5.large") -> Endpoint:
    return endpoint(shard, name, Kind.REAL_TIME, instance_type=item, instance_count=1, volume_gb=0)


def priced(shard: Shard) -> None:
    update_shard(shard.pk, now=rows.now())
    update_places()


def page(reader: Client, **query: str) -> str:
    answer = reader.get("/costs/", {**QUERY, **query})
    assert answer.status_code == 200
    return rows.words(answer.content.decode())


def lines(reader: Client) -> str:
    return rows.words(reader.get("/costs/explain/", QUERY).content.decode())


def test_a_missing_price_is_named_counted_and_not_in_the_sum(reader: Client, shard: Shard) -> None:
    ranker(shard)
    ranker(shard, "lab", "ml.zz9.large")
    priced(shard)
    words = page(reader)
    assert "1 endpoint is unpriced and not in these figures" in words
    assert "Unpriced Instance time ml.zz9.large lab" in words.partition("Not in these figures")[2]
    assert "$2.45" in words, "24 h of ml.c5.large at $0.102 alone"


def test_a_price_in_another_currency_is_named_and_not_added_to_dollars(reader: Client, shard: Shard) -> None:
    ranker(shard)
    Price.objects.create(
        region="us-east-1", component=CostComponent.INSTANCE_TIME, item="ml.c5.large", unit="Hrs", currency="CNY",
        quoted=Decimal("0.8"), origin=Price.Origin.API, source="AWS Price List", source_date=YESTERDAY,
        fetched_at=rows.now(),
    )  # fmt: skip
    priced(shard)
    words = page(reader)
    assert "Unpriced Instance time ml.c5.large ranker" in words.partition("Not in these figures")[2]
    assert "Priced in CNY; no exchange rate is set" in lines(reader)
    assert "$19.20" not in words, "24 h × 0.8 are no dollars"


def test_metrics_that_miss_a_part_of_a_day_are_named_beside_what_was_read(
    reader: Client, shard: Shard
) -> None:
    faq = endpoint(shard, "chat-faq", Kind.SERVERLESS, memory_mb=2048, max_concurrency=20)
    rows.hour_bucket(faq, at(3), model_latency_ms_sum=600_000_000.0)
    VariantStatus.objects.filter(endpoint=faq).update(metrics_until=at(20, 10))
    priced(shard)
    words = page(reader)
    assert "$24.00" in words, "600,000 s at $0.00004"
    missing = words.partition("Not in these figures")[2]
    assert "No data Execution, on demand hours not read chat-faq" in missing
    assert "hours not read" in lines(reader)


def test_an_endpoint_that_was_deleted_in_the_middle_of_an_hour_costs_what_ran_until_then(
    reader: Client, shard: Shard
) -> None:
    old = ranker(shard)
    CapacityPeriod.objects.filter(variant=rows.variant(old)).update(end=at(6, 30))
    VariantStatus.objects.filter(endpoint=old).update(metrics_until=at(7, 30))
    Endpoint.objects.filter(pk=old.pk).update(closed_at=at(6, 30))
    for hour in range(6):
        rows.hour_bucket(old, at(hour), instance_minutes=60.0)
    rows.hour_bucket(old, at(6), instance_minutes=30.0)
    priced(shard)
    words = page(reader)
    assert "$0.663" in words, "6.5 h at $0.102"
    assert "ranker" in words
    assert "Instance time" not in words.partition("Not in these figures")[2], (
        "nothing of its hours is missing"
    )
