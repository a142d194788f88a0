"""Leases: a Redis lock per piece of work, and the fencing number in PostgreSQL that outlives a lost lease."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from redis.exceptions import LockError
from redis.lock import Lock

from fleet import loading
from fleet.errors import LeaseLost
from fleet.models import Account, Shard

TTL_S = 90.0
_PREFIX = "flotilla:lease:"
_UNREAD = ("permissions", "found_regions")
"""What no run asks of its account: long documents."""
_RAISE = (
    "UPDATE fleet_shard AS s SET fence = fence + 1, inventory_unfinished = inventory_unfinished + 1 "
    "FROM fleet_account AS a WHERE a.id = s.account_id AND s.id = %s"
)


@dataclass(frozen=True)
class Lease:
    """The right to work on `name` until `ttl_s` after the last extend()."""

    name: str
    ttl_s: float
    lock: Lock

    def extend(self) -> None:
        """Start the time to live anew. Raises LeaseLost when it ran out and somebody else may be working."""
        try:
            self.lock.extend(self.ttl_s, replace_ttl=True)
        except LockError as error:
            raise LeaseLost(f"the lease on {self.name} ran out") from error


@contextmanager
def lease(name: str, *, ttl_s: float = TTL_S) -> Iterator[Lease | None]:
    """Hold `name` for the block; None when somebody else holds it. Released at the end unless it was lost."""
    lock = _client(settings.REDIS_URL).lock(_PREFIX + name, timeout=ttl_s, blocking=False, thread_local=False)
    if not lock.acquire():
        yield None
        return
    try:
        yield Lease(name, ttl_s, lock)
    finally:
        _release(lock)


def held(names: Iterable[str]) -> set[str]:
    """Those of `names` that somebody works on now, asked in one go."""
    wanted = list(names)
    values = _client(settings.REDIS_URL).mget([_PREFIX + name for name in wanted]) if wanted else []
    return {name for name, value in zip(wanted, values, strict=True) if value is not None}


def fenced(shard_id: int) -> Shard:
    """The shard with its account, under a fencing number that no earlier run holds; counts a run that has begun."""
    return fenced_with(shard_id, ())[0]


def fenced_with(shard_id: int, asked: tuple[str, ...]) -> tuple[Shard, Sequence[Any]]:
    """The same, with the values of these SQL expressions about the shard, which they call `s`."""
    of_shard, of_account = loading.shape(Shard, "s"), loading.shape(Account, "a", _UNREAD)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_RAISE} RETURNING {', '.join((of_shard.select, of_account.select, *asked))}", [shard_id]
        )
        found = cursor.fetchone()
    if found is None:
        raise Shard.DoesNotExist(f"there is no shard {shard_id}")
    first, last = len(of_shard.names), len(of_shard.names) + len(of_account.names)
    shard = of_shard.row(Shard, found[:first])
    shard.account = of_account.row(Account, found[first:last])
    return shard, found[last:]


def guard(shard_id: int, fence: int) -> None:
    """Lock the shard's row for this transaction. Raises LeaseLost when a newer run has raised the fence."""
    with connection.cursor() as cursor:
        # Every section of every run asks this: as a queryset it cost four times the CPU.
        cursor.execute("SELECT fence FROM fleet_shard WHERE id = %s FOR UPDATE", [shard_id])
        found = cursor.fetchone()
    current = found[0] if found else None
    if current != fence:
        raise LeaseLost(f"shard {shard_id} is at fence {current}, this run holds {fence}")


@cache
def _client(url: str) -> redis.Redis:
    """This process's connections to Redis, shared by its threads; a forked child opens its own."""
    return redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=10)


def _release(lock: Lock) -> None:
    try:
        lock.release()
    except LockError:
        # It ran out meanwhile; the fence keeps what this run still tried to write out.
        return
