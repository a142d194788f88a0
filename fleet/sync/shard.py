"""One shard's runs: take the lease, work through the sections, record the outcome and when to come again."""

import random
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from fleet import locks
from fleet.aws import meter
from fleet.errors import FleetError, LeaseLost, Throttled, Unavailable
from fleet.models import Shard
from fleet.sync import backfill, components, inventory, metrics, partitions, quotas, scaling, tags
from fleet.sync.outcome import Outcome, section, since, write_tally

MAX_BACKOFF = timedelta(minutes=30)
OUTAGE_BACKOFF = timedelta(minutes=5)
METRICS_RETRY_STEP = 1


def run_inventory(shard_id: int, *, now: datetime) -> Outcome:
    """Mirror endpoints, scaling, tags and quotas of one shard. Does nothing while another run holds its lease.

    A section that fails is recorded on the shard and the next one runs; failures push the next run back.
    """
    outcome, started = Outcome(shard_id), time.monotonic()
    with locks.lease(f"inventory:{shard_id}") as lease, meter.recording() as tally:
        shard = _get(shard_id)
        if lease is None:
            outcome.held = True
            return outcome
        fence = locks.next_fence(shard)
        sections: dict[str, Callable[[], object]] = {
            "inventory": lambda: inventory.run(
                shard,
                now=now,
                fence=fence,
                keep_alive=lease.extend,
                held_since=since(shard, "inventory", "MassDisappearance"),
            ),
            "components": lambda: components.run(shard, now=now, fence=fence),
            "scaling": lambda: scaling.run(shard, now=now, fence=fence),
            "tags": lambda: tags.run(shard, now=now, fence=fence),
        }
        if quotas.is_due(shard, now):
            sections["quotas"] = lambda: quotas.run(shard, now=now, fence=fence)
        try:
            for name, work in sections.items():
                lease.extend()
                section(outcome, shard, name, work, now=now)
        except LeaseLost:
            outcome.held = True
        _count(shard, tally, outcome, now)
        _finish(shard, outcome, now, started)
        return outcome


def run_metrics(shard_id: int, *, now: datetime) -> Outcome:
    """Fetch the newest buckets of one shard and keep the partitions in order. Does nothing while the lease is held."""
    outcome = _run_one(shard_id, "metrics", metrics.run, now=now)
    if outcome.held:
        return outcome
    partitions.drop_expired(now)
    rows = Shard.objects.filter(pk=shard_id)
    if outcome.errors:
        # The failing section's own age says how long it has been failing; a fixed pause keeps metrics from hammering.
        rows.update(metrics_due_at=now + backoff(METRICS_RETRY_STEP, outcome.errors.values()))
    else:
        rows.update(metrics_ok_at=now)
    return outcome


def run_backfill(shard_id: int, *, now: datetime) -> Outcome:
    """Fetch one more slice of the shard's hourly history. Does nothing while another run is at it."""
    return _run_one(shard_id, "backfill", backfill.run, now=now)


def _run_one(shard_id: int, name: str, work: Callable[..., int], *, now: datetime) -> Outcome:
    outcome = Outcome(shard_id)
    with locks.lease(f"{name}:{shard_id}") as lease, meter.recording() as tally:
        if lease is None:
            outcome.held = True
            return outcome
        shard = _get(shard_id)
        try:
            section(outcome, shard, name, lambda: work(shard, now=now, keep_alive=lease.extend), now=now)
        except LeaseLost:
            outcome.held = True
        _count(shard, tally, outcome, now)
    return outcome


def _get(shard_id: int) -> Shard:
    return Shard.objects.select_related("account").get(pk=shard_id)


def _count(shard: Shard, tally: meter.Tally, outcome: Outcome, now: datetime) -> None:
    write_tally(shard.pk, tally, now=now)
    outcome.calls, outcome.metrics_requested = tally.calls, tally.metrics_requested


def _finish(shard: Shard, outcome: Outcome, now: datetime, started: float) -> None:
    rows = Shard.objects.filter(pk=shard.pk)
    rows.update(last_duration_ms=int((time.monotonic() - started) * 1000))
    if "inventory" in outcome.ok_sections:
        rows.update(inventory_ok_at=now, failures=0)
    elif not outcome.held:
        rows.update(
            failures=models.F("failures") + 1,
            inventory_due_at=now + backoff(shard.failures, outcome.errors.values()),
        )


def backoff(failures: int, errors: Iterable[FleetError]) -> timedelta:
    """How long to wait after that many failures in a row: doubling from the interval, with jitter.

    At most five minutes when AWS was merely out of reach or busy, so that an outage is over soon after it ends.
    """
    is_passing = all(isinstance(error, Throttled | Unavailable) for error in errors)
    longest = OUTAGE_BACKOFF if is_passing else MAX_BACKOFF
    base = timedelta(seconds=settings.INVENTORY_INTERVAL_S) * 2 ** min(failures, 10)
    return min(base, longest) * random.uniform(0.8, 1.2)
