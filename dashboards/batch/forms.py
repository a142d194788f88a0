"""The filter of the Batch page: everything it knows stands in the query string."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict

from dashboards import scope as page_scope
from dashboards import status
from dashboards.tables import Facet, FacetOption, Sort
from fleet.queries.batch import SORTS, Summary
from fleet.queries.batch_jobs import Criteria

MAX_SEARCH = 200
DEFAULT_SORT = "-created"
MOST_VALUES = 50


@dataclass(frozen=True)
class JobFilters:
    """What the URL asks for."""

    criteria: Criteria
    sort: Sort

    @classmethod
    def read(cls, query: QueryDict) -> "JobFilters":
        criteria = Criteria(
            scope=page_scope.scope_filter(query),
            statuses=_values(query, "status"),
            models=_values(query, "model"),
            search=_clean(query.get("q", "")),
        )
        return cls(criteria, Sort.read(query, SORTS, DEFAULT_SORT))

    def facets(self, found: Summary) -> list[Facet]:
        """Status and model, with how many jobs each would show."""
        return [
            Facet("status", "Status", _options(found.statuses, self.criteria.statuses, looks=True)),
            Facet("model", "Model", _options(found.models, self.criteria.models), shown=8),
        ]

    def chips(self, query: QueryDict) -> list[tuple[str, str]]:
        """(words, query string without it) of every filter that is on."""
        chosen = [("status", value) for value in self.criteria.statuses]
        chosen += [("model", value) for value in self.criteria.models]
        found = [(value or "not described", _without(query, name, value)) for name, value in chosen]
        if self.criteria.search:
            found.append((f"“{self.criteria.search}”", _without(query, "q", query.get("q", ""))))
        return found


def _values(query: QueryDict, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_clean(value) for value in query.getlist(name)))[:MOST_VALUES]


def _clean(text: str) -> str:
    return text.replace("\0", "")[:MAX_SEARCH].strip()


def _without(query: QueryDict, name: str, value: str) -> str:
    rest = query.copy()
    rest.setlist(name, [other for other in query.getlist(name) if other != value])
    rest.pop("page", None)
    return rest.urlencode()


def _options(counts: Mapping[str, int], chosen: tuple[str, ...], *, looks: bool = False) -> list[FacetOption]:
    """Largest first; a ticked value without jobs stays, so that it can be unticked."""
    values = sorted({*counts, *chosen}, key=lambda value: (-counts.get(value, 0), value))
    return [
        FacetOption(
            value,
            value or "not described",
            counts.get(value, 0),
            value in chosen,
            icon=status.look(value).icon if looks else "",
            tone=status.look(value).tone if looks else "",
        )
        for value in values
    ]
