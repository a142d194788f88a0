"""Which summaries of shards are due, and their update: short windows each time, long ones less often."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from fleet.models import Endpoint, RollupState, Shard
from fleet.rollups import caches, costs, windows

DAY_EVERY = timedelta(minutes=5)
LONG_EVERY = timedelta(minutes=30)
OVERDUE_S = 1800
"""A shard that nobody syncs (switched off, denied) is brought up to date this often all the same."""
OVERDUE_AT_ONCE = 400
"""As many of them a tick: the others have their turn a minute later."""
TOGETHER = 10
"""As many shards share one statement: more would hold their rows for longer without being quicker."""
USUAL_DAYS = 2
"""Today and yesterday change all the time; more days than these mean that history came in."""
_LONG = ("30d", "7d", "month")
ORDER = (*_LONG, "24h", "1h")
"""30 days first: see windows.write."""
_COLUMNS = ("hour_until", "day_until", "long_until", "costs_until", "endpoints")


def update_shards(
    shard_ids: Sequence[int], *, now: datetime, with_history: Collection[int] = ()
) -> dict[int, list[str]]:
    """Bring the summaries of some shards up to date; the windows that were written, by shard.

    Every window is added up from the stored buckets, so that late and revised points count from the next turn on.
    with_history: shards whose hours before yesterday came in. A transaction for TOGETHER shards at a time, which are
    locked in it; one that is gone has none. now: aware.
    """
    written: dict[int, list[str]] = {}
    wanted = sorted(set(shard_ids))
    for first in range(0, len(wanted), TOGETHER):
        with transaction.atomic():
            written |= _update(wanted[first : first + TOGETHER], now, with_history)
    return written


def _update(shard_ids: Sequence[int], now: datetime, with_history: Collection[int]) -> dict[int, list[str]]:
    endpoints = dict(
        Shard.objects.filter(pk__in=shard_ids).order_by().values_list("pk").annotate(n=Count("endpoints"))
    )
    RollupState.objects.bulk_create((RollupState(shard_id=pk) for pk in endpoints), ignore_conflicts=True)
    locked = RollupState.objects.filter(shard__in=list(endpoints)).order_by("pk")
    states = list(locked.select_for_update())
    due: dict[int, list[str]] = {}
    shards_of: dict[str, list[int]] = defaultdict(list)
    for state in states:
        pk = state.shard_id
        is_all = pk in with_history or endpoints[pk] != state.endpoints
        due[pk] = _due(state, now, is_all=is_all)
        for key in due[pk]:
            shards_of[key].append(pk)
        _renew(state, due[pk], now, endpoints[pk])
    for key in ORDER:
        if members := shards_of.get(key):
            windows.write(members, key, now)
            caches.write(members, key, now)
    if states:
        windows.write_shards(list(due))
        costs.write(list(due), now)
        RollupState.objects.bulk_update(states, _COLUMNS)
    return due


def _renew(state: RollupState, due: Sequence[str], now: datetime, endpoints: int) -> None:
    state.hour_until = state.costs_until = now
    state.day_until = now if "24h" in due else state.day_until
    state.long_until = now if "30d" in due else state.long_until
    state.endpoints = endpoints


def overdue(now: datetime) -> list[list[int]]:
    """Some shards with endpoints whose summaries nobody has renewed for long, the longest first, TOGETHER at a time."""
    late = Q(rollup=None) | Q(rollup__hour_until__lt=now - timedelta(seconds=OVERDUE_S))
    has_endpoints = Exists(Endpoint.objects.filter(shard=OuterRef("pk")))
    found = Shard.objects.filter(late).filter(has_endpoints).order_by("rollup__hour_until", "pk")
    ids = list(found.values_list("pk", flat=True)[:OVERDUE_AT_ONCE])
    return [ids[n : n + TOGETHER] for n in range(0, len(ids), TOGETHER)]


def _due(state: RollupState, now: datetime, *, is_all: bool) -> list[str]:
    due: list[str] = []
    last = state.long_until
    if is_all or last is None or now - last >= LONG_EVERY or last.date() != now.date():
        due += _LONG
    if is_all or state.day_until is None or now - state.day_until >= DAY_EVERY:
        due.append("24h")
    return [*due, "1h"]
