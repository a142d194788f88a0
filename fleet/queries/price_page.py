"""What the Prices page shows: prices in use and where they come from, what is missing, what people entered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Min, Q

from fleet.costs import snapshot
from fleet.costs.price_book import UNITS, Key
from fleet.costs.price_history import DatedPrice, Layer, PriceHistory
from fleet.models import DailyCost, Discount, ExchangeRate, Price, PriceReading, Shard, TransformJob
from fleet.queries import prices
from fleet.queries.scope import ScopeFilter
from fleet.types import Confidence, CostComponent

LOOKED_BACK = timedelta(days=30)
"""How far back unpriced use, and the types of transform jobs, are looked for."""
OLD_AFTER = timedelta(hours=48)
"""A price list read longer ago than this, twice the usual wait, is called old."""
_NAMED = 3


@dataclass(frozen=True)
class UsedPrice:
    """One item in use today or yesterday. price: in whatever currency, None = unknown; usd: what counts, if any.

    endpoints, jobs: how many used it; changes: days on which its price changed; missing: why nothing counts.
    """

    key: Key
    price: DatedPrice | None
    usd: Decimal | None
    endpoints: int
    jobs: int
    changes: int
    missing: str = ""

    @property
    def region(self) -> str:
        return self.key[0]

    @property
    def component(self) -> CostComponent:
        return self.key[1]

    @property
    def item(self) -> str:
        return self.key[2]

    @property
    def unit(self) -> str:
        return UNITS[self.component]


@dataclass(frozen=True)
class MissingPrice:
    """An item that was used without a price. days: UTC days since `first`; names: the first few endpoints."""

    key: Key
    endpoints: int
    days: int
    first: date
    last: date
    reason: str
    names: tuple[tuple[int, str], ...] = ()

    @property
    def more(self) -> int:
        return self.endpoints - len(self.names)


@dataclass(frozen=True)
class RegionReading:
    """How AWS's price list of a region was last read; reading None = never. error: AWS's answer to the last attempt."""

    region: str
    reading: PriceReading | None
    error: str = ""
    tried_at: datetime | None = None

    @property
    def read_at(self) -> datetime | None:
        return self.reading.read_at if self.reading else None

    @property
    def published_at(self) -> datetime | None:
        return self.reading.published_at if self.reading else None

    @property
    def prices(self) -> int | None:
        return self.reading.prices if self.reading else None

    @property
    def changed(self) -> int | None:
        return self.reading.changed if self.reading else None

    def is_old(self, now: datetime) -> bool:
        """Whether it was read too long ago to be trusted for today."""
        return self.reading is None or now - self.reading.read_at > OLD_AFTER


@dataclass(frozen=True)
class PricePage:
    """Everything of the page, of one scope at one moment."""

    used: Sequence[UsedPrice]
    missing: Sequence[MissingPrice]
    entered: Sequence[Price]
    discounts: Sequence[Discount]
    rates: Sequence[ExchangeRate]
    readings: Sequence[RegionReading]
    foreign: Mapping[str, int] = field(default_factory=dict)
    snapshot_date: date = snapshot.SNAPSHOT_DATE

    def from_layer(self, layer: Layer) -> int:
        """How many prices in use come from there."""
        return sum(row.price is not None and row.price.layer is layer for row in self.used)


def page(scope: ScopeFilter, now: datetime) -> PricePage:
    """The prices of a scope. Nine queries at most, however large the fleet."""
    today = now.date()
    readings = _readings(scope)
    regions = [each.region for each in readings]
    endpoints, jobs = _endpoints_by_place(scope, today), _jobs_by_place(scope, now)
    keys = sorted({*endpoints, *jobs}, key=_order)
    stored = list(Price.objects.filter(region__in=regions, item__in={key[2] for key in keys}))
    history = prices.history_of(stored, regions)
    found = _missing(scope, today)
    return PricePage(
        used=_used(keys, endpoints, jobs, history, today),
        missing=[_with_reason(row, history) for row in found],
        entered=_entered(regions),
        discounts=_discounts(scope),
        rates=list(ExchangeRate.objects.order_by("currency", "-first_day")),
        readings=readings,
        foreign=_foreign(stored, keys),
    )


def item_history(key: Key, today: date) -> tuple[list[DatedPrice], DatedPrice | None, list[Price]]:
    """Every price one item has had, newest first; the one in force today; and the entries of people among them."""
    region, component, item = key
    stored = list(Price.objects.filter(region=region, component=component, item=item))
    history = prices.history_of(stored, [region])
    held = [price for price in history.prices if price.key == key]
    held.sort(key=lambda each: (each.first or date.min, each.layer), reverse=True)
    entered = [row for row in stored if row.origin == Price.Origin.MANUAL]
    return held, history.in_force(today).get(key), entered


def files(scope: ScopeFilter) -> list[DatedPrice]:
    """Every price of the scope's regions through time, for a file."""
    regions = [each.region for each in _readings(scope)]
    return sorted(
        prices.history(*regions).prices, key=lambda each: (*_order(each.key), each.first or date.min)
    )


def _order(key: Key) -> tuple[str, int, str]:
    region, component, item = key
    return region, list(CostComponent).index(component), item.zfill(8) if item.isdigit() else item


