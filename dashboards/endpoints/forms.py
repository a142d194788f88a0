"""The filter of the endpoints list: everything it knows stands in the query string."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict

from dashboards import scope as page_scope
from dashboards import status
from dashboards.tables import Facet, FacetOption, Sort
from fleet.analysis.lineage import Verdict
from fleet.queries.endpoint_counts import LABELS_SHOWN, Facets
from fleet.queries.endpoint_rows import SORTS
from fleet.queries.endpoints import NO_TEAM, STATE_ORDER, Criteria
from fleet.types import Kind

MAX_SEARCH = 200
MAX_TICKED = 50
DEFAULT_SORT = "state"
BUILT_FROM = {
    Verdict.BROKEN.value: "broken",
    Verdict.CANNOT_TELL.value: "cannot tell",
    Verdict.PATCHABLE.value: "fine",
}
"""Whether everything an endpoint is built from exists, as a facet says it."""


@dataclass(frozen=True)
class EndpointFilters:
    """What the URL asks for; unknown states and kinds are ignored."""

    criteria: Criteria
    sort: Sort

    @classmethod
    def read(cls, query: QueryDict) -> "EndpointFilters":
        states, kinds = {state.value for state in STATE_ORDER}, {kind.value for kind in Kind}
        criteria = Criteria(
            scope=page_scope.scope_filter(query),
            states=tuple(value for value in query.getlist("state") if value in states),
            kinds=tuple(value for value in query.getlist("kind") if value in kinds),
            teams=tuple(value for value in query.getlist("team") if value),
            activities=tuple(value for value in query.getlist("activity") if value in status.ACTIVITY_LABELS),
            built_from=tuple(value for value in query.getlist("built-from") if value in BUILT_FROM),
            owners=_labels(query, "owner"),
            applications=_labels(query, "application"),
            search=query.get("q", "").replace("\0", "")[:MAX_SEARCH].strip(),
        )
        return cls(criteria, Sort.read(query, SORTS, DEFAULT_SORT))

    def facets(self, found: Facets) -> list[Facet]:
        """The nine groups of check boxes with their counts."""
        criteria, scope = self.criteria, self.criteria.scope
        return [
            Facet("state", "State", [_state(s.value, found.states, criteria.states) for s in STATE_ORDER]),
            Facet("kind", "Kind", _options(found.kinds, criteria.kinds, status.KIND_LABELS, dots=True)),
            Facet(
                "activity",
                "Traffic, 14 days",
                _options(found.activities, criteria.activities, status.ACTIVITY_LABELS),
            ),
            Facet("built-from", "Built from", _options(found.built_from, criteria.built_from, BUILT_FROM)),
            Facet("account", "Account", _options(found.accounts, scope.accounts, found.aliases)),
            Facet("region", "Region", _options(found.regions, scope.regions, {})),
            Facet("team", "Team", _options(found.teams, criteria.teams, {NO_TEAM: "no team"}), shown=6),
            _label_facet("owner", found.owners, criteria.owners),
            _label_facet("application", found.applications, criteria.applications),
        ]

    def chips(self, query: QueryDict, aliases: Mapping[str, str]) -> list[tuple[str, str]]:
        """(words, query string without it) of every filter that is on."""
        criteria = self.criteria
        chosen = [("state", value, status.look(value).word) for value in criteria.states]
        chosen += [("kind", value, status.KIND_LABELS.get(value, value)) for value in criteria.kinds]
        chosen += [("activity", value, status.ACTIVITY_LABELS[value]) for value in criteria.activities]
        chosen += [("built-from", value, f"built from: {BUILT_FROM[value]}") for value in criteria.built_from]
        chosen += [("account", value, aliases.get(value, value)) for value in criteria.scope.accounts]
        chosen += [("region", value, value) for value in criteria.scope.regions]
        chosen += [("team", value, f"team {value}") for value in criteria.teams]
        chosen += [("owner", value, f"owner {value}") for value in criteria.owners]
        chosen += [("application", value, f"application {value}") for value in criteria.applications]
        if criteria.search:
            chosen.append(("q", query.get("q", ""), f"“{criteria.search}”"))
        return [(words, _without(query, name, value)) for name, value, words in chosen]


def _without(query: QueryDict, name: str, value: str) -> str:
    rest = query.copy()
    rest.setlist(name, [other for other in query.getlist(name) if other != value])
    rest.pop("page", None)
    return rest.urlencode()


def _labels(query: QueryDict, name: str) -> tuple[str, ...]:
    """Values of free text; PostgreSQL stores no NUL, so none can match."""
    return tuple(value for value in query.getlist(name) if value and "\0" not in value)[:MAX_TICKED]


def _label_facet(name: str, counts: dict[str, int], ticked: tuple[str, ...]) -> Facet:
    """Free text has no end: the legend says so where not every value is offered."""
    is_cut = len(counts) == LABELS_SHOWN
    label = f"{name.capitalize()}, most used" if is_cut else name.capitalize()
    return Facet(name, label, _options(counts, ticked, {NO_TEAM: f"no {name}"}), shown=6)


def _state(value: str, counts: dict[str, int], chosen: tuple[str, ...]) -> FacetOption:
    look = status.look(value)
    return FacetOption(
        value, look.word, counts.get(value, 0), value in chosen, icon=look.icon, tone=look.tone
    )


def _options(
    counts: dict[str, int], chosen: tuple[str, ...], labels: Mapping[str, str], *, dots: bool = False
) -> list[FacetOption]:
    """Largest first; a ticked value without rows stays, so that it can be unticked."""
    values = sorted({*counts, *chosen}, key=lambda value: (-counts.get(value, 0), value))
    return [
        FacetOption(v, labels.get(v, v), counts.get(v, 0), v in chosen, dot=v if dots else "") for v in values
    ]
