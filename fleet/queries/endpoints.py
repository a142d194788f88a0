"""The list of endpoints: which ones a filter means, how many each facet holds, in which order they come.

What stands in a row beyond its identity is measured in fleet.queries.endpoint_rows.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Value, When

from fleet.models import AlertRule, Endpoint, Incident
from fleet.queries.scope import ScopeFilter
from fleet.types import TRANSITIONAL_STATUSES, EndpointStatus

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations


class StateAnnotation(TypedDict):
    """What with_state adds to an endpoint."""

    state: str


class State(StrEnum):
    """What a reader needs to know first about an endpoint, gravest first; each endpoint is in exactly one."""

    CRITICAL = "critical"
    WARNING = "warning"
    CHANGING = "changing"
    IN_SERVICE = "in-service"
    OFF = "off"
    CLOSED = "closed"


STATE_ORDER: tuple[State, ...] = tuple(State)
BROKEN = (EndpointStatus.FAILED, EndpointStatus.OUT_OF_SERVICE, EndpointStatus.UPDATE_ROLLBACK_FAILED)
NO_TEAM = "none"
"""How "without a team" is written in a filter; the same for owner and application."""
LABELS_SHOWN = 50


@dataclass(frozen=True)
class Criteria:
    """A filter. Empty means any; states empty means every state but closed. Of labels, "none" means without one."""

    scope: ScopeFilter = field(default_factory=ScopeFilter)
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    search: str = ""
    activities: tuple[str, ...] = ()
    built_from: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        return self == Criteria()

    @property
    def ungrouped(self) -> Q:
        """What no Group holds, since it would multiply them: search, owner and application; false when any will do."""
        found = _matches(self.search)
        found &= _labelled("owner", self.owners) & _labelled("application", self.applications)
        return found


@dataclass(frozen=True)
class Group:
    """How many endpoints share these seven properties: what every facet count is added up from."""

    state: str
    kind: str
    account_id: str
    account: str
    region: str
    team: str
    activity: str
    built_from: str
    count: int


_GROUP_KEYS = (
    "state", "kind", "shard__account__account_id", "shard__account__alias", "shard__region", "team", "activity",
    "built_from",
)  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """What a page of the list counts. found: the groups that Criteria.ungrouped leaves of everything.

    owners and applications: as in Facets, the ticked ones and the most used, LABELS_SHOWN of each at most.
    """

    everything: list[Group]
    found: list[Group]
    owners: dict[str, int]
    applications: dict[str, int]


@dataclass(frozen=True)
class Facets:
    """Counts per value of each facet: how many rows would show if this value alone were ticked in its facet,

    all other facets as they are. `states` counts closed ones too.
    """

    states: dict[str, int]
    kinds: dict[str, int]
    accounts: dict[str, int]
    regions: dict[str, int]
    teams: dict[str, int]
    activities: dict[str, int]
    built_from: dict[str, int]
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


def with_state(endpoints: QuerySet[Endpoint]) -> "QuerySet[WithAnnotations[Endpoint, StateAnnotation]]":
    """Annotates `state`, one of State."""
    still_open = Incident.objects.filter(endpoint=OuterRef("pk"), resolved_at=None)
    critical = Exists(still_open.filter(severity=AlertRule.Severity.CRITICAL))
    branches: list[tuple[State, Q | Exists]] = [
        (State.CLOSED, Q(closed_at__isnull=False)),
        (State.CRITICAL, critical),
        (State.CRITICAL, Q(status__in=BROKEN)),
        (State.WARNING, Exists(still_open)),
        (State.OFF, Q(unreadable__isnull=False)),
        (State.CHANGING, Q(status__in=TRANSITIONAL_STATUSES)),
        (State.IN_SERVICE, Q(status=EndpointStatus.IN_SERVICE)),
    ]
    return endpoints.annotate(
        state=Case(
            *(When(condition, then=Value(state.value)) for state, condition in branches),
            default=Value(State.OFF.value),
            output_field=CharField(),
        )
    )


def groups(scope: ScopeFilter) -> list[Group]:
    """Everything the facets and the sentence count, in one query; closed endpoints included.

    The scope's own accounts and regions are facets, so they do not narrow the groups: pass ScopeFilter() for that.
    """
    return [Group(*row[1:]) for row in _grouped("scope", scope.q("shard"))]


def fleet(found: Iterable[Group], scope: ScopeFilter | None = None) -> Fleet:
    """The open endpoints among the groups, of a scope if one is given."""
    live = [group for group in found if _holds(group, Criteria(scope=scope or ScopeFilter()))]
    states: Counter[str] = Counter()
    for group in live:
        states[group.state] += group.count
    return Fleet(
        total=sum(group.count for group in live),
        accounts=len({group.account_id for group in live}),
        regions=len({group.region for group in live}),
        states=dict(states),
    )


def facets(found: Iterable[Group], criteria: Criteria) -> Facets:
    """Counts per facet value; a facet's own ticks do not narrow its own counts."""
    everything = list(found)
    scope = criteria.scope

    def counts(loose: Criteria, key: Callable[[Group], str]) -> dict[str, int]:
        counter: Counter[str] = Counter()
        for group in everything:
            if _holds(group, loose):
                counter[key(group)] += group.count
        return dict(counter)

    any_account = replace(criteria, scope=replace(scope, accounts=()))
    any_region = replace(criteria, scope=replace(scope, regions=()))
    return Facets(
        states=counts(replace(criteria, states=tuple(State)), lambda g: g.state),
        kinds=counts(replace(criteria, kinds=()), lambda g: g.kind),
        accounts=counts(any_account, lambda g: g.account_id),
        regions=counts(any_region, lambda g: g.region),
        teams=counts(replace(criteria, teams=()), lambda g: g.team or NO_TEAM),
        activities=counts(replace(criteria, activities=()), lambda g: g.activity),
        built_from=counts(replace(criteria, built_from=()), lambda g: g.built_from),
        aliases={group.account_id: group.account for group in everything},
    )


