"""The prices section: what the Price List says for every region in use, and since when."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from fleet.aws import meter, pricing
from fleet.costs.price_book import UNITS
from fleet.costs.price_history import USD, DatedPrice
from fleet.models import Price, PriceReading, Shard
from fleet.sync.outcome import Outcome, save, section, write_tally
from fleet.sync.price_list import Reading

EVERY = timedelta(hours=24)
RETRY_AFTER = timedelta(hours=1)
_LOCK = 0x70726963

_SELECTIONS: tuple[dict[str, str], ...] = (
    {"productFamily": "ML Instance", "component": "Hosting"},
    {"productFamily": "ML Serverless"},
    {"volumeType": "General Purpose-Hosting"},
    {"operation": "Invoke-Endpoint"},
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
    """Read a region's list whole, then write it: a reading that breaks off changes nothing. How many prices it had."""
    reading = Reading()
    for selection in _SELECTIONS:
        reading.add(pricing.sagemaker_products(shard.scope, shard.region, **selection), shard.region)
    with transaction.atomic():
        changed = store(reading.prices.values(), now)
        _note(shard.region, reading, changed, now)
    return len(reading.prices)


def _note(region: str, reading: Reading, changed: int, now: datetime) -> None:
    told: dict[str, Any] = {
        "read_at": now,
        "published_at": reading.published_at,
        "products": reading.products,
        "prices": len(reading.prices),
        "changed": changed,
        "passed_over": dict(reading.passed_over),
    }
    PriceReading.objects.update_or_create(region=region, defaults=told)


def store(found: Iterable[DatedPrice], now: datetime) -> int:
    """Write what the Price List has that is not known yet, at most one price a place; how many were new or changed.

    The first price of a place holds for every day. A different one holds from today (UTC) on and ends the former
    yesterday, whatever day AWS names: a day that has passed keeps its price. Of two changes a day the last one counts.
    """
    wanted = {(price.region, price.component.value, price.item): price for price in found}
    today = now.astimezone(UTC).date()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        regions = {region for region, _, _ in wanted}
        held = Price.objects.filter(region__in=regions, origin=Price.Origin.API, last_day=None)
        known = {(row.region, row.component, row.item): row for row in held}
        news = {place: price for place, price in wanted.items() if not _is_same(known.get(place), price)}
        rows = [_row(price, known.get(place), today, now) for place, price in news.items()]
        former = [row for place, row in known.items() if place in news]
        _end(former, today)
        Price.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def _is_same(row: Price | None, price: DatedPrice) -> bool:
    if row is None:
        return False
    amount = row.quoted if row.usd is None else row.usd
    return (row.currency, amount) == (price.currency, price.amount)


def _end(former: list[Price], today: date) -> None:
    """Let prices end yesterday; one that has held since today only never did."""
    replaced = [row.pk for row in former if row.first_day is not None and row.first_day >= today]
    ended = [row.pk for row in former if row.pk not in replaced]
    Price.objects.filter(pk__in=replaced).delete()
    Price.objects.filter(pk__in=ended).update(last_day=today - timedelta(days=1))


def _row(price: DatedPrice, former: Price | None, today: date, now: datetime) -> Price:
    is_usd = price.currency == USD
    return Price(
        region=price.region,
        component=price.component,
        item=price.item,
        unit=UNITS[price.component],
        usd=price.amount if is_usd else None,
        currency=price.currency,
        quoted=None if is_usd else price.amount,
        origin=Price.Origin.API,
        source=price.source,
        source_date=price.source_date,
        fetched_at=now,
        first_day=None if former is None else today,
    )
