"""Endpoints that rules have something to say about, with two weeks of hours."""

from datetime import timedelta
from typing import Any

from fleet.models import Advice, Endpoint, HourBucket, Shard, VariantStatus
from fleet.types import Kind
from tests.data.dashboards import rows

HOURS = 14 * 24


def too_large(where: Shard, name: str = "chat", **live: Any) -> Endpoint:
    """Serverless with 4 GB of which a fifth is in use, called 360 times in each of the last 336 hours."""
    found = rows.serverless(where, name, **live)
    fill(
        found, invocations=360.0, model_latency_ms_sum=360_000.0, model_latency_ms_p99=900.0, memory_pct=15.0,
        setup_count=0.0, concurrency_utilization_max=0.2,
    )  # fmt: skip
    Endpoint.objects.filter(pk=found.pk).update(last_call_at=rows.hour(), activity=Endpoint.Activity.ACTIVE)
    found.refresh_from_db()
    return found


def idle(where: Shard, name: str = "old", count: int = 1) -> Endpoint:
    """Real-time on ml.m5.large, not called for thirty days."""
    shape = {"instance_type": "ml.m5.large", "current_instance_count": count, "desired_instance_count": count}
    found = rows.endpoint(where, name, Kind.REAL_TIME, live=shape, team="risk", tags={"stage": "prod"})
    fill(found, invocations=0.0, cpu_pct=1.0, memory_pct=10.0, instance_minutes=60.0 * count)
    quiet = rows.hour() - timedelta(days=30)
    Endpoint.objects.filter(pk=found.pk).update(last_call_at=quiet, activity=Endpoint.Activity.IDLE)
    found.refresh_from_db()
    return found


def fill(of: Endpoint, **columns: float) -> None:
    """The same figures in each of the last HOURS whole hours."""
    variant: VariantStatus = rows.variant(of)
    HourBucket.objects.bulk_create(
        HourBucket(variant=variant, at=rows.hour() - timedelta(hours=n), period_s=3600, **columns)
        for n in range(1, HOURS + 1)
    )


def said(of: Endpoint, rule: str) -> Advice:
    """What a rule says of an endpoint."""
    return Advice.objects.get(endpoint=of, rule=rule)