def matching(found: Iterable[Group], criteria: Criteria) -> int:
    """How many endpoints the criteria mean, from the groups."""
    return sum(group.count for group in found if _holds(group, criteria))


def selected(criteria: Criteria) -> "QuerySet[WithAnnotations[Endpoint, StateAnnotation]]":
    """The endpoints a filter means, with their state."""
    endpoints = with_state(Endpoint.objects.filter(criteria.scope.q("shard"), criteria.ungrouped))
    endpoints = (
        endpoints.filter(state__in=criteria.states) if criteria.states else endpoints.filter(closed_at=None)
    )
    if criteria.kinds:
        endpoints = endpoints.filter(kind__in=criteria.kinds)
    if criteria.activities:
        endpoints = endpoints.filter(activity__in=criteria.activities)
    if criteria.built_from:
        endpoints = endpoints.filter(built_from__in=criteria.built_from)
    return endpoints.filter(_labelled("team", criteria.teams))


def counted(criteria: Criteria) -> Counted:
    """All that the list's page counts, in one query: the parts of it are one UNION ALL."""
    parts = [_grouped("scope", Q())]
    parts += [_grouped("found", criteria.ungrouped)] if criteria.ungrouped else []
    parts += [
        _label_counts(replace(criteria, owners=()), "owner", criteria.owners),
        _label_counts(replace(criteria, applications=()), "application", criteria.applications),
    ]
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for part, *row in parts[0].union(*parts[1:], all=True):
        rows[part].append(tuple(row))
    everything = [Group(*row) for row in rows["scope"]]
    return Counted(
        everything=everything,
        found=[Group(*row) for row in rows["found"]] if criteria.ungrouped else everything,
        owners={row[0] or NO_TEAM: row[-1] for row in rows["owner"]},
        applications={row[0] or NO_TEAM: row[-1] for row in rows["application"]},
    )


def _grouped(part: str, where: Q) -> "QuerySet[Any, Any]":
    """Rows of Group after the part's name."""
    found = with_state(Endpoint.objects.filter(where)).order_by().annotate(part=_text(part))
    return found.values_list("part", *_GROUP_KEYS).annotate(n=Count("pk"))


def _label_counts(loose: Criteria, label: str, ticked: tuple[str, ...]) -> "QuerySet[Any, Any]":
    """The label and its count, in rows as wide as those of _grouped; the ticked first, then the most used."""
    ticked_first = Case(When(_labelled(label, ticked), then=0), default=1) if ticked else Value(0)
    blanks = {f"blank_{n}": _text("") for n in range(len(_GROUP_KEYS) - 1)}
    found = selected(loose).order_by().annotate(part=_text(label), **blanks)
    counts = found.values_list("part", label, *blanks).annotate(n=Count("pk"))
    return counts.order_by(ticked_first, "-n", label)[:LABELS_SHOWN]


def _text(words: str) -> Value:
    return Value(words, output_field=CharField())


def _labelled(label: str, values: tuple[str, ...]) -> Q:
    """Whether the label is one of the values, "none" standing for an empty one; no values: any."""
    if not values:
        return Q()
    named = Q(**{f"{label}__in": [value for value in values if value != NO_TEAM]})
    return named | Q(**{label: ""}) if NO_TEAM in values else named


def broken_links(scope: ScopeFilter) -> int:
    """How many open endpoints are built from something that is gone."""
    broken = Endpoint.BuiltFrom.BROKEN
    return Endpoint.objects.filter(scope.q("shard"), closed_at=None, built_from=broken).count()


def _matches(search: str) -> Q:
    """Every word stands in the name or in what sync gathered for the search (tags, models, images)."""
    condition = Q()
    for word in search.split():
        condition &= Q(name__icontains=word) | Q(search_text__icontains=word)
    return condition


def _holds(group: Group, criteria: Criteria) -> bool:
    return (
        (group.state in criteria.states if criteria.states else group.state != State.CLOSED)
        and (not criteria.kinds or group.kind in criteria.kinds)
        and (not criteria.activities or group.activity in criteria.activities)
        and (not criteria.built_from or group.built_from in criteria.built_from)
        and (not criteria.scope.accounts or group.account_id in criteria.scope.accounts)
        and (not criteria.scope.regions or group.region in criteria.scope.regions)
        and (not criteria.teams or (group.team or NO_TEAM) in criteria.teams)
    )
