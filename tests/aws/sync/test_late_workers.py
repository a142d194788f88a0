"""A worker that was away comes back to one run per shard, not to one for every interval it missed."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from fleet.models import Shard
from fleet.tasks import tick
from stack.processes import Part, wait_until
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
MISSED = 4


def test_runs_that_were_missed_are_dropped_and_the_newest_is_done(
    simulator: SimulatorProcess, shard: Shard, redis: Redis, settings: Any, spawn: Callable[..., Part]
) -> None:
    settings.INVENTORY_INTERVAL_S = settings.METRICS_INTERVAL_S = settings.TICK_INTERVAL_S = 1
    for _ in range(MISSED):
        Shard.objects.update(inventory_due_at=None, metrics_due_at=None)
        tick()
    over = timezone.now() + timedelta(seconds=1)
    assert wait_until(lambda: timezone.now() > over, timeout_s=5)
    settings.INVENTORY_INTERVAL_S = settings.METRICS_INTERVAL_S = settings.TICK_INTERVAL_S = 60
    Shard.objects.update(inventory_due_at=None, metrics_due_at=None)
    tick()
    assert redis.llen("inventory") > MISSED

    # One thread takes a queue's messages in their order: once the newest has run, the older ones are dealt with.
    options = ["-Q", "inventory", "--pool", "threads", "--concurrency", "1", "--loglevel", "INFO"]
    worker = spawn(
        "worker", sys.executable, "-m", "celery", "-A", "config", "worker", *options, "--without-mingle",
        env=simulator.environment(),
    )  # fmt: skip
    assert wait_until(lambda: redis.llen("inventory") == 0 and _runs(shard) > 0, timeout_s=60), worker.tail()
    worker.stop()
    assert _runs(shard) == 1


def _runs(shard: Shard) -> int:
    """Every inventory raises its shard's fence, and nothing else does."""
    return Shard.objects.get(pk=shard.pk).fence
