"""A budget as one row or one page shows it: what is spent, what is forecast, how far the period is, and its state."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dashboards import wording
from dashboards.costs.wanted import span_words
from fleet.models import Budget, BudgetStand
from fleet.queries import budgets as queries
from fleet.queries.cost_scope import Span

PASSED, AHEAD, ON_TRACK, UNKNOWN = "budget-passed", "budget-ahead", "budget-on-track", "unknown"
_ONLY = {
    PASSED: "The only budget is used up.",
    AHEAD: "The only budget is forecast to be used up.",
    UNKNOWN: "No cost has been worked out for the only budget yet.",
    ON_TRACK: "The only budget is neither used up nor forecast to be.",
}
"""The answer of a list of one."""
_ORDER = (PASSED, AHEAD, UNKNOWN, ON_TRACK)


@dataclass(frozen=True)
class Standing:
    """One budget today. stand None: not worked out yet, or only for a period that is over."""

    budget: Budget
    stand: BudgetStand | None
    scope: str
    today: date

    @property
    def period(self) -> Span:
        return queries.period_of(self.budget, self.today)

    @property
    def period_words(self) -> str:
        """ "November 2026", "Q4 2026"."""
        return queries.period_words(self.budget, self.period.first)

    @property
    def span_words(self) -> str:
        return span_words(self.period, self.today)

    @property
    def every(self) -> str:
        return "a quarter" if self.budget.period == Budget.Period.QUARTERLY else "a month"

    @property
    def spent(self) -> Decimal | None:
        return self.stand.spent if self.stand else None

    @property
    def share(self) -> Decimal | None:
        """Spent ÷ amount."""
        return None if self.spent is None else self.spent / self.budget.amount_usd

    @property
    def total(self) -> Decimal | None:
        return self.stand.total if self.stand else None

    @property
    def forecast_share(self) -> Decimal | None:
        return None if self.total is None else self.total / self.budget.amount_usd

    @property
    def range_words(self) -> str:
        """ "$27,000 – $28,800"; "" without a forecast."""
        if self.stand is None or self.stand.low is None or self.stand.high is None:
            return ""
        return f"{wording.usd(self.stand.low)} – {wording.usd(self.stand.high)}"

    @property
    def passed_share(self) -> Decimal:
        """How much of the period is over, today included."""
        return Decimal((self.today - self.period.first).days + 1) / len(self.period.days)

    @property
    def why_no_forecast(self) -> str:
        return (self.stand.reason if self.stand else "") or "Not worked out yet"

    @property
    def state(self) -> str:
        """A name of dashboards.status."""
        if self.share is None:
            return UNKNOWN
        if self.share >= 1:
            return PASSED
        return AHEAD if self.forecast_share is not None and self.forecast_share >= 1 else ON_TRACK

    @property
    def state_word(self) -> str:
        return "No cost yet" if self.state == UNKNOWN else ""

    @property
    def owner(self) -> str:
        names = [self.budget.owner.get_username() if self.budget.owner else "", self.budget.owner_email]
        return ", ".join(name for name in names if name)


def standings(budgets: Iterable[Budget], today: date) -> list[Standing]:
    """Each budget with where it stood when it was last worked out, the worst first. At most two queries."""
    found = list(budgets)
    words = queries.all_words(found)
    rows = []
    for budget in found:
        stand = getattr(budget, "stand", None)
        is_current = stand is not None and stand.period_first == queries.period_of(budget, today).first
        rows.append(Standing(budget, stand if is_current else None, words[budget.pk], today))
    return sorted(rows, key=lambda row: (_ORDER.index(row.state), -(row.forecast_share or row.share or 0)))


def sentence(rows: Iterable[Standing]) -> str:
    """The answer of the list."""
    found = list(rows)
    if len(found) == 1:
        return _ONLY[found[0].state]
    number = {state: sum(row.state == state for row in found) for state in _ORDER}
    of = f"of {wording.plural(len(found), 'budget')}"
    if number[PASSED]:
        more = f"; {number[AHEAD]} more {_is(number[AHEAD])} forecast to be" if number[AHEAD] else ""
        return f"{number[PASSED]} {of} {_is(number[PASSED])} used up{more}."
    if number[AHEAD]:
        return f"None {of} is used up; {number[AHEAD]} {_is(number[AHEAD])} forecast to be."
    if number[UNKNOWN] == len(found):
        return "No cost has been worked out for these budgets yet."
    return f"None {of} is used up or forecast to be."


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
