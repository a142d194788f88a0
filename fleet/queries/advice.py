"""Advice for the Advisor pages: which a filter means, how many each facet would show, and what they would save.

Savings that exclude each other are never added up: of one endpoint only the advice with the highest sure saving counts,
and what costs more is no saving.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from fleet.models import Advice, AdvisorRun, Endpoint
from fleet.queries.endpoints import NO_TEAM
from fleet.queries.scope import ScopeFilter

SORTS: Mapping[str, str] = {
    "saving": "saving_low",
    "severity": "severity",
    "risk": "risk",
    "effort": "effort",
    "since": "first_seen_at",
    "endpoint": "endpoint__name",
}
"""Column key of the page to what it is ordered by."""
_SHOWN = ("account", "region", "kind", "team", "rule", "risk", "state")
_BITS = {facet: 1 << n for n, facet in enumerate(reversed(_SHOWN))}
"""grouping() of all facets has the bit of every facet but the one that a count is of."""
_EVERY = (1 << len(_SHOWN)) - 1
_COUNTS = """
WITH told AS MATERIALIZED (
    SELECT a.endpoint_id, a.rule, a.risk::text AS risk, a.state, a.saving_low, a.saving_high, e.kind, e.team,
        s.region, c.account_id AS account
    FROM fleet_advice a JOIN fleet_endpoint e ON e.id = a.endpoint_id
    JOIN fleet_shard s ON s.id = e.shard_id JOIN fleet_account c ON c.id = s.account_id
    WHERE a.gone_at IS NULL AND (%(search)s = '' OR e.name ILIKE %(like)s OR a.title ILIKE %(like)s)
        AND (%(tag)s::jsonb IS NULL OR e.tags @> %(tag)s::jsonb)
        AND (%(person)s::int IS NULL OR a.assigned_to_id = %(person)s)
), judged AS (SELECT told.*, {failed} AS failed FROM told
), counted AS (
    SELECT coalesce({names}) AS value, {every} - grouping({names}) AS facet, failed, count(*) AS n
    FROM judged WHERE failed IN (0, {bits}) GROUP BY GROUPING SETS ({sets})
), best AS (
    SELECT DISTINCT ON (endpoint_id) greatest(saving_low, 0) AS saving_low, saving_high
    FROM judged WHERE failed = 0 AND saving_high > 0
    ORDER BY endpoint_id, judged.saving_low DESC, judged.saving_high DESC
)
SELECT facet, value, sum(n)::int, a.alias, sum(n) FILTER (WHERE failed = 0)::int, NULL::numeric, NULL::numeric
FROM counted LEFT JOIN fleet_account a ON facet = {account} AND a.account_id = value
WHERE failed IN (0, facet) GROUP BY facet, value, a.alias
UNION ALL
SELECT 0, '', count(*)::int, NULL, (SELECT count(DISTINCT endpoint_id) FROM judged WHERE failed = 0)::int,
    sum(saving_low), sum(saving_high) FROM best
