"""What a reader asks of the Costs page, read from its URL: whose costs, which days, how grouped, what is open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import quote, unquote, urlencode

from django.http import QueryDict

from dashboards.costs import period
from dashboards.costs.forms import RangeForm
from dashboards.costs.period import Period
from dashboards.scope import PageScope
from dashboards.tables import Page
from fleet.queries.cost_cube import TOP, Order
from fleet.queries.cost_scope import CostFilter, GroupBy, Grouping, Span
from fleet.types import CostComponent, Kind

STACKS = ("group", "kind", "component")
OPEN_LIMIT = 50
FILTER_LIMIT = 100
NO_TEAM = "none"
"""How "endpoints without a team" is written in the URL and on the page."""
TAG_SAFE = " /:+@"
"""Characters of a tag's key that stand for themselves in `tag=key=value`."""
PARAMETERS: dict[GroupBy, str] = {
    GroupBy.ACCOUNT: "account",
    GroupBy.REGION: "region",
    GroupBy.TEAM: "team",
    GroupBy.TAG: "tag",
    GroupBy.KIND: "kind",
    GroupBy.ENDPOINT: "endpoint",
    GroupBy.MODEL: "model",
    GroupBy.COMPONENT: "component",
    GroupBy.INSTANCE_TYPE: "item",
}
"""The query parameter (repeatable) that narrows to a group of each grouping, in the order of the page."""


@dataclass(frozen=True)
class Wanted:
    """The page's parameters, cleaned: unknown values are ignored."""

    where: CostFilter
    period: Period
    form: RangeForm
    by: GroupBy
    tag: str
    stack: str
    order: Order
    ascending: bool
    opened: tuple[str, ...]
    top: tuple[str, ...]
    has_others: bool
    query: QueryDict

    @classmethod
    def read(cls, query: QueryDict, scoped: PageScope) -> "Wanted":
        """`group` with `tag_key`, `stack`, `sort`, `open` and the filters of PARAMETERS beside scope and range.

        from and to: the days of range=custom, UTC, both included. top: of the chart alone, the groups that it draws by
        themselves; others=1: there are more.
        """
        found, form = period.read(query, scoped.range)
        group, stack, sort = (query.get(name, "") for name in ("group", "stack", "sort"))
        by = GroupBy(group) if group in set(GroupBy) else GroupBy.ENDPOINT
        return cls(
            where=_filter(query, scoped),
            period=found,
            form=form,
            by=by,
            tag=query.get("tag_key", "").replace("\0", ""),
            stack=stack if stack in STACKS else STACKS[0],
            order=Order(sort.removeprefix("-")) if sort.removeprefix("-") in set(Order) else Order.COST,
            ascending=sort in set(Order),
            opened=tuple(dict.fromkeys(query.getlist("open")))[:OPEN_LIMIT],
            top=tuple(_clean(query.getlist("top")[:TOP], by)),
            has_others=query.get("others") == "1",
            query=query,
        )

    @property
    def span(self) -> Span:
        return self.period.span

    @property
    def grouping(self) -> Grouping:
        return Grouping(self.by, self.tag if self.by is GroupBy.TAG else "")

    def link(self, **changes: str | list[str] | None) -> str:
        """This page's query string with some parameters replaced (None removes one); always from the first page."""
        kept = self._but("page", *changes)
        for name, value in changes.items():
            if value is not None:
                kept[name] = value if isinstance(value, list) else [value]
        return urlencode(kept, doseq=True)

    def narrowed(self, key: str, group: GroupBy | None = None) -> str:
        """The query string that narrows to the group `key` of this page, grouped by `group` from there."""
        own = {PARAMETERS[self.by]: value_of(self.grouping, key)} | ({"group": group} if group else {})
        return "&".join(filter(None, [self._unnarrowed, urlencode(own)]))

    def toggle(self, key: str) -> str:
        """The query string that opens a row, or closes it when it is open; stays on the same page of rows."""
        opened = [each for each in self.opened if each != key] if key in self.opened else [*self.opened, key]
        return "&".join(filter(None, [self._closed, urlencode({"open": opened}, doseq=True)]))

    @cached_property
    def _unnarrowed(self) -> str:
        """What the query strings of all rows' groups begin with: filters by values of other tags stay."""
        name = PARAMETERS[self.by]
        kept = self._but("page", name, "open", "tag_key", "group")
        if self.by is GroupBy.TAG:
            kept[name] = [each for each in self.query.getlist(name) if tag_of(each)[0] != self.tag]
        return urlencode(kept, doseq=True)

    @cached_property
    def _closed(self) -> str:
        """The query string with no row open, which every row's own begins with."""
        return urlencode(self._but("open"), doseq=True)

    def _but(self, *names: str) -> dict[str, list[str]]:
        """The query without some parameters, as a plain dictionary: a copy of a QueryDict takes ten times as long."""
        return {name: values for name, values in self.query.lists() if name not in names}

    def pager(self, total: int) -> Page:
        return Page.read(self.query, total)

    def filters(self) -> list[tuple[GroupBy, str]]:
        """What the page is narrowed to, in the order of the URL, which is that of the clicks that led here."""
        known = {name: by for by, name in PARAMETERS.items()}
        return [
            (known[name], value) for name, values in self.query.lists() if name in known for value in values
        ]

    def crumbs(self, words: Callable[[GroupBy, str], str]) -> list[tuple[str, str]]:
        """The way here: words and query string of each filter, with the filters after it left out."""
        found, kept = [], QueryDict(mutable=True)
        for name, values in self.query.lists():
            if name not in PARAMETERS.values() and name not in {"page", "open"}:
                kept.setlist(name, values)
        for by, value in self.filters():
            kept.appendlist(PARAMETERS[by], value)
            found.append((words(by, value), kept.urlencode()))
        return found

    def chips(self, words: Callable[[GroupBy, str], str]) -> list[tuple[str, str]]:
        """Filters of this page alone, each with the query string that drops it."""
        found = []
        for by, value in self.filters():
            name = PARAMETERS[by]
            left = [each for each in self.query.getlist(name) if each != value]
            if by not in {GroupBy.ACCOUNT, GroupBy.REGION}:
                found.append((words(by, value), self.link(**{name: left or None}, open=None)))
        return found


