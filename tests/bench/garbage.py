"""Garbage is searched for in a bench as in the process that does the work in production."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from config.celery import spare_what_stays


@contextmanager
def as_in_a_worker() -> Iterator[None]:
    """As a worker of ours does: what is loaded already, the test runner with it, is left out."""
    usual = gc.get_threshold()
    spare_what_stays()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


@contextmanager
def as_in_a_script() -> Iterator[None]:
    """At Python's own thresholds; only the test runner is left out, since no script would load that."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
