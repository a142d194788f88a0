"""Time arithmetic of the cost functions: clipped capacity, shares of a bucket, exact decimals. Half-open windows."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from math import inf

from fleet.types import Capacity, MetricRow

HOURS_PER_MONTH = Decimal(730)
"""The month of a comparison, which stands for no month of the calendar: 365 days × 24 h / 12."""

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """A half-open stretch of time [start, end), aware UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a window cannot end before it starts: {self.start} to {self.end}")

    @cached_property
    def hours(self) -> Decimal:
        """Its length; kept, because every line that is priced over it asks."""
        return seconds(self) / 3600

    def clip(self, other: "Window") -> "Window | None":
        """The part of `other` inside this window, None when there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Window(start, end) if start < end else None


@dataclass(frozen=True)
class Piece:
    """A stretch of the window in which the capacity did not change."""

    window: Window
    capacity: Capacity


def seconds(window: Window) -> Decimal:
    """Length in seconds, exact to the microsecond."""
    return Decimal((window.end - window.start) // timedelta(microseconds=1)) / 1_000_000


def pieces(capacities: Iterable[Capacity], window: Window) -> list[Piece]:
    """The capacity history clipped to `window`, oldest first; stretches without capacity are left out."""
    found = []
    for capacity in sorted(capacities, key=lambda each: each.start):
        clipped = window.clip(Window(capacity.start, max(capacity.start, capacity.end or window.end)))
        if clipped:
            found.append(Piece(clipped, capacity))
    return found


def month_parts(window: Window) -> Iterator[tuple[Window, int]]:
    """`window` by calendar months (UTC), oldest first, each part with the hours of its whole month: 672 to 744."""
    at = window.start.astimezone(UTC)
    while at < window.end:
        days = monthrange(at.year, at.month)[1]
        following = datetime(at.year, at.month, 1, tzinfo=UTC) + timedelta(days=days)
        yield Window(at, min(following, window.end)), days * 24
        at = following


def rows_in(rows: Iterable[MetricRow], window: Window) -> Iterator[tuple[MetricRow, Decimal]]:
    """Buckets that overlap `window`, each with the share (0 to 1] of it that lies inside."""
    for row in rows:
        inside = window.clip(Window(row.at, row.until))
        if inside:
            yield row, seconds(inside) / row.period_s


def covered(parts: Iterable[Window], window: Window) -> list[Window]:
    """The stretches of `window` that `parts` cover, merged and in order."""
    clipped = sorted(filter(None, (window.clip(part) for part in parts)), key=lambda part: part.start)
    merged: list[Window] = []
    for part in clipped:
        if merged and part.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, part.end))
        else:
            merged.append(part)
    return merged


def uncovered(parts: Sequence[Window], window: Window) -> list[Window]:
    """The stretches of `window` that `parts` leave open, in order."""
    gaps, at = [], window.start
    for part in covered(parts, window):
        if at < part.start:
            gaps.append(Window(at, part.start))
        at = part.end
    if at < window.end:
        gaps.append(Window(at, window.end))
    return gaps


def total_hours(windows: Iterable[Window]) -> Decimal:
    """Hours of windows that do not overlap."""
    return sum((window.hours for window in windows), Decimal(0))


def exact(value: float) -> Decimal:
    """A measured float as the decimal it prints as. Raises ValueError when it is not a finite number >= 0."""
    number = float(value)
    if not 0 <= number < inf:
        raise ValueError(f"a measured quantity must be a finite number of at least 0, not {value}")
    return Decimal(repr(number))
