"""The prices in force on a day: what people entered over AWS's price list over the built-in snapshot."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from fleet.costs import discounts as agreements
from fleet.costs import snapshot
from fleet.costs.price_book import HOSTING_DATA, VOLUME, PriceBook
from fleet.costs.price_history import USD, DatedPrice, Layer, PriceHistory, dated
from fleet.costs.price_history import ExchangeRate as Rate
from fleet.models import CapacityPeriod, Discount, ExchangeRate, Price, Shard, TransformJob
from fleet.types import CostComponent, Kind

KINDS_IN_PLANS = frozenset(set(Kind) - {Kind.ASYNCHRONOUS})
"""Kinds whose instances Savings Plans rates reach: AWS names real-time inference, not asynchronous (docs/costs.md)."""

INSTANCE_COMPONENTS = (CostComponent.INSTANCE_TIME, CostComponent.BATCH_TIME)
MEMORY_SIZES_MB = range(1024, 6144 + 1, 1024)
"""Memory sizes of serverless inference (SageMaker AI developer guide, "Deploy models with Serverless Inference")."""

LAYERS = {
    Price.Origin.SNAPSHOT: Layer.STORED_SNAPSHOT,
    Price.Origin.API: Layer.PRICE_LIST,
    Price.Origin.MANUAL: Layer.MANUAL,
}


def history(*regions: str, account: int | None = None) -> PriceHistory:
    """Prices of these regions (all when none is named) through time, with the agreements of one account (primary key).

    At most three queries: prices, exchange rates where a price needs one, agreements where an account is named.
    """
    stored = Price.objects.filter(region__in=regions) if regions else Price.objects.all()
    return history_of(stored, regions, _discounts(account) if account is not None else ())


def history_of(
    stored: Iterable[Price], regions: Sequence[str] = (), discounts: Iterable[agreements.Discount] = ()
) -> PriceHistory:
    """These stored prices over the snapshot, through time."""
    built_in = [
        point for point in dated(snapshot.points(), Layer.BUILT_IN) if not regions or point.region in regions
    ]
    found = [*built_in, *map(_dated, stored)]
    needs_rates = any(price.currency != USD for price in found)
    return PriceHistory(tuple(found), tuple(_rates()) if needs_rates else (), tuple(discounts))


@dataclass(frozen=True)
class Histories:
    """Prices through time with the agreements of every account: what lists over many accounts are priced by."""

    prices: PriceHistory
    agreements: Mapping[int | None, Sequence[agreements.Discount]]
    _of: dict[int, PriceHistory] = field(default_factory=dict, compare=False, repr=False)

    def on(self, account: int, day: date) -> PriceBook:
        """The book of an account (primary key) on a UTC day."""
        return self._history(account).on(day)

    def stretches(self, account: int) -> list[tuple[date, date]]:
        """The stretches of days, both ends included, within which nothing changed for an account."""
        starts = [date.min, *self._history(account).changes]
        ends = [start - timedelta(days=1) for start in starts[1:]] + [date.max]
        return list(zip(starts, ends, strict=True))

    def _history(self, account: int) -> PriceHistory:
        if account not in self._of:
            held = (*self.agreements.get(None, ()), *self.agreements.get(account, ()))
            self._of[account] = PriceHistory(self.prices.prices, self.prices.rates, held)
        return self._of[account]


def histories(component: CostComponent, regions: Sequence[str] = ()) -> Histories:
    """Prices of one component for every account. Two queries, three where a price is in another currency."""
    stored = Price.objects.filter(component=component)
    if regions:
        stored = stored.filter(region__in=regions)
    found: dict[int | None, list[agreements.Discount]] = defaultdict(list)
    for row in Discount.objects.order_by("pk"):
        found[row.account_id].append(_agreement(row))
    return Histories(history_of(stored, regions), found)


def net(book: PriceBook, region: str, component: CostComponent, item: str) -> Decimal | None:
    """What one unit costs after the account's agreements, USD; None without a price."""
    point = book.find(region, component, item)
    if point is None:
        return None
    return point.usd - book.discounts.taken(region, component, item, Decimal(1), point.usd).usd


