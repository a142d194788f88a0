"""Everything the Costs page shows, read once: groups and what they are compared with, days, use, gaps, the budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from dashboards.costs import explain, groups
from dashboards.costs.groups import CostRow
from dashboards.costs.missing import NO_ACCESS, Missing
from dashboards.costs.rows import CENT, apportion
from dashboards.costs.wanted import Wanted
from dashboards.tables import Page
from fleet.models import Account, Budget, Endpoint
from fleet.queries import budgets, cost_cube, cost_lines, cost_spans, costs, forecast, rolled
from fleet.queries.cost_cube import Cube, Gap, Plan, Use
from fleet.queries.cost_lines import FormulaLine
from fleet.queries.cost_scope import GroupBy, Grouping, Span, Sums
from fleet.queries.costs import DayCost
from fleet.queries.forecast import Outlook
from fleet.queries.rolled import Freshness
from fleet.types import Confidence

DAY = timedelta(days=1)
SEVEN_DAYS = timedelta(days=7)


def plan(span: Span, today: date, fresh: Freshness) -> Plan:
    """What a page of `span` reads: its whole days are compared, because today is not over."""
    has_sums = fresh.spans_on == today
    kept = cost_spans.key_of(span, today) if has_sums else ""
    return Plan.of(span, today, is_rolled=fresh.has_periods, kept=kept, has_sums=has_sums)


@dataclass(frozen=True)
class Figures:
    """The figures of one request. days reach back for the month and for its forecast."""

    wanted: Wanted
    today: date
    plan: Plan
    cube: Cube
    days: Sequence[DayCost]
    outlook: Outlook
    named: Mapping[str, Endpoint]
    aliases: Mapping[str, str]
    used: Mapping[str, Use]
    use: Use
    opened: Mapping[str, Sequence[FormulaLine]]
    missing: Sequence[Missing]
    budget: Budget | None
    pager: Page

    @classmethod
    def read(cls, wanted: Wanted, today: date) -> "Figures":
        """At most ten queries, whatever the size of the fleet."""
        where, by = wanted.where, wanted.grouping
        fresh = rolled.freshness(where.scope)
        planned = plan(wanted.span, today, fresh)
        cube, pager = _page(wanted, planned)
        keys = [row.key for row in cube.rows]
        named = costs.endpoints(keys) if by.by is GroupBy.ENDPOINT else {}
        aliases = aliases_of(keys) if by.by is GroupBy.ACCOUNT else {}
        used, use = _use(wanted, keys, planned)
        visible = [key for key in keys if key in wanted.opened]
        days = costs.days(where, _reach(today), is_rolled=fresh.has_costs(today), is_whole=True)
        return cls(
            wanted=wanted,
            today=today,
            plan=planned,
            cube=cube,
            days=days,
            outlook=forecast.outlook_of(days, where, forecast.month_of(today), today=today),
            named=named,
            aliases=aliases,
            used=used,
            use=use,
            opened=cost_lines.group_lines(where, wanted.span, by, visible),
            missing=_missing(cube.gaps),
            budget=budgets.find(where),
            pager=pager,
        )

    @property
    def window(self) -> Sums:
        """The page's own span."""
        return groups.sums(self.cube.total)

    @property
    def why_not(self) -> str:
        """Why the span is not compared with the one before; "" when it is."""
        return why_not(self.plan, self.cube.first_day)

    @property
    def change(self) -> groups.Change:
        """All of the span against all of the one before."""
        return groups.change(self.cube.total, self.why_not)

    @property
    def month(self) -> Sums:
        """The month to date; the page's own sum where that is its span, which two summaries may tell a moment apart."""
        month = costs.month_to_date(self.today)
        return self.window if self.wanted.span == month else costs.total(self.days, month)

    @property
    def so_far(self) -> Sums:
        """Today, as far as it has been worked out."""
        return self._day(self.today)

    @property
    def yesterday(self) -> Sums:
        return self._day(self.today - DAY)

    @property
    def week_before(self) -> Sums:
        """The same weekday one week before yesterday."""
        return self._day(self.today - DAY - SEVEN_DAYS)

    @property
    def drawn_keys(self) -> list[str]:
        """The groups that the chart draws by themselves."""
        return [row.key for row in self.cube.top if row.lines]

    @property
    def data_until(self) -> datetime | None:
        """End of the oldest data of the newest day with costs, None before the first."""
        newest = max((cost.day for cost in self.days), default=None)
        return min((cost.data_until for cost in self.days if cost.day == newest), default=None)

    @property
    def usd_per_1000(self) -> Decimal | None:
        """Cost of the span per 1,000 of its calls; None without calls."""
        return groups.per(self.window.amount, self.use.calls, 1000)

    @property
    def usd_per_compute_s(self) -> Decimal | None:
        """Cost of the span per second of model latency; None without such seconds."""
        return groups.per(self.window.amount, self.use.compute_s)

    @property
    def unused(self) -> Decimal | None:
        """Share of the span's cost that was idle or spare."""
        return groups.unused(self.use, self.window.amount)

    @property
    def total(self) -> Decimal | None:
        """The table's total in cents."""
        amount = self.window.amount
        return None if amount is None else amount.quantize(CENT, ROUND_HALF_UP)

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
        found = self.cube.rows
        amounts = [row.amount for row in found]
        known = sum((amount for amount in amounts if amount is not None), Decimal(0))
        rest = (self.window.amount or Decimal(0)) - known if self.cube.groups > len(found) else None
        *cents, rest_cents = apportion([*amounts, rest], self.window.amount)
        return [
            groups.cost_row(
                row,
                cent,
                self.window.amount,
                self.wanted,
                endpoint=self.named.get(row.key),
                alias=self.aliases.get(row.key, ""),
                use=self.used.get(row.key, Use()),
                why_not=self.why_not,
                opened=self.opened,
            )
            for row, cent in zip(found, cents, strict=True)
        ], rest_cents

    def _day(self, day: date) -> Sums:
        return costs.total(self.days, Span(day, day))


