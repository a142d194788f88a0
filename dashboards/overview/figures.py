"""The overview's figures, read once and compared: tiles, sentence and chart all take them from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from dashboards import wording
from fleet.queries import overview, shared
from fleet.queries.endpoint_counts import Need
from fleet.queries.forecast import Outlook
from fleet.queries.kept import Moment
from fleet.queries.overview import DayCosts, TrafficOf, Trouble, Unreadable
from fleet.queries.scope import ScopeFilter, TimeRange

LEAST_DAYS = 14
NOTABLE = 0.005
"""Changes of a cost below it are called none."""


def cost_days(window: TimeRange) -> list[date]:
    """UTC days of the cost chart: the window's finished ones, at least two weeks, so that each has its like before."""
    yesterday = window.end.date() - timedelta(days=1)
    days = [day for day in window.days if day <= yesterday] or [yesterday]
    missing = LEAST_DAYS - len(days)
    return [days[0] - timedelta(days=n) for n in range(missing, 0, -1)] + days if missing > 0 else days


@dataclass(frozen=True)
class Share:
    """A ratio over the window and over the one before, with the counts behind it; None: not reported."""

    part: float | None
    whole: float | None
    before: float | None
    daily: list[float | None]

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.part is not None and self.whole else None


@dataclass(frozen=True)
class Figures:
    """Everything above the tables of the overview."""

    fleet: Need
    troubles: Sequence[Trouble]
    unreadable: Sequence[Unreadable]
    costs: DayCosts
    window: TimeRange
    cold: Share
    errors: Share
    outlook: Outlook

    @classmethod
    def read(cls, scope: ScopeFilter, window: TimeRange, looked: Moment) -> "Figures":
        """Nine queries at most, whatever the fleet's size."""
        fresh = shared.freshness(scope, looked)
        traffic = overview.traffic(scope, window, fresh)
        today = window.end.date()
        costs = shared.day_costs(scope, cost_days(window), today, fresh, looked)
        return cls(
            fleet=shared.need(scope, looked),
            troubles=shared.troubles(scope, looked),
            unreadable=shared.unreadable(scope, looked),
            costs=costs,
            window=window,
            cold=_share(traffic, "cold_starts", "serverless_calls"),
            errors=_share(traffic, "errors_5xx", "calls"),
            outlook=shared.outlook(scope, costs, today, looked),
        )

    @property
    def yesterday(self) -> date:
        return self.window.end.date() - timedelta(days=1)

    @property
    def yesterday_usd(self) -> Decimal | None:
        return self.costs.total(self.yesterday)

    @property
    def week_before_usd(self) -> Decimal | None:
        """The same weekday a week earlier."""
        return self.costs.total(self.yesterday - timedelta(days=7))

    @property
    def cost_change(self) -> float | None:
        """Yesterday against the same weekday, as a ratio: 0.08 is 8 % more."""
        now, before = self.yesterday_usd, self.week_before_usd
        return float(now / before) - 1 if now is not None and before else None

    @property
    def has_risen(self) -> bool:
        """Whether yesterday cost so much more that somebody asks what rose."""
        return (self.cost_change or 0) >= NOTABLE

    @property
    def needing(self) -> int:
        return self.fleet.need_attention

    @property
    def trouble_count(self) -> int:
        """Rows of "Needs attention"."""
        return len(self.troubles) + len(self.unreadable)

    @property
    def needing_words(self) -> str:
        """ "Four of 61 endpoints" """
        return f"{wording.spoken(self.needing)} of {wording.plural(self.fleet.total, 'endpoint')}"

    @property
    def unreadable_words(self) -> str:
        """ "one", "two" """
        return wording.spoken(len(self.unreadable)).lower()

    @property
    def change_words(self) -> str:
        """ ", 8 % more than last Thursday" """
        change = self.cost_change
        if change is None:
            return ""
        if abs(change) < 0.005:
            return f", as much as last {self.yesterday:%A}"
        return f", {wording.percent(abs(change))} {'more' if change > 0 else 'less'} than last {self.yesterday:%A}"

    @property
    def chart_caption(self) -> str:
        """ "USD, estimated from usage · 21 Oct – 19 Nov" """
        first, last = self.costs.days[0], self.costs.days[-1]
        return f"USD, estimated from usage · {first.day} {first:%b} – {last.day} {last:%b}, UTC days"

    @property
    def critical(self) -> int:
        return sum(trouble.severity == "critical" for trouble in self.troubles)

    @property
    def warnings(self) -> int:
        return len(self.troubles) - self.critical


def _share(found: TrafficOf, part: str, whole: str) -> Share:
    return Share(
        part=getattr(found.now, part),
        whole=getattr(found.now, whole),
        before=_ratio(getattr(found.before, part), getattr(found.before, whole)),
        daily=[_ratio(getattr(day, part), getattr(day, whole)) for day in found.days],
    )


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
