"""One shard's runs: take the lease, work through the sections, record the outcome and when to come again."""

import random
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog
from django.conf import settings

from fleet import locks
from fleet.aws import meter
from fleet.errors import FleetError, LeaseLost, Throttled, Unavailable
from fleet.models import Shard
from fleet.sync import (
    activity,
    backfill,
    batch,
    built_from,
    components,
    inventory,
    links,
    metrics,
    orphans,
    partitions,
    parts,
    quarantine,
    quotas,
    scaling,
    scaling_history,
    tags,
)
from fleet.sync.begun import Begun, begin, name
from fleet.sync.due import next_due
from fleet.sync.outcome import Ending, Outcome, end, save, section, since, write_tally
from fleet.sync.roster import Roster

log = structlog.get_logger(__name__)
MAX_BACKOFF = timedelta(hours=1)
OUTAGE_BACKOFF = timedelta(minutes=5)
METRICS_RETRY_STEP = 1
# What no endpoint's modification time tells of: looked at this often, and whenever an endpoint changed.
UNANNOUNCED = ("components", "scaling", "tags")
UNANNOUNCED_S = 300
EXTEND_EVERY_S = 10
_PASSING = ("Throttled", "Unavailable")


def _go_on() -> None:
    """The check of a run that nobody stops."""


def run_inventory(
    shard_id: int, *, now: datetime, is_routine: bool = False, check: Callable[[], None] = _go_on
) -> Outcome:
    """Mirror endpoints, scaling, tags and quotas of one shard. Does nothing while another run holds its lease.

    is_routine: leave sections out whose turn has not come. check: called often; may raise to end the run.
    """
    with locks.lease(name(shard_id)) as lease:
        if lease is None:
            return Outcome(shard_id, held=True)
        begun = begin({shard_id: lease})[shard_id]
        return go_through(
            begun, now=now, is_routine=is_routine, check=check, tell=lambda ending: end([ending])
        )


def go_through(
    begun: Begun,
    *,
    now: datetime,
    is_routine: bool,
    check: Callable[[], None],
    tell: Callable[[Ending], object],
) -> Outcome:
    """One section after the other of an inventory that has begun, as run_inventory; tell: hears how it ended.

    A section that fails is recorded on the shard and the next one runs; failures push the next run back.
    """
    shard, roster = begun.shard, begun.roster
    outcome, started = Outcome(shard.pk), time.monotonic()
    with meter.recording() as tally:
        keep_alive = _pulse(begun, check)
        try:
            keep_alive()
            for section_name, work in _sections(shard, roster, now, keep_alive).items():
                if is_routine and not _has_turn(shard, section_name, roster, now):
                    continue
                check()
                section(outcome, shard, section_name, work, now=now)
            built_from.after(shard, outcome, roster, now=now)
        except LeaseLost:
            outcome.held = True
        finally:
            outcome.calls = tally.calls
            tell(_ending(shard, outcome, tally, now, started))
        return outcome


def _sections(
    shard: Shard, roster: Roster, now: datetime, keep_alive: Callable[[], None]
) -> dict[str, Callable[[], object]]:
    """The work of a run by section, in its order."""
    fence = shard.fence
    sections: dict[str, Callable[[], object]] = {
        "inventory": lambda: inventory.run(
            shard,
            now=now,
            fence=fence,
            keep_alive=keep_alive,
            held_since=since(shard, "inventory", "MassDisappearance"),
            roster=roster,
        ),
        "components": lambda: components.run(shard, now=now, fence=fence, roster=roster),
        "scaling": lambda: scaling.run(shard, now=now, fence=fence, roster=roster),
        "tags": lambda: tags.run(shard, now=now, fence=fence, roster=roster),
    }
    if batch.is_due(shard, now, roster.stock):
        sections["batch"] = lambda: batch.run(
            shard, now=now, fence=fence, keep_alive=keep_alive, stock=roster.stock
        )
    if orphans.is_due(shard, now):
        sections["configs"] = lambda: orphans.run(shard, now=now, fence=fence, keep_alive=keep_alive)
    if links.is_due(shard, now):
        sections["links"] = lambda: links.run(shard, now=now, fence=fence, keep_alive=keep_alive)
    if scaling_history.is_due(shard, now, roster.stock):
        sections[scaling_history.NAME] = lambda: scaling_history.run(
            shard, now=now, fence=fence, keep_alive=keep_alive
        )
    if quotas.is_due(shard, now):
        sections["quotas"] = lambda: quotas.run(shard, now=now, fence=fence, stock=roster.stock)
    return sections


def turns_of(shard: Shard, roster: Roster, now: datetime) -> int:
    """How many sections that tell of no change themselves a routine run now will look at."""
    return sum(_has_turn(shard, section_name, roster, now) for section_name in UNANNOUNCED)


