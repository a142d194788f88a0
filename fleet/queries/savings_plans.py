"""What Savings Plans could cover of a scope's spend, hour by hour, at on-demand prices, and at which rates."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import F, Q, QuerySet, Sum

from fleet.costs.hour_curve import HOURS_PER_DAY, Presence, present, spread
from fleet.costs.periods import Window
from fleet.costs.savings_plans import Use
from fleet.models import CapacityPeriod, DailyCost, Discount, TransformJob
from fleet.queries import prices
from fleet.queries.cost_scope import Span
from fleet.queries.prices import KINDS_IN_PLANS
from fleet.queries.scope import ScopeFilter
from fleet.types import Confidence, CostComponent

BATCH = CostComponent.BATCH_TIME
_LIST_USD = Sum(F("amount") + F("discount"))


@dataclass(frozen=True)
class Group:
    """What one Savings Plans rate is for: an account (primary key), a region, a component and an instance type."""

    account: int
    region: str
    component: CostComponent
    item: str


@dataclass(frozen=True)
class Usage:
    """One group over the span: USD at on-demand prices by hour, instance-hours, and the rate that was entered for it.

    rate: USD an hour under a Savings Plan, None = nobody entered one.
    """

    group: Group
    by_hour: Sequence[Decimal]
    hours: Decimal
    rate: Decimal | None

    @cached_property
    def usd(self) -> Decimal:
        return sum(self.by_hour, Decimal(0))

    @property
    def kept(self) -> Decimal | None:
        """What the rate leaves of the on-demand price, 0 to 1 (more where it is above it); None without a rate."""
        return None if self.rate is None or not self.usd else self.rate * self.hours / self.usd


@dataclass(frozen=True)
class Eligible:
    """The spend of whole UTC days. span None = no whole day has costs yet. unpriced: lines that are in no figure.

    other: USD at on-demand prices by what Savings Plans do not name.
    """

    span: Span | None
    usages: Sequence[Usage]
    other: Mapping[str, Decimal]
    unpriced: int

    @property
    def hours(self) -> list[datetime]:
        """The start of every hour, oldest first."""
        if self.span is None:
            return []
        return [self.span.start + timedelta(hours=n) for n in range(len(self.span.days) * HOURS_PER_DAY)]

    @property
    def usd(self) -> Decimal:
        return sum((usage.usd for usage in self.usages), Decimal(0))

    @cached_property
    def by_hour(self) -> list[Decimal]:
        """USD at on-demand prices, aligned with hours."""
        return _added([usage.by_hour for usage in self.usages], len(self.hours))

    @property
    def rated(self) -> list[Usage]:
        return [usage for usage in self.usages if usage.rate is not None]

    @property
    def unrated(self) -> list[Usage]:
        return [usage for usage in self.usages if usage.rate is None]

    def at_entered_rates(self) -> list[Use]:
        """One Use an hour of the groups that have a rate; empty when none has."""
        rated = self.rated
        if not rated:
            return []
        on_demand = _added([usage.by_hour for usage in rated], len(self.hours))
        kept = [usage.kept or Decimal(0) for usage in rated]
        plans = [[usd * part for usd in usage.by_hour] for usage, part in zip(rated, kept, strict=True)]
        return [Use(*pair) for pair in zip(on_demand, _added(plans, len(self.hours)), strict=True)]

    def at_discount(self, discount: Decimal) -> list[Use]:
        """One Use an hour of everything, all of it at a discount (0 to 1)."""
        return [Use(usd, usd * (1 - discount)) for usd in self.by_hour]


def eligible(scope: ScopeFilter, days: Sequence[date], today: date) -> Eligible:
    """Spend of the whole days among `days` for which costs are stored. At most eight queries."""
    whole = [day for day in days if day < today]
    rows = DailyCost.objects.filter(scope.q("endpoint__shard"), day__in=whole)
    first = rows.order_by("day").values_list("day", flat=True).first() if whole else None
    if first is None:
        return Eligible(None, (), {}, 0)
    span = Span(first, whole[-1])
    instances = rows.filter(component=CostComponent.INSTANCE_TIME, endpoint__kind__in=KINDS_IN_PLANS)
    unpriced = instances.filter(confidence=Confidence.UNPRICED).count()
    rates = _rates(today)
    usages, other = _ledger(rows, scope, span, rates)
    found = [*usages, *_batch(scope, span, rates)]
    found.sort(key=lambda usage: (-usage.usd, usage.group.item, usage.group.region, usage.group.account))
    return Eligible(span, found, other, unpriced)


def _ledger(
    rows: QuerySet[DailyCost], scope: ScopeFilter, span: Span, rates: Mapping[Group, Decimal]
) -> tuple[list[Usage], dict[str, Decimal]]:
    """Covered instance time by group, over its hours by the capacity that was observed; the rest by component.

    Two queries.
    """
    days: dict[Group, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(span.days))
    hours: dict[Group, Decimal] = defaultdict(Decimal)
    other: dict[str, Decimal] = defaultdict(Decimal)
    sums = (
        rows.exclude(amount=None)
        .order_by()
        .values_list(
            "endpoint__shard__account",
            "endpoint__shard__region",
            "endpoint__kind",
            "component",
            "item",
            "day",
        )
        .annotate(usd=_LIST_USD, hours=Sum("quantity"))
    )
    for account, region, kind, component, item, day, usd, quantity in sums:
        if component != CostComponent.INSTANCE_TIME or kind not in KINDS_IN_PLANS:
            other[component] += usd
            continue
        group = Group(account, region, CostComponent.INSTANCE_TIME, item)
        days[group][(day - span.first).days] += usd
        hours[group] += quantity or 0
    shapes, window = _shapes(scope, span), Window(span.start, span.end)
    found = [
        Usage(group, spread(by_day, present(shapes.get(group, ()), window)), hours[group], rates.get(group))
        for group, by_day in days.items()
    ]
    return found, dict(other)


def _shapes(scope: ScopeFilter, span: Span) -> dict[Group, list[Presence]]:
    held = (
        CapacityPeriod.objects.filter(
            scope.q("variant__endpoint__shard"),
            Q(end=None) | Q(end__gt=span.start),
            variant__endpoint__kind__in=KINDS_IN_PLANS,
            start__lt=span.end,
            instance_count__gt=0,
        )
        .exclude(instance_type="")
        .order_by()
        .values_list(
            "variant__endpoint__shard__account_id",
            "variant__endpoint__shard__region",
            "instance_type",
            "start",
            "end",
            "instance_count",
        )
    )
    found: dict[Group, list[Presence]] = defaultdict(list)
    for account, region, item, start, end, count in held:
        found[Group(account, region, CostComponent.INSTANCE_TIME, item)].append(
            Presence(start, end, count or 0)
        )
    return found


def _batch(scope: ScopeFilter, span: Span, rates: Mapping[Group, Decimal]) -> list[Usage]:
    """Transform jobs by group, in the hours they ran, at the price of the day each started on. Three queries."""
    jobs = TransformJob.objects.filter(
        scope.q("shard"), started_at__lt=span.end, instance_count__gt=0
    ).filter(Q(ended_at=None) | Q(ended_at__gt=span.start))
    rows = list(jobs.exclude(instance_type="").select_related("shard"))
    if not rows:
        return []
    held, window = (
        prices.histories(BATCH, sorted({job.shard.region for job in rows})),
        Window(span.start, span.end),
    )
    curves: dict[Group, list[Decimal]] = {}
    hours: dict[Group, Decimal] = defaultdict(Decimal)
    for job in rows:
        assert job.started_at is not None
        group = Group(job.shard.account_id, job.shard.region, BATCH, job.instance_type)
        price = held.on(group.account, job.started_at.astimezone(UTC).date()).find(
            group.region, BATCH, group.item
        )
        if price is None:
            continue
        ran = present([Presence(job.started_at, job.billed_until, job.instance_count or 0)], window)
        curve = curves.setdefault(group, [Decimal(0)] * len(ran))
        for n, part in enumerate(ran):
            if part:
                exact = Decimal(repr(part))
                curve[n] += exact * price.usd
                hours[group] += exact
    return [Usage(group, curve, hours[group], rates.get(group)) for group, curve in curves.items()]


def _rates(today: date) -> dict[Group, Decimal]:
    """Savings Plans rates in force today."""
    rows = Discount.objects.filter(Q(last_day=None) | Q(last_day__gte=today), first_day__lte=today).exclude(
        usd_per_hour=None
    )
    return {
        Group(row.account_id, row.region, CostComponent(row.component), row.item): row.usd_per_hour
        for row in rows
        if row.account_id is not None and row.component and row.usd_per_hour is not None
    }


def _added(curves: Sequence[Sequence[Decimal]], length: int) -> list[Decimal]:
    if not curves:
        return [Decimal(0)] * length
    return [sum(hour, Decimal(0)) for hour in zip(*curves, strict=True)]
