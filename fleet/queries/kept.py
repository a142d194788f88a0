"""What every reader is told alike (counts, orders, sums over a fleet), kept in this process for some seconds.

Nothing of one person is kept here, and no row of the list of endpoints or of incidents: those are read on every look.
Whatever a person or an operation does stands in the audit log, whose newest entries are read first: another entry than
before, and everything is read anew. What only the mirror changed is seen settings.KEPT_S seconds later at most, twice
that while somebody else is reading it anew.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from django.conf import settings
from django.db import connection

V = TypeVar("V")

# Numbers are given before they are committed: of those of one moment a lower one may become visible after a higher one.
_MARK = """
SELECT coalesce(sum(id), 0)::bigint FROM (SELECT id FROM fleet_auditentry ORDER BY id DESC LIMIT 64) newest
"""


@dataclass(frozen=True)
class Moment:
    """When a reader began to look: what of the audit log he saw then, and the process's clock in seconds."""

    mark: int
    at: float


def moment() -> Moment:
    """Ask this before anything that is kept. One query."""
    at = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(_MARK)
        return Moment(cursor.fetchone()[0], at)


class Kept(Generic[V]):
    """Values by key, `most` of them; each is made by one reader while others of an older one go on with that."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._spots: dict[Hashable, _Spot[V]] = {}
        self._lock = Lock()

    def get(self, key: Hashable, looked: Moment, make: Callable[[], V]) -> V:
        """The value of `key` as it was at most settings.KEPT_S seconds before `looked`, else made now.

        make: reads the database; called after `looked` was, so that it sees what that had seen.
        """
        spot = self._spot(key)
        if spot.is_good(looked, settings.KEPT_S):
            return spot.value
        is_only_old = spot.is_good(looked, 2 * settings.KEPT_S)
        if not spot.lock.acquire(blocking=not is_only_old):
            return spot.value
        try:
            if not spot.is_good(looked, settings.KEPT_S):
                spot.put(looked, make())
            return spot.value
        finally:
            spot.lock.release()

    def _spot(self, key: Hashable) -> "_Spot[V]":
        with self._lock:
            # The one that was asked for last stands last.
            spot = self._spots.pop(key, None) or _Spot()
            self._spots[key] = spot
            if len(self._spots) > self._most:
                del self._spots[next(iter(self._spots))]
        return spot


class _Spot(Generic[V]):
    """One value and when its maker had looked; both change together, for readers take no lock."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._kept: tuple[Moment, V] | None = None

    @property
    def value(self) -> V:
        assert self._kept is not None
        return self._kept[1]

    def put(self, looked: Moment, value: V) -> None:
        self._kept = looked, value

    def is_good(self, looked: Moment, seconds: float) -> bool:
        """Whether a reader who looked then may be told it: somebody who looked no earlier made it, or it is young."""
        if self._kept is None:
            return False
        made = self._kept[0]
        return made.at >= looked.at or (made.mark == looked.mark and looked.at - made.at < seconds)
