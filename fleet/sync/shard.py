"""One shard's runs: take the lease, work through the sections, record the outcome and when to come again."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from fleet import locks
from fleet.aws import meter
from fleet.errors import LeaseLost
from fleet.models import Shard
from fleet.sync import inventory
from fleet.sync.outcome import Outcome, section, since, write_tally

MAX_BACKOFF = timedelta(minutes=30)


def run_inventory(shard_id: int, *, now: datetime) -> Outcome:
    """Mirror endpoints, scaling, tags and quotas of one shard. Does nothing while another run holds its lease.

    A section that fails is recorded on the shard and the next one runs; failures push the next run back.
    """
    outcome = Outcome(shard_id)
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
        }
        try:
            for name, work in sections.items():
                lease.extend()
                section(outcome, shard, name, work, now=now)
        except LeaseLost:
            outcome.held = True
        _finish(shard, tally, outcome, now)
        return outcome


def _get(shard_id: int) -> Shard:
    return Shard.objects.select_related("account").get(pk=shard_id)


def _finish(shard: Shard, tally: meter.Tally, outcome: Outcome, now: datetime) -> None:
    write_tally(shard.pk, tally, now=now)
    outcome.calls, outcome.metrics_requested = tally.calls, tally.metrics_requested
    if outcome.held:
        return
    rows = Shard.objects.filter(pk=shard.pk)
    if "inventory" in outcome.ok_sections:
        rows.update(inventory_ok_at=now, failures=0)
    else:
        rows.update(failures=models.F("failures") + 1, inventory_due_at=now + backoff(shard.failures))


def backoff(failures: int) -> timedelta:
    """How long to wait after that many failures in a row: doubling from the interval, with jitter, at most 30 min."""
    base = timedelta(seconds=settings.INVENTORY_INTERVAL_S) * 2 ** min(failures, 10)
    return min(base, MAX_BACKOFF) * random.uniform(0.8, 1.2)
