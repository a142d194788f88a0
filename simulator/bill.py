"""What AWS charges for everything that ran: its own meter, from the traffic and from who ran when, to the second.

It shares no arithmetic with truth.py, which totals what was used by whole minutes. Instances and provisioned
concurrency are charged by the second, each serverless request by its duration rounded up to whole milliseconds,
volumes by the share of the calendar month, data by the byte.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from simulator import plans
from simulator.charges import CREDIT, DISCOUNT, TAX, USAGE, Charge
from simulator.instances import instance_type
from simulator.pricebook import PriceList, Rate
from simulator.records import Capacity, Endpoint, Variant
from simulator.series import series_of
from simulator.traffic import DAY
from simulator.world import Region, World

GIB = 2**30
HOUR = 60
EPOCH_DAY = date(1970, 1, 1)

Span = tuple[datetime, datetime, Capacity]
Amounts = dict[Rate, Decimal]


def charges(world: World, prices: PriceList, start: datetime, end: datetime) -> Iterator[Charge]:
    """Every charge for usage in [start, end), by UTC day: endpoints, jobs, other usage, then what adjusts them."""
    for first, last in _days(start, end):
        for account in world.accounts.values():
            regions = account.regions.values()
            found = [each for region in regions for each in region_day(region, prices, first, last)]
            yield from plans.applied(account, found, first, last)


def document(world: World, prices: PriceList, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """The bill of [start, end) by account, region, endpoint, day and usage type; money as decimal strings, USD."""
    return [
        {
            "account": charge.account,
            "service": charge.service,
            "region": charge.region,
            "endpoint": charge.endpoint,
            "day": charge.day.isoformat(),
            "usage_type": charge.usage_type,
            "record_type": charge.record_type,
            "unit": charge.unit,
            "quantity": str(charge.quantity),
            "usd": str(charge.usd),
        }
        for charge in charges(world, prices, start, end)
    ]


def region_day(region: Region, prices: PriceList, first: datetime, last: datetime) -> list[Charge]:
    """The charges of one region for [first, last), which lies within one UTC day, before its account's Savings Plan."""
    found = []
    for endpoint in [*region.endpoints.values(), *region.retired]:
        amounts: Amounts = defaultdict(Decimal)
        for variant in [*endpoint.variants, *endpoint.shadows, *endpoint.retired_variants]:
            _add_variant(amounts, region, endpoint, variant, prices, first, last)
        found += _written(region, first.date(), endpoint.name, amounts, _tags(region, endpoint.arn))
    for document in region.transform_jobs.values():
        amounts = defaultdict(Decimal)
        _add_job(amounts, region, document, prices, first, last)
        found += _written(region, first.date(), "", amounts, _tags(region, document["TransformJobArn"]))
    found += _other_usage(region, prices, first, last)
    return found + _adjustments(region, found, first.date())


