"""The levels that Application Auto Scaling brought about, laid over the capacity that was observed. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fleet.costs.periods import Window
from fleet.types import Capacity

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """A level that a Successful scaling activity brought about; it holds from `at`, the activity's end."""

    at: datetime
    level: int


@dataclass(frozen=True)
class Scaled:
    """What is known of how one dimension of a variant scaled: its provisioned concurrency, or its instance count.

    found_at: Flotilla's first look at the endpoint. unread: stretches in which something may have scaled it, and whose
    activities were not read.
    """

    is_provisioned: bool
    found_at: datetime
    steps: tuple[Step, ...] = ()
    unread: tuple[Window, ...] = ()


def over_time(capacities: Iterable[Capacity], scaled: Scaled) -> tuple[Capacity, ...]:
    """The capacity history with every level from the activity that brought it about, oldest first.

    What was observed carries everything from its start on, a step its level alone; the later one holds. An inferred
    period has the level as found from the last step before the first look (who changed it after that is not told), and
    is no longer inferred from that look on.
    """
    found: list[Capacity] = []
    for capacity in sorted(capacities, key=lambda each: each.start):
        is_scaled = capacity.serverless is not None if scaled.is_provisioned else capacity.instance_type != ""
        for piece in _pieces(capacity, scaled) if is_scaled else (capacity,):
            last = found[-1] if found else None
            if (
                last is not None
                and last.end == piece.start
                and replace(piece, start=last.start) == replace(last, end=piece.end)
            ):
                found[-1] = replace(last, end=piece.end)
            else:
                found.append(piece)
    return tuple(found)


def _pieces(capacity: Capacity, scaled: Scaled) -> Iterator[Capacity]:
    steps = list(_steps(capacity, scaled))
    moments = [step.at for step in steps]
    end = capacity.end or FOREVER
    edges = {edge for part in scaled.unread for edge in (part.start, part.end)}
    if capacity.is_inferred:
        edges.add(scaled.found_at)
    cuts = sorted({capacity.start, *moments, *(edge for edge in edges if capacity.start < edge < end)})
    for start, following in zip(cuts, [*cuts[1:], capacity.end], strict=True):
        past = bisect_right(moments, start)
        piece = _with_level(capacity, steps[past - 1].level) if past else capacity
        is_unread = any(part.start <= start < part.end for part in scaled.unread)
        is_inferred = capacity.is_inferred and start < scaled.found_at
        yield replace(piece, start=start, end=following, is_inferred=is_inferred, is_scaling_unread=is_unread)


def _steps(capacity: Capacity, scaled: Scaled) -> Iterator[Step]:
    """The steps within a period, oldest first; of those at the same instant the one given last holds."""
    end = capacity.end or FOREVER
    inside = sorted(
        (step for step in scaled.steps if capacity.start < step.at < end), key=lambda step: step.at
    )
    before_look = sum(step.at <= scaled.found_at for step in inside) if capacity.is_inferred else 0
    for number, step in enumerate(inside, start=1):
        as_found = _level(capacity) if number == before_look else None
        yield step if as_found is None else Step(step.at, as_found)


def _level(capacity: Capacity) -> int | None:
    if capacity.serverless is None:
        return capacity.instance_count
    return capacity.serverless.provisioned_concurrency or 0


def _with_level(capacity: Capacity, level: int) -> Capacity:
    if capacity.serverless is None:
        return replace(capacity, instance_count=level)
    return replace(capacity, serverless=replace(capacity.serverless, provisioned_concurrency=level))
