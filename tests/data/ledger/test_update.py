"""Daily costs follow the mirror: buckets, capacity and prices in, one row per component out."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet.ledger import update_shard
from fleet.models import CapacityPeriod, DailyCost, Endpoint, Price, Shard, VariantStatus
from fleet.types import CostComponent, Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 42, tzinfo=UTC)
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def shard() -> Shard:
    found = rows.shard(region="us-east-1")
    found.backfill_from = START
    found.backfill_until = found.backfill_done_until = datetime(2026, 11, 19, tzinfo=UTC)
    found.save()
    return found


def endpoint(
    shard: Shard, name: str, kind: Kind, *, held: dict[str, Any], since: datetime = START
) -> Endpoint:
    found = rows.endpoint(shard, name, kind)
    variant = rows.variant(found)
    variant.metrics_until = NOW
    variant.save()
    CapacityPeriod.objects.create(variant=variant, start=since, **held)
    return found


def chat(shard: Shard, **held: Any) -> Endpoint:
    return endpoint(
        shard, "chat-faq", Kind.SERVERLESS, held={"memory_mb": 2048, "max_concurrency": 20, **held}
    )


def ranker(shard: Shard, **held: Any) -> Endpoint:
    shape = {"instance_type": "ml.c5.large", "instance_count": 2, "volume_gb": 30, **held}
    return endpoint(shard, "ranker", Kind.REAL_TIME, held=shape)


def price(component: CostComponent, item: str, usd: str, region: str = "us-east-1") -> Price:
    return Price.objects.create(
        region=region,
        component=component,
        item=item,
        unit="Hrs",
        usd=Decimal(usd),
        origin=Price.Origin.API,
        source="AWS Price List",
        source_date=date(2026, 11, 1),
        fetched_at=NOW,
    )


def costs(day: date = YESTERDAY) -> dict[tuple[str, str], DailyCost]:
    return {(cost.component, cost.item): cost for cost in DailyCost.objects.filter(day=day)}


def at(hour: int, day: date = YESTERDAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def fingerprints(found: Iterable[DailyCost]) -> list[tuple[Any, ...]]:
    return sorted(
        (c.day, c.variant_id, c.component, c.item, c.quantity, c.amount, c.computed_at) for c in found
    )


def test_a_serverless_day_is_the_sum_of_its_hours_at_the_rate_of_its_size(shard: Shard) -> None:
    faq = chat(shard)
    rows.hour_bucket(faq, at(3), model_latency_ms_sum=600_000.0)
    rows.hour_bucket(faq, at(4), model_latency_ms_sum=400_000.0)
    update_shard(shard.pk, now=NOW)
    (cost,) = costs().values()
    assert (cost.quantity, cost.usd_per_unit, cost.amount) == (1000, Decimal("0.00004"), Decimal("0.04"))
    assert cost.endpoint_id == faq.pk
    assert cost.data_until == at(0, TODAY)
    assert cost.confidence == "estimated"


def test_today_is_priced_up_to_the_last_closed_hour(shard: Shard) -> None:
    ranker(shard)
    update_shard(shard.pk, now=NOW)
    cost = costs(TODAY)["instance-time", "ml.c5.large"]
    assert (cost.quantity, cost.amount) == (18, Decimal("1.836"))
    assert cost.data_until == at(9, TODAY)


def test_storage_stands_beside_instance_time(shard: Shard) -> None:
    ranker(shard)
    update_shard(shard.pk, now=NOW)
    # 2 instances × 24 h × 30 GB / 720 h of November = 2 GB-months × 0.14.
    cost = costs()["storage", "gp2"]
    assert (cost.quantity, cost.amount) == (2, Decimal("0.28"))


def test_a_price_of_the_price_list_replaces_the_snapshot_in_every_day(shard: Shard) -> None:
    ranker(shard)
    update_shard(shard.pk, now=NOW)
    assert costs(START.date())["instance-time", "ml.c5.large"].amount == Decimal("4.896")
    price(CostComponent.INSTANCE_TIME, "ml.c5.large", "0.2")
    update_shard(shard.pk, now=NOW + timedelta(minutes=1))
    for day in (START.date(), YESTERDAY):
        cost = costs(day)["instance-time", "ml.c5.large"]
        assert cost.amount == Decimal("9.6")
        assert cost.price_source == "AWS Price List, 2026-11-01"


def test_a_type_without_price_is_unpriced_and_not_zero(shard: Shard) -> None:
    ranker(shard, instance_type="ml.zz9.large")
    update_shard(shard.pk, now=NOW)
    cost = costs()["instance-time", "ml.zz9.large"]
    assert (cost.quantity, cost.amount, cost.confidence) == (48, None, "unpriced")


def test_hours_never_read_have_no_data_and_not_zero(shard: Shard) -> None:
    """Metrics have been down since the evening of the 18th."""
    faq = chat(shard)
    VariantStatus.objects.filter(endpoint=faq).update(metrics_until=datetime(2026, 11, 18, 20, tzinfo=UTC))
    update_shard(shard.pk, now=NOW)
    (cost,) = costs().values()
    assert (cost.quantity, cost.amount, cost.confidence) == (None, None, "no-data")


def test_the_first_day_begins_with_the_history(shard: Shard) -> None:
    chat(shard, provisioned_concurrency=1)
    CapacityPeriod.objects.update(start=START - timedelta(days=9))
    Shard.objects.filter(pk=shard.pk).update(backfill_from=START + timedelta(hours=9))
    update_shard(shard.pk, now=NOW)
    first = costs(START.date())
    assert set(first) == {("kept-warm", "2048")}
    assert first["kept-warm", "2048"].quantity == 15 * 3600


def test_a_second_run_without_news_writes_nothing(shard: Shard) -> None:
    rows.hour_bucket(chat(shard), at(3), model_latency_ms_sum=600_000.0)
    ranker(shard)
    assert update_shard(shard.pk, now=NOW) == 20
    before = fingerprints(DailyCost.objects.all())
    assert update_shard(shard.pk, now=NOW + timedelta(minutes=5)) == 0
    assert fingerprints(DailyCost.objects.all()) == before


def test_lines_that_no_longer_apply_are_removed(shard: Shard) -> None:
    faq = chat(shard, provisioned_concurrency=2)
    update_shard(shard.pk, now=NOW)
    assert ("kept-warm", "2048") in costs()
    CapacityPeriod.objects.filter(variant=rows.variant(faq)).update(provisioned_concurrency=None)
    update_shard(shard.pk, now=NOW + timedelta(minutes=1))
    assert set(costs()) == {("execution-on-demand", "2048")}


def test_a_conversion_splits_the_day_and_keeps_both_sides(shard: Shard) -> None:
    faq = chat(shard)
    variant = rows.variant(faq)
    CapacityPeriod.objects.filter(variant=variant).update(end=at(12))
    CapacityPeriod.objects.create(
        variant=variant, start=at(12), instance_type="ml.c5.large", instance_count=1
    )
    rows.hour_bucket(faq, at(3), model_latency_ms_sum=1_000.0)
    update_shard(shard.pk, now=NOW)
    found = costs()
    assert found["execution-on-demand", "2048"].quantity == 1
    assert found["instance-time", "ml.c5.large"].quantity == 12
    assert found["storage", "gp2"].confidence == "no-data"


def test_a_closed_endpoint_costs_nothing_after_its_end(shard: Shard) -> None:
    old = ranker(shard)
    CapacityPeriod.objects.filter(variant=rows.variant(old)).update(end=at(6))
    update_shard(shard.pk, now=NOW)
    assert costs()["instance-time", "ml.c5.large"].quantity == 12
    assert costs(TODAY) == {}


def test_the_last_hour_of_a_closed_endpoint_is_priced_whole(shard: Shard) -> None:
    """Deleted at 06:50 and noticed at 06:52: two instances made 100 minutes, and all of them are in the row of six."""
    old, faq = ranker(shard), chat(shard)
    read = at(7) + timedelta(minutes=20)
    for each in (old, faq):
        CapacityPeriod.objects.filter(variant=rows.variant(each)).update(end=at(6) + timedelta(minutes=52))
        VariantStatus.objects.filter(endpoint=each).update(metrics_until=read)
        Endpoint.objects.filter(pk=each.pk).update(closed_at=at(6) + timedelta(minutes=52))
    for hour in range(6):
        rows.hour_bucket(old, at(hour), instance_minutes=120.0)
    rows.hour_bucket(old, at(6), instance_minutes=100.0)
    rows.hour_bucket(faq, at(6), model_latency_ms_sum=50_000.0)
    update_shard(shard.pk, now=NOW)
    found = costs()
    # 6 h × 2 instances + 100 minutes.
    assert found["instance-time", "ml.c5.large"].quantity == Decimal("13.666666667")
    assert found["execution-on-demand", "2048"].quantity == 50


def test_use_before_the_first_known_capacity_is_told_as_unknown(shard: Shard) -> None:
    faq = endpoint(
        shard, "old", Kind.SERVERLESS, held={"memory_mb": 2048, "max_concurrency": 5}, since=at(12)
    )
    rows.hour_bucket(faq, at(3), model_latency_ms_sum=1_000.0)
    update_shard(shard.pk, now=NOW)
    found = costs()
    assert found["execution-on-demand", ""].confidence == "no-data"
    assert found["execution-on-demand", "2048"].quantity == 0


def test_other_shards_are_left_alone(shard: Shard) -> None:
    other = rows.shard(region="eu-west-1")
    ranker(other)
    update_shard(shard.pk, now=NOW)
    assert not DailyCost.objects.exists()
    update_shard(other.pk, now=NOW)
    before = fingerprints(DailyCost.objects.all())
    update_shard(shard.pk, now=NOW)
    assert fingerprints(DailyCost.objects.all()) == before


def test_a_shard_that_is_gone_is_no_error() -> None:
    assert update_shard(987_654, now=NOW) == 0


def test_reads_do_not_grow_with_the_fleet(shard: Shard, django_assert_max_num_queries: Any) -> None:
    for n in range(12):
        faq = endpoint(shard, f"faq-{n}", Kind.SERVERLESS, held={"memory_mb": 2048, "max_concurrency": 5})
        rows.hour_bucket(faq, at(3), model_latency_ms_sum=1_000.0)
    update_shard(shard.pk, now=NOW)
    rows.hour_bucket(faq, at(4), model_latency_ms_sum=1_000.0)
    with django_assert_max_num_queries(20):
        update_shard(shard.pk, now=NOW + timedelta(minutes=1))
