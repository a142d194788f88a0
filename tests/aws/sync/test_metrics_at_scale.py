"""A thousand endpoints: what is stored is what happened, however often it is delivered and whoever dies meanwhile."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings
from redis import Redis

from fleet.errors import BudgetReached
from fleet.models import (
    Account,
    CallTally,
    Endpoint,
    FineBucket,
    HourBucket,
    MetricSpend,
    Shard,
    VariantStatus,
)
from fleet.sync import backfill, budget
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from stack.processes import Part, wait_until
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync import totals

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
HOUR = timedelta(hours=1)
READ = """
import sys
import django
django.setup()
from datetime import datetime
from fleet.sync.shard import run_metrics
run_metrics(int(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
"""
KINDS: tuple[dict[str, Any], ...] = (
    {"serverless": {"memory_mb": 2048, "max_concurrency": 20}, "traffic": {"model": "diurnal", "per_minute": 60}},
    {"serverless": {"memory_mb": 1024, "max_concurrency": 5}, "traffic": {"model": "diurnal", "per_minute": 0.2}},
    {"instances": {"type": "ml.c5.large", "count": 1}, "traffic": {"model": "sustained", "per_minute": 300}},
    {"instances": {"type": "ml.c5.large", "count": 2}},
)  # fmt: skip


def grow(simulator: SimulatorProcess, shard: Shard, count: int) -> None:
    """`count` endpoints of four kinds at AWS and, as the inventory would have left them, in the mirror."""
    names = [(f"many-{number:04}", KINDS[number % len(KINDS)]) for number in range(count)]
    simulator.add_endpoints(
        [
            {"name": name, "account": "test", "region": "us-east-1", "created": "-90d", **kind}
            for name, kind in names
        ]
    )
    old = simulator.now() - timedelta(days=90)
    rows = Endpoint.objects.bulk_create(
        Endpoint(shard=shard, name=name, arn=name, kind="serverless" if "serverless" in kind else "real-time",
                 status="InService", created_at=old, modified_at=old, first_seen_at=old)
        for name, kind in names
    )  # fmt: skip
    VariantStatus.objects.bulk_create(
        VariantStatus(
            endpoint=row, name="AllTraffic", instance_type=kind.get("instances", {}).get("type", "")
        )
        for row, (_, kind) in zip(rows, names, strict=True)
    )


def calls(model: type[FineBucket] | type[HourBucket], start: datetime) -> dict[str, float]:
    rows = model.objects.filter(
        at__gte=start, at__lt=start + HOUR, variant__endpoint__name__startswith="many-"
    )
    return dict(rows.order_by().values_list("variant__endpoint__name").annotate(n=Sum("invocations")))


def truth(simulator: SimulatorProcess, start: datetime) -> dict[str, int]:
    rows = simulator.truth(start, start + HOUR)["variants"]
    return {row["endpoint"]: row["invocations"] for row in rows if row["endpoint"].startswith("many-")}


def known(found: Mapping[str, float]) -> dict[str, float]:
    return {name: n for name, n in found.items() if n}


def test_a_thousand_endpoints_add_up_to_the_truth_at_a_constant_number_of_queries(
    simulator: SimulatorProcess, shard: Shard, settings: Settings
) -> None:
    settings.FINE_HISTORY_HOURS = 1
    grow(simulator, shard, 1000)
    start = totals.whole_hour(simulator)
    now = simulator.now()
    first = run_metrics(shard.pk, now=now)
    assert first.errors == {}
    true, _ = totals.at_aws(simulator, start)
    mine = {key: figures for key, figures in true.items() if key[2].startswith("many-")}
    assert len(mine) == 1000
    assert totals.differences(totals.in_buckets(FineBucket, start), mine) == []
    assert totals.differences(totals.in_buckets(HourBucket, start), mine) == []

    seen = simulator.calls()
    tally = CallTally.objects.get(action="cloudwatch:GetMetricData")
    assert tally.metrics_requested == seen["metrics_requested"]
    assert MetricSpend.objects.aggregate(n=Sum("metrics"))["n"] == seen["metrics_requested"]

    # Delivered again: paid again, but not one row is written twice; statements follow portions, not endpoints.
    VariantStatus.objects.filter(endpoint__name__lt="many-0200").update(metrics_due_at=None)
    with CaptureQueriesContext(connection) as made:
        assert run_metrics(shard.pk, now=now).counts["metrics"] == 0
    assert len(made) < 100


def test_points_that_come_late_or_change_are_read_again(
    shard: Shard, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """CloudWatch here lags four minutes: each reading finds the newest buckets missing or half full."""
    settings.FINE_HISTORY_HOURS = 1
    with SimulatorProcess("two_endpoints", metric_lag=240) as late, pointed(late, monkeypatch):
        grow(late, shard, 8)
        start = totals.whole_hour(late)
        late.advance(2100)
        for _ in range(6):
            run_metrics(shard.pk, now=late.advance(300).now())
        late.advance(600)
        run_metrics(shard.pk, now=late.now())
        start += HOUR
        assert known(calls(FineBucket, start)) == known(truth(late, start))


def test_a_reader_that_is_killed_loses_and_doubles_nothing(
    simulator: SimulatorProcess, shard: Shard, settings: Settings, spawn: Callable[..., Part], redis: Redis
) -> None:
    grow(simulator, shard, 100)
    start = totals.whole_hour(simulator)
    now = simulator.now()
    simulator.fault("latency", "cloudwatch:GetMetricData", seconds=0.2, count=None)
    read = VariantStatus.objects.exclude(metrics_until=None)
    env = {**simulator.environment(), "FLOTILLA_FINE_HISTORY_HOURS": "2"}
    reader = spawn(
        "reader", sys.executable, "-c", READ, str(shard.pk), now.isoformat(), env=env, ready=read.exists
    )
    assert reader.process is not None
    os.kill(reader.process.pid, signal.SIGKILL)
    assert wait_until(lambda: not reader.is_running(), timeout_s=10)
    done = read.count()
    assert 0 < done < 100
    booked = CallTally.objects.get(action="cloudwatch:GetMetricData").metrics_requested
    assert booked >= simulator.calls()["metrics_requested"] > 0, (
        "a killed reader owes no metric to the budget"
    )

    redis.flushall()
    simulator.clear_faults()
    settings.FINE_HISTORY_HOURS = 2
    assert run_metrics(shard.pk, now=now).errors == {}
    assert (
        known(calls(FineBucket, start)) == known(calls(HourBucket, start)) == known(truth(simulator, start))
    )


def test_an_interrupted_back_fill_asks_no_metric_twice(
    simulator: SimulatorProcess, shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "CHUNK", 20)
    grow(simulator, shard, 30)
    now = simulator.now()
    # One call for the first portion of 20 variants, then nothing but errors.
    simulator.fault("500", "cloudwatch:GetMetricData", skip=1, count=None)
    assert run_backfill(shard.pk, now=now).failed_sections == {"backfill"}
    shard.refresh_from_db()
    assert shard.backfill_variant == VariantStatus.objects.get(endpoint__name="many-0019").pk
    assert shard.backfill_done_until is None
    simulator.clear_faults().reset_calls()
    assert run_backfill(shard.pk, now=now).errors == {}
    shard.refresh_from_db()
    assert (shard.backfill_variant, shard.backfill_done_until is not None) == (0, True)
    # Six serverless variants of 16 metrics and four on instances of 14 were left.
    assert simulator.calls()["metrics_requested"] == 6 * 16 + 4 * 14
    assert HourBucket.objects.filter(variant__endpoint__name="many-0002").count() == 200


@pytest.fixture
def capped(account: Account) -> Account:
    account.cloudwatch_daily_usd = Decimal(1)
    account.save()
    return account


def test_shards_that_ask_at_once_never_pass_the_accounts_budget(capped: Account, now: datetime) -> None:
    shards = [Shard.objects.create(account=capped, region=f"r-{n}") for n in range(4)]

    def spend(shard: Shard) -> int:
        asked = 0
        try:
            book = budget.booking(shard, budget.PROBE, now=now)
            for _ in range(100):
                book(700)
                asked += 700
        except BudgetReached:
            return asked
        finally:
            connections.close_all()
        return asked

    with ThreadPoolExecutor(4) as pool:
        asked = sum(pool.map(spend, shards))
    assert asked == 142 * 700, "the last one that fits in 100,000"
    assert CallTally.objects.aggregate(n=Sum("metrics_requested"))["n"] == asked
    with pytest.raises(BudgetReached, match=r"USD 0\.99 of today's CloudWatch budget of USD 1"):
        budget.check(shards[0], 700, now=now)


def test_what_aws_refuses_is_given_back_to_the_budget(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    assert run_inventory(shard.pk, now=now).errors == {}
    simulator.fault("deny", "cloudwatch:GetMetricData", count=None)
    assert run_metrics(shard.pk, now=now).failed_sections == {"metrics"}
    assert CallTally.objects.get(action="cloudwatch:GetMetricData").metrics_requested == 0