def value_of(by: Grouping, key: str) -> str:
    """A group's key as its query parameter has it."""
    if by.by is GroupBy.TAG:
        return f"{quote(by.tag, safe=TAG_SAFE)}={key}"
    return key or NO_TEAM if by.by is GroupBy.TEAM else key


def tag_of(value: str) -> tuple[str, str]:
    """Key and value of a `tag` parameter; the value is "" for endpoints without the tag."""
    key, _, wanted = value.partition("=")
    return unquote(key).replace("\0", ""), wanted


def _filter(query: QueryDict, scoped: PageScope) -> CostFilter:
    values = {by: _clean(query.getlist(name)[:FILTER_LIMIT], by) for by, name in PARAMETERS.items()}
    return CostFilter(
        scope=scoped.filter,
        teams=tuple("" if team == NO_TEAM else team for team in values[GroupBy.TEAM]),
        kinds=tuple(kind for kind in values[GroupBy.KIND] if kind in set(Kind)),
        tags=tuple(tag_of(value) for value in values[GroupBy.TAG]),
        endpoints=tuple(map(int, values[GroupBy.ENDPOINT])),
        components=tuple(each for each in values[GroupBy.COMPONENT] if each in set(CostComponent)),
        models=tuple(values[GroupBy.MODEL]),
        items=tuple(values[GroupBy.INSTANCE_TYPE]),
    )


def _clean(values: Sequence[str], by: GroupBy) -> list[str]:
    """Keys that can be: PostgreSQL stores no NUL, and endpoints are known by their numbers."""
    if by is GroupBy.ENDPOINT:
        return [
            str(int(value)) for value in values if value.isascii() and value.isdigit() and len(value) < 19
        ]
    return [value for value in values if "\0" not in value]


def span_words(span: Span, today: date) -> str:
    """ "1 – 20 Nov", "28 Oct – 20 Nov", "20 Nov"; with the year when it is not this one."""
    year = "" if span.last.year == today.year else f" {span.last.year}"
    last = f"{span.last.day} {span.last:%b}{year}"
    if span.first == span.last:
        return last
    same_month = (span.first.year, span.first.month) == (span.last.year, span.last.month)
    other_year = f" {span.first.year}" if span.first.year != span.last.year else ""
    first = f"{span.first.day}" if same_month else f"{span.first.day} {span.first:%b}{other_year}"
    return f"{first} – {last}"
