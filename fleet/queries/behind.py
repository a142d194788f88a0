"""Work whose end no reader waits for: one piece after the other, in a thread of this process."""

import logging
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from threading import Lock

from django.db import connections

_log = logging.getLogger(__name__)
_lock = Lock()
_given: set[Hashable] = set()


def do(key: Hashable, work: Callable[[], object]) -> None:
    """Have it done soon; nothing where what was given by the same key waits or is being done. Errors are logged."""
    with _lock:
        if key in _given:
            return
        _given.add(key)
    _worker().submit(_done, key, work).add_done_callback(_tell)


@cache
def _worker() -> ThreadPoolExecutor:
    """Made when first needed: a thread does not live on in the processes that a server forks."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="behind")


def _done(key: Hashable, work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        # Back to the pool: no request ends here that would give it back.
        connections.close_all()
        with _lock:
            _given.discard(key)


def _tell(ended: Future[None]) -> None:
    if (error := ended.exception()) is not None:
        _log.error("What is shown could not be read anew: people see it as it was", exc_info=error)