"""


@dataclass(frozen=True)
class Criteria:
    """A filter. Empty means any; states empty means what waits for somebody. Teams: "none" is without one.

    tag: (key, value). person: primary key of whom it is assigned to.
    """

    scope: ScopeFilter = field(default_factory=ScopeFilter)
    kinds: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    search: str = ""
    tag: tuple[str, str] | None = None
    person: int | None = None


@dataclass(frozen=True)
class Counted:
    """What a page of the list counts. facets: facet → value → rows it would show with its own ticks changed to it.

    low, high: USD a month of the best advice of each of `saving` endpoints; None when none saves anything.
    """

    total: int
    endpoints: int
    saving: int
    low: Decimal | None
    high: Decimal | None
    facets: Mapping[str, Mapping[str, int]]
    aliases: Mapping[str, str]


def counted(criteria: Criteria) -> Counted:
    """Everything the list counts. One query."""
    ticked = _ticked(criteria)
    sql = _COUNTS.format(
        names=", ".join(_SHOWN), every=_EVERY, account=_BITS["account"],
        failed=" + ".join(
            f"CASE WHEN {facet} = ANY(%({facet})s) THEN 0 ELSE {_BITS[facet]} END" for facet in ticked
        ) or "0",
        bits=", ".join(str(_BITS[facet]) for facet in ticked) or "0",
        sets=", ".join(f"(failed, {facet})" for facet in _SHOWN),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(sql, {**ticked, **_bound(criteria)})
        rows = cursor.fetchall()
    facets: dict[str, dict[str, int]] = {facet: {} for facet in _SHOWN}
    by_bit = {bit: facet for facet, bit in _BITS.items()}
    aliases, total = {}, 0
    for bit, value, n, alias, meant, low, high in rows:
        if not bit:
            saving, endpoints, sums = n, meant, (low, high)
            continue
        facets[by_bit[bit]][value or (NO_TEAM if by_bit[bit] == "team" else "")] = n
        total += (meant or 0) if by_bit[bit] == "state" else 0
        if alias:
            aliases[value] = alias
    return Counted(total, endpoints, saving, *sums, facets, aliases)


def selected(criteria: Criteria) -> QuerySet[Advice]:
    """The advice that a filter means, with endpoint, place and person."""
    found = Advice.objects.filter(criteria.scope.q("endpoint__shard"), gone_at=None)
    found = found.filter(state__in=criteria.states or Advice.WAITING)
    for lookup, values in (
        ("endpoint__kind__in", criteria.kinds), ("rule__in", criteria.rules), ("risk__in", criteria.risks),
    ):  # fmt: skip
        if values:
            found = found.filter(**{lookup: values})
    if criteria.teams:
        named = [team for team in criteria.teams if team != NO_TEAM]
        without = Q(endpoint__team="") if NO_TEAM in criteria.teams else Q(pk__in=())
        found = found.filter(Q(endpoint__team__in=named) | without)
    if criteria.search:
        found = found.filter(
            Q(endpoint__name__icontains=criteria.search) | Q(title__icontains=criteria.search)
        )
    if criteria.tag:
        found = found.filter(endpoint__tags__contains=dict([criteria.tag]))
    if criteria.person is not None:
        found = found.filter(assigned_to=criteria.person)
    return _whole(found)


def rows(
    criteria: Criteria, *, sort: str, descending: bool, offset: int, limit: int, last: Sequence[str] = ()
) -> list[Advice]:
    """A page of the list. last: rules whose advice comes after all other when sorted by saving. Two queries:

    the whole list is put in order by its keys alone, and only the page is read in full.
    """
    order = ordered(selected(criteria), sort, descending, last).values_list("pk", flat=True)
    page = list(order[offset : offset + limit])
    found = {row.pk: row for row in _whole(Advice.objects.filter(pk__in=page))}
    return [found[pk] for pk in page if pk in found]


def ordered(
    found: QuerySet[Advice], sort: str, descending: bool, last: Sequence[str] = ()
) -> QuerySet[Advice]:
    """By a column of SORTS. Sorted by saving, what saves nothing comes last either way, the gravest of it first."""
    column = F(SORTS[sort])
    if sort != "saving":
        way = column.desc(nulls_last=True) if descending else column.asc(nulls_last=True)
        return found.order_by(way, "severity", "risk", "pk")
    demoted = [Case(When(rule__in=list(last), then=Value(1)), default=Value(0))] if last else []
    saving = Case(When(saving_high__gt=0, then=column))
    way = saving.desc(nulls_last=True) if descending else saving.asc(nulls_last=True)
    cheapest_first = Coalesce(column, Value(Decimal(0))).desc()
    return found.order_by(*demoted, way, "severity", cheapest_first, "risk", "pk")


def every(criteria: Criteria, *, sort: str, descending: bool, last: Sequence[str] = ()) -> Iterator[Advice]:
    """All of the list in its order, a few at a time."""
    return ordered(selected(criteria), sort, descending, last).iterator(500)


def of_endpoint(endpoint: Endpoint) -> list[Advice]:
    """What is true of one endpoint, what was put aside and done among it, best first. One query."""
    return list(
        Advice.objects.filter(endpoint=endpoint, gone_at=None)
        .select_related("assigned_to", "dismissed_by")
        .order_by("severity", F("saving_low").desc(nulls_last=True), "risk", "pk")
    )


def last_run() -> AdvisorRun | None:
    """When the advisor looked last; None before the first time."""
    return AdvisorRun.objects.order_by("pk").first()


def _whole(found: QuerySet[Advice]) -> QuerySet[Advice]:
    """With endpoint, place and people, but without what AWS said of the endpoint."""
    whole = found.select_related("endpoint__shard__account", "assigned_to", "dismissed_by")
    return whole.defer(
        "endpoint__document", "endpoint__search_text", "endpoint__tags", "endpoint__shard__sections"
    )


def _ticked(criteria: Criteria) -> dict[str, list[str]]:
    """Facets that narrow, with the values that pass; no tick on a state means what waits."""
    wanted = {
        "account": list(criteria.scope.accounts),
        "region": list(criteria.scope.regions),
        "kind": list(criteria.kinds),
        "team": ["" if team == NO_TEAM else team for team in criteria.teams],
        "rule": list(criteria.rules),
        "risk": list(criteria.risks),
        "state": list(criteria.states) or [state.value for state in Advice.WAITING],
    }
    return {facet: values for facet, values in wanted.items() if values}


def _bound(criteria: Criteria) -> dict[str, Any]:
    escaped = criteria.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "search": criteria.search,
        "like": f"%{escaped}%",
        "tag": json.dumps(dict([criteria.tag])) if criteria.tag else None,
        "person": criteria.person,
    }
