"""Daily costs follow the mirror: buckets, capacity and prices in, one row per component out."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet.costs.serverless import UNREAD
from fleet.ledger import update_shard
from fleet.models import CapacityPeriod, DailyCost, Endpoint, HourBucket, Price, Shard, VariantStatus
from fleet.queries import cost_lines
from fleet.queries import costs as cost_queries
from fleet.queries.cost_scope import CostFilter, Span, Sums
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


def test_hours_whose_metrics_are_late_wait_a_while_and_are_then_taken_from_the_capacity(shard: Shard) -> None:
    variant = rows.variant(ranker(shard))
    variant.metrics_until = at(7, TODAY)
    variant.save()
    update_shard(shard.pk, now=NOW)
    assert costs(TODAY)["instance-time", "ml.c5.large"].quantity == 14
    variant.metrics_until = at(2, TODAY)
    variant.save()
    update_shard(shard.pk, now=NOW)
    assert costs(TODAY)["instance-time", "ml.c5.large"].quantity == 18


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


def test_the_hours_that_were_not_read_stand_beside_those_that_were(shard: Shard) -> None:
    """Read until 20:10 of yesterday: the hours after it are counted, listed, and missing from every figure."""
    faq = chat(shard)
    rows.hour_bucket(faq, at(3), model_latency_ms_sum=600_000.0)
    VariantStatus.objects.filter(endpoint=faq).update(metrics_until=at(20) + timedelta(minutes=10))
    update_shard(shard.pk, now=NOW)
    found = costs()
    assert found["execution-on-demand", "2048"].amount == Decimal("0.024")
    unread = found["execution-on-demand", UNREAD]
    assert (unread.quantity, unread.unit, unread.amount, unread.confidence) == (4, "hour", None, "no-data")
    where, day = CostFilter(), Span(YESTERDAY, YESTERDAY)
    assert cost_queries.total(cost_queries.days(where, day)) == Sums(Decimal("0.024"), 0, 1)
    parts = [(component, item) for _, _, component, item, _ in cost_lines.missing(where, day)]
    assert parts == [("execution-on-demand", UNREAD)]
    VariantStatus.objects.filter(endpoint=faq).update(metrics_until=NOW)
    update_shard(shard.pk, now=NOW + timedelta(minutes=1))
    assert set(costs()) == {("execution-on-demand", "2048")}


def test_while_history_is_fetched_its_days_are_not_there_and_nothing_is_called_unknown(shard: Shard) -> None:
    chat(shard)
    ranker(shard)
    until, done = at(6, TODAY), datetime(2026, 11, 9, 8, tzinfo=UTC)
    Shard.objects.filter(pk=shard.pk).update(backfill_until=until, backfill_done_until=done)
    update_shard(shard.pk, now=NOW)
    days = set(DailyCost.objects.values_list("day", flat=True))
    assert days == {date(2026, 11, n) for n in range(1, 9)} | {TODAY}
    assert not DailyCost.objects.filter(confidence="no-data").exists()
    assert costs(TODAY)["instance-time", "ml.c5.large"].quantity == 6, "from 06:00 to 09:00"
    Shard.objects.filter(pk=shard.pk).update(backfill_done_until=until)
    update_shard(shard.pk, now=NOW + timedelta(minutes=1))
    assert len(set(DailyCost.objects.values_list("day", flat=True))) == 20
    assert costs(TODAY)["instance-time", "ml.c5.large"].quantity == 18


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


def test_a_late_bucket_changes_its_day_and_no_other(shard: Shard) -> None:
    faq = chat(shard)
    update_shard(shard.pk, now=NOW)
    rows.hour_bucket(faq, at(5), model_latency_ms_sum=1_000.0)
    assert update_shard(shard.pk, now=NOW + timedelta(minutes=5)) == 1
    assert costs()["execution-on-demand", "2048"].quantity == 1


def test_back_filled_days_are_found_when_the_back_fill_moves_on(shard: Shard) -> None:
    Shard.objects.filter(pk=shard.pk).update(backfill_done_until=START)
    faq = chat(shard)
    update_shard(shard.pk, now=NOW)
    HourBucket.objects.create(
        variant=rows.variant(faq), at=START + timedelta(hours=2), period_s=3600, model_latency_ms_sum=5_000.0
    )
    Shard.objects.filter(pk=shard.pk).update(backfill_done_until=START + timedelta(days=1))
    update_shard(shard.pk, now=NOW + timedelta(minutes=1))
    assert costs(START.date())["execution-on-demand", "2048"].quantity == 5


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


def test_the_row_of_an_hour_that_is_still_being_read_is_not_taken_for_the_whole_hour(shard: Shard) -> None:
    found = ranker(shard)
    variant = rows.variant(found)
    variant.metrics_until = at(2, TODAY) + timedelta(minutes=30)
    variant.save()
    rows.hour_bucket(found, at(2, TODAY), instance_minutes=60.0)
    update_shard(shard.pk, now=NOW)
    assert costs(TODAY)["instance-time", "ml.c5.large"].quantity == 18
