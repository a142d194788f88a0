"""Tables as values: sorted heads, pages, plain tables, facets. Page modules fill them, components draw them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

PAGE_SIZE = 50


@dataclass(frozen=True)
class Sort:
    """The order a table is in: a column key, and whether the largest comes first. In the URL: ?sort=-cost."""

    key: str
    descending: bool = False

    @classmethod
    def read(cls, query: QueryDict, allowed: Iterable[str], default: str) -> "Sort":
        """?sort= when it names an allowed column, else `default` ("-cost" = largest first)."""
        wanted = query.get("sort", "")
        chosen = wanted if wanted.removeprefix("-") in set(allowed) else default
        return cls(chosen.removeprefix("-"), chosen.startswith("-"))

    @property
    def value(self) -> str:
        return f"-{self.key}" if self.descending else self.key


@dataclass(frozen=True)
class Page:
    """Which rows of how many; number counts from 1 and is always within the pages there are."""

    number: int
    total: int
    size: int = PAGE_SIZE

    @classmethod
    def read(cls, query: QueryDict, total: int, size: int = PAGE_SIZE) -> "Page":
        """?page=, brought into range."""
        number = cls.asked(query, size).number
        return cls(max(1, min(number, -(-total // size))), total, size)

    @classmethod
    def asked(cls, query: QueryDict, size: int = PAGE_SIZE) -> "Page":
        """?page= as it stands, before anybody knows how many rows there are."""
        wanted = query.get("page", "1")
        number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 9 else 1
        return cls(max(1, number), 0, size)

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        return self.offset + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.offset + self.size, self.total)

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


@dataclass(frozen=True)
class Column:
    """A column of a PlainTable; unit stands in the head."""

    label: str
    is_number: bool = False


@dataclass(frozen=True)
class PlainTable:
    """A table of texts: the alternative of a chart, or any small table. Cells are text already worded.

    why_unknown: what a dash in a cell means.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    why_unknown: str = "Not reported"


@dataclass(frozen=True)
class FacetOption:
    """One check box with how many rows it would show; icon and tone, or a kind dot, are optional."""

    value: str
    label: str
    count: int
    is_on: bool
    icon: str = ""
    tone: str = ""
    dot: str = ""


@dataclass(frozen=True)
class Facet:
    """One group of check boxes; name is the query parameter."""

    name: str
    label: str
    options: Sequence[FacetOption]
    shown: int = 8

    @property
    def first(self) -> Sequence[FacetOption]:
        """Options shown at once: the largest, and any that is switched on."""
        return [option for n, option in enumerate(self.options) if n < self.shown or option.is_on]

    @property
    def rest(self) -> Sequence[FacetOption]:
        return [option for n, option in enumerate(self.options) if n >= self.shown and not option.is_on]
