"""The true totals of every variant over a window, and what they cost, metered independently of any client.

Costs follow the capacity history and the simulator's own prices: serverless per millisecond, provisioned
concurrency per level and second, instances per minute, volumes per minute of the calendar month (UTC).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from simulator.catalogue import component_series
from simulator.clock import instant_of, minute_of
from simulator.instances import instance_type
from simulator.pricebook import PriceList
from simulator.records import Capacity, Endpoint, Variant
from simulator.series import Series, series_of
from simulator.world import Region, World

COUNTS = ("served", "faults", "rejects", "cold_starts", "misses", "unloads", "on_provisioned", "busy_us")
Costs = dict[str, Decimal | None]


def truth(world: World, prices: PriceList, start: datetime, end: datetime) -> dict[str, Any]:
    """Totals of [start, end), closed minutes only, by variant, and over the fleet.

    Money is a decimal string in USD; a component without a price is null and left out of the totals.
    """
    low = minute_of(start) + (1 if start != instant_of(minute_of(start)) else 0)
    high = minute_of(end)
    rows = []
    for account in world.accounts.values():
        for region in account.regions.values():
            for endpoint in [*region.endpoints.values(), *region.retired]:
                for variant in [*endpoint.variants, *endpoint.shadows, *endpoint.retired_variants]:
                    rows.append(_row(account.alias, region, endpoint, variant, prices, low, high))
    return {
        "start": instant_of(low).isoformat(),
        "end": instant_of(high).isoformat(),
        "variants": [_printable(row) for row in rows],
        "fleet": _fleet(rows),
    }


def _row(
    alias: str, region: Region, endpoint: Endpoint, variant: Variant, prices: PriceList, low: int, high: int
) -> dict[str, Any]:
    series = series_of(endpoint, variant)
    serving = _serving(region, endpoint, variant, series)
    sums = {name: sum(part.total(name, low, high) for part in serving) for name in COUNTS}
    requests = series_requests(endpoint, sums)
    row: dict[str, Any] = {
        "account": region.account_id,
        "alias": alias,
        "region": region.name,
        "endpoint": endpoint.name,
        "variant": variant.name,
        "created": endpoint.created.isoformat(),
        "deleted": endpoint.deleted.isoformat() if endpoint.deleted else None,
        "kind": kind_of(endpoint, variant),
        "invocations": sums["served"],
        "errors_5xx": sums["faults"],
        "errors_4xx": sums["rejects"],
        "cold_starts": sums["cold_starts"],
        "cache_requests": requests,
        "cache_hits": requests - sums["misses"],
        "hit_ratio": (requests - sums["misses"]) / requests if requests else None,
        "unloads": sums["unloads"],
        "provisioned_invocations": sums["on_provisioned"],
        "busy_ms": Decimal(sums["busy_us"]) / 1000,
        "instance_minutes": _instance_minutes(series, low, high),
        **_bytes(variant, sums["served"]),
    }
    row["cost"] = _costs(region.name, endpoint, series, prices, low, high)
    row["cost_total"] = sum((usd for usd in row["cost"].values() if usd is not None), Decimal(0))
    row["unpriced"] = sorted(name for name, usd in row["cost"].items() if usd is None)
    return row


def _serving(region: Region, endpoint: Endpoint, variant: Variant, whole: Series) -> list[Series]:
    """What answers a variant's requests: its inference components where it has some, which are all that is called."""
    if endpoint.hosting_kind != "component":
        return [whole]
    return list(component_series(region, endpoint).values()) if variant is endpoint.variants[0] else []


def series_requests(endpoint: Endpoint, sums: dict[str, int]) -> int:
    """Requests that consulted a model cache: all of a multi-model endpoint's, none of the others'."""
    return sums["served"] if endpoint.hosting_kind == "mme" else 0


def kind_of(endpoint: Endpoint, variant: Variant) -> str:
    """How a variant is hosted: serverless, async, or what the endpoint's models make of it."""
    if variant.capacity.hosting == "serverless":
        return "serverless"
    return "async" if endpoint.async_config else endpoint.hosting_kind


def _bytes(variant: Variant, served: int) -> dict[str, int]:
    traffic = variant.traffic[-1][1] if variant.traffic else None
    get = traffic.get if traffic else lambda _, default: default
    return {"bytes_in": served * get("bytes_in", 4096), "bytes_out": served * get("bytes_out", 1024)}


def _instance_minutes(series: Series, low: int, high: int) -> int:
    return sum(c.instances * minutes for c, minutes in _capacities(series, low, high))


