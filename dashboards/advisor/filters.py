"""The filter of the Advisor: everything it knows stands in the query string."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict

from dashboards import scope as page_scope
from dashboards import status
from dashboards.advisor import words
from dashboards.tables import Facet, FacetOption, Sort
from fleet.models import Advice, User
from fleet.queries.advice import SORTS, Counted, Criteria
from fleet.queries.endpoints import NO_TEAM
from fleet.types import Kind

DEFAULT_SORT = "-saving"
MAX_SEARCH = 200
MAX_TICKED = 50
MINE = "mine"


@dataclass(frozen=True)
class AdviceFilters:
    """What the URL asks for; what nobody knows is ignored. tag: as typed, "key" or "key=value"."""

    criteria: Criteria
    sort: Sort
    tag: str = ""
    is_mine: bool = False

    @classmethod
    def read(cls, query: QueryDict, user: User) -> "AdviceFilters":
        tag, mine = _clean(query.get("tag", "")), query.get("who") == MINE
        key, _, value = tag.partition("=")
        criteria = Criteria(
            scope=page_scope.scope_filter(query),
            kinds=_among(query, "kind", {kind.value for kind in Kind}),
            teams=_texts(query, "team"),
            rules=_texts(query, "rule"),
            risks=_among(query, "risk", {str(int(risk)) for risk in words.RISKS}),
            states=_among(query, "state", set(Advice.State.values)),
            search=_clean(query.get("q", "")),
            tag=(key.strip(), value.strip()) if key.strip() and value.strip() else None,
            person=user.pk if mine else None,
        )
        return cls(criteria, Sort.read(query, SORTS, DEFAULT_SORT), tag, mine)

    def facets(self, found: Counted) -> list[Facet]:
        """Seven groups of check boxes with their counts."""
        asked, counts = self.criteria, found.facets
        risks = {str(int(risk)): word for risk, word in words.RISKS.items()}
        return [
            Facet("state", "State", _options(counts["state"], asked.states, words.STATES)),
            Facet("rule", "Rule", _options(counts["rule"], asked.rules, words.rule_labels())),
            Facet("risk", "Risk", _options(counts["risk"], asked.risks, risks)),
            Facet("kind", "Kind", _options(counts["kind"], asked.kinds, status.KIND_LABELS, dots=True)),
            Facet("account", "Account", _options(counts["account"], asked.scope.accounts, found.aliases)),
            Facet("region", "Region", _options(counts["region"], asked.scope.regions, {})),
            Facet("team", "Team", _options(counts["team"], asked.teams, {NO_TEAM: "no team"}), shown=6),
        ]

    def chips(self, query: QueryDict, aliases: Mapping[str, str]) -> list[tuple[str, str]]:
        """(words, query string without it) of every filter that is on."""
        asked = self.criteria
        chosen = [("state", value, words.STATES[value].lower()) for value in asked.states]
        chosen += [("rule", value, words.rule_label(value)) for value in asked.rules]
        chosen += [("risk", value, f"{words.RISKS[int(value)].lower()} risk") for value in asked.risks]
        chosen += [("kind", value, status.KIND_LABELS.get(value, value)) for value in asked.kinds]
        chosen += [("account", value, aliases.get(value, value)) for value in asked.scope.accounts]
        chosen += [("region", value, value) for value in asked.scope.regions]
        chosen += [
            ("team", value, "no team" if value == NO_TEAM else f"team {value}") for value in asked.teams
        ]
        if asked.tag:
            chosen.append(("tag", query.get("tag", ""), "tag {}={}".format(*asked.tag)))
        if self.is_mine:
            chosen.append(("who", MINE, "assigned to me"))
        if asked.search:
            chosen.append(("q", query.get("q", ""), f"“{asked.search}”"))
        return [(text, _without(query, name, value)) for name, value, text in chosen]


def _clean(text: str) -> str:
    return text.replace("\0", "")[:MAX_SEARCH].strip()


def _texts(query: QueryDict, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(_clean, query.getlist(name)))))[:MAX_TICKED]


def _among(query: QueryDict, name: str, known: set[str]) -> tuple[str, ...]:
    return tuple(value for value in _texts(query, name) if value in known)


def _without(query: QueryDict, name: str, value: str) -> str:
    rest = query.copy()
    rest.setlist(name, [other for other in query.getlist(name) if other != value])
    rest.pop("page", None)
    return rest.urlencode()


def _options(
    counts: Mapping[str, int], chosen: tuple[str, ...], labels: Mapping[str, str], *, dots: bool = False
) -> list[FacetOption]:
    """Largest first; a ticked value without rows stays, so that it can be unticked."""
    values = sorted({*counts, *chosen}, key=lambda value: (-counts.get(value, 0), value))
    return [
        FacetOption(
            value, labels.get(value, value), counts.get(value, 0), value in chosen, dot=value if dots else ""
        )
        for value in values
    ]
