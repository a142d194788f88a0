"""One-minute metrics of a variant from before it was first read, for its planner: slice by slice, newest first."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import F, Q

from fleet.aws import meter
from fleet.catalogue import MINUTE_SLICE
from fleet.errors import BudgetReached, FleetError
from fleet.models import MinuteFetch, VariantStatus
from fleet.sync import buckets, budget, partitions, windows
from fleet.sync.outcome import write_tally
from fleet.sync.subjects import Subject, load, traffic
from fleet.sync.subjects import fetch as fetch_rows

log = structlog.get_logger(__name__)
CLAIM = timedelta(minutes=5)
"""Longer than a task may take."""
SAFE = timedelta(days=14)
"""Older minutes may be dropped, and leave CloudWatch, while they are read: both keep fifteen days."""
TOO_LONG = "Reading them took longer than the four minutes a worker may spend on it."


def fetch(pk: int, *, clock: Callable[[], datetime]) -> bool:
    """Carry one wish on from where it stands; False when another worker is at it or nothing is missing any more.

    What a slice brought and how far it reaches are stored together: whatever ends the run, the next one goes on there,
    and pays at most one slice twice. Rows that are stored already are amended, never doubled.
    """
    begun = clock()
    free = Q(claimed_until=None) | Q(claimed_until__lte=begun)
    open_ = MinuteFetch.objects.filter(free, pk=pk, done_from__gt=F("wanted_from"))
    if not open_.update(claimed_until=begun + CLAIM):
        return False
    row = MinuteFetch.objects.select_related("variant__endpoint__shard__account").get(pk=pk)
    with meter.recording() as tally:
        stop, failure = _attempt(row, clock)
    write_tally(row.variant.endpoint.shard_id, tally, now=clock())
    MinuteFetch.objects.filter(pk=pk).update(claimed_until=None, ended_at=clock(), stop=stop, failure=failure)
    log.info("minutes.fetched", variant=row.variant_id, metrics=row.metrics, stop=stop)
    return True


def _attempt(row: MinuteFetch, clock: Callable[[], datetime]) -> tuple[str, str]:
    """Fetch slice after slice; what stopped it, "" when it is complete, and why in words."""
    try:
        for item in load(VariantStatus.objects.filter(pk=row.variant_id)):
            while not row.is_complete:
                _slice(row, item, clock())
    except BudgetReached as error:
        return MinuteFetch.Stop.BUDGET, str(error)
    except SoftTimeLimitExceeded:
        return MinuteFetch.Stop.ERROR, TOO_LONG
    except FleetError as error:
        return MinuteFetch.Stop.ERROR, str(error)
    return "", ""


def _slice(row: MinuteFetch, item: Subject, now: datetime) -> None:
    """The newest slice that is missing, up to what is still kept."""
    oldest = max(row.wanted_from, windows.floor(now - SAFE, windows.HOUR_S))
    start = max(oldest, row.done_from - MINUTE_SLICE)
    if start >= row.done_from:
        # A wish that waited for days: what it lacked is not to be had any more.
        row.wanted_from = row.done_from
        row.save(update_fields=["wanted_from"])
        return
    shard = row.variant.endpoint.shard
    book = budget.booking(shard, budget.MINUTES, now=now)
    found = fetch_rows(shard.scope, [item], windows.MINUTE_S, (start, row.done_from), book)
    for block in found:
        block.rows[:] = traffic(block)
    with transaction.atomic():
        buckets.merge_blocks(partitions.FINE_TABLE, found)
        row.done_from, row.metrics = start, row.metrics + len(item.metrics)
        row.save(update_fields=["done_from", "metrics"])
