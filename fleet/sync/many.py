"""Routine inventories of several shards at once in one worker process: while one waits for AWS, another goes on."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connections

from fleet.sync.begun import Together
from fleet.sync.outcome import Outcome
from fleet.sync.shard import go_through, run_inventory, turns_of

AT_ONCE = 7
"""Shards under way in one process: with fewer the processors wait for AWS now and then, each holds a connection."""
TELL_EVERY_S = 1.0
"""How long a run that is through waits at most for others to be written with it."""


def run(shard_ids: Sequence[int], *, now: Callable[[], datetime], is_routine: bool = True) -> list[Outcome]:
    """Look after each shard's routine, or leave nothing out. One that fails altogether stops no other.

    Its error is raised at the end. A single shard is read in the caller's own thread.

    When the worker's soft time limit strikes, shards under way stop at their next call and the others are left out:
    their turn comes again.
    """
    if len(shard_ids) == 1:
        return [run_inventory(shard_ids[0], now=now(), is_routine=is_routine)]
    stopped = Event()
    waiting: SimpleQueue[int] = SimpleQueue()
    outcomes: dict[int, Outcome] = {}

    def check() -> None:
        if stopped.is_set():
            raise SoftTimeLimitExceeded

    def work() -> None:
        """One shard after the other, until none waits or one fails."""
        try:
            while (shard_id := _next(waiting)) is not None:
                check()
                begun = together.take_up(shard_id)
                outcomes[shard_id] = (
                    go_through(begun, now=now(), is_routine=is_routine, check=check, tell=together.tell)
                    if begun is not None
                    else Outcome(shard_id, held=True)
                )
        finally:
            # The thread's connection goes back to the pool: once, for taking it out again has the database asked.
            connections.close_all()

    threads = _threads(len(shard_ids))
    with Together(shard_ids) as together, ThreadPoolExecutor(threads, thread_name_prefix="shard") as pool:
        for shard_id in _longest_first(shard_ids, together, now(), is_routine):
            waiting.put(shard_id)
        try:
            failures = _drain(pool, work, threads, together.end)
        except SoftTimeLimitExceeded:
            stopped.set()
            raise
    if failures:
        raise failures[0]
    return [outcomes[shard_id] for shard_id in shard_ids]


def _drain(
    pool: ThreadPoolExecutor, work: Callable[[], None], threads: int, now_and_then: Callable[[], None]
) -> list[BaseException]:
    """Have that many threads work; one that fails begins anew. What they failed of."""
    failures: list[BaseException] = []
    at_work: set[Future[None]] = {pool.submit(work) for _ in range(threads)}
    while at_work:
        done, at_work = wait(at_work, timeout=TELL_EVERY_S, return_when=FIRST_COMPLETED)
        failed = [failure for future in done if (failure := future.exception()) is not None]
        at_work |= {pool.submit(work) for _ in failed}
        failures += failed
        if not done:
            now_and_then()
    return failures


def _longest_first(
    shard_ids: Sequence[int], together: Together, now: datetime, is_routine: bool
) -> Sequence[int]:
    """Shards that ask AWS for more than their listing before the others: begun last, one would outlast them all."""
    if not is_routine:
        return shard_ids
    turns = together.of_each(lambda begun: turns_of(begun.shard, begun.roster, now))
    return sorted(shard_ids, key=lambda shard_id: -turns.get(shard_id, 0))


def _next(waiting: "SimpleQueue[int]") -> int | None:
    try:
        return waiting.get_nowait()
    except Empty:
        return None


def _threads(shards: int) -> int:
    """As many as there is work for, and fewer than the process has database connections."""
    options: Any = settings.DATABASES["default"]["OPTIONS"]
    connections = options["pool"]["max_size"]
    return max(1, min(AT_ONCE, shards, connections - 1))
