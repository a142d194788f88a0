"""What every reader is told alike (counts, orders, sums over a fleet), kept in this process for some seconds.

Nothing of one person is kept here, and no row of the list of endpoints or of incidents: those are read on every look.
Whatever a person or an operation does stands in the audit log, whose newest entries are read first: another entry than
before, and everything is read anew. What only the mirror changed is seen twice settings.KEPT_S seconds later at most: a
value older than KEPT_S is made anew behind its readers, who are told the older one so long.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock, local
from typing import Generic, TypeVar

from django.conf import settings
from django.db import connection

from fleet.queries import behind

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


class _Making(local):
    """What this thread is about. oldest: of all that the value it makes has been made of so far."""

    oldest: Moment | None = None
    is_behind = False


_making = _Making()


class Kept(Generic[V]):
    """Values by key, `most` of them; nobody waits for what he may be told as it was a moment ago."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._spots: dict[Hashable, _Spot[V]] = {}
        self._lock = Lock()

    def get(self, key: Hashable, looked: Moment, make: Callable[[], V]) -> V:
        """The value of `key` as it was at most twice settings.KEPT_S seconds before `looked`, else made now.

        make: reads the database; called after `looked` was, so that it sees what that had seen, here or in another
        thread. What it takes from what is kept makes the value as old as that.
        """
        spot, young = self._spot(key), settings.KEPT_S
        if _making.is_behind:
            return _told(spot.renewed(looked, make, young))
        found = spot.good(looked, 2 * young)
        if found is None:
            return _told(spot.renewed(looked, make, 2 * young))
        if spot.good(looked, young) is None:
            behind.do(spot, lambda: _renew_behind(spot, looked, make))
        return _told(found)

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
        self._lock = Lock()
        self._kept: tuple[Moment, V] | None = None

    def good(self, looked: Moment, seconds: float) -> tuple[Moment, V] | None:
        """What a reader who looked then may be told: somebody who looked no earlier made it, or it is young."""
        if self._kept is None:
            return None
        made, _ = found = self._kept
        is_young = made.mark == looked.mark and looked.at - made.at < seconds
        return found if is_young or made.at >= looked.at else None

    def renewed(self, looked: Moment, make: Callable[[], V], seconds: float) -> tuple[Moment, V]:
        """Made now, unless somebody else meanwhile made one that is good for so long."""
        with self._lock:
            found = self.good(looked, seconds)
            if found is None:
                outer, _making.oldest = _making.oldest, looked
                try:
                    value = make()
                    found = self._kept = _making.oldest, value
                finally:
                    _making.oldest = outer
            return found


def _renew_behind(spot: _Spot[V], looked: Moment, make: Callable[[], V]) -> None:
    """In the thread behind: there what a value is made of is made anew too."""
    _making.is_behind = True
    spot.renewed(looked, make, settings.KEPT_S)


def _told(found: tuple[Moment, V]) -> V:
    """The value; what is being made of it in this thread becomes as old."""
    made, value = found
    if _making.oldest is not None and made.at < _making.oldest.at:
        _making.oldest = made
    return value