def _used(
    keys: Iterable[Key],
    endpoints: Mapping[Key, int],
    jobs: Mapping[Key, int],
    history: PriceHistory,
    today: date,
) -> list[UsedPrice]:
    book, in_force = history.on(today), history.in_force(today)
    changes: dict[Key, set[date]] = defaultdict(set)
    for price in history.prices:
        if price.first is not None:
            changes[price.key].add(price.first)
    rows = []
    for key in keys:
        point = book.find(*key)
        rows.append(
            UsedPrice(
                key, in_force.get(key), point.usd if point else None, endpoints.get(key, 0), jobs.get(key, 0),
                len(changes[key]), "" if point else book.why_missing(*key),
            )
        )  # fmt: skip
    return rows


def _endpoints_by_place(scope: ScopeFilter, today: date) -> dict[Key, int]:
    """Endpoints by what they used today or yesterday. Lines that stand for hours not read are no items."""
    rows = (
        DailyCost.objects.filter(scope.q("endpoint__shard"), day__gte=today - timedelta(days=1))
        .exclude(Q(item="") | Q(unit="hour"))
        .values_list("endpoint__shard__region", "component", "item")
        .annotate(endpoints=Count("endpoint_id", distinct=True))
        .order_by()
    )
    return {(region, CostComponent(component), item): count for region, component, item, count in rows}


def _jobs_by_place(scope: ScopeFilter, now: datetime) -> dict[Key, int]:
    rows = (
        TransformJob.objects.filter(scope.q("shard"), created_at__gte=now - LOOKED_BACK)
        .exclude(instance_type="")
        .values_list("shard__region", "instance_type")
        .annotate(jobs=Count("id"))
        .order_by()
    )
    return {(region, CostComponent.BATCH_TIME, item): count for region, item, count in rows}


def _missing(scope: ScopeFilter, today: date) -> list[MissingPrice]:
    """What was used without a price in the last 30 days, most endpoints first. Two queries."""
    unpriced = DailyCost.objects.filter(
        scope.q("endpoint__shard"), day__gt=today - LOOKED_BACK, amount=None, confidence=Confidence.UNPRICED
    )
    place = ("endpoint__shard__region", "component", "item")
    groups = (
        unpriced.values_list(*place)
        .annotate(Count("endpoint_id", distinct=True), Count("day", distinct=True), Min("day"), Max("day"))
        .order_by()
    )
    names: dict[tuple[str, str, str], list[tuple[int, str]]] = defaultdict(list)
    if groups:
        named = unpriced.order_by("endpoint__name", "endpoint_id").values_list(
            *place, "endpoint_id", "endpoint__name"
        )
        for region, component, item, pk, name in named.distinct():
            names[region, component, item].append((pk, name))
    rows = [
        MissingPrice(
            (region, CostComponent(component), item), endpoints, days, first, last, "",
            tuple(names[region, component, item][:_NAMED]),
        )
        for region, component, item, endpoints, days, first, last in groups
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row.endpoints, _order(row.key)))


def _with_reason(row: MissingPrice, history: PriceHistory) -> MissingPrice:
    """Why there is no price on the last of the days; one that holds since then is on its way into the figures."""
    book = history.on(row.last)
    if book.find(*row.key) is not None:
        return replace(row, reason="a price is known now; these days are being worked out again")
    reason = book.why_missing(*row.key)
    since = next((day for day in history.changes if day > row.last and history.on(day).find(*row.key)), None)
    return replace(row, reason=reason if since is None else f"{reason} before {since}")


def _entered(regions: Sequence[str]) -> list[Price]:
    rows = Price.objects.filter(origin=Price.Origin.MANUAL, region__in=regions)
    return list(rows.order_by("region", "component", "item", "-first_day"))


def _discounts(scope: ScopeFilter) -> list[Discount]:
    rows = Discount.objects.select_related("account").order_by("-first_day", "name", "pk")
    if scope.accounts:
        rows = rows.filter(Q(account=None) | Q(account__account_id__in=scope.accounts))
    return list(rows)


def _foreign(stored: Iterable[Price], keys: Iterable[Key]) -> dict[str, int]:
    """How many places in use AWS prices in another currency, by currency."""
    used, found = set(keys), defaultdict(set)
    for row in stored:
        place = (row.region, CostComponent(row.component), row.item)
        if row.currency != "USD" and place in used and row.last_day is None:
            found[row.currency].add(place)
    return {currency: len(places) for currency, places in sorted(found.items())}


def _readings(scope: ScopeFilter) -> list[RegionReading]:
    """Every region in use with the last reading of its price list. Two queries."""
    shards = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True).order_by("region", "pk")
    sections: dict[str, dict[str, Any]] = {}
    for region, found in shards.values_list("region", "sections"):
        sections.setdefault(region, found.get("prices") or {})
    known = {row.region: row for row in PriceReading.objects.filter(region__in=list(sections))}
    return [_reading(region, known.get(region), told) for region, told in sections.items()]


def _reading(region: str, known: PriceReading | None, told: Mapping[str, Any]) -> RegionReading:
    tried, error = told.get("tried_at"), told.get("error") or {}
    return RegionReading(
        region, known, error.get("message", ""), datetime.fromisoformat(tried) if tried else None
    )
