"""A sync of everything in this process, with a line of progress for each step: for people and for first starts."""

from collections.abc import Callable, Iterator
from datetime import datetime

from fleet.models import Shard
from fleet.sync import due, many, prices
from fleet.sync.chunks import chunks
from fleet.sync.outcome import Outcome
from fleet.sync.shard import run_backfill, run_metrics

Say = Callable[[str], object]


def run(shards: list[Shard], *, now: Callable[[], datetime], say: Say, backfill: bool = False) -> bool:
    """Inventory, prices, metrics and, if asked, the whole hourly history of these shards. True when nothing failed."""
    is_good = True
    for together in chunks(shards, due.TOGETHER):
        outcomes = many.run([shard.pk for shard in together], now=now, is_routine=False)
        for shard, outcome in zip(together, outcomes, strict=True):
            is_good &= _tell(say, shard, "inventory", outcome)
    for outcome in prices.refresh(now=now()):
        is_good &= _tell(say, Shard.objects.get(pk=outcome.shard_id), "prices", outcome)
    for shard in shards:
        is_good &= _tell(say, shard, "metrics", run_metrics(shard.pk, now=now()))
    if backfill:
        for shard in shards:
            for outcome in _slices(shard, now):
                is_good &= _tell(say, shard, _progress(shard), outcome)
    return is_good


def _slices(shard: Shard, now: Callable[[], datetime]) -> Iterator[Outcome]:
    """Back-fill slice after slice until the history is complete or a slice fails."""
    while True:
        outcome = run_backfill(shard.pk, now=now())
        shard.refresh_from_db()
        yield outcome
        if outcome.held or outcome.errors or shard.backfill_done_until == shard.backfill_until:
            return


def _progress(shard: Shard) -> str:
    if shard.backfill_from is None or shard.backfill_until is None or shard.backfill_done_until is None:
        return "history"
    whole, done = shard.backfill_until - shard.backfill_from, shard.backfill_done_until - shard.backfill_from
    return f"history {round(100 * done / whole)} %"


def _tell(say: Say, shard: Shard, step: str, outcome: Outcome) -> bool:
    if outcome.held:
        say(f"{shard}: {step}: another run is at work here, skipped")
        return True
    for name, error in outcome.errors.items():
        say(f"{shard}: {name} failed: {error}")
    done = ", ".join(f"{name} {count}" for name, count in outcome.counts.items())
    say(f"{shard}: {step}: {done or 'nothing done'} ({outcome.calls} calls)")
    return not outcome.errors
