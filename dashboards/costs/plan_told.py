"""The section "What AWS says" of the Savings Plans page: Cost Explorer's own utilisation and coverage by account."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dashboards.costs.wanted import span_words
from fleet.queries.cost_scope import Span
from fleet.queries.plan_use import Told


@dataclass(frozen=True)
class ToldRow:
    """One account. days: "" where AWS told of no day in the window. next: what helps where the reading failed."""

    told: Told
    days: str
    title: str = ""
    next: str = ""


def rows(found: Iterable[Told], today: date) -> list[ToldRow]:
    """As the page shows them."""
    return [_row(each, today) for each in found]


def _row(told: Told, today: date) -> ToldRow:
    days = span_words(Span(told.first, told.last), today) if told.first and told.last else ""
    if told.error is None:
        return ToldRow(told, days)
    alias = told.account.alias
    if told.error["kind"] == "AccessDenied":
        return ToldRow(
            told,
            days,
            f"{alias}: no permission to read what AWS says of its Savings Plans",
            f"Add {told.error['action']} to the role for reading. It is asked again within a day.",
        )
    title = f"{alias}: AWS was asked about its Savings Plans, and did not say"
    return ToldRow(told, days, title, "Nothing: it is asked again by itself, within a day.")
