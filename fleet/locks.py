"""Leases: a key in Redis per piece of work, and the fencing number in PostgreSQL that outlives a lost lease.

Those of many pieces of work are taken and given back together: one script and one statement, whatever their number.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from redis.commands.core import Script

from fleet import loading
from fleet.errors import LeaseLost
from fleet.models import Account, Shard

TTL_S = 90.0
_PREFIX = "flotilla:lease:"
_UNREAD = ("permissions", "found_regions")
"""What no run asks of its account: long documents."""
_RAISE = """
WITH free AS (SELECT id FROM fleet_shard WHERE id = ANY(%s::bigint[]) FOR NO KEY UPDATE {})
UPDATE fleet_shard AS s SET fence = fence + 1, inventory_unfinished = inventory_unfinished + 1
FROM fleet_account AS a, free WHERE a.id = s.account_id AND s.id = free.id
"""
# Each works on keys that hold the caller's token, and answers which it changed.
_TAKE = """
local done = {}
for place, key in ipairs(KEYS) do
  done[place] = redis.call('set', key, ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
end
return done
"""
_EXTEND = """
local done = {}
for place, key in ipairs(KEYS) do
  done[place] = redis.call('get', key) == ARGV[1] and redis.call('pexpire', key, ARGV[2]) or 0
end
return done
"""
_GIVE_BACK = """
local done = {}
for place, key in ipairs(KEYS) do
  done[place] = redis.call('get', key) == ARGV[place] and redis.call('del', key) or 0
end
return done
"""


@dataclass(frozen=True)
class Lease:
    """The right to work on `name` until `ttl_s` after it was taken or the last extend()."""

    name: str
    ttl_s: float
    token: str

    def extend(self) -> None:
        """Start the time to live anew. Raises LeaseLost when it ran out and somebody else may be working."""
        if not _run(_EXTEND, [self.name], self.token, _milliseconds(self.ttl_s))[0]:
            raise LeaseLost(f"the lease on {self.name} ran out")


@contextmanager
def lease(name: str, *, ttl_s: float = TTL_S) -> Iterator[Lease | None]:
    """Hold `name` for the block; None when somebody else holds it. Given back at the end unless it was lost."""
    found = take([name], ttl_s=ttl_s)
    try:
        yield found.get(name)
    finally:
        give_back(found.values())


def take(names: Iterable[str], *, ttl_s: float = TTL_S) -> dict[str, Lease]:
    """Leases of those of `names` that nobody holds. They run out by themselves; give them back before that."""
    wanted, token = list(names), secrets.token_hex(16)
    done = _run(_TAKE, wanted, token, _milliseconds(ttl_s))
    return {name: Lease(name, ttl_s, token) for name, is_mine in zip(wanted, done, strict=True) if is_mine}


def give_back(leases: Iterable[Lease]) -> None:
    """End these leases. One that ran out meanwhile is left to whoever has it now; the fence guards what is written."""
    mine = list(leases)
    _run(_GIVE_BACK, [lease.name for lease in mine], *(lease.token for lease in mine))


def held(names: Iterable[str]) -> set[str]:
    """Those of `names` that somebody works on now, asked in one go."""
    wanted = list(names)
    values = _client(settings.REDIS_URL).mget([_PREFIX + name for name in wanted]) if wanted else []
    return {name for name, value in zip(wanted, values, strict=True) if value is not None}


def fenced(shard_id: int) -> Shard:
    """The shard with its account, under a fencing number that no earlier run holds; counts a run that has begun."""
    found = fenced_with([shard_id], ())
    if not found:
        raise Shard.DoesNotExist(f"there is no shard {shard_id}")
    return found[0][0]


def fenced_with(shard_ids: Collection[int], asked: tuple[str, ...]) -> list[tuple[Shard, Sequence[Any]]]:
    """The same for each, with the values of these SQL expressions about the shard, which they call `s`.

    Of several, those whose row another statement holds at that moment are left out, and so is a shard that is gone: who
    waits for one row while holding others may be waited for.
    """
    of_shard, of_account = loading.shape(Shard, "s"), loading.shape(Account, "a", _UNREAD)
    raising = _RAISE.format("SKIP LOCKED" if len(shard_ids) > 1 else "")
    columns = ", ".join((of_shard.select, of_account.select, *asked))
    first, last = len(of_shard.names), len(of_shard.names) + len(of_account.names)
    found = []
    with connection.cursor() as cursor:
        cursor.execute(f"{raising} RETURNING {columns}", [list(shard_ids)])
        for values in cursor.fetchall():
            shard = of_shard.row(Shard, values[:first])
            shard.account = of_account.row(Account, values[first:last])
            found.append((shard, values[last:]))
    return found


def unfenced(runs: Collection[Shard]) -> None:
    """Take back that runs of these shards have begun: nobody worked on them, so that no process died over them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE fleet_shard AS s SET inventory_unfinished = greatest(0, inventory_unfinished - 1) "
            "FROM (SELECT s.id FROM fleet_shard AS s JOIN unnest(%s::bigint[], %s::bigint[]) AS n (id, fence) "
            "ON n.id = s.id AND n.fence = s.fence FOR NO KEY UPDATE OF s SKIP LOCKED) AS mine WHERE mine.id = s.id",
            [[shard.pk for shard in runs], [shard.fence for shard in runs]],
        )


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


@cache
def _script(url: str, text: str) -> Script:
    return _client(url).register_script(text)


def _run(text: str, names: Sequence[str], *values: str | int) -> list[int]:
    """What the script answers for each name, in order."""
    if not names:
        return []
    done: list[int] = _script(settings.REDIS_URL, text)(keys=[_PREFIX + name for name in names], args=values)
    return done


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
