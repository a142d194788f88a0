"""Provisioned concurrency that scaled up and down between two looks costs what AWS bills, where its history is read."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest

from fleet.costs.serverless import UNREAD_SCALING_NOTE
from fleet.ledger import update_shard
from fleet.models import Account, DailyCost, ScalingActivity, Shard
from fleet.sync import prices
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]
ACTION = "application-autoscaling:DescribeScalingActivities"
DAY = timedelta(days=1)
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/warm/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
}


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorProcess]:
    with SimulatorProcess("no_endpoints") as process, pointed(process, monkeypatch):
        process.add_endpoint(
            account="test", region="us-east-1", name="warm", created="-3d",
            serverless={"memory_mb": 2048, "max_concurrency": 40, "provisioned": 4}, traffic={"model": "idle"},
        )  # fmt: skip
        yield process


@pytest.fixture
def shard(simulator: SimulatorProcess) -> Shard:
    account = Account.objects.create(account_id="111122223333", alias="test")
    found = Shard.objects.create(account=account, region="us-east-1")
    look(found, simulator.now())
    assert all(outcome.errors == {} for outcome in prices.refresh(now=simulator.now()))
    return found


def look(shard: Shard, now: datetime) -> set[str]:
    """Everything that a shard reads, and its costs; the sections that failed."""
    failed = run_inventory(shard.pk, now=now).failed_sections
    assert run_metrics(shard.pk, now=now).errors == {}
    shard.refresh_from_db()
    while shard.backfill_done_until is None or shard.backfill_done_until != shard.backfill_until:
        assert run_backfill(shard.pk, now=now).errors == {}
        shard.refresh_from_db()
    update_shard(shard.pk, now=now)
    return failed


def advance_to(simulator: SimulatorProcess, at: datetime) -> datetime:
    simulator.advance((at - simulator.now()).total_seconds())
    return at


def kept_warm(day: datetime) -> DailyCost:
    return DailyCost.objects.get(day=day.date(), component="kept-warm")


def billed(simulator: SimulatorProcess, day: datetime) -> Decimal:
    return sum((Decimal(row["usd"]) for row in simulator.bill(day, day + DAY)), Decimal(0))


def test_what_scaled_between_two_looks_is_in_the_estimate_as_in_the_bill(
    simulator: SimulatorProcess, shard: Shard
) -> None:
    scaling: Any = boto3.client("application-autoscaling", region_name="us-east-1")
    day = datetime.combine(simulator.now().date(), time(), UTC) + DAY
    advance_to(simulator, day + timedelta(minutes=10))
    scaling.register_scalable_target(**TARGET, MinCapacity=4, MaxCapacity=4)
    simulator.fault("deny", ACTION)
    assert look(shard, simulator.now()) == set(), "there is a target from now on"
    for hours, level in ((9, 9), (11.5, 2), (14, 4)):
        advance_to(simulator, day + timedelta(hours=hours, minutes=7))
        scaling.register_scalable_target(**TARGET, MinCapacity=level, MaxCapacity=level)
        simulator.advance(2)
    after = advance_to(simulator, day + DAY + timedelta(minutes=90))

    assert look(shard, after) == {"scaling_history"}
    seen, bill = kept_warm(day), billed(simulator, day)
    assert seen.quantity == 4 * 86_400, "of what it could not see it knows nothing"
    assert (seen.confidence, seen.note) == ("estimated", f"23.8 h: {UNREAD_SCALING_NOTE}")
    assert seen.amount is not None
    assert abs(seen.amount - bill) / bill > Decimal("0.05")

    simulator.clear_faults()
    assert look(shard, advance_to(simulator, after + timedelta(hours=1))) == set()
    assert ScalingActivity.objects.filter(status="Successful").count() == 3
    known = kept_warm(day)
    assert (known.confidence, known.note) == ("measured", "")
    assert known.amount is not None
    # The bill charges whole seconds; three changes are a second off at most.
    assert abs(known.amount - bill) / bill < Decimal("0.0002")
