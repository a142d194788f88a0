"""How many endpoints a filter means, and how many each value of each facet would show."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from fleet.queries import endpoint_index
from fleet.queries.endpoint_index import Index
from fleet.queries.endpoints import BROKEN, NO_TEAM, Criteria, State
from fleet.queries.scope import ScopeFilter
from fleet.queries.scope_sql import bound, within

LABELS_SHOWN = 50
"""As many owners and as many applications are offered."""
_ENDLESS = ("owner", "application")
"""Facets with any number of values: the ticked ones and the most used are counted."""

_NEED = f"""
SELECT count(*), count(*) FILTER (WHERE e.status = ANY(%(broken)s)), (
    SELECT count(DISTINCT i.endpoint_id)
    FROM fleet_incident i JOIN fleet_endpoint troubled ON troubled.id = i.endpoint_id
    WHERE i.resolved_at IS NULL AND troubled.closed_at IS NULL AND troubled.status <> ALL(%(broken)s)
        AND {within("troubled.shard_id")}
)
FROM fleet_endpoint e WHERE e.closed_at IS NULL AND {within("e.shard_id")}
"""  # noqa: S608


@dataclass(frozen=True)
class Facets:
    """Counts per value of each facet: how many rows would show if this value alone were ticked in its facet,

    all other facets as they are. `states` counts closed ones too. owners and applications: the ticked ones and the
    most used, LABELS_SHOWN of each at most. aliases: names of accounts, by their number.
    """

    states: dict[str, int]
    kinds: dict[str, int]
    accounts: dict[str, int]
    regions: dict[str, int]
    teams: dict[str, int]
    activities: dict[str, int]
    built_from: dict[str, int]
    owners: dict[str, int]
    applications: dict[str, int]
    aliases: Mapping[str, str]


@dataclass(frozen=True)
class Fleet:
    """The open endpoints of a scope in numbers."""

    total: int
    accounts: int
    regions: int
    states: dict[str, int]

    @property
    def need_attention(self) -> int:
        """Endpoints with an open incident or in a broken status."""
        return self.states.get(State.CRITICAL, 0) + self.states.get(State.WARNING, 0)


@dataclass(frozen=True)
class Need:
    """The open endpoints of a scope, and those among them with an open incident or in a broken status."""

    total: int
    need_attention: int


@dataclass(frozen=True)
class Counted:
    """What a page of the list counts. total: the endpoints that the criteria mean; fleet: those of its scope alone."""

    total: int
    facets: Facets
    fleet: Fleet


def counted(criteria: Criteria, index: Index | None = None) -> Counted:
    """All that the list counts; a facet's own ticks do not narrow its own counts. index: the one kept, by default."""
    index = index or endpoint_index.current()
    passing, found = index.passing(criteria), index.found(criteria.search)
    of = {facet: _of_facet(index, facet, passing, found) for facet in endpoint_index.FACETS}
    for label in endpoint_index.LABELS:
        of[label] = {value or NO_TEAM: n for value, n in of[label].items()}
    facets = Facets(
        states=of["state"],
        kinds=of["kind"],
        accounts=of["account"],
        regions=of["region"],
        teams=of["team"],
        activities=of["activity"],
        built_from=of["built_from"],
        owners=of["owner"],
        applications=of["application"],
        aliases=index.aliases,
    )
    total = _through(passing, found).bit_count()
    return Counted(total, facets, _fleet(index, criteria.scope))


def _of_facet(index: Index, facet: str, passing: Mapping[str, int], found: int) -> dict[str, int]:
    """By value, the endpoints that every other facet lets pass, the most frequent value first."""
    others = _through({other: each for other, each in passing.items() if other != facet}, found)
    counts = _counts(index.sets[facet], others)
    own = passing.get(facet, -1) if facet in _ENDLESS else -1
    values = sorted(counts, key=lambda value: (not index.sets[facet][value] & own, -counts[value], value))
    return {value: counts[value] for value in (values[:LABELS_SHOWN] if facet in _ENDLESS else values)}


def _counts(sets: Mapping[str, int], among: int) -> dict[str, int]:
    return {value: n for value, each in sets.items() if (n := (each & among).bit_count())}


def _through(passing: Mapping[str, int], found: int) -> int:
    for each in passing.values():
        found &= each
    return found


def _fleet(index: Index, scope: ScopeFilter) -> Fleet:
    inside = index.meant(Criteria(scope=scope))
    return Fleet(
        total=inside.bit_count(),
        accounts=len(_counts(index.sets["account"], inside)),
        regions=len(_counts(index.sets["region"], inside)),
        states=_counts(index.sets["state"], inside),
    )


def need(scope: ScopeFilter) -> Need:
    """How many open endpoints of a scope somebody has to look at, in one query; agrees with `counted`.

    The state of none is worked out: an index holds the status of every open endpoint, and few have an incident.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEED, bound(scope, broken=sorted(BROKEN)))
        total, broken, with_incident = cursor.fetchone()
    return Need(total, broken + with_incident)
