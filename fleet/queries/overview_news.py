"""What happened since a person last looked: operations, changes, endpoints, incidents, rises of cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from fleet.queries.overview_sql import NEWS
from fleet.queries.scope import ScopeFilter
from fleet.queries.scope_sql import bound

MOST = 1000
"""Nobody counts further: "1,000+"."""
RISES_SHOWN = 3
_PARTS = {"created": "existence", "closed": "existence"}


@dataclass(frozen=True)
class Item:
    """One thing that happened. what: operation, change, created, closed, incident or rise.

    by: who asked for an operation. ref: its code, or an incident's id. result: an operation's state or verdict, an
    incident's severity or "resolved". usd: of a rise, USD a day above what was expected. endpoint_id None: of an
    incident that is about no endpoint.
    """

    what: str
    at: datetime
    endpoint_id: int | None
    endpoint: str
    kind: str
    text: str
    by: str
    ref: str
    result: str
    usd: Decimal | None


@dataclass(frozen=True)
class News:
    """The newest of each part, newest first, and how many each has, MOST at most ("existence": new and gone ones).

    top_rise: the rise that costs most, whenever it began.
    """

    items: Sequence[Item]
    counts: Mapping[str, int]
    top_rise: Item | None


def news(scope: ScopeFilter, since: datetime) -> News:
    """What happened after `since`. Rises: those of the newest judged day that began since. One query."""
    values: dict[str, Any] = bound(scope, since=since, most=MOST)
    with connection.cursor() as cursor:
        cursor.execute(NEWS, values)
        rows = cursor.fetchall()
    items = [Item(*row[:-1]) for row in rows]
    counts = {_PARTS.get(row[0], row[0]): row[-1] for row in rows}
    rises = [item for item in items if item.what == "rise"]
    # A rise is known by its first day: one of the day of the last look may have begun after it.
    fresh = [item for item in rises if item.at.date() >= since.astimezone(UTC).date()]
    counts["rise"] = len(fresh)
    shown = [item for item in items if item.what != "rise"] + fresh[:RISES_SHOWN]
    top = max(rises, key=lambda item: item.usd or Decimal(0), default=None)
    return News(sorted(shown, key=lambda item: item.at, reverse=True), counts, top)
