"""What is due, asked of the tables and claimed there, so that two ticks at once ring each shard once."""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection, models, transaction

from fleet import locks
from fleet.models import Shard
from fleet.sync import cadence, prices, quarantine, windows

PRICES_CLAIM = "flotilla:claim:prices"
PRICES_CLAIM_S = 300
# Spreads shards over the interval without a random number: successive ids land far apart.
_SPREAD = 0.618033988749895

TOGETHER = 20
"""Most shards in one ring: enough to keep a worker's threads busy, few enough to end inside its time limit."""
BACKFILLS = 200
"""Most back-fills rung in one tick: more could not be done before the next one."""

Ring = Callable[[int], object]
RingMany = Callable[..., object]


def ring(
    now: datetime, *, inventory: RingMany, metrics: Ring, backfill: Ring, prices: Callable[[], object]
) -> None:
    """Call each doorbell with the ids of the shards it is due for; a late shard is rung once, not per miss.

    inventory is called with several ids at once, those that were synced longest ago first; of new ones, which all are
    as old, an account's come together.
    """
    claimed = _claim("inventory", now)
    # What took its worker down is tried alone: the others of its portion would go down with it, and be blamed.
    alone = set(Shard.objects.filter(pk__in=claimed, inventory_unfinished__gt=0).values_list("pk", flat=True))
    together = [pk for pk in claimed if pk not in alone]
    for first in range(0, len(together), TOGETHER):
        inventory(*together[first : first + TOGETHER])
    _ring_each(inventory, [pk for pk in claimed if pk in alone])
    _ring_each(metrics, _claim_metrics(now))
    _ring_each(backfill, backfills(now))
    if _claims_prices(now):
        prices()


def backfills(now: datetime) -> list[int]:
    """Shards whose hourly history is incomplete and that nobody is working on: a lot drawn of them where many are.

    One whose runs died rests, and is claimed here for the hour in which it is tried once.
    """
    unfinished = models.Q(backfill_until=None) | models.Q(backfill_done_until=None)
    unfinished |= models.Q(backfill_done_until__lt=models.F("backfill_until"))
    rows = _enabled().filter(unfinished).exclude(inventory_ok_at=None).exclude(backfill_due_at__gt=now)
    drawn = dict(rows.order_by("?").values_list("pk", "backfill_unfinished")[:BACKFILLS])
    held = locks.held(f"backfill:{pk}" for pk in drawn)
    free = {pk: died for pk, died in drawn.items() if f"backfill:{pk}" not in held}
    suspects = {pk for pk, died in free.items() if died >= quarantine.AFTER}
    claimed = _claim_suspects(suspects, now) if suspects else suspects
    resting = (suspects - claimed) | quarantine.entering("backfill", claimed, now)
    return sorted(free.keys() - resting)


def _claim_suspects(ids: Collection[int], now: datetime) -> set[int]:
    """Put the next turn of these back-fills an hour off; those that this call did it for."""
    with transaction.atomic():
        rows = Shard.objects.filter(pk__in=ids).exclude(backfill_due_at__gt=now)
        claimed = set(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
        Shard.objects.filter(pk__in=claimed).update(backfill_due_at=now + quarantine.AGAIN)
    return claimed


def next_due(shard_id: int, interval_s: int, now: datetime) -> datetime:
    """The next instant of the shard's own grid (interval plus offset) after `now`."""
    offset = timedelta(seconds=int(interval_s * ((shard_id * _SPREAD) % 1)))
    interval = timedelta(seconds=interval_s)
    epoch = datetime(2020, 1, 1, tzinfo=UTC) + offset
    return epoch + ((now - epoch) // interval + 1) * interval


def claim_inventory(shard_ids: Collection[int], now: datetime) -> list[int]:
    """Those of `shard_ids` whose inventory is due, claimed: a tick that comes at the same time leaves them out."""
    return _claim("inventory", now, among=models.Q(pk__in=shard_ids))


def _claim_metrics(now: datetime) -> list[int]:
    """Claim shards in which there is something to read, or to probe: each whenever a new five minutes began.

    The others are up to date without being read, and are noted as such: a thousand quiet ones cost what one costs.
    """
    with transaction.atomic():
        probed_at = windows.floor(now, windows.PROBE_S)
        has_failed = ~(
            models.Q(sections__metrics__error=None) | models.Q(sections__metrics__error__isnull=True)
        )
        is_awaited = models.Q(metrics_ok_at=None) | models.Q(metrics_ok_at__lt=probed_at) | has_failed
        calm = _enabled().filter(metrics_due_at__lte=now).exclude(is_awaited)
        ids = set(calm.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True))
        quiet = ids - cadence.with_work(ids, now) if ids else ids
        Shard.objects.filter(pk__in=quiet).update(
            metrics_ok_at=now, metrics_due_at=now + timedelta(seconds=settings.METRICS_INTERVAL_S / 2)
        )
        return _claim("metrics", now)


def _claim(work: str, now: datetime, *, among: models.Q | None = None) -> list[int]:
    """Move the due time of every due shard on, and return those this call moved and that are not to rest."""
    field, interval_s = f"{work}_due_at", quarantine.interval_s(work)
    due = models.Q(**{field: None}) | models.Q(**{f"{field}__lte": now})
    due &= among or models.Q()
    with transaction.atomic(), connection.cursor() as cursor:
        rows = _enabled().filter(due).select_for_update(skip_locked=True, of=("self",))
        # Whoever waits longest comes first: when a tick rings more than can be done, the same ones never miss twice.
        longest_ago = models.F(f"{work}_ok_at").asc(nulls_first=True)
        claimed = list(rows.order_by(longest_ago, "account_id", "pk").values_list("pk", f"{work}_unfinished"))
        ids = [pk for pk, _ in claimed]
        suspects = {pk for pk, unfinished in claimed if unfinished >= quarantine.AFTER}
        seldom = now + quarantine.AGAIN
        cursor.execute(
            f"UPDATE fleet_shard AS s SET {field} = n.due "  # noqa: S608
            "FROM unnest(%s::bigint[], %s::timestamptz[]) AS n (id, due) WHERE s.id = n.id",
            [ids, [seldom if pk in suspects else next_due(pk, interval_s, now) for pk in ids]],
        )
    resting = quarantine.entering(work, suspects, now)
    return [pk for pk in ids if pk not in resting]


def _enabled() -> models.QuerySet[Shard]:
    return Shard.objects.filter(enabled=True, account__enabled=True)


def _claims_prices(now: datetime) -> bool:
    return bool(prices.due_regions(now)) and bool(cache.add(PRICES_CLAIM, 1, PRICES_CLAIM_S))


def _ring_each(doorbell: Ring, shard_ids: Iterable[int]) -> None:
    for shard_id in shard_ids:
        doorbell(shard_id)