def _add_variant(
    amounts: Amounts,
    region: Region,
    endpoint: Endpoint,
    variant: Variant,
    prices: PriceList,
    first: datetime,
    last: datetime,
) -> None:
    for begin, until, capacity in _held(variant, first, last):
        seconds = Decimal((until - begin) // timedelta(microseconds=1)) / 10**6
        if capacity.hosting == "serverless":
            if capacity.provisioned:
                warm = prices.rate(region.name, "pc-usage", str(capacity.memory_mb // 1024))
                amounts[warm] += capacity.provisioned * seconds
            continue
        if not capacity.instances:
            continue
        kind = "async" if endpoint.async_config else "host"
        machine = prices.rate(region.name, kind, capacity.instance_type)
        amounts[machine] += capacity.instances * seconds / 3600
        if capacity.volume_gb and not instance_type(capacity.instance_type).local_disk:
            month_s = monthrange(first.year, first.month)[1] * 86400
            disk = prices.rate(region.name, "storage", "gp2")
            amounts[disk] += capacity.instances * capacity.volume_gb * seconds / month_s
    _add_requests(amounts, region, endpoint, variant, prices, first, last)


def _add_requests(
    amounts: Amounts,
    region: Region,
    endpoint: Endpoint,
    variant: Variant,
    prices: PriceList,
    first: datetime,
    last: datetime,
) -> None:
    """Requests of one UTC day: their billed durations, and the bytes they carried."""
    for day, low, high, _ in series_of(endpoint, variant).pieces(_minute(first), _minute(last)):
        calls, warm_calls = day.prefix("served"), day.prefix("on_provisioned")
        served, get = calls[high] - calls[low], day.key.traffic.get
        for way, default in (("In", 4096), ("Out", 1024)):
            size = get(f"bytes_{way.lower()}", default)
            rate = prices.rate(region.name, "data", way)
            amounts[rate] += Decimal(served * size) / GIB
        if day.capacity.hosting != "serverless":
            continue
        size_gb = str(day.capacity.memory_mb // 1024)
        for hour in range(low // HOUR, -(-high // HOUR)):
            begin, until = max(low, hour * HOUR), min(high, (hour + 1) * HOUR)
            # Whoever pays by the millisecond pays for a begun one (AWS Lambda pricing says so of its own).
            billed_ms = -(-day.demand.latency_us[hour] // 1000)
            warm = warm_calls[until] - warm_calls[begin]
            cold = calls[until] - calls[begin] - warm
            if cold:
                plain = prices.rate(region.name, "serverless", size_gb)
                amounts[plain] += Decimal(cold * billed_ms) / 1000
            if warm:
                lower = prices.rate(region.name, "pc-duration", size_gb)
                amounts[lower] += Decimal(warm * billed_ms) / 1000


def _add_job(
    amounts: Amounts,
    region: Region,
    document: dict[str, Any],
    prices: PriceList,
    first: datetime,
    last: datetime,
) -> None:
    begun, ended = document.get("TransformStartTime"), document.get("TransformEndTime") or last
    if begun is None:
        return
    begin, until = max(first, begun), min(last, ended)
    if begin < until:
        resources = document["TransformResources"]
        rate = prices.rate(region.name, "transform", resources["InstanceType"])
        seconds = Decimal((until - begin) // timedelta(microseconds=1)) / 10**6
        amounts[rate] += resources["InstanceCount"] * seconds / 3600


def _other_usage(region: Region, prices: PriceList, first: datetime, last: datetime) -> list[Charge]:
    """SageMaker usage that is no hosting: so much a day, as the fleet file says."""
    share = Decimal((last - first) // timedelta(seconds=1)) / 86400
    prefix = prices.prefix(region.name)
    return [
        Charge(
            region.account_id,
            region.name,
            first.date(),
            "",
            f"{prefix}{entry['usage_type']}",
            entry.get("unit", "Hrs"),
            Decimal(str(entry["per_day"])) * share,
            Decimal(str(entry["per_day"])) * Decimal(str(entry["usd"])) * share,
        )
        for entry in region.billing.get("other_usage", [])
    ]


def _adjustments(region: Region, found: list[Charge], day: date) -> list[Charge]:
    """Discounts, credits and taxes on a day's usage, one line per kind: shares of its sum."""
    total = sum((charge.usd for charge in found), Decimal(0))
    shares = [
        (DISCOUNT, "discount", -1),
        (CREDIT, "credit", -1),
        (TAX, "tax", 1),
    ]
    return [
        Charge(region.account_id, region.name, day, "", kind, "N/A", Decimal(0), sign * usd, kind)
        for kind, name, sign in shares
        if (usd := total * Decimal(str(region.billing.get(name, 0))))
    ]


def _held(variant: Variant, first: datetime, last: datetime) -> Iterator[Span]:
    """What a variant held within [first, last), and from when until when, to the microsecond."""
    changes = variant.held
    for number, (begun, capacity) in enumerate(changes):
        ended = changes[number + 1][0] if number + 1 < len(changes) else last
        begin, until = max(first, begun), min(last, ended)
        if capacity is not None and begin < until:
            yield begin, until, capacity


def _written(
    region: Region, day: date, endpoint: str, amounts: Amounts, tags: tuple[tuple[str, str], ...]
) -> list[Charge]:
    return [
        Charge(
            region.account_id,
            region.name,
            day,
            endpoint,
            rate.usage_type,
            rate.unit,
            quantity,
            quantity * rate.usd,
            USAGE,
            tags,
        )
        for rate, quantity in amounts.items()
        if quantity
    ]


def _tags(region: Region, arn: str) -> tuple[tuple[str, str], ...]:
    found = region.tags.get(arn) or region.tags.get(arn.lower()) or {}
    return tuple(sorted(found.items()))


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    at = start.astimezone(UTC)
    while at < end:
        following = datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1)
        yield at, min(following, end)
        at = following


def _minute(at: datetime) -> int:
    return (at.date() - EPOCH_DAY).days * DAY + at.hour * 60 + at.minute
