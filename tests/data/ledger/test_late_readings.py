"""Days whose hours are read late, one after the other or never: priced as far as known, and again when known."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from fleet.costs.serverless import UNREAD
from fleet.ledger import update_shard
from fleet.models import DailyCost, HourBucket, Shard, VariantStatus
from fleet.queries import cost_lines
from fleet.queries import costs as cost_queries
from fleet.queries.cost_scope import CostFilter, Span, Sums
from tests.data.dashboards import rows
from tests.data.ledger.test_update import NOW, START, TODAY, YESTERDAY, at, chat, costs, ranker

pytestmark = pytest.mark.django_db


@pytest.fixture
def shard() -> Shard:
    found = rows.shard(region="us-east-1")
    found.backfill_from = START
    found.backfill_until = found.backfill_done_until = datetime(2026, 11, 19, tzinfo=UTC)
    found.save()
    return found


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


def test_the_row_of_an_hour_that_is_still_being_read_is_not_taken_for_the_whole_hour(shard: Shard) -> None:
    found = ranker(shard)
    variant = rows.variant(found)
    variant.metrics_until = at(2, TODAY) + timedelta(minutes=30)
    variant.save()
    rows.hour_bucket(found, at(2, TODAY), instance_minutes=60.0)
    update_shard(shard.pk, now=NOW)
    assert costs(TODAY)["instance-time", "ml.c5.large"].quantity == 18
