"""The list of endpoints: which ones a filter means, and the state of each.

How many there are is counted in fleet.queries.endpoint_counts; what stands in a row beyond its identity is measured
in fleet.queries.endpoint_rows.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

from django.db.models import (
    Case,
    CharField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

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


def with_state(endpoints: QuerySet[Endpoint]) -> "QuerySet[WithAnnotations[Endpoint, StateAnnotation]]":
    """Annotates `state`, one of State: the first that holds."""
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


def selected(criteria: Criteria) -> "QuerySet[WithAnnotations[Endpoint, StateAnnotation]]":
    """The endpoints a filter means, with their state."""
    endpoints = with_state(Endpoint.objects.filter(criteria.scope.q("shard"), matches(criteria.search)))
    endpoints = (
        endpoints.filter(state__in=criteria.states) if criteria.states else endpoints.filter(closed_at=None)
    )
    if criteria.kinds:
        endpoints = endpoints.filter(kind__in=criteria.kinds)
    if criteria.activities:
        endpoints = endpoints.filter(activity__in=criteria.activities)
    if criteria.built_from:
        endpoints = endpoints.filter(built_from__in=criteria.built_from)
    for label, values in (
        ("team", criteria.teams), ("owner", criteria.owners), ("application", criteria.applications),
    ):  # fmt: skip
        endpoints = endpoints.filter(_labelled(label, values))
    return endpoints


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


def matches(search: str) -> Q:
    """Every word stands in the name or in what sync gathered for the search (tags, models, images)."""
    condition = Q()
    for word in search.split():
        condition &= Q(name__icontains=word) | Q(search_text__icontains=word)
    return condition
