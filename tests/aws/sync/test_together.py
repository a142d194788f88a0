"""Inventories of a ring are begun and ended together; none of its shards is lost to what befalls another."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from threading import Event

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.backends.signals import connection_created
from django.test.utils import CaptureQueriesContext
from redis import Redis

from fleet import locks
from fleet.models import Account, CallTally, Endpoint, Shard
from fleet.sync import begun, due, many
from fleet.sync.shard import UNANNOUNCED, run_inventory
from stack.processes import Part, wait_until
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]

MINUTE = timedelta(minutes=1)
REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
    "eu-north-1", "ap-south-1", "ap-southeast-1", "ap-northeast-1", "ca-central-1", "sa-east-1",
)  # fmt: skip
LISTING = "sagemaker:ListEndpoints"
RUN = """
import sys
import django
django.setup()
from datetime import datetime
from fleet.sync import many
now = datetime.fromisoformat(sys.argv[1])
many.run([int(pk) for pk in sys.argv[2:]], now=lambda: now)
"""


@pytest.fixture
def shards(account: Account) -> list[Shard]:
    """Two for each thread that works on a ring; endpoints are in the first one."""
    assert len(REGIONS) == 2 * many.AT_ONCE
    return [Shard.objects.create(account=account, region=region) for region in REGIONS]


@contextmanager
def striking(when: Callable[[], bool]) -> Iterator[None]:
    """The soft time limit as Celery has it strike: raised by a signal wherever the process is at that moment."""

    def strike(*_: object) -> None:
        raise SoftTimeLimitExceeded

    def watch() -> None:
        assert wait_until(when, 30, 0.05)
        os.kill(os.getpid(), signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, strike)
    try:
        with ThreadPoolExecutor(1) as pool:
            watching = pool.submit(watch)
            yield
            watching.result(30)
    finally:
        signal.signal(signal.SIGALRM, before)


@contextmanager
def row_held(shard_id: int, until: Callable[[], bool]) -> Iterator[None]:
    """Somebody else's transaction has the shard's row."""
    has = Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Shard.objects.select_for_update().get(pk=shard_id)
                has.set()
                assert wait_until(until, 20, 0.05)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(hold)
        assert has.wait(10)
        yield
        other.result(20)


def names(shards: list[Shard]) -> list[str]:
    return [begun.name(shard.pk) for shard in shards]


def test_a_quiet_ring_takes_three_statements_and_no_connection_but_one(
    simulator: SimulatorProcess, shards: list[Shard], now: datetime
) -> None:
    serverless = {"memory_mb": 1024, "max_concurrency": 1}
    simulator.add_endpoints(
        [{"name": "other", "account": "test", "region": r, "serverless": serverless} for r in REGIONS[1:3]]
    )
    ids, minutes = [shard.pk for shard in shards], count()
    made: list[object] = []

    def rung() -> tuple[list[str], int]:
        made.clear()
        at = now + next(minutes) * MINUTE
        with CaptureQueriesContext(connection) as ring:
            assert [outcome.errors for outcome in many.run(ids, now=lambda: at)] == [{}] * len(ids)
        return [query["sql"].split()[0] for query in ring], len(made)

    def note(**_: object) -> None:
        made.append(None)

    connection_created.connect(note)
    for _ in range(3):
        rung()
    # Every few minutes, at a moment of its own, a shard also looks at what tells of no change itself.
    assert (["WITH", "SELECT", "WITH"], 0) in [rung() for _ in range(5)]
    connection_created.disconnect(note)
    last = now + 7 * MINUTE
    rows = Shard.objects.filter(inventory_ok_at=last, inventory_unfinished=0, fence=8)
    assert rows.count() == len(ids)
    assert set(CallTally.objects.filter(action=LISTING).values_list("calls", flat=True)) == {8}
    assert Endpoint.objects.count() == 4
    assert locks.held(names(shards)) == set()


def test_shards_with_more_to_ask_for_than_their_listing_are_begun_first(
    simulator: SimulatorProcess, shards: list[Shard], now: datetime
) -> None:
    *others, one, two = ids = [shard.pk for shard in shards]
    many.run(ids, now=lambda: now)
    many.run(ids, now=lambda: now + MINUTE)
    at = now + 2 * MINUTE
    for shard in Shard.objects.filter(pk__in=ids):
        seen = at if shard.pk in others else at - 10 * MINUTE
        for name in UNANNOUNCED:
            shard.sections[name]["tried_at"] = seen.isoformat()
        shard.save()
    simulator.reset_calls().fault("latency", LISTING, seconds=0.3)
    outcomes = many.run(ids, now=lambda: at)
    assert [outcome.shard_id for outcome in outcomes] == ids, "told in the order they were asked for"
    assert {o.shard_id for o in outcomes if set(UNANNOUNCED) <= set(o.records)} == {one, two}
    # The simulator names places in the order of their first calls, and each thread has made one.
    listed = [key.split("/")[1] for key in simulator.calls()["by_scope"] if key.endswith(LISTING)]
    assert set(REGIONS[-2:]) <= set(listed[: many.AT_ONCE])


def test_a_process_killed_amidst_a_ring_leaves_every_shard_to_be_rung_again_and_read(
    simulator: SimulatorProcess,
    shards: list[Shard],
    now: datetime,
    spawn: Callable[..., Part],
    redis: Redis,
) -> None:
    ids = [shard.pk for shard in shards]
    simulator.fault("latency", LISTING, skip=3, seconds=60).reset_calls()

    def is_amidst() -> bool:
        """Three are through, six under way, three wait."""
        through = Shard.objects.exclude(inventory_ok_at=None).count() == 3
        return through and simulator.calls()["calls"].get(LISTING) == 3 + many.AT_ONCE

    worker = spawn(
        "worker", sys.executable, "-c", RUN, now.isoformat(), *map(str, ids),
        env=simulator.environment(), ready=is_amidst, timeout_s=60,
    )  # fmt: skip
    assert worker.process is not None
    os.kill(worker.process.pid, signal.SIGKILL)
    assert wait_until(lambda: not worker.is_running(), 10)
    left = set(Shard.objects.filter(inventory_unfinished=1).values_list("pk", flat=True))
    assert len(left) == len(ids) - 3, "those through are told within a second, whatever the others do"
    assert len(locks.held(names(shards))) == len(left)
    simulator.clear_faults()
    assert [o.held for o in many.run(ids, now=lambda: now)].count(True) == len(left), (
        "leases have to run out first"
    )

    redis.flushall()
    rung: list[tuple[int, ...]] = []
    due.ring(
        now + MINUTE, inventory=lambda *pks: rung.append(pks), metrics=lambda _: None, backfill=lambda _: None,
        prices=lambda: None,
    )  # fmt: skip
    assert sorted(pks for pks in rung if len(pks) == 1) == sorted((pk,) for pk in left), "each by itself"
    for pks in rung:
        assert [o.errors for o in many.run(pks, now=lambda: now + MINUTE)] == [{}] * len(pks)
    rows = Shard.objects.filter(inventory_ok_at=now + MINUTE, inventory_unfinished=0, failures=0)
    assert rows.count() == len(ids)
    assert Endpoint.objects.filter(closed_at=None).count() == Endpoint.objects.count() == 2
    assert locks.held(names(shards)) == set()


def test_the_time_limit_takes_back_what_was_not_begun_and_frees_every_lease(
    simulator: SimulatorProcess, shards: list[Shard], now: datetime
) -> None:
    simulator.fault("latency", LISTING, seconds=2).reset_calls()

    def is_under_way() -> bool:
        return simulator.calls()["calls"].get(LISTING, 0) >= many.AT_ONCE

    with pytest.raises(SoftTimeLimitExceeded), striking(is_under_way):
        many.run([shard.pk for shard in shards], now=lambda: now)
    waiting = Shard.objects.filter(inventory_ok_at=None, failures=0, sections={})
    assert 0 < waiting.count() == len(shards) - simulator.calls()["calls"][LISTING]
    assert locks.held(names(shards)) == set()
    assert not Shard.objects.exclude(inventory_unfinished=0).exists(), "nobody died"
    simulator.clear_faults()
    many.run([shard.pk for shard in shards], now=lambda: now + MINUTE)
    assert Shard.objects.filter(inventory_ok_at=now + MINUTE).count() == len(shards)


def test_a_shard_that_somebody_works_on_is_left_to_him_and_a_locked_row_is_waited_for_by_itself(
    simulator: SimulatorProcess, shards: list[Shard], now: datetime
) -> None:
    mine, locked, *free = (shard.pk for shard in shards)
    simulator.reset_calls()

    def are_others_read() -> bool:
        return simulator.calls()["calls"].get(LISTING) == len(free)

    with locks.lease(begun.name(mine)), row_held(locked, are_others_read):
        outcomes = many.run([mine, locked, *free], now=lambda: now)
    assert [o.shard_id for o in outcomes if o.held] == [mine]
    done = Shard.objects.filter(inventory_ok_at=now, inventory_unfinished=0, fence=1)
    assert set(done.values_list("pk", flat=True)) == {locked, *free}
    assert not run_inventory(mine, now=now).held
    assert Shard.objects.get(pk=mine).fence == 1
