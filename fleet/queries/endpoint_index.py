"""The endpoints in one value that all readers of the list share: what facets count and searches read.

A set of endpoints is an int: the bit of an endpoint is its place in Index.ids. So that the counts of nine facets under
any filter are a few thousand ANDs of numbers, at 10,000 endpoints two milliseconds without a query.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import F

from fleet.models import Account, Endpoint
from fleet.queries.endpoints import NO_TEAM, Criteria, State, with_state
from fleet.queries.kept import Kept, Moment, moment

FACETS = {
    "state": F("state"),
    "account": F("shard__account__account_id"),
    "region": F("shard__region"),
    "kind": F("kind"),
    "team": F("team"),
    "activity": F("activity"),
    "built_from": F("built_from"),
    "owner": F("owner"),
    "application": F("application"),
}
_WORDS = 64
"""As many words of searches are remembered."""
LABELS = ("team", "owner", "application")
"""Free text that may be empty."""


@dataclass(frozen=True)
class Index:
    """Every endpoint, closed ones too, by name. sets: facet → value → the endpoints that have it; "" is a value.

    texts: what a search looks through, in capitals. aliases: names of the accounts, by their number. words: endpoints
    by what was searched for, filled as they are asked for.
    """

    ids: Sequence[int]
    texts: Sequence[str]
    sets: Mapping[str, Mapping[str, int]]
    aliases: Mapping[str, str]
    words: dict[str, int] = field(default_factory=dict)

    @property
    def every(self) -> int:
        return (1 << len(self.ids)) - 1

    def passing(self, criteria: Criteria) -> dict[str, int]:
        """By facet, what its ticks let pass; a facet that narrows nothing is absent."""
        return {
            facet: _union(self.sets[facet].get(value, 0) for value in values)
            for facet, values in ticked(criteria).items()
        }

    def found(self, search: str) -> int:
        """The endpoints that a search finds: every word stands in the name or in what sync gathered for it."""
        found = self.every
        for word in search.upper().split():
            found &= self._with(word)
        return found

    def _with(self, word: str) -> int:
        having = self.words.get(word)
        if having is None:
            if len(self.words) >= _WORDS:
                self.words.clear()
            having = self.words[word] = _set(["1" if word in text else "0" for text in self.texts])
        return having

    def meant(self, criteria: Criteria) -> int:
        """The endpoints that a filter means."""
        found = self.found(criteria.search)
        for passing in self.passing(criteria).values():
            found &= passing
        return found

    @cached_property
    def places(self) -> Mapping[int, int]:
        """The place of an endpoint, by its id."""
        return {pk: place for place, pk in enumerate(self.ids)}

    def ordered(self, wanted: int, order: Iterable[int]) -> Iterator[int]:
        """The ids of a set in the order of some ids; those that it does not know come last, by name."""
        marks, given = _marks(wanted, len(self.ids)), 0
        for pk in order:
            place = self.places.get(pk)
            if place is not None and marks[place] == "1":
                given += 1
                yield pk
        if given < wanted.bit_count():
            yield from self._unknown(wanted, order)

    def _unknown(self, wanted: int, order: Iterable[int]) -> Iterator[int]:
        """An order may be some seconds older than this, and lack what came since."""
        known = set(order)
        return (pk for pk in self.by_name(wanted) if pk not in known)

    def places_of(self, wanted: int) -> Iterator[int]:
        """The places of a set, by name."""
        return (place for place, mark in enumerate(_marks(wanted, len(self.ids))) if mark == "1")

    def by_name(self, wanted: int) -> list[int]:
        """The ids of a set by name."""
        return [self.ids[place] for place in self.places_of(wanted)]


_kept: Kept[Index] = Kept(most=1)


def current(looked: Moment | None = None) -> Index:
    """The index as it is kept. looked: when the reader began to look, asked now by default."""
    return _kept.get("index", looked or moment(), _read)


def ticked(criteria: Criteria) -> dict[str, list[str]]:
    """Facets that narrow, each with the values that pass; no tick on a state means every one but closed."""
    open_states = [state.value for state in State if state != State.CLOSED]
    wanted: dict[str, list[str]] = {
        "state": list(criteria.states) or open_states,
        "account": list(criteria.scope.accounts),
        "region": list(criteria.scope.regions),
        "kind": list(criteria.kinds),
        "team": list(criteria.teams),
        "activity": list(criteria.activities),
        "built_from": list(criteria.built_from),
        "owner": list(criteria.owners),
        "application": list(criteria.applications),
    }
    for label in LABELS:
        wanted[label] = ["" if value == NO_TEAM else value for value in wanted[label]]
    return {facet: values for facet, values in wanted.items() if values}


def page(ordered: Iterator[int], wanted: slice) -> list[int]:
    """A slice of an order; no more of it is worked out than that."""
    return list(islice(ordered, wanted.start or 0, wanted.stop))


@lru_cache(maxsize=1)
def _statement() -> tuple[str, tuple[Any, ...]]:
    """Put together once: the same for everybody."""
    endpoints = with_state(Endpoint.objects.order_by("name", "pk"))
    columns = endpoints.values_list("pk", "name", "search_text", *FACETS.values())
    return columns.query.sql_with_params()


def _read() -> Index:
    """Two queries."""
    ids, texts = array("Q"), []
    places: list[dict[str, list[int]]] = [defaultdict(list) for _ in FACETS]
    with connection.cursor() as cursor:
        cursor.execute(*_statement())
        # One row after the other: most of their texts are the same few, which need not all be held at once.
        for place, (pk, name, text, *values) in enumerate(cursor):
            ids.append(pk)
            texts.append(f"{name}\n{text}".upper())
            for of_value, value in zip(places, values, strict=True):
                of_value[value].append(place)
    return Index(
        ids=ids,
        texts=texts,
        sets={
            facet: {value: _of(found, len(ids)) for value, found in of_value.items()}
            for facet, of_value in zip(FACETS, places, strict=True)
        },
        aliases=dict(Account.objects.order_by().values_list("account_id", "alias")),
    )


def _of(places: Iterable[int], size: int) -> int:
    """The set of some places. Its bytes are filled first: setting bits of an int copies all of it each time."""
    found = bytearray(size // 8 + 1)
    for place in places:
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")


def _set(marks: Sequence[str]) -> int:
    """The set that has a "1" at each of its places."""
    return int("".join(marks)[::-1] or "0", 2)


def _marks(wanted: int, size: int) -> str:
    """A "1" at each place of the set, a "0" at each other."""
    return f"{wanted:0{size}b}"[::-1] if size else ""


def _union(sets: Iterable[int]) -> int:
    found = 0
    for each in sets:
        found |= each
    return found
