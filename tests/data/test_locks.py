"""Leases are one owner's each, also where many are taken, prolonged and given back at once."""

import pytest
from redis import Redis

from fleet import locks
from fleet.errors import LeaseLost

NAMES = ["inventory:1", "inventory:2", "inventory:3"]


def test_of_several_those_are_taken_that_nobody_holds() -> None:
    with locks.lease(NAMES[1]) as mine:
        assert mine is not None
        theirs = locks.take(NAMES)
        assert list(theirs) == [NAMES[0], NAMES[2]]
        assert locks.held(NAMES) == set(NAMES)
        assert locks.take(NAMES) == {}
        locks.give_back(theirs.values())
        assert locks.held(NAMES) == {NAMES[1]}
    assert locks.held(NAMES) == set()
    assert locks.take([]) == {}


def test_a_lease_that_ran_out_is_its_new_owners(redis: Redis) -> None:
    old = locks.take(NAMES)
    redis.flushall()
    new = locks.take(NAMES[:2])
    for lost in old.values():
        with pytest.raises(LeaseLost):
            lost.extend()
    locks.give_back(old.values())
    assert locks.held(NAMES) == set(NAMES[:2])
    new[NAMES[0]].extend()
    locks.give_back(new.values())
    assert locks.held(NAMES) == set()


def test_a_lease_runs_out_by_itself_and_later_when_prolonged(redis: Redis) -> None:
    taken = locks.take(NAMES, ttl_s=60)
    keys = [locks._PREFIX + name for name in NAMES]
    assert all(59_000 < redis.pttl(key) <= 60_000 for key in keys)
    redis.pexpire(keys[0], 1_000)
    taken[NAMES[0]].extend()
    assert 59_000 < redis.pttl(keys[0]) <= 60_000
    # A server that was started anew knows no script, and is told them again.
    redis.script_flush()
    taken[NAMES[0]].extend()
