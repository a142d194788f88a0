"""The back-fill of thirty days: equal to the truth for every kind, and going on where it was interrupted."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from fleet.models import HourBucket, Shard
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync import totals
from tests.aws.sync.test_metrics import hour_of

pytestmark = [pytest.mark.aws, pytest.mark.django_db]


def backfilled(shard: Shard, now: datetime) -> Iterator[float]:
    """Run slice after slice; the share done after each."""
    while True:
        assert run_backfill(shard.pk, now=now).errors == {}
        shard.refresh_from_db()
        assert shard.backfill_from is not None
        assert shard.backfill_until is not None
        assert shard.backfill_done_until is not None
        whole = shard.backfill_until - shard.backfill_from
        yield (shard.backfill_done_until - shard.backfill_from) / whole
        if shard.backfill_done_until == shard.backfill_until:
            return


def test_thirty_days_of_hours_equal_the_truth_for_every_kind(
    simulator: SimulatorProcess, shard: Shard
) -> None:
    simulator.reset("one_of_each")
    # Open five-minute buckets are not stored: the truth is compared at the end of one.
    now = simulator.advance(300 - simulator.now().timestamp() % 300).now()
    run_inventory(shard.pk, now=now)
    assert run_metrics(shard.pk, now=now).errors == {}
    shares = list(backfilled(shard, now))
    assert shares == sorted(set(shares))
    assert len(shares) > 2
    start = hour_of(now) - timedelta(days=30)
    true, kinds = totals.at_aws(simulator, start, now)
    stored = totals.in_buckets(HourBucket, start, now)
    here = {key: done for key, done in true.items() if key[:2] == ("111122223333", "us-east-1")}
    assert {"serverless", "real-time", "asynchronous"} <= {kinds[key] for key in here}
    assert len({kinds[key] for key, done in here.items() if done.get("invocations")}) >= 3
    assert totals.differences(stored, {key: done for key, done in here.items() if key in stored}) == []
    assert not [key for key, done in here.items() if key not in stored and done.get("invocations")]


def test_interrupted_backfill_goes_on_where_it_stood(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    run_backfill(shard.pk, now=now)
    shard.refresh_from_db()
    first = shard.backfill_done_until
    simulator.fault("500", "cloudwatch:GetMetricData")
    assert run_backfill(shard.pk, now=now).failed_sections == {"backfill"}
    shard.refresh_from_db()
    assert shard.backfill_done_until == first
    simulator.clear_faults()
    list(backfilled(shard, now))
    assert shard.backfill_done_until == hour_of(now)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    assert shard.backfill_from == midnight - timedelta(days=30), "the first day is whole"
    hours = 30 * 24 + hour_of(now).hour
    assert HourBucket.objects.filter(variant__endpoint__name="beta-realtime").count() == hours