def book(*regions: str, on: date | None = None, account: int | None = None) -> PriceBook:
    """The price book of these regions (all when none is named) on a UTC day, today when none is given."""
    return history(*regions, account=account).on(on or timezone.now().date())


def book_of(stored: Iterable[Price], on: date | None = None) -> PriceBook:
    """The price book of these stored prices over the snapshot, on a UTC day, today when none is given."""
    return history_of(stored).on(on or timezone.now().date())


def digest(found: PriceHistory) -> str:
    """Changes when the book of any day does; independent of the order of rows."""
    days = [date.min, *found.changes]
    return _digest([f"{day} {book_digest(found.on(day))}" for day in days])


def digests(found: PriceHistory, days: Iterable[date]) -> Mapping[date, str]:
    """Digest of the book in force on each day."""
    known: dict[int, str] = {}
    result = {}
    for day in days:
        book_then = found.on(day)
        if id(book_then) not in known:
            known[id(book_then)] = book_digest(book_then)
        result[day] = known[id(book_then)]
    return result


def book_digest(found: PriceBook) -> str:
    """Changes when any price, source, flag, reason or agreement of the book does."""
    points = (
        f"{p.region} {p.component} {p.item} {p.usd.normalize()} {p.source} {p.source_date} {p.is_assumed}"
        for p in found.points.values()
    )
    reasons = (f"{key} {reason}" for key, reason in found.unusable.items())
    return _digest(sorted([*points, *reasons, *(repr(each) for each in found.discounts.held)]))


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _dated(row: Price) -> DatedPrice:
    amount = row.quoted if row.usd is None else row.usd
    if amount is None:
        raise ValueError(f"the price of {row} has no amount")
    return DatedPrice(
        region=row.region,
        component=CostComponent(row.component),
        item=row.item,
        amount=amount,
        source=row.source,
        source_date=row.source_date,
        currency=row.currency,
        first=row.first_day,
        last=row.last_day,
        layer=LAYERS[Price.Origin(row.origin)],
        is_assumed=row.is_assumed,
    )


def _rates() -> list[Rate]:
    return [
        Rate(row.currency, row.usd, row.first_day, row.last_day, f"{row.reason}, by {row.author_label}")
        for row in ExchangeRate.objects.order_by("pk")
    ]


def _discounts(account: int) -> list[agreements.Discount]:
    return [
        _agreement(row)
        for row in Discount.objects.filter(Q(account=account) | Q(account=None)).order_by("pk")
    ]


def _agreement(row: Discount) -> agreements.Discount:
    return agreements.Discount(
        label=row.name,
        first=row.first_day,
        last=row.last_day,
        percent=row.percent,
        component=CostComponent(row.component) if row.component else None,
        usd_per_hour=row.usd_per_hour,
        region=row.region,
        item=row.item,
    )


def known_items(component: CostComponent) -> set[str]:
    """Items of a component that a price can be of: priced in any region, in use, or a memory size AWS offers."""
    alike = INSTANCE_COMPONENTS if component in INSTANCE_COMPONENTS else (component,)
    stored = Price.objects.filter(component__in=alike).exclude(origin=Price.Origin.MANUAL)
    found = {point.item for point in snapshot.points() if point.component in alike}
    found |= set(stored.values_list("item", flat=True).distinct())
    if component in INSTANCE_COMPONENTS:
        types = CapacityPeriod.objects.exclude(instance_type="").values_list("instance_type", flat=True)
        jobs = TransformJob.objects.exclude(instance_type="").values_list("instance_type", flat=True)
        return found | set(types.distinct()) | set(jobs.distinct())
    if component in (CostComponent.DATA_IN, CostComponent.DATA_OUT):
        return found | {HOSTING_DATA}
    if component is CostComponent.STORAGE:
        return found | {VOLUME}
    return found | {str(memory_mb) for memory_mb in MEMORY_SIZES_MB}


def shards_of(region: str = "", account: int | None = None) -> list[int]:
    """The shards whose costs rest on a region's prices ("" = any) and an account's agreements (None = any)."""
    rows = Shard.objects.order_by("pk")
    if region:
        rows = rows.filter(region=region)
    if account is not None:
        rows = rows.filter(account=account)
    return list(rows.values_list("pk", flat=True))
