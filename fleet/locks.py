"""Leases: a Redis lock per piece of work, and the fencing number in PostgreSQL that outlives a lost lease."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db.models import F
from redis.exceptions import LockError
from redis.lock import Lock

from fleet.errors import LeaseLost
from fleet.models import Shard

TTL_S = 90.0
_PREFIX = "flotilla:lease:"


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
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=10)
    try:
        lock = client.lock(_PREFIX + name, timeout=ttl_s, blocking=False, thread_local=False)
        if not lock.acquire():
            yield None
            return
        try:
            yield Lease(name, ttl_s, lock)
        finally:
            _release(lock)
    finally:
        client.close()


def is_held(name: str) -> bool:
    """Whether somebody works on `name` now."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=10)
    try:
        return bool(client.exists(_PREFIX + name))
    finally:
        client.close()


def next_fence(shard: Shard) -> int:
    """Raise the shard's fencing number and return it: every run that holds a smaller one has lost."""
    Shard.objects.filter(pk=shard.pk).update(fence=F("fence") + 1)
    shard.refresh_from_db(fields=["fence"])
    return shard.fence


def guard(shard_id: int, fence: int) -> None:
    """Lock the shard's row for this transaction. Raises LeaseLost when a newer run has raised the fence."""
    current = Shard.objects.select_for_update().values_list("fence", flat=True).get(pk=shard_id)
    if current != fence:
        raise LeaseLost(f"shard {shard_id} is at fence {current}, this run holds {fence}")


def _release(lock: Lock) -> None:
    try:
        lock.release()
    except LockError:
        # It ran out meanwhile; the fence keeps what this run still tried to write out.
        return
