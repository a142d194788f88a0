"""The simulator's clock: the machine's time plus an offset, or a fixed instant while a journal is replayed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class Clock:
    """Aware UTC time that control calls can move and that a replay can hold still."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self._held: datetime | None = None

    def now(self) -> datetime:
        """The simulated instant, aware UTC."""
        if self._held is not None:
            return self._held
        return datetime.now(UTC) + self.offset

    @contextmanager
    def held_at(self, instant: datetime) -> Iterator[None]:
        """Report one fixed instant inside the block (journal replay)."""
        before, self._held = self._held, instant
        try:
            yield
        finally:
            self._held = before


def minute_of(instant: datetime) -> int:
    """Whole minutes since 1970-01-01 UTC, rounded down."""
    return int(instant.timestamp()) // 60


def instant_of(minute: int) -> datetime:
    """Aware UTC instant at which a minute starts."""
    return datetime.fromtimestamp(minute * 60, UTC)
