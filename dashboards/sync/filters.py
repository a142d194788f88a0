"""The filter of the Sync page's table: state, one cause, words. All of it stands in the query string."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from dashboards.sync.tables import Reason
from fleet.queries.sync_state import FAILED, GOOD, LATE, Fleet, Place

MAX_SEARCH = 200
HISTORY = "history"
STATES = {"": "All", FAILED: "Failing", LATE: "Late", GOOD: "Up to date", HISTORY: "History under way"}


@dataclass(frozen=True)
class Filters:
    """What the URL asks for; cause is a Reason's key."""

    state: str = ""
    cause: str = ""
    search: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        state = query.get("state", "")
        search = query.get("q", "").replace("\0", "")[:MAX_SEARCH].strip()
        return cls(state if state in STATES else "", query.get("cause", "")[:MAX_SEARCH], search)

    def apply(self, found: Fleet, reasons: Sequence[Reason]) -> list[Place]:
        """The account regions it leaves, in the fleet's order."""
        kept = (
            [place for place in found.places if _has_state(place, self.state)] if self.state else found.places
        )
        if self.cause:
            meant = {place.pk for reason in reasons if reason.key == self.cause for place in reason.places}
            kept = [place for place in kept if place.pk in meant]
        words = self.search.lower().split()
        return [place for place in kept if all(word in _text(place) for word in words)] if words else kept

    def tabs(self, query: QueryDict, found: Fleet) -> list[dict[str, Any]]:
        """The states as links, with how many account regions each would show; empty ones are left out."""
        counts = Counter(place.state for place in found.places)
        counts.update({"": len(found.places), HISTORY: len(found.backfills)})
        return [
            {
                "label": words,
                "url": f"?{_with(query, state=state, cause='')}",
                "is_current": state == self.state,
                "count": counts[state],
            }
            for state, words in STATES.items()
            if counts[state] or state in {"", self.state}
        ]

    def chips(self, query: QueryDict) -> list[tuple[str, str]]:
        """(words, query string without it) of the cause and the search."""
        chips = [(self.cause.strip("/").replace("/", ": "), _with(query, cause=""))] if self.cause else []
        return [*chips, (f"“{self.search}”", _with(query, q=""))] if self.search else chips


def _has_state(place: Place, state: str) -> bool:
    if state == HISTORY:
        return place.backfill is not None and not place.backfill.is_done
    return place.state == state


def _text(place: Place) -> str:
    return f"{place.alias} {place.region} {place.account_id}".lower()


def _with(query: QueryDict, **values: str) -> str:
    wanted = query.copy()
    for name in ("page", "reading", "since"):
        wanted.pop(name, None)
    for name, value in values.items():
        wanted.pop(name, None)
        if value:
            wanted[name] = value
    return wanted.urlencode()