def _capacities(series: Series, low: int, high: int) -> list[tuple[Capacity, int]]:
    """Each capacity in force and for how many minutes of the window."""
    spans = []
    for segment in series.segments:
        minutes = min(high, segment.end) - max(low, segment.start)
        if minutes > 0:
            spans.append((segment.capacity, minutes))
    return spans


def _costs(region: str, endpoint: Endpoint, series: Series, prices: PriceList, low: int, high: int) -> Costs:
    costs: Costs = {}
    for capacity, minutes in _capacities(series, low, high):
        if capacity.hosting == "serverless":
            _add_provisioned(costs, region, capacity, minutes, prices)
        else:
            _add_instances(costs, region, endpoint, capacity, minutes, prices)
    _add_volumes(costs, region, series, prices, low, high)
    for day, first, last, _ in series.pieces(low, high):
        capacity = day.capacity
        if capacity.hosting != "serverless":
            continue
        size = str(capacity.memory_mb // 1024)
        busy = day.prefix("busy_us")[last] - day.prefix("busy_us")[first]
        warm = day.prefix("busy_on_provisioned_us")[last] - day.prefix("busy_on_provisioned_us")[first]
        _add(
            costs, "serverless_duration", Decimal(busy - warm) / 10**6, prices.usd(region, "serverless", size)
        )
        if capacity.provisioned:
            _add(costs, "pc_duration", Decimal(warm) / 10**6, prices.usd(region, "pc-duration", size))
    return costs


def _add_provisioned(costs: Costs, region: str, capacity: Capacity, minutes: int, prices: PriceList) -> None:
    if capacity.provisioned:
        size = str(capacity.memory_mb // 1024)
        seconds = Decimal(capacity.provisioned * minutes * 60)
        _add(costs, "pc_usage", seconds, prices.usd(region, "pc-usage", size))


def _add_instances(
    costs: Costs, region: str, endpoint: Endpoint, capacity: Capacity, minutes: int, prices: PriceList
) -> None:
    hours = Decimal(capacity.instances * minutes) / 60
    if not hours:
        return
    kind = "async" if endpoint.async_config else "host"
    _add(costs, "instance_hours", hours, prices.usd(region, kind, capacity.instance_type))


def _add_volumes(costs: Costs, region: str, series: Series, prices: PriceList, low: int, high: int) -> None:
    for segment in series.segments:
        capacity = segment.capacity
        if not capacity.volume_gb or capacity.hosting == "serverless" or not capacity.instances:
            continue
        if instance_type(capacity.instance_type).local_disk:
            continue
        for minutes, of_month in _months(max(low, segment.start), min(high, segment.end)):
            months = Decimal(capacity.instances * capacity.volume_gb * minutes) / of_month
            _add(costs, "storage", months, prices.usd(region, "storage", "gp2"))


def _months(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The minutes [low, high) by calendar month, each with the minutes that its month has."""
    at = low
    while at < high:
        first = instant_of(at).replace(day=1, hour=0, minute=0)
        whole = monthrange(first.year, first.month)[1] * 1440
        following = minute_of(first) + whole
        yield min(high, following) - at, whole
        at = following


def _add(costs: Costs, name: str, quantity: Decimal, usd: Decimal | None) -> None:
    before = costs.get(name, Decimal(0))
    if not quantity:
        costs.setdefault(name, Decimal(0))
    else:
        costs[name] = None if usd is None or before is None else before + quantity * usd


def _fleet(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = (
        "invocations",
        "errors_5xx",
        "errors_4xx",
        "cold_starts",
        "cache_requests",
        "cache_hits",
        "unloads",
    )
    totals: dict[str, Any] = {name: sum(row[name] for row in rows) for name in (*names, "instance_minutes")}
    requests = totals["cache_requests"]
    totals["hit_ratio"] = totals["cache_hits"] / requests if requests else None
    totals["cost_total"] = str(sum((row["cost_total"] for row in rows), Decimal(0)))
    components: dict[str, Decimal] = {}
    for row in rows:
        for name, usd in row["cost"].items():
            components[name] = components.get(name, Decimal(0)) + (usd or Decimal(0))
    totals["cost"] = {name: str(usd) for name, usd in components.items()}
    totals["unpriced_variants"] = sum(1 for row in rows if row["unpriced"])
    return totals


def _printable(row: dict[str, Any]) -> dict[str, Any]:
    cost = {name: None if usd is None else str(usd) for name, usd in row["cost"].items()}
    return {**row, "busy_ms": str(row["busy_ms"]), "cost": cost, "cost_total": str(row["cost_total"])}
