"""Everything the Costs page shows, read once: day sums, groups, open rows, what is missing, the budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from dashboards.costs import explain
from dashboards.costs.missing import NO_ACCESS, Missing
from dashboards.costs.rows import CENT, CostRow, apportion, cost_rows
from dashboards.costs.wanted import Wanted
from dashboards.tables import Page
from fleet.models import Budget
from fleet.queries import budgets, cost_lines, costs, rolled
from fleet.queries.cost_lines import FormulaLine
from fleet.queries.cost_scope import GroupBy, Span, Sums
from fleet.queries.costs import DayCost, Group
from fleet.types import Confidence

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Figures:
    """The figures of one request. days reach back far enough for the month and for yesterday's comparison."""

    wanted: Wanted
    today: date
    days: Sequence[DayCost]
    groups: Sequence[Group]
    total_groups: int
    opened: Mapping[str, Sequence[FormulaLine]]
    missing: Sequence[Missing]
    calls: float | None
    budget: Budget | None
    pager: Page

    @classmethod
    def read(cls, wanted: Wanted, today: date) -> "Figures":
        """At most thirteen queries, whatever the size of the fleet."""
        where, span, by = wanted.where, wanted.span, wanted.by
        month = costs.month_to_date(today)
        reach = Span(min(span.first, month.first, today - timedelta(days=8)), max(span.last, today))
        fresh = rolled.freshness(where.scope)
        key = fresh.cost_key(span)
        sums = costs.group_sums(where, span, by, ascending=wanted.ascending, key=key)
        pager = wanted.pager(len(sums))
        shown = sums[pager.offset : pager.offset + pager.size]
        visible = [key for key, _ in shown if key in wanted.opened]
        called = costs.calls(where, span, GroupBy.KIND, key=key)
        return cls(
            wanted=wanted,
            today=today,
            days=costs.days(where, reach, is_rolled=fresh.has_costs(today)),
            groups=costs.groups(where, span, by, shown, key=key),
            total_groups=len(sums),
            opened=cost_lines.group_lines(where, span, by, visible),
            missing=[
                *(Missing(*each) for each in cost_lines.missing(where, span)),
                *(Missing(pk, name, "", "", NO_ACCESS) for pk, name in cost_lines.unreadable(where)),
            ],
            calls=sum(called.values()) if called else None,
            budget=budgets.find(where),
            pager=pager,
        )

    @property
    def shown_days(self) -> list[DayCost]:
        """Day sums of the page's own span."""
        span = self.wanted.span
        return [cost for cost in self.days if span.first <= cost.day <= span.last]

    @property
    def window(self) -> Sums:
        """The page's own span."""
        return costs.total(self.days, self.wanted.span)

    @property
    def month(self) -> Sums:
        return costs.total(self.days, costs.month_to_date(self.today))

    @property
    def yesterday(self) -> Sums:
        return self._day(self.today - timedelta(days=1))

    @property
    def week_before(self) -> Sums:
        """The same weekday one week before yesterday."""
        return self._day(self.today - timedelta(days=1) - WEEK)

    @property
    def data_until(self) -> datetime | None:
        """End of the oldest data of the newest day with costs, None before the first."""
        newest = max((cost.day for cost in self.days), default=None)
        return min((cost.data_until for cost in self.days if cost.day == newest), default=None)

    @property
    def usd_per_1000(self) -> Decimal | None:
        """Cost of the span per 1,000 of its calls; None without calls."""
        amount = self.window.amount
        return None if amount is None or not self.calls else amount * 1000 / Decimal(repr(self.calls))

    @property
    def total(self) -> Decimal | None:
        """The table's total in cents."""
        amount = self.window.amount
        return None if amount is None else amount.quantize(CENT)

    @property
    def lines_url(self) -> str:
        """Where the lines behind the table's total stand."""
        return explain.url(self.wanted.span, self.wanted.query.urlencode())

    @property
    def unpriced(self) -> list[Missing]:
        return [each for each in self.missing if each.confidence == Confidence.UNPRICED]

    @property
    def without_data(self) -> list[Missing]:
        return [each for each in self.missing if each.confidence in {Confidence.NO_DATA, NO_ACCESS}]

    def table(self) -> tuple[list[CostRow], Decimal | None]:
        """The shown rows, and the amount of the rows on other pages (None when all are shown); cents add up."""
        amounts = [group.sums.amount for group in self.groups]
        known = sum((amount for amount in amounts if amount is not None), Decimal(0))
        has_more = self.total_groups > len(self.groups)
        rest = (self.window.amount or Decimal(0)) - known if has_more else None
        *cents, rest_cents = apportion([*amounts, rest], self.window.amount)
        rows = cost_rows(self.groups, cents, self.window.amount, self.opened, self.wanted)
        return rows, rest_cents

    def _day(self, day: date) -> Sums:
        return costs.total(self.days, Span(day, day))