def _has_turn(shard: Shard, name: str, roster: Roster, now: datetime) -> bool:
    """Whether a routine run looks at this section: at what tells of no change itself only every few minutes."""
    if name not in UNANNOUNCED or roster.is_changed:
        return True
    known = shard.sections.get(name) or {}
    if not known.get("tried_at") or (known.get("error") or {}).get("kind") in _PASSING:
        return True
    return next_due(shard.pk, UNANNOUNCED_S, datetime.fromisoformat(known["tried_at"])) <= now


def _pulse(begun: Begun, check: Callable[[], None]) -> Callable[[], None]:
    """Keeps the lease alive however often it is called, and ends the run when it was lost or `check` says so."""
    extended = begun.leased_at

    def pulse() -> None:
        nonlocal extended
        check()
        if time.monotonic() - extended >= EXTEND_EVERY_S:
            begun.lease.extend()
            extended = time.monotonic()

    return pulse


def run_metrics(shard_id: int, *, now: datetime) -> Outcome:
    """Fetch the newest buckets of one shard and keep the partitions in order. Does nothing while the lease is held."""
    outcome = _run_one(shard_id, "metrics", metrics.run, now=now)
    if outcome.held:
        return outcome
    partitions.drop_expired(now)
    _after_metrics(shard_id, now=now)
    rows = Shard.objects.filter(pk=shard_id)
    if outcome.errors:
        # The failing section's own age says how long it has been failing; a fixed pause keeps metrics from hammering.
        rows.update(metrics_due_at=now + backoff(METRICS_RETRY_STEP, outcome.errors.values()))
    else:
        rows.update(metrics_ok_at=now)
    return outcome


def _after_metrics(shard_id: int, *, now: datetime) -> None:
    """What follows from the figures: those of single parts, and who is idle. Sections of their own, once an hour."""
    activity.wake(shard_id, now=now)
    shard = Shard.objects.get(pk=shard_id)
    if parts.is_due(shard, now) and not quarantine.rests(shard, "parts", now):
        _run_one(shard_id, "parts", parts.run, now=now)
    if activity.is_due(shard, now) and not quarantine.rests(shard, "activity", now):
        _run_one(shard_id, "activity", activity.run, now=now)


def run_backfill(shard_id: int, *, now: datetime) -> Outcome:
    """Fetch one more slice of the shard's hourly history. Does nothing while another run is at it."""
    return _run_one(shard_id, "backfill", backfill.run, now=now)


def _run_one(shard_id: int, name: str, work: Callable[..., int], *, now: datetime) -> Outcome:
    outcome = Outcome(shard_id)
    with locks.lease(f"{name}:{shard_id}") as lease, meter.recording() as tally:
        if lease is None:
            outcome.held = True
            return outcome
        is_counted = name in quarantine.COUNTED
        if is_counted:
            quarantine.begun(shard_id, name)
        shard = Shard.objects.select_related("account").get(pk=shard_id)
        try:
            section(outcome, shard, name, lambda: work(shard, now=now, keep_alive=lease.extend), now=now)
        except LeaseLost:
            outcome.held = True
        finally:
            _count(shard, tally, outcome, now)
            ended = quarantine.ended(shard, name, _next(shard, name, now)) if is_counted else {}
            save(Shard.objects.filter(pk=shard_id), outcome.records, **ended)
    return outcome


def _count(shard: Shard, tally: meter.Tally, outcome: Outcome, now: datetime) -> None:
    write_tally(shard.pk, tally, now=now)
    outcome.calls, outcome.metrics_requested = tally.calls, tally.metrics_requested


def _ending(shard: Shard, outcome: Outcome, tally: meter.Tally, now: datetime, started: float) -> Ending:
    """How the run went, also told to the log."""
    due_at = quarantine.ended(shard, "inventory", _next(shard, "inventory", now)).get("inventory_due_at")
    is_ok = "inventory" in outcome.ok_sections
    has_failed = not is_ok and not outcome.held
    if has_failed:
        due_at = now + backoff(shard.failures, outcome.errors.values())
    duration_ms = int((time.monotonic() - started) * 1000)
    log.info(
        "sync.run.done",
        account=shard.account.account_id,
        region=shard.region,
        sections=list(outcome.records),
        calls=outcome.calls,
        duration_ms=duration_ms,
        failed=sorted(outcome.errors),
    )
    return Ending(shard, outcome.records, tally, now, duration_ms, is_ok, has_failed, due_at)


def _next(shard: Shard, work: str, now: datetime) -> datetime:
    return next_due(shard.pk, quarantine.interval_s(work), now)


def backoff(failures: int, errors: Iterable[FleetError]) -> timedelta:
    """How long to wait after that many failures in a row: doubling from the interval, with jitter.

    At most five minutes when AWS was merely out of reach or busy, so that an outage is over soon after it ends; at most
    an hour when it refuses, which somebody has to mend.
    """
    is_passing = all(isinstance(error, Throttled | Unavailable) for error in errors)
    longest = OUTAGE_BACKOFF if is_passing else MAX_BACKOFF
    base = timedelta(seconds=settings.INVENTORY_INTERVAL_S) * 2 ** min(failures, 10)
    return min(base, longest) * random.uniform(0.8, 1.2)