def why_not(planned: Plan, first_day: date | None) -> str:
    """Why a span is not compared with the one before; "" when it is. first_day: the oldest day with costs."""
    if planned.before is None:
        return "Today is not over: nothing is compared yet"
    if first_day is None or first_day > planned.before.first:
        since = f"{first_day.day} {first_day:%b %Y}" if first_day else "today"
        return f"Costs are known since {since}: the span before is not whole"
    return ""


def every_group(wanted: Wanted, today: date) -> tuple[Cube, Mapping[str, Use], Plan, str]:
    """All groups of a page with their use, what was read, and why it is not compared. At most four queries."""
    fresh = rolled.freshness(wanted.where.scope)
    planned = plan(wanted.span, today, fresh)
    cube = cost_cube.rows(
        wanted.where, wanted.grouping, planned, order=wanted.order, ascending=wanted.ascending
    )
    used, _ = _use(wanted, [row.key for row in cube.rows], planned)
    return cube, used, planned, why_not(planned, cube.first_day)


def top_labels(wanted: Wanted, planned: Plan) -> tuple[dict[str, str], bool]:
    """The dearest groups by key with their names, and whether there are more: as the page has found, else as is sought.

    At most two queries.
    """
    by, keys, has_others = wanted.grouping, list(wanted.top), wanted.has_others
    if not keys:
        cube = cost_cube.rows(wanted.where, by, planned, limit=0)
        keys = [row.key for row in cube.top if row.lines]
        has_others = cube.groups > len(keys)
    named = costs.endpoints(keys) if by.by is GroupBy.ENDPOINT else {}
    aliases = aliases_of(keys) if by.by is GroupBy.ACCOUNT else {}
    return {key: name_of(by, key, named, aliases) for key in keys}, has_others


def name_of(by: Grouping, key: str, named: Mapping[str, Endpoint], aliases: Mapping[str, str]) -> str:
    """What a group is called."""
    if key in named:
        return named[key].name
    return aliases.get(key) or groups.label(by, key)


def aliases_of(keys: Sequence[str]) -> dict[str, str]:
    """Aliases by account id. One query."""
    return dict(Account.objects.filter(account_id__in=keys).values_list("account_id", "alias"))


def _page(wanted: Wanted, planned: Plan) -> tuple[Cube, Page]:
    """The page of groups that is asked for, the last one when there are fewer."""
    asked = Page.read(wanted.query, 10**8)
    for _ in range(2):
        cube = cost_cube.rows(
            wanted.where,
            wanted.grouping,
            planned,
            order=wanted.order,
            ascending=wanted.ascending,
            offset=asked.offset,
            limit=asked.size,
            with_gaps=True,
        )
        pager = wanted.pager(cube.groups)
        if pager.offset == asked.offset:
            break
        asked = pager
    return cube, pager


def _use(wanted: Wanted, keys: Sequence[str], planned: Plan) -> tuple[Mapping[str, Use], Use]:
    """Use of the shown groups and of all; only their calls while use has not been added up."""
    if planned.is_rolled:
        return cost_cube.use(wanted.where, wanted.grouping, planned, keys)
    called = costs.calls(wanted.where, wanted.span, wanted.grouping, keys)
    total = costs.calls(wanted.where, wanted.span, GroupBy.KIND)
    return {key: Use(calls) for key, calls in called.items()}, Use(sum(total.values()) if total else None)


def _missing(gaps: Sequence[Gap]) -> list[Missing]:
    found = []
    for gap in gaps:
        kinds = [(Confidence.UNPRICED.value, gap.unpriced), (Confidence.NO_DATA.value, gap.no_data)]
        why = [kind for kind, lines in kinds if lines] or [NO_ACCESS]
        found += [Missing(gap.endpoint_id, gap.name, gap.component, gap.item, each) for each in why]
    return found


def _reach(today: date) -> Span:
    return forecast.reach(forecast.month_of(today), today)
