"""No hour is left short: not of who falls silent, wakes, is dropped or publishes at another pace than each minute."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Sum

from fleet.models import FineBucket, HourBucket, Shard, VariantStatus
from fleet.sync.shard import run_inventory, run_metrics
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

HOUR = timedelta(hours=1)
WHERE = {"account": "test", "region": "us-east-1", "created": "-3d"}


def minute(simulator: SimulatorProcess, number: int) -> datetime:
    """Move on to that minute of an hour; the start of the hour."""
    now = simulator.advance((60 + number - simulator.now().minute) % 60 * 60).now()
    return now.replace(minute=0, second=0, microsecond=0)


def ticks(simulator: SimulatorProcess, until: datetime) -> Iterator[datetime]:
    """Every five minutes up to an instant."""
    while simulator.now() < until:
        yield simulator.advance(300).now()


def truth(simulator: SimulatorProcess, start: datetime, variant: VariantStatus) -> dict[str, Any]:
    rows = simulator.truth(start, start + HOUR)["variants"]
    return next(r for r in rows if (r["endpoint"], r["variant"]) == (variant.endpoint.name, variant.name))


@pytest.fixture
def alone(simulator: SimulatorProcess) -> SimulatorProcess:
    """Nothing but what a test adds."""
    simulator.reset("no_endpoints")
    return simulator


def test_a_serverless_endpoint_that_falls_silent_and_wakes_misses_no_call_and_no_percentile(
    alone: SimulatorProcess, shard: Shard
) -> None:
    """Silent five minutes into an hour: when that hour has settled, the variant is idle and its turn an hour away."""
    hour = minute(alone, 50) + HOUR
    traffic = [
        {"model": "sustained", "per_minute": 30},
        {"since": (hour + timedelta(minutes=5)).isoformat(), "model": "idle"},
        {
            "since": (hour + timedelta(hours=3, minutes=20)).isoformat(),
            "model": "sustained",
            "per_minute": 30,
        },
        {"since": (hour + timedelta(hours=3, minutes=50)).isoformat(), "model": "idle"},
    ]
    alone.add_endpoint(
        name="sleepy", serverless={"memory_mb": 1024, "max_concurrency": 5}, traffic=traffic, **WHERE
    )
    assert run_inventory(shard.pk, now=alone.now()).errors == {}
    for now in ticks(alone, hour + 7 * HOUR):
        assert run_metrics(shard.pk, now=now).errors == {}
    variant = VariantStatus.objects.get()
    busy = []
    for start in (hour + n * HOUR for n in range(7)):
        calls = truth(alone, start, variant)["invocations"]
        fine = FineBucket.objects.filter(at__gte=start, at__lt=start + HOUR).aggregate(n=Sum("invocations"))
        assert (fine["n"] or 0) == calls, start
        row = HourBucket.objects.filter(at=start).first()
        assert (row.invocations if row else 0) == calls, start
        if calls:
            assert row is not None
            assert row.model_latency_ms_p99 is not None, "percentiles of an hour are CloudWatch's own"
            busy.append((start - hour) // HOUR)
    assert busy == [0, 3]


def test_a_variant_that_is_dropped_within_an_hour_keeps_its_last_hour_whole(
    alone: SimulatorProcess, shard: Shard, sagemaker: Any
) -> None:
    alone.add_endpoint(
        name="split",
        instances={"type": "ml.m5.large", "count": 2},
        variants=[{"name": "old", "weight": 1}, {"name": "new", "weight": 1}],
        traffic={"model": "sustained", "per_minute": 40},
        **WHERE,
    )
    hour = minute(alone, 20)
    assert run_inventory(shard.pk, now=alone.now()).errors == {}
    assert run_metrics(shard.pk, now=alone.now()).errors == {}
    config = sagemaker.describe_endpoint_config(
        EndpointConfigName=sagemaker.describe_endpoint(EndpointName="split")["EndpointConfigName"]
    )
    kept = [v for v in config["ProductionVariants"] if v["VariantName"] == "new"]
    sagemaker.create_endpoint_config(EndpointConfigName="split-2", ProductionVariants=kept)
    sagemaker.update_endpoint(EndpointName="split", EndpointConfigName="split-2")
    for now in ticks(alone, hour + timedelta(minutes=85)):
        assert run_inventory(shard.pk, now=now).errors == {}
        assert run_metrics(shard.pk, now=now).errors == {}
    dropped = VariantStatus.objects.get(name="old")
    assert dropped.removed_at is not None
    assert dropped.metrics_until is not None
    assert dropped.metrics_until <= hour + timedelta(minutes=80), "once settled, it is asked no more"
    row, true = HourBucket.objects.get(variant=dropped, at=hour), truth(alone, hour, dropped)
    assert (row.invocations, row.instance_minutes) == (true["invocations"], true["instance_minutes"])
    assert 0 < true["instance_minutes"] < 60 * 2


@pytest.mark.parametrize("every_s", [10, 240, 300])
def test_samples_are_instance_minutes_at_every_pace_of_publishing(
    alone: SimulatorProcess, shard: Shard, every_s: int
) -> None:
    alone.add_endpoint(
        name="paced",
        instances={"type": "ml.m5.large", "count": 3},
        metrics={"MetricPublishFrequencyInSeconds": every_s},
        traffic={"model": "sustained", "per_minute": 40},
        **WHERE,
    )
    hour = minute(alone, 12) - HOUR
    assert run_inventory(shard.pk, now=alone.now()).errors == {}
    assert run_metrics(shard.pk, now=alone.now()).errors == {}
    fine = FineBucket.objects.filter(at__gte=hour, at__lt=hour + HOUR)
    assert HourBucket.objects.get(at=hour).instance_minutes == 180
    assert fine.aggregate(n=Sum("instance_minutes"))["n"] == 180
