"""The pool of containers as the planner takes it to work: calls in, what became of them out (docs/planner.md).

The inner loop of every forecast: plain lists and tuples, no objects.
"""

import random
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

PlacedCall = tuple[float, float, float]
"""When a call comes (epoch seconds), seconds of execution, seconds that a set-up would take."""


class Habit(NamedTuple):
    """How containers are kept: seconds an idle one lives, and whether the one used last is taken first (else any)."""

    timeout_s: float
    is_most_recent: bool


@dataclass(slots=True)
class Pool:
    """Containers at work and idle: heaps of the times when they fall free, and since when idle ones are (ascending)."""

    warm: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)

    def copy(self) -> "Pool":
        return Pool(self.warm[:], self.busy[:], self.idle[:])


class Tally(NamedTuple):
    """What became of some calls. peak: most containers at work at once; warm_s: executed on provisioned concurrency."""

    peak: int
    cold: list[PlacedCall]
    spilled: int
    throttled: int
    warm_s: float


def serve(
    pool: Pool,
    calls: Iterable[PlacedCall],
    level: int,
    limit: int,
    habit: Habit,
    chance: random.Random,
    from_s: float | None = None,
) -> Tally:
    """Run calls, oldest first, through the pool, which keeps what they leave behind.

    A container serves one call at a time; provisioned ones first, then idle ones not older than the timeout, else a new
    one is set up. Above the limit a call is throttled. from_s: where the peak begins to count calls still running.
    """
    warm, busy, idle = pool.warm, pool.busy, pool.idle
    peak = 0 if from_s is None else _running(pool, from_s, habit.timeout_s)
    spilled = throttled = 0
    warm_s = 0.0
    cold: list[PlacedCall] = []
    for call in calls:
        at, service, setup = call
        while warm and warm[0] <= at:
            heappop(warm)
        while busy and busy[0] <= at:
            idle.append(heappop(busy))
        running = len(warm) + len(busy)
        if running >= limit:
            throttled += 1
            continue
        if running >= peak:
            peak = running + 1
        if len(warm) < level:
            heappush(warm, at + service)
            warm_s += service
            continue
        spilled += 1
        if idle and _takes(idle, at - habit.timeout_s, habit, chance):
            heappush(busy, at + service)
        else:
            cold.append(call)
            heappush(busy, at + setup + service)
    return Tally(peak, cold, spilled, throttled, warm_s)


def _takes(idle: list[float], oldest: float, habit: Habit, chance: random.Random) -> bool:
    """Take one of the idle containers that live still; False where all of them are gone."""
    if idle[-1] < oldest:
        idle.clear()
        return False
    if habit.is_most_recent or len(idle) == 1:
        idle.pop()
    else:
        del idle[: bisect_left(idle, oldest)]
        idle.pop(int(chance.random() * len(idle)))
    return True


def _running(pool: Pool, now: float, timeout_s: float) -> int:
    """Let the pool come up to a time; how many containers are at work then."""
    warm, busy, idle = pool.warm, pool.busy, pool.idle
    while warm and warm[0] <= now:
        heappop(warm)
    while busy and busy[0] <= now:
        idle.append(heappop(busy))
    if idle and idle[0] < now - timeout_s:
        del idle[: bisect_left(idle, now - timeout_s)]
    return len(warm) + len(busy)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Calls of some hours on end; those before counted_from_s only warm the pool up. level, limit: live then.

    needed: by container, the first one first, when it was last at work before the calls begin (epoch seconds).
    """

    calls: Sequence[PlacedCall]
    counted_from_s: float
    level: int
    limit: int
    needed: Sequence[float] = ()

    @property
    def has_run_in(self) -> bool:
        """Whether calls before the counted ones warm the pool up."""
        return bool(self.calls) and self.calls[0][0] < self.counted_from_s


def begun(needed: Sequence[float], level: int, habit: Habit) -> Pool:
    """The pool that earlier traffic leaves behind at a level, by what it needed: see Stretch.

    Where any idle container is taken, busy traffic has just used all of them.
    """
    idle = sorted(needed[level:])
    return Pool(idle=idle if habit.is_most_recent else idle[-1:] * len(idle))


Held = Callable[[float], tuple[int, float]]
"""The level that is held at a time (epoch seconds), and until when at least."""
HOUR_S = 3600


class HourTally(NamedTuple):
    """What became of the calls of one hour. warm_s: seconds of execution on provisioned concurrency."""

    calls: int
    cold: int
    warm_s: float


class Replay(NamedTuple):
    """What became of all counted calls of some stretches at one level. hours: by whole hours since the epoch."""

    calls: int
    cold: list[PlacedCall]
    spilled: int
    throttled: int
    warm_s: float
    hours: dict[int, HourTally]


def replay(
    stretches: Iterable[Stretch], level: int | Held | None, habit: Habit, chance: random.Random
) -> Replay:
    """Run placed calls at a level (None: the one that was live), each stretch from the pool it began with.

    When a level falls, provisioned containers at work finish their call; when it rises, new ones are warm at once.
    """
    calls = spilled = throttled = 0
    warm_s = 0.0
    cold: list[PlacedCall] = []
    hours: dict[int, HourTally] = {}
    for stretch in stretches:
        pool: Pool | None = None
        for part, held in _parts(stretch, level):
            pool = pool or begun(stretch.needed, held, habit)
            found = serve(pool, part, held, stretch.limit, habit, chance)
            if part[0][0] < stretch.counted_from_s:
                continue
            calls += len(part)
            cold += found.cold
            spilled += found.spilled
            throttled += found.throttled
            warm_s += found.warm_s
            hour = int(part[0][0] // HOUR_S)
            before = hours.get(hour, _NOTHING)
            hours[hour] = HourTally(
                before.calls + len(part), before.cold + len(found.cold), before.warm_s + found.warm_s
            )
    return Replay(calls, cold, spilled, throttled, warm_s, hours)


_NOTHING = HourTally(0, 0, 0.0)


def _parts(stretch: Stretch, level: int | Held | None) -> Iterator[tuple[Sequence[PlacedCall], int]]:
    """The calls of a stretch, cut at whole hours, at changes of the level, and where counting begins."""
    calls, index = stretch.calls, 0
    held = level if isinstance(level, int) else stretch.level
    while index < len(calls):
        at = calls[index][0]
        until = (at // HOUR_S + 1) * HOUR_S
        if callable(level):
            held, changes = level(at)
            until = min(until, changes)
        if at < stretch.counted_from_s:
            until = min(until, stretch.counted_from_s)
        end = bisect_left(calls, (until, 0.0, 0.0), index)
        yield calls[index:end], held
        index = end
