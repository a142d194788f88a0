"""Containers and components are read one by one under dimensions of their own, and equal what the simulator serves."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Sum

from fleet.models import Endpoint, MetricSpend, PartHour, Shard
from fleet.sync import parts
from fleet.sync.shard import run_inventory, run_metrics
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]

FLEET: list[dict[str, Any]] = [
    {
        "account": "test",
        "region": "us-east-1",
        "name": "pipeline",
        "created": "-3d",
        "instances": {"type": "ml.m5.xlarge", "count": 1},
        "model": {"containers": ["first", "second"], "execution": "Serial"},
        "traffic": {"model": "sustained", "per_minute": 60, "latency_ms": 100, "container_shares": [20, 80]},
    },
    {
        "account": "test",
        "region": "us-east-1",
        "name": "llm",
        "created": "-3d",
        "instances": {"type": "ml.g5.2xlarge", "count": 1, "managed_min": 0, "managed_max": 2},
        "components": [{"name": "chat", "copies": 1, "accelerators": 1, "memory_mb": 1024}],
        "traffic": {"model": "sustained", "per_minute": 30, "latency_ms": 900},
    },
]


def test_parts_are_read_once_an_hour_and_add_up(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.add_endpoints(FLEET)
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    shard.refresh_from_db()
    assert shard.sections["parts"]["error"] is None
    day = PartHour.objects.filter(at__gte=now - timedelta(days=2))
    sums = {
        name: (calls, latency)
        for name, calls, latency in day.order_by()
        .values_list("name")
        .annotate(calls=Sum("invocations"), latency=Sum("latency_ms_sum"))
    }
    assert set(sums) == {"first", "second", "chat"}
    # Both stages of a pipeline see every request; the second takes four times as long.
    assert sums["first"][0] == sums["second"][0] > 0
    assert sums["second"][1] / sums["first"][1] == pytest.approx(4, rel=0.05)
    assert MetricSpend.objects.filter(why="parts", metrics__gt=0).exists()
    before = PartHour.objects.count()
    assert not parts.is_due(shard, now + timedelta(minutes=1))
    assert parts.is_due(shard, now + timedelta(hours=1, minutes=10))
    parts.run(shard, now=now, keep_alive=lambda: None)
    assert PartHour.objects.count() == before


def test_activity_is_judged_after_the_metrics(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    found = dict(Endpoint.objects.values_list("name", "activity"))
    assert found["alpha-serverless"] == "active"
    reasons = set(Endpoint.objects.values_list("activity_reason", flat=True))
    assert "" not in reasons
