"""Minutes from before the first reading, fetched once for a planner: equal to the truth, metered, capped, resumable."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone
from pytest_django.fixtures import Settings

from fleet.costs.observer import USD_PER_METRIC
from fleet.models import (
    CallTally,
    FineBucket,
    MetricSpend,
    MinuteFetch,
    PlannedForecast,
    Shard,
    VariantStatus,
)
from fleet.planning import forecasts
from fleet.planning import minutes as wishes
from fleet.queries import observer
from fleet.queries import planning as queries
from fleet.queries.scope import ScopeFilter
from fleet.sync import minutes, partitions
from fleet.sync.shard import run_inventory, run_metrics
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync import totals

pytestmark = [pytest.mark.aws, pytest.mark.django_db]
Capture = Callable[..., AbstractContextManager[list[Any]]]
NAME = "alpha-serverless"


@pytest.fixture
def variant(simulator: SimulatorProcess, shard: Shard, now: datetime, settings: Settings) -> VariantStatus:
    """Seen for the first time: its newest hours are read, and nothing before them."""
    settings.FINE_HISTORY_HOURS = 2
    run_inventory(shard.pk, now=now)
    assert run_metrics(shard.pk, now=now).errors == {}
    simulator.reset_calls()
    return VariantStatus.objects.select_related("endpoint__shard__account").get(endpoint__name=NAME)


def wished(variant: VariantStatus, now: datetime) -> MinuteFetch:
    found = forecasts.ask(variant, now=now).minutes
    assert found is not None
    return found


def test_the_first_look_fetches_what_is_missing_at_the_price_it_named_and_the_forecast_rests_on_all_of_it(
    simulator: SimulatorProcess, variant: VariantStatus, now: datetime,
    django_capture_on_commit_callbacks: Capture,
) -> None:  # fmt: skip
    with django_capture_on_commit_callbacks() as rung:
        row = wished(variant, now)
        assert wished(variant, now) == row
    assert len(rung) == 1, "minutes first, the forecast when they are there"
    assert row.wanted_until - row.wanted_from > timedelta(days=13, hours=18)
    price = wishes.price(variant, row.wanted_until - row.wanted_from)
    account = variant.endpoint.shard.account
    left = observer.left_usd(account, now=now)
    stored = FineBucket.objects.count()

    assert minutes.fetch(row.pk, clock=lambda: now)
    row.refresh_from_db()
    assert (row.is_complete, row.stop, row.metrics) == (True, "", price.metrics)
    assert simulator.calls()["metrics_requested"] == price.metrics
    assert MetricSpend.objects.get(why="minutes").metrics == price.metrics
    assert left - observer.left_usd(account, now=now) == price.usd == price.metrics * USD_PER_METRIC
    assert observer.read(ScopeFilter(), now=now).yesterday is None
    true, _ = totals.at_aws(simulator, row.wanted_from, row.wanted_until)
    key = next(key for key in true if key[2] == NAME)
    found = totals.in_buckets(FineBucket, row.wanted_from, row.wanted_until)
    assert found[key] == true[key]

    with django_capture_on_commit_callbacks() as rung:
        wishes.fetched(row.pk, now=now)
    assert len(rung) == 1
    assert PlannedForecast.objects.get().is_waited_for
    inputs = queries.inputs(variant, now)
    assert inputs is not None
    assert inputs.hours == 14 * 24
    assert FineBucket.objects.count() > stored
    assert not minutes.fetch(row.pk, clock=lambda: now), "nothing is missing any more"
    assert queries.unread(variant, now) is None


def test_what_was_paid_for_is_kept_whatever_ends_the_run_and_a_repeat_doubles_nothing(
    simulator: SimulatorProcess, variant: VariantStatus, now: datetime
) -> None:
    row = wished(variant, now)
    simulator.fault("500", "cloudwatch:GetMetricData", skip=2)
    assert minutes.fetch(row.pk, clock=lambda: now)
    row.refresh_from_db()
    assert (row.stop, row.is_complete) == ("error", False)
    assert row.wanted_until - row.done_from == timedelta(days=6), "two slices of three days"
    assert not wished(variant, now + timedelta(minutes=30)).is_waited_for
    simulator.clear_faults()
    simulator.reset_calls()

    later = now + timedelta(minutes=70)
    MinuteFetch.objects.update(claimed_until=later + timedelta(minutes=4))
    assert wished(variant, later).is_waited_for
    assert not minutes.fetch(row.pk, clock=lambda: later), "somebody else is at it"
    MinuteFetch.objects.update(claimed_until=later - timedelta(seconds=1))
    assert minutes.fetch(row.pk, clock=lambda: later), "whose process died is taken over from"
    row.refresh_from_db()
    assert row.is_complete
    paid = simulator.calls()["metrics_requested"]
    assert paid == wishes.price(variant, timedelta(days=8)).metrics, "only what was missing"

    before = FineBucket.objects.aggregate(rows=Sum("period_s"), calls=Sum("invocations"))
    MinuteFetch.objects.update(done_from=row.wanted_until)
    assert minutes.fetch(row.pk, clock=lambda: later)
    assert FineBucket.objects.aggregate(rows=Sum("period_s"), calls=Sum("invocations")) == before


def test_the_accounts_budget_stops_it_and_the_next_day_goes_on(
    simulator: SimulatorProcess, variant: VariantStatus, now: datetime
) -> None:
    row, account = wished(variant, now), variant.endpoint.shard.account
    asked = CallTally.objects.filter(day=now.date()).aggregate(n=Sum("metrics_requested"))["n"]
    account.cloudwatch_daily_usd = Decimal("1.00")
    account.save()
    CallTally.objects.create(
        shard=variant.endpoint.shard, day=now.date(), action="test", metrics_requested=100_000 - asked - 40
    )
    assert minutes.fetch(row.pk, clock=lambda: now)
    row.refresh_from_db()
    assert (row.stop, row.is_complete) == ("budget", False)
    assert 0 < simulator.calls()["metrics_requested"] == row.metrics <= 40
    assert "of today's CloudWatch budget" in row.failure
    assert not wished(variant, now).is_waited_for
    tomorrow = now + timedelta(days=1)
    assert wished(variant, tomorrow).is_waited_for
    assert minutes.fetch(row.pk, clock=lambda: tomorrow)
    row.refresh_from_db()
    assert (row.stop, row.is_complete) == ("", True)


def test_fetched_minutes_go_with_their_day_and_none_are_asked_that_would_go_at_once(
    simulator: SimulatorProcess, variant: VariantStatus, now: datetime
) -> None:
    row = wished(variant, now)
    assert minutes.fetch(row.pk, clock=lambda: now)
    oldest = FineBucket.objects.order_by("at")[0].at
    assert partitions.drop_expired(now) == []
    assert partitions.drop_expired(oldest + timedelta(days=16, hours=1)) != []
    assert FineBucket.objects.order_by("at")[0].at.date() > oldest.date()
    MinuteFetch.objects.update(done_from=row.wanted_until)
    late = row.wanted_until + timedelta(days=15)
    simulator.reset_calls()
    assert minutes.fetch(row.pk, clock=lambda: late)
    row.refresh_from_db()
    assert (row.is_complete, simulator.calls()["metrics_requested"]) == (True, 0)
    assert not wishes.is_due(row, timezone.now())
