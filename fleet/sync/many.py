"""Routine inventories of several shards at once in one worker process: while one waits for AWS, another goes on."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from threading import Event
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection

from fleet.sync.outcome import Outcome
from fleet.sync.shard import run_inventory

AT_ONCE = 6


def run(shard_ids: Sequence[int], *, now: Callable[[], datetime], is_routine: bool = True) -> list[Outcome]:
    """Look after each shard's routine, or leave nothing out. One that fails altogether stops no other.

    Its error is raised at the end. A single shard is read in the caller's own thread.

    When the worker's soft time limit strikes, shards under way stop at their next call and the others are left out:
    their turn comes again.
    """
    if len(shard_ids) == 1:
        return [run_inventory(shard_ids[0], now=now(), is_routine=is_routine)]
    stopped = Event()

    def check() -> None:
        if stopped.is_set():
            raise SoftTimeLimitExceeded

    def attempt(shard_id: int) -> Outcome:
        check()
        try:
            return run_inventory(shard_id, now=now(), is_routine=is_routine, check=check)
        finally:
            # The thread's connection goes back to the pool.
            connection.close()

    with ThreadPoolExecutor(max_workers=_threads(len(shard_ids)), thread_name_prefix="shard") as pool:
        futures: list[Future[Outcome]] = [pool.submit(attempt, shard_id) for shard_id in shard_ids]
        try:
            failures = [failure for future in futures if (failure := future.exception()) is not None]
        except SoftTimeLimitExceeded:
            stopped.set()
            raise
    if failures:
        raise failures[0]
    return [future.result() for future in futures]


def _threads(shards: int) -> int:
    """As many as there is work for, and fewer than the process has database connections."""
    options: Any = settings.DATABASES["default"]["OPTIONS"]
    connections = options["pool"]["max_size"]
    return max(1, min(AT_ONCE, shards, connections - 1))
