"""A shard whose runs take the worker down rests after three, is told, and comes back after a run that ends."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from redis import Redis

from fleet import locks, tasks
from fleet.alerts.syncing import failing
from fleet.models import Account, Shard, User
from fleet.sync import due
from fleet.sync.quarantine import AGAIN
from fleet.sync.shard import run_inventory, run_metrics
from stack.processes import Part, wait_until
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
MINUTE = timedelta(minutes=1)
WORKER = [
    sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "inventory", "--pool", "threads",
    "--concurrency", "1", "--without-mingle",
]  # fmt: skip


def rung(now: datetime) -> tuple[list[tuple[int, ...]], list[int]]:
    """What a tick at `now` rings of inventories and of metrics."""
    inventories: list[tuple[int, ...]] = []
    metrics: list[int] = []
    due.ring(
        now,
        inventory=lambda *ids: inventories.append(ids),
        metrics=metrics.append,
        backfill=lambda _: None,
        prices=lambda: None,
    )
    return inventories, metrics


def error(shard: Shard, section: str = "inventory") -> dict[str, Any] | None:
    shard.refresh_from_db()
    found: dict[str, Any] | None = (shard.sections.get(section) or {}).get("error")
    return found


def test_a_worker_killed_over_a_shard_three_times_lets_it_rest_and_one_good_run_ends_that(
    simulator: SimulatorProcess, shard: Shard, spawn: Callable[..., Part], redis: Redis, client: Client
) -> None:
    for _ in range(2):
        locks.fenced(shard.pk)  # what a run that died leaves behind
    simulator.fault("latency", "sagemaker:DescribeEndpoint", seconds=60).reset_calls()
    Shard.objects.update(inventory_due_at=None)
    tasks.tick()
    worker = spawn(
        "worker", *WORKER, env=simulator.environment(), timeout_s=60,
        ready=lambda: "sagemaker:DescribeEndpoint" in simulator.calls()["calls"],
    )  # fmt: skip
    assert worker.process is not None
    os.kill(worker.process.pid, signal.SIGKILL)
    assert wait_until(lambda: not worker.is_running(), 10)
    now = timezone.now() + 2 * MINUTE
    assert rung(now)[0] == [(shard.pk,)], "while its lease stands the third run may be alive"
    assert error(shard) is None
    redis.flushall()
    Shard.objects.update(inventory_due_at=now)
    assert rung(now)[0] == []
    found = error(shard)
    assert found is not None
    assert found["code"] == "Quarantined"
    assert rung(now + AGAIN - MINUTE)[0] == []
    assert [m.subject for m in failing({"for_min": 10}, now + 11 * MINUTE)] == [f"shard:{shard.pk}"]
    client.force_login(User.objects.create_user("olga", role="operator"))
    page = client.get(f"/sync/{shard.pk}/").content.decode()
    assert "by itself it is tried hourly" in page
    assert "Sync now" in page

    simulator.clear_faults()
    assert rung(now + AGAIN)[0] == [(shard.pk,)], "an hour later it gets its chance"
    assert run_inventory(shard.pk, now=now + AGAIN).errors == {}
    assert error(shard) is None
    assert (shard.inventory_unfinished, shard.failures) == (0, 0)
    assert shard.inventory_due_at is not None
    assert shard.inventory_due_at <= now + AGAIN + 2 * MINUTE, "back to its own interval"


def test_a_shard_that_took_a_worker_down_is_rung_alone(
    simulator: SimulatorProcess, account: Account, now: datetime
) -> None:
    guilty, *others = (Shard.objects.create(account=account, region=f"r-{n}") for n in range(3))
    locks.fenced(guilty.pk)
    assert rung(now)[0] == [tuple(other.pk for other in others), (guilty.pk,)]


def test_runs_that_fail_or_are_held_are_no_deaths(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.fault("deny", "sagemaker:ListEndpoints")
    for minute in range(4):
        run_inventory(shard.pk, now=now + minute * MINUTE)
        with locks.lease(f"inventory:{shard.pk}"):
            assert run_inventory(shard.pk, now=now + minute * MINUTE).held
    shard.refresh_from_db()
    assert (shard.inventory_unfinished, shard.failures) == (0, 4)


def test_metrics_rest_apart_from_the_inventory(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    Shard.objects.update(metrics_unfinished=3, metrics_due_at=now, inventory_due_at=now, metrics_ok_at=None)
    assert rung(now) == ([(shard.pk,)], [])
    assert (error(shard, "metrics") or {})["code"] == "Quarantined"
    later = now + AGAIN
    assert rung(later)[1] == [shard.pk]
    run_metrics(shard.pk, now=later)
    assert error(shard, "metrics") is None
    assert shard.metrics_unfinished == 0
    assert shard.metrics_due_at is not None
    assert shard.metrics_due_at <= later + 10 * MINUTE
