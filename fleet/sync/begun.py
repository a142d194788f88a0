"""Inventories that have begun: each shard under a lease and a fence of its own, those of many taken and ended together.

A quiet shard asks AWS one thing. Leases, fences, rows and endings one shard at a time would cost twice what that does.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

from fleet import locks
from fleet.models import Shard
from fleet.sync.outcome import Ending, end
from fleet.sync.roster import Roster, read_together
from fleet.sync.stock import begin as fence


@dataclass(frozen=True)
class Begun:
    """A shard under a fencing number of its own. leased_at: when the lease was taken, monotonic seconds."""

    lease: locks.Lease
    leased_at: float
    shard: Shard
    roster: Roster


def name(shard_id: int) -> str:
    """What the lease of a shard's inventory is called."""
    return f"inventory:{shard_id}"


def begin(leases: Mapping[int, locks.Lease]) -> dict[int, Begun]:
    """Raise the fences of shards whose leases were just taken, and read what their runs begin with.

    Of several some may be left out: a shard that is gone, and one whose row is locked at this moment. A single one is
    waited for; Shard.DoesNotExist when it is gone.
    """
    now = time.monotonic()
    found = {shard.pk: (shard, Roster(shard, stock)) for shard, stock in fence(leases.keys())}
    if len(leases) == 1 and not found:
        raise Shard.DoesNotExist(f"there is no shard {next(iter(leases))}")
    read_together({pk: roster for pk, (_, roster) in found.items()})
    return {pk: Begun(leases[pk], now, shard, roster) for pk, (shard, roster) in found.items()}


class Together:
    """Inventories of several shards. As a context manager: at its end all that were begun are ended or taken back.

    Threads may share it. A process that dies leaves the leases to run out, and an unfinished run on each shard that was
    not through: they are rung alone next time, and all but the one that did it end well (fleet.sync.quarantine).
    """

    def __init__(self, shard_ids: Sequence[int]) -> None:
        self._shard_ids = shard_ids
        self._leases: dict[int, locks.Lease] = {}
        self._begun: dict[int, Begun] = {}
        self._told: deque[Ending] = deque()

    def __enter__(self) -> "Together":
        names = {name(pk): pk for pk in self._shard_ids}
        self._leases = {names[lease.name]: lease for lease in locks.take(names).values()}
        try:
            self._begun = begin(self._leases) if len(self._leases) > 1 else {}
        except BaseException:
            locks.give_back(self._leases.values())
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.end()
            if self._begun:
                locks.unfenced([run.shard for run in self._begun.values()])
        finally:
            locks.give_back(self._leases.values())

    def take_up(self, shard_id: int) -> Begun | None:
        """The shard's run, to be gone through now; None when somebody else has its lease.

        Raises Shard.DoesNotExist when it is gone.
        """
        begun = self._begun.pop(shard_id, None)
        if begun is None and shard_id in self._leases:
            return begin({shard_id: self._leases[shard_id]})[shard_id]
        return begun

    def of_each(self, tell: Callable[[Begun], int]) -> dict[int, int]:
        """What `tell` says of each run that has begun and waits to be taken up, by the shard's id."""
        return {pk: tell(begun) for pk, begun in self._begun.items()}

    def tell(self, ending: Ending) -> None:
        """Note how a run went, for the next `end`."""
        self._told.append(ending)

    def end(self) -> None:
        """Write how the runs went that are through, and give their leases back."""
        through = [self._told.popleft() for _ in range(len(self._told))]
        if not through:
            return
        end(through)
        locks.give_back([self._leases.pop(ending.shard.pk) for ending in through])
