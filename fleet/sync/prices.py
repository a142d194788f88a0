"""The prices section: what the Price List says for every region in use."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from fleet.aws import meter, pricing
from fleet.costs.price_book import UNITS, VOLUME
from fleet.models import Price, Shard
from fleet.sync.outcome import Outcome, save, section, write_tally
from fleet.types import CostComponent, PricePoint

EVERY = timedelta(hours=24)
RETRY_AFTER = timedelta(hours=1)
SOURCE = "AWS Price List API"

# usage type suffix → component. The prefix differs by region and may be missing, so only the end is compared:
# "…ServerlessInf:Mem-2GB" executes on demand, "…ProvisionedConcurrency:Mem-2GB" on provisioned concurrency.
_PROVISIONED_USAGE = "ProvisionedConcurrency:Usage-"
_PROVISIONED_RUN = "ProvisionedConcurrency:Mem-"
_ON_DEMAND = "ServerlessInf:Mem-"
_BATCH = "Tsform:"
_SELECTIONS: tuple[dict[str, str], ...] = (
    {"productFamily": "ML Instance", "component": "Hosting"},
    {"productFamily": "ML Serverless"},
    {"volumeType": "General Purpose-Hosting"},
)


def refresh(*, now: datetime, force: bool = False) -> list[Outcome]:
    """Fetch the prices of every region whose turn it is; one region that fails does not stop the others.

    The result and the calls are recorded on the region's first shard and copied to its other ones.
    """
    return [_refresh_region(shards, now) for shards in due_regions(now, force=force).values()]


def due_regions(now: datetime, *, force: bool = False) -> dict[str, list[Shard]]:
    """Shards by region where no price list was read within a day (an hour after a failure)."""
    by_region: dict[str, list[Shard]] = {}
    rows = Shard.objects.filter(enabled=True, account__enabled=True).select_related("account").order_by("pk")
    for shard in rows:
        by_region.setdefault(shard.region, []).append(shard)
    return {r: shards for r, shards in by_region.items() if force or any(_is_due(s, now) for s in shards)}


def points(products: Iterable[Mapping[str, Any]], region: str) -> Iterator[PricePoint]:
    """Price points of Price List products; products that price nothing Flotilla knows are passed over.

    The published serverless rate is already that of the memory size: it is not multiplied by gigabytes again.
    """
    for product in products:
        attributes = product["product"]["attributes"]
        place = _place(attributes)
        if place is None or attributes.get("regionCode") != region:
            continue
        component, item = place
        for term in product.get("terms", {}).get("OnDemand", {}).values():
            for dimension in term["priceDimensions"].values():
                usd = _decimal(dimension["pricePerUnit"].get("USD"))
                if usd is not None:
                    yield PricePoint(
                        region, component, item, UNITS[component], usd, _source(attributes), _day(term)
                    )


def _is_due(shard: Shard, now: datetime) -> bool:
    known = shard.sections.get("prices") or {}
    if not known.get("tried_at"):
        return True
    wait = RETRY_AFTER if known.get("error") else EVERY
    return now - datetime.fromisoformat(known["tried_at"]) >= wait


def _refresh_region(shards: list[Shard], now: datetime) -> Outcome:
    first = shards[0]
    outcome = Outcome(first.pk)
    with meter.recording() as tally:
        section(outcome, first, "prices", lambda: _fetch(first, now), now=now)
    write_tally(first.pk, tally, now=now)
    save(Shard.objects.filter(pk__in=[shard.pk for shard in shards]), outcome.records)
    outcome.calls = tally.calls
    return outcome


def _fetch(shard: Shard, now: datetime) -> int:
    found: dict[tuple[CostComponent, str], PricePoint] = {}
    for selection in _SELECTIONS:
        for point in points(pricing.sagemaker_products(shard.scope, shard.region, **selection), shard.region):
            found[point.component, point.item] = point
    store(found.values(), now)
    return len(found)


def store(found: Iterable[PricePoint], now: datetime) -> None:
    """Write Price List prices over the ones known; at most one point per place."""
    Price.objects.bulk_create(
        [
            Price(
                region=p.region,
                component=p.component,
                item=p.item,
                unit=p.unit,
                usd=p.usd,
                origin=Price.Origin.API,
                source=p.source,
                source_date=p.source_date,
                fetched_at=now,
            )
            for p in found
        ],
        update_conflicts=True,
        unique_fields=["region", "component", "item", "origin"],
        update_fields=["unit", "usd", "source", "source_date", "fetched_at"],
        batch_size=500,
    )


def _place(attributes: Mapping[str, str]) -> tuple[CostComponent, str] | None:
    """What a product pays for: component and item; None when it is nothing Flotilla prices."""
    usage = attributes.get("usagetype", "")
    if attributes.get("component") == "Hosting":
        # "Host:" only: asynchronous endpoints are billed at it too, and "AsyncInf:" would overwrite it.
        name = attributes.get("instanceName", "")
        return (CostComponent.INSTANCE_TIME, name) if usage.endswith(f"Host:{name}") and name else None
    _, is_batch, name = usage.rpartition(_BATCH)
    if is_batch:
        return (CostComponent.BATCH_TIME, name) if name else None
    if attributes.get("volumeType") == "General Purpose-Hosting":
        return (CostComponent.STORAGE, VOLUME) if usage.endswith(f"Host:VolumeUsage.{VOLUME}") else None
    for mark, component in (
        (_PROVISIONED_USAGE, CostComponent.KEPT_WARM),
        (_PROVISIONED_RUN, CostComponent.EXECUTION_PROVISIONED),
        (_ON_DEMAND, CostComponent.EXECUTION_ON_DEMAND),
    ):
        _, found, size = usage.rpartition(mark)
        if found and size.removesuffix("GB").isdigit() and size.endswith("GB"):
            return component, str(int(size.removesuffix("GB")) * 1024)
    return None


def _decimal(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None


def _source(attributes: Mapping[str, str]) -> str:
    note = f" ({attributes['note']})" if attributes.get("note") else ""
    return f"{SOURCE}, usage type {attributes.get('usagetype', '')}{note}"[:512]


def _day(term: Mapping[str, Any]) -> date:
    return datetime.fromisoformat(term["effectiveDate"].replace("Z", "+00:00")).date()
