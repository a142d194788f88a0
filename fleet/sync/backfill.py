"""The hourly history of a shard, fetched slice by slice so that it can be interrupted and resumed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from fleet.catalogue import HISTORY_SLICE
from fleet.models import Shard, VariantStatus
from fleet.sync import buckets, budget, partitions, windows
from fleet.sync.subjects import fetch, load
from fleet.types import Kind

CHUNK = 200


def run(shard: Shard, *, now: datetime, keep_alive: Callable[[], None]) -> int:
    """Fetch one more slice; the number of rows written. Progress stands on the shard, so the next run goes on there.

    Every metric is paid once per slice, so slices are as long as one call can carry. Progress is noted after each
    portion of variants together with its rows: what was paid for is not asked again, whatever ends the run.
    """
    _begin(shard, now)
    assert shard.backfill_from is not None
    assert shard.backfill_until is not None
    start = shard.backfill_done_until or shard.backfill_from
    if start >= shard.backfill_until:
        return 0
    end = min(start + HISTORY_SLICE, shard.backfill_until)
    rows = VariantStatus.objects.filter(endpoint__shard=shard, endpoint__created_at__lt=end)
    items = load(rows.filter(pk__gt=shard.backfill_variant).exclude(endpoint__kind=Kind.UNKNOWN))
    book = budget.booking(shard, budget.HISTORY, now=now)
    written = 0
    for first in range(0, len(items), CHUNK):
        keep_alive()
        portion = items[first : first + CHUNK]
        found = fetch(shard.scope, portion, windows.HOUR_S, (start, end), book)
        written += buckets.merge_blocks(partitions.HOUR_TABLE, found).changed
        shard.backfill_variant = portion[-1].variant_id
        shard.save(update_fields=["backfill_variant"])
    shard.backfill_done_until, shard.backfill_variant = end, 0
    shard.save(update_fields=["backfill_done_until", "backfill_variant"])
    return written


def _begin(shard: Shard, now: datetime) -> None:
    """Fix the span of history once: from a UTC midnight, so that its first day is whole, to the regular readings."""
    if shard.backfill_until is None:
        shard.backfill_until = windows.floor(now, windows.HOUR_S)
        shard.backfill_from = windows.floor(now - timedelta(days=settings.BACKFILL_DAYS), windows.DAY_S)
        shard.save(update_fields=["backfill_from", "backfill_until"])
