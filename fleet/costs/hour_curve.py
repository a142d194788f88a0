"""Sharing a day's spend out over its hours by how many instances were there. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fleet.costs.periods import Window

HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Presence:
    """`count` instances from start to end; end None = still."""

    start: datetime
    end: datetime | None
    count: int


def present(held: Iterable[Presence], window: Window) -> list[float]:
    """Instance-hours in each hour of the window, which begins on a whole hour; one pass over the stretches."""
    length = int(window.hours)
    parts, steps = [0.0] * (length + 1), [0.0] * (length + 1)
    for each in held:
        inside = window.clip(Window(each.start, max(each.start, each.end or window.end)))
        if inside is None:
            continue
        first, last = _hours(inside.start, window), _hours(inside.end, window)
        if int(first) == int(last):
            parts[int(first)] += each.count * (last - first)
            continue
        parts[int(first)] += each.count * (int(first) + 1 - first)
        parts[int(last)] += each.count * (last - int(last))
        steps[int(first) + 1] += each.count
        steps[int(last)] -= each.count
    found, running = [], 0.0
    for part, step in zip(parts[:length], steps[:length], strict=True):
        running += step
        found.append(max(0.0, running + part))
    return found


def spread(by_day: Sequence[Decimal], shape: Sequence[float]) -> list[Decimal]:
    """Each day's amount over its 24 hours in the proportions of `shape`, evenly where that is nothing.

    The hours of a day add up to its amount exactly.
    """
    found: list[Decimal] = []
    for day, amount in enumerate(by_day):
        weights = [Decimal(repr(each)) for each in shape[day * HOURS_PER_DAY : (day + 1) * HOURS_PER_DAY]]
        total = sum(weights, Decimal(0))
        if not total:
            weights, total = [Decimal(1)] * HOURS_PER_DAY, Decimal(HOURS_PER_DAY)
        hours = [(amount * weight / total).quantize(Decimal("1e-12")) for weight in weights]
        largest = max(range(HOURS_PER_DAY), key=lambda n, weights=weights: weights[n])  # type: ignore[misc]
        hours[largest] += amount - sum(hours, Decimal(0))
        found += hours
    return found


def _hours(at: datetime, window: Window) -> float:
    return (at - window.start).total_seconds() / 3600
