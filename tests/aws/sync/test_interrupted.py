"""Runs that lose Redis, PostgreSQL or their process midway, or come five times at once: all end at the truth."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, connections
from redis import Redis

from fleet import tasks
from fleet.models import Account, CallTally, ChangeEvent, Endpoint, Shard
from fleet.sync import many
from fleet.sync.outcome import TIMED_OUT, Outcome
from fleet.sync.shard import run_inventory
from stack import pytest_engines as engines
from stack.processes import Part, wait_until
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]

MINUTE = timedelta(minutes=1)
COUNT = 300
RUN = """
import sys
import django
django.setup()
from datetime import datetime
from fleet.sync.shard import run_inventory
run_inventory(int(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
"""


def grow(simulator: SimulatorProcess, count: int) -> None:
    """So many endpoints more."""
    serverless = {"memory_mb": 1024, "max_concurrency": 1}
    simulator.add_endpoints(
        [
            {"name": f"many-{n:03}", "account": "test", "region": "us-east-1", "serverless": serverless}
            for n in range(count)
        ]
    )


def assert_mirrored_once(count: int) -> None:
    """Every endpoint is there once, open, and told to have been created once."""
    names = list(Endpoint.objects.filter(closed_at=None).values_list("name", flat=True))
    assert (len(names), len(set(names))) == (count, count)
    assert ChangeEvent.objects.filter(category="created").count() == count
    assert not Endpoint.objects.exclude(closed_at=None).exists()


@contextmanager
def under_way(simulator: SimulatorProcess, shard: Shard, now: datetime) -> Iterator[Future[Outcome]]:
    """A run that hangs in its first describe while the block does harm; it goes on for two seconds at most."""
    simulator.fault("latency", "sagemaker:DescribeEndpoint", seconds=1.5, count=1).reset_calls()

    def work() -> Outcome:
        try:
            return run_inventory(shard.pk, now=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(work)
        assert wait_until(lambda: "sagemaker:DescribeEndpoint" in simulator.calls()["calls"], 10, 0.05)
        yield run


def test_redis_flushed_midway_lets_a_second_run_in_and_the_first_writes_nothing_more(
    simulator: SimulatorProcess, shard: Shard, now: datetime, redis: Redis
) -> None:
    with under_way(simulator, shard, now) as first:
        redis.flushall()
        second = run_inventory(shard.pk, now=now + MINUTE)
        assert second.errors == {}
        assert first.result(20).held, "its lease is another's now"
    assert_mirrored_once(2)
    shard.refresh_from_db()
    assert (shard.inventory_ok_at, shard.failures) == (now + MINUTE, 0)
    assert not run_inventory(shard.pk, now=now + 2 * MINUTE).held


def test_postgresql_restarted_midway_costs_one_run(
    simulator: SimulatorProcess, shard: Shard, now: datetime, postgres_server: Part
) -> None:
    with under_way(simulator, shard, now) as run:
        connection.close()
        postgres_server.stop()
        postgres_server.start()
        assert wait_until(engines.database.is_ready, 20, 0.1), postgres_server.tail()
        assert run.exception(30) is not None or run.result().errors
    # Connections of the pool that died with the server are replaced when they are next asked for.
    assert wait_until(lambda: run_inventory(shard.pk, now=now + MINUTE).errors == {}, 20, 0.2)
    assert_mirrored_once(2)
    shard.refresh_from_db()
    assert (shard.inventory_ok_at, shard.failures) == (now + MINUTE, 0)


def test_a_run_that_is_killed_keeps_its_whole_portions_and_the_next_one_adds_the_rest(
    simulator: SimulatorProcess, shard: Shard, now: datetime, spawn: Callable[..., Part], redis: Redis
) -> None:
    grow(simulator, COUNT)
    simulator.fault("latency", "sagemaker:DescribeEndpoint", skip=250, seconds=60)
    worker = spawn(
        "worker", sys.executable, "-c", RUN, str(shard.pk), now.isoformat(),
        env=simulator.environment(), ready=Endpoint.objects.exists, timeout_s=60,
    )  # fmt: skip
    assert worker.process is not None
    os.kill(worker.process.pid, signal.SIGKILL)
    assert wait_until(lambda: not worker.is_running(), 10)
    assert Endpoint.objects.count() == 250, "a portion is written as a whole"
    assert run_inventory(shard.pk, now=now).held, "the dead one's lease has to run out first"
    redis.flushall()
    simulator.clear_faults().reset_calls()
    assert run_inventory(shard.pk, now=now + 2 * MINUTE).errors == {}
    assert simulator.calls()["calls"]["sagemaker:DescribeEndpoint"] == COUNT + 2 - 250, (
        "nothing is asked twice"
    )
    assert_mirrored_once(COUNT + 2)
    shard.refresh_from_db()
    assert shard.inventory_ok_at == now + 2 * MINUTE


def test_one_message_delivered_five_times_at_once_reads_and_writes_once(
    simulator: SimulatorProcess, shard: Shard
) -> None:
    simulator.fault("latency", "sagemaker:ListEndpoints", seconds=0.5)

    def deliver(_: int) -> None:
        try:
            tasks.sync_inventory(shard.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(deliver, range(5)))
    assert simulator.calls()["calls"]["sagemaker:ListEndpoints"] == 1
    assert CallTally.objects.get(action="sagemaker:ListEndpoints").calls == 1
    assert_mirrored_once(2)


def test_a_run_without_end_is_stopped_told_and_no_shard_is_stuck(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    def strike() -> None:
        if simulator.calls()["calls"].get("sagemaker:DescribeEndpoint"):
            raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        run_inventory(shard.pk, now=now, check=strike)
    shard.refresh_from_db()
    assert shard.sections["inventory"]["error"]["message"] == TIMED_OUT
    assert shard.failures == 1
    assert run_inventory(shard.pk, now=now + MINUTE).errors == {}
    shard.refresh_from_db()
    assert (shard.failures, shard.sections["inventory"]["error"]) == (0, None)
    assert_mirrored_once(2)


def test_a_throttling_storm_on_one_scope_costs_few_calls_and_leaves_the_others_on_time(
    simulator: SimulatorProcess, account: Account, now: datetime
) -> None:
    grow(simulator, 20)
    stormy, calm = (Shard.objects.create(account=account, region=r) for r in ("us-east-1", "eu-west-1"))
    many.run([stormy.pk, calm.pk], now=lambda: now)
    seen = Endpoint.objects.filter(closed_at=None).count()
    simulator.fault("throttle", region="us-east-1", share=0.5, seed=3).reset_calls()
    for minute in (1, 2):
        many.run([stormy.pk, calm.pk], now=partial(_add, now, minute))
    calls = simulator.calls()["calls"]
    assert calls["sagemaker:ListEndpoints"] <= 3 + 3 * 3, (
        "three attempts a listing at most, and one for the calm scope"
    )
    assert sum(calls.values()) <= 2 * 2 * 40
    assert Endpoint.objects.filter(closed_at=None).count() == seen == 22
    calm.refresh_from_db()
    stormy.refresh_from_db()
    assert calm.inventory_ok_at == now + 2 * MINUTE
    assert stormy.inventory_ok_at is not None, "its age stays known"
    simulator.clear_faults()
    assert run_inventory(stormy.pk, now=now + 4 * MINUTE).errors == {}


def _add(now: datetime, minutes: int) -> datetime:
    return now + minutes * MINUTE
