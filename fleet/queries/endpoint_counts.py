"""How many endpoints a filter means, and how many each value of each facet would show: counted by PostgreSQL.

Nearly every endpoint of a large fleet differs from every other in one of its nine facets, so the counts are made
where the rows are: one statement, one pass, and only the counts come over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, F, Q

from fleet.models import Endpoint
from fleet.queries.endpoints import BROKEN, NO_TEAM, Criteria, State, matches, with_state
from fleet.queries.scope import ScopeFilter
from fleet.queries.scope_sql import bound, within

LABELS_SHOWN = 50
"""As many owners and as many applications are offered."""
_FACETS = {
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
_PLACES = ("state", "account", "region")
_LABELS = ("team", "owner", "application")
"""Free text that may be empty."""
_ENDLESS = ("owner", "application")
"""Facets with any number of values: the ticked ones and the most used are counted."""

_BITS = {facet: 1 << n for n, facet in enumerate(reversed(_FACETS))}
"""grouping() of all facets has the bit of every facet but the one that a count is of."""
_EVERY = (1 << len(_FACETS)) - 1
# Materialised, else PostgreSQL works the state out anew in every place that reads it.
_ENDPOINTS = "WITH endpoint ({columns}) AS MATERIALIZED ({endpoints})"
_COUNTS = """
, judged AS (
    SELECT endpoint.*, {failed} AS failed FROM endpoint WHERE is_found
), counted AS (
    SELECT coalesce({names}) AS value, {every} - grouping({names}) AS facet, failed, count(*) AS n
    FROM judged WHERE failed IN (0, {bits}) GROUP BY GROUPING SETS ({sets})
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY facet ORDER BY failed, n DESC, value) AS rank
    FROM counted WHERE failed IN (0, facet)
)
SELECT facet, value, n, failed = 0, a.alias
FROM ranked LEFT JOIN fleet_account a ON facet = {account} AND a.account_id = value
WHERE rank <= {labels} OR facet NOT IN ({endless})
"""
"""An endpoint counts in a facet when every other facet lets it pass: `failed` is the bit of the one that does not."""
_FLEET = """
SELECT CASE WHEN account IS NOT NULL THEN {account} WHEN region IS NOT NULL THEN {region} ELSE {state} END,
    coalesce(state, account, region), count(*), NULL::boolean, ''
FROM endpoint WHERE {passes} GROUP BY GROUPING SETS ((state), (account), (region))
"""
"""Of the scope alone: rows as those of _COUNTS, told apart by their fourth column."""

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
    most used, LABELS_SHOWN of each at most. aliases: names of the counted accounts.
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
    aliases: dict[str, str]


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


@dataclass(frozen=True)
class _Count:
    """Endpoints with one value of a facet. is_meant: the facet's own ticks let them pass too; None: of the fleet."""

    facet: int
    value: str
    n: int
    is_meant: bool | None
    alias: str | None


def counted(criteria: Criteria) -> Counted:
    """All that the list counts, in one query; a facet's own ticks do not narrow its own counts."""
    parts, values = _parts(criteria)
    found = _asked(criteria.search, tuple(_FACETS), parts, values)
    in_facets = [count for count in found if count.is_meant is not None]
    of: dict[str, dict[str, int]] = {
        facet: {count.value: count.n for count in in_facets if count.facet == bit}
        for facet, bit in _BITS.items()
    }
    for label in _LABELS:
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
        aliases={count.value: count.alias or "" for count in in_facets if count.facet == _BITS["account"]},
    )
    meant = [count for count in found if count.is_meant]
    of_fleet = meant if len(parts) == 1 else [count for count in found if count.is_meant is None]
    return Counted(_total(meant), facets, _fleet(of_fleet))


def need(scope: ScopeFilter) -> Need:
    """How many open endpoints of a scope somebody has to look at, in one query; agrees with `counted`.

    The state of none is worked out: an index holds the status of every open endpoint, and few have an incident.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEED, bound(scope, broken=sorted(BROKEN)))
        total, broken, with_incident = cursor.fetchone()
    return Need(total, broken + with_incident)


def _fleet(found: Sequence[_Count]) -> Fleet:
    return Fleet(
        total=_total(found),
        accounts=sum(count.facet == _BITS["account"] for count in found),
        regions=sum(count.facet == _BITS["region"] for count in found),
        states={count.value: count.n for count in found if count.facet == _BITS["state"]},
    )


def _total(found: Iterable[_Count]) -> int:
    return sum(count.n for count in found if count.facet == _BITS["state"])


def _asked(search: str, facets: Sequence[str], parts: Sequence[str], values: Sequence[Any]) -> list[_Count]:
    """The counts of a statement, the largest of a facet first."""
    is_found = ExpressionWrapper(matches(search) or Q(pk__isnull=False), output_field=BooleanField())
    endpoints = with_state(Endpoint.objects.order_by())
    columns = endpoints.values_list(*(_FACETS[facet] for facet in facets), is_found)
    inner, inner_values = columns.query.sql_with_params()
    statement = _ENDPOINTS.format(columns=", ".join((*facets, "is_found")), endpoints=inner)
    with connection.cursor() as cursor:
        cursor.execute(statement + "UNION ALL".join(parts), [*inner_values, *values])
        found = [_Count(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda count: (count.facet, -count.n, count.value))


def _parts(criteria: Criteria) -> tuple[list[str], list[Any]]:
    """The counts of the facets, and those of the scope where more than the scope narrows the list."""
    ticked = _ticked(criteria)
    names = ", ".join(_FACETS)
    counts = _COUNTS.format(
        names=names, every=_EVERY, account=_BITS["account"], labels=LABELS_SHOWN,
        failed=" + ".join(f"CASE WHEN {facet} = ANY(%s) THEN 0 ELSE {_BITS[facet]} END" for facet in ticked),
        bits=", ".join(str(_BITS[facet]) for facet in ticked),
        sets=", ".join(f"(failed, {facet})" for facet in _FACETS),
        endless=", ".join(str(_BITS[facet]) for facet in _ENDLESS),
    )  # fmt: skip
    if criteria == Criteria(scope=criteria.scope):
        return [counts], [*ticked.values()]
    of_fleet, values = _fleet_part(criteria.scope)
    return [counts, of_fleet], [*ticked.values(), *values]


def _fleet_part(scope: ScopeFilter) -> tuple[str, list[Any]]:
    ticked = _ticked(Criteria(scope=scope))
    passes = " AND ".join(f"{facet} = ANY(%s)" for facet in ticked)
    return _FLEET.format(passes=passes, **{facet: _BITS[facet] for facet in _PLACES}), [*ticked.values()]


def _ticked(criteria: Criteria) -> dict[str, list[Any]]:
    """Facets that narrow, each with the values that pass; no tick on a state means every one but closed."""
    open_states = [state.value for state in State if state != State.CLOSED]
    wanted = {
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
    for label in _LABELS:
        wanted[label] = ["" if value == NO_TEAM else value for value in wanted[label]]
    return {facet: values for facet, values in wanted.items() if values}
