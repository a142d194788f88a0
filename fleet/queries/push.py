"""The queues of endpoint events: who listens, what came, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleet.models import EventQueue
from fleet.queries.endpoint import SectionError, section_error

SILENT_AFTER = timedelta(minutes=2)
"""A look at an empty queue takes 20 seconds; after this long nobody is listening."""


@dataclass(frozen=True)
class Queue:
    """A configured queue. listening_at and heard_at None: never; error None: the last look went well."""

    url: str
    listening_at: datetime | None
    heard_at: datetime | None
    messages: int
    ignored: int
    error: SectionError | None
    is_silent: bool

    @property
    def name(self) -> str:
        """The queue's own name, the last part of its URL."""
        return self.url.rpartition("/")[2]


def queues(urls: Sequence[str], *, now: datetime) -> list[Queue]:
    """The configured queues in their order, with what listeners noted; one query."""
    rows = {row.url: row for row in EventQueue.objects.filter(url__in=urls)}
    return [_queue(url, rows.get(url), now) for url in urls]


def _queue(url: str, row: EventQueue | None, now: datetime) -> Queue:
    if row is None:
        return Queue(url, None, None, 0, 0, None, is_silent=True)
    error = row.error or None
    return Queue(
        url=url,
        listening_at=row.listening_at,
        heard_at=row.heard_at,
        messages=row.messages,
        ignored=row.ignored,
        error=section_error("events", error) if error else None,
        is_silent=row.listening_at is None or now - row.listening_at > SILENT_AFTER,
    )
