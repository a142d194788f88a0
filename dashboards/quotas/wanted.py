"""What the URL of the Quotas page asks for: kind of quota, order, page, and how many more somebody would add."""

from dataclasses import dataclass

from django.http import QueryDict

from dashboards.tables import Sort
from fleet.queries.quotas import SORTS, Group

MOST = 100_000
"""More than any quota allows; larger numbers are slips of the finger."""
LABELS = {
    Group.CONCURRENCY: "Concurrency",
    Group.ENDPOINTS: "Endpoints",
    Group.INSTANCES: "Instances",
}


@dataclass(frozen=True)
class Wanted:
    """more 0: nobody asks. problem: why ?add= cannot be answered, "" when it can; typed: what stands in the field."""

    groups: tuple[Group, ...]
    sort: Sort
    page: int
    more: int
    typed: str
    problem: str

    @classmethod
    def read(cls, query: QueryDict) -> "Wanted":
        """Unknown kinds, orders and pages are ignored; an impossible number is told beside its field."""
        chosen = query.get("kind", "")
        typed = query.get("add", "").strip()[:12]
        number = int(typed) if typed.isascii() and typed.isdigit() else 0
        is_good = not typed or 1 <= number <= MOST
        page = query.get("page", "")
        return cls(
            groups=(Group(chosen),) if chosen in set(Group) else (),
            sort=Sort.read(query, SORTS, "-share"),
            page=max(int(page), 1) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
            more=number if is_good else 0,
            typed=typed,
            problem="" if is_good else f"Give a whole number from 1 to {MOST:,}.",
        )

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """(value, words, is chosen) of the kinds of quota."""
        return [(group.value, LABELS[group], group in self.groups) for group in Group]

    def query(self, query: QueryDict) -> str:
        """The query string of the export: what is shown, all pages of it."""
        rest = query.copy()
        for name in ("page", "add"):
            rest.pop(name, None)
        return rest.urlencode()
