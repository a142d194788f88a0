"""What a reader asks of the Costs page, read from its URL: whose costs, which days, how grouped, what is open."""

from dataclasses import dataclass
from datetime import date

from django.http import QueryDict

from dashboards.scope import PageScope
from dashboards.tables import Page
from fleet.queries.cost_scope import CostFilter, GroupBy, Span
from fleet.types import Kind

STACKS = ("kind", "component")
OPEN_LIMIT = 50
NO_TEAM = "none"
"""How "endpoints without a team" is written in the URL and on the page."""


@dataclass(frozen=True)
class Wanted:
    """The page's parameters, cleaned: unknown values are ignored."""

    where: CostFilter
    span: Span
    by: GroupBy
    stack: str
    ascending: bool
    opened: tuple[str, ...]
    query: QueryDict

    @classmethod
    def read(cls, query: QueryDict, scoped: PageScope) -> "Wanted":
        """`group`, `stack`, `sort`, `open` (repeatable), `team` and `kind` (repeatable) beside scope and range."""
        days = scoped.range.days
        teams = tuple("" if team == NO_TEAM else team for team in query.getlist("team"))
        kinds = tuple(kind for kind in query.getlist("kind") if kind in set(Kind))
        group, stack = query.get("group", ""), query.get("stack", "")
        return cls(
            where=CostFilter(scoped.filter, teams, kinds),
            span=Span(days[0], days[-1]),
            by=GroupBy(group) if group in set(GroupBy) else GroupBy.ENDPOINT,
            stack=stack if stack in STACKS else STACKS[0],
            ascending=query.get("sort") == "cost",
            opened=tuple(dict.fromkeys(query.getlist("open")))[:OPEN_LIMIT],
            query=query,
        )

    def link(self, **changes: str | list[str] | None) -> str:
        """This page's query string with some parameters replaced (None removes one); always from the first page."""
        wanted = self.query.copy()
        wanted.pop("page", None)
        for name, value in changes.items():
            wanted.pop(name, None)
            if value is not None:
                wanted.setlist(name, value if isinstance(value, list) else [value])
        return wanted.urlencode()

    def toggle(self, key: str) -> str:
        """The query string that opens a row, or closes it when it is open; stays on the same page of rows."""
        opened = [each for each in self.opened if each != key] if key in self.opened else [*self.opened, key]
        wanted = self.query.copy()
        wanted.setlist("open", opened)
        return wanted.urlencode()

    def pager(self, total: int) -> Page:
        return Page.read(self.query, total)

    def chips(self) -> list[tuple[str, str]]:
        """Filters of this page alone, each with the query string that drops it."""
        found = []
        for team in self.where.teams:
            left = [each for each in self.query.getlist("team") if each != (team or NO_TEAM)]
            found.append((f"Team: {team or NO_TEAM}", self.link(team=left or None, open=None)))
        for kind in self.where.kinds:
            left = [each for each in self.query.getlist("kind") if each != kind]
            found.append((f"Kind: {kind}", self.link(kind=left or None, open=None)))
        return found


def span_words(span: Span, today: date) -> str:
    """ "1 – 20 Nov", "28 Oct – 20 Nov", "20 Nov"; with the year when it is not this one."""
    year = "" if span.last.year == today.year else f" {span.last.year}"
    last = f"{span.last.day} {span.last:%b}{year}"
    if span.first == span.last:
        return last
    same_month = (span.first.year, span.first.month) == (span.last.year, span.last.month)
    first = f"{span.first.day}" if same_month else f"{span.first.day} {span.first:%b}"
    return f"{first} – {last}"
