"""A shard whose runs take the worker down rests after three, is told, and comes back after a run that ends."""

import os
import re
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from redis import Redis

from fleet import locks, tasks
from fleet.alerts.syncing import failing
from fleet.models import Account, Shard, User
from fleet.sync import due, quarantine
from fleet.sync.quarantine import AGAIN
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from stack.processes import Part, wait_until
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
MINUTE = timedelta(minutes=1)


def celery(queue: str, threads: int) -> list[str]:
    """A worker's command."""
    worker = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", queue, "--without-mingle"]
    return [*worker, "--pool", "threads", "--concurrency", str(threads)]


def kill(worker: Part) -> None:
    """As the kernel does that is out of memory."""
    assert worker.process is not None
    os.kill(worker.process.pid, signal.SIGKILL)
    assert wait_until(lambda: not worker.is_running(), 10)


def rung(now: datetime) -> tuple[list[tuple[int, ...]], list[int], list[int]]:
    """What a tick at `now` rings of inventories, of metrics and of histories."""
    inventories: list[tuple[int, ...]] = []
    metrics: list[int] = []
    histories: list[int] = []
    due.ring(
        now,
        inventory=lambda *ids: inventories.append(ids),
        metrics=metrics.append,
        backfill=histories.append,
        prices=lambda: None,
    )
    return inventories, metrics, histories


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
        "worker", *celery("inventory", threads=1), env=simulator.environment(), timeout_s=60,
        ready=lambda: "sagemaker:DescribeEndpoint" in simulator.calls()["calls"],
    )  # fmt: skip
    kill(worker)
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


def assert_told(client: Client, shard: Shard) -> None:
    """The page says what rests, and somebody has it tried."""
    client.force_login(User.objects.create_user("olga", role="operator"))
    page = client.get(f"/sync/{shard.pk}/").content.decode()
    assert "Metric history, Metrics could not be read" in page
    assert re.search("0 of 3[01] days", page)
    assert "rests, tried again at" in page
    assert "every 5s" not in page, "nothing is under way"
    client.post(f"/sync/{shard.pk}/now/")


def assert_back(shard: Shard, now: datetime) -> None:
    """One good run of each ends its quarantine."""
    for run, part in ((run_metrics, "metrics"), (run_backfill, "backfill")):
        assert run(shard.pk, now=now).errors == {}
        assert error(shard, part) is None
        assert getattr(shard, f"{part}_unfinished") == 0
        assert getattr(shard, f"{part}_due_at") <= now + 10 * MINUTE


def test_a_worker_killed_over_metrics_and_history_lets_each_rest_apart_from_the_inventory(
    simulator: SimulatorProcess,
    shard: Shard,
    spawn: Callable[..., Part],
    tmp_path: Path,
    redis: Redis,
    client: Client,
) -> None:
    run_inventory(shard.pk, now=timezone.now())
    for _ in range(2):  # what runs that died leave behind
        quarantine.begun(shard.pk, "metrics")
        quarantine.begun(shard.pk, "backfill")
    simulator.fault("latency", "cloudwatch:GetMetricData", seconds=60).reset_calls()
    log = tmp_path / "worker.log"
    worker = spawn(
        "worker", *celery("metrics", threads=2), env=simulator.environment(), timeout_s=120,
        ready=lambda: " ready." in log.read_text(),
    )  # fmt: skip
    tasks.tick()
    third = Shard.objects.filter(metrics_unfinished=3, backfill_unfinished=3)
    assert wait_until(third.exists, 60), worker.tail()
    assert wait_until(lambda: "cloudwatch:GetMetricData" in simulator.calls()["calls"], 60)
    kill(worker)
    now = timezone.now() + 2 * MINUTE
    assert rung(now)[2] == [], "while its lease stands the third run may be alive"
    assert error(shard, "backfill") is None
    redis.flushall()
    Shard.objects.update(metrics_due_at=now, inventory_due_at=now)
    assert rung(now) == ([(shard.pk,)], [], [])
    assert [(error(shard, part) or {})["code"] for part in ("metrics", "backfill")] == ["Quarantined"] * 2
    assert rung(now + AGAIN - MINUTE)[1:] == ([], [])
    assert_told(client, shard)
    assert redis.llen("metrics") == 2, "somebody who looked into it has both tried at once"

    Shard.objects.update(metrics_due_at=now + AGAIN, backfill_due_at=now + AGAIN)
    later = now + AGAIN
    assert [rung(later)[1:] for _ in "12"] == [([shard.pk],) * 2, ([],) * 2], "one chance each"
    simulator.clear_faults()
    assert_back(shard, later)
    assert rung(later + 2 * MINUTE)[2] == [shard.pk], "the history goes on"


def test_a_history_whose_runs_fail_or_are_held_goes_on_being_tried(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    simulator.fault("deny", "cloudwatch:GetMetricData")
    for _ in range(4):
        assert run_backfill(shard.pk, now=now).failed_sections == {"backfill"}
        with locks.lease(f"backfill:{shard.pk}"):
            assert run_backfill(shard.pk, now=now).held
    shard.refresh_from_db()
    assert shard.backfill_unfinished == 0
    assert rung(now)[2] == [shard.pk]
