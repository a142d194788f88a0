"""What is due, asked of the tables and claimed there, so that two ticks at once ring each shard once."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import models, transaction

from fleet import locks
from fleet.models import Shard
from fleet.sync import prices

PRICES_CLAIM = "flotilla:claim:prices"
PRICES_CLAIM_S = 300
# Spreads shards over the interval without a random number: successive ids land far apart.
_SPREAD = 0.618033988749895

Ring = Callable[[int], object]


def ring(
    now: datetime, *, inventory: Ring, metrics: Ring, backfill: Ring, prices: Callable[[], object]
) -> None:
    """Call each doorbell with the ids of the shards it is due for; a late shard is rung once, not per miss."""
    _ring_each(inventory, _claim("inventory_due_at", settings.INVENTORY_INTERVAL_S, now))
    _ring_each(metrics, _claim("metrics_due_at", settings.METRICS_INTERVAL_S, now))
    _ring_each(backfill, backfills())
    if _claims_prices(now):
        prices()


def backfills() -> list[int]:
    """Shards whose hourly history is incomplete and that nobody is working on."""
    unfinished = models.Q(backfill_until=None) | models.Q(backfill_done_until=None)
    unfinished |= models.Q(backfill_done_until__lt=models.F("backfill_until"))
    rows = _enabled().filter(unfinished).exclude(inventory_ok_at=None)
    return [pk for pk in rows.values_list("pk", flat=True) if not locks.is_held(f"backfill:{pk}")]


def next_due(shard_id: int, interval_s: int, now: datetime) -> datetime:
    """The next instant of the shard's own grid (interval plus offset) after `now`."""
    offset = timedelta(seconds=int(interval_s * ((shard_id * _SPREAD) % 1)))
    interval = timedelta(seconds=interval_s)
    epoch = datetime(2020, 1, 1, tzinfo=UTC) + offset
    return epoch + ((now - epoch) // interval + 1) * interval


def _claim(field: str, interval_s: int, now: datetime) -> list[int]:
    """Move the due time of every due shard on, and return those this call moved."""
    with transaction.atomic():
        due = models.Q(**{field: None}) | models.Q(**{f"{field}__lte": now})
        rows = list(_enabled().filter(due).select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
        for row in rows:
            setattr(row, field, next_due(row.pk, interval_s, now))
        Shard.objects.bulk_update(rows, [field])
    return [row.pk for row in rows]


def _enabled() -> models.QuerySet[Shard]:
    return Shard.objects.filter(enabled=True, account__enabled=True)


def _claims_prices(now: datetime) -> bool:
    return bool(prices.due_regions(now)) and bool(cache.add(PRICES_CLAIM, 1, PRICES_CLAIM_S))


def _ring_each(doorbell: Ring, shard_ids: Iterable[int]) -> None:
    for shard_id in shard_ids:
        doorbell(shard_id)
