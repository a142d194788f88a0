"""Which summaries of a shard are due, and their update: short windows each time, long ones less often."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from fleet.models import Endpoint, RollupState, Shard
from fleet.rollups import costs, windows

DAY_EVERY = timedelta(minutes=5)
LONG_EVERY = timedelta(minutes=30)
OVERDUE_S = 1800
"""A shard that nobody syncs (switched off, denied) is brought up to date this often all the same."""
OVERDUE_AT_ONCE = 200
"""As many of them a tick: the others have their turn a minute later."""
USUAL_DAYS = 2
"""Today and yesterday change all the time; more days than these mean that history came in."""


def update_shard(shard_id: int, *, now: datetime, is_history_new: bool = False) -> list[str]:
    """Bring the summaries of one shard up to date; the windows that were written.

    Every window is added up from the stored buckets, so that late and revised points count from the next turn on.
    is_history_new: hours before yesterday came in. Serialised per shard; one that is gone has none. now: aware.
    """
    with transaction.atomic():
        if not Shard.objects.filter(pk=shard_id).exists():
            return []
        RollupState.objects.get_or_create(shard_id=shard_id)
        state = RollupState.objects.select_for_update().get(shard_id=shard_id)
        endpoints = Endpoint.objects.filter(shard=shard_id).count()
        due = _due(state, now, is_all=is_history_new or endpoints != state.endpoints)
        for key in due:
            windows.write(shard_id, key, now)
        costs.write(shard_id, now)
        state.hour_until = state.costs_until = now
        state.day_until = now if "24h" in due else state.day_until
        state.long_until = now if "30d" in due else state.long_until
        state.endpoints = endpoints
        state.save()
        return due


def overdue(now: datetime) -> list[int]:
    """Some shards with endpoints whose summaries nobody has renewed for long, the longest first."""
    late = Q(rollup=None) | Q(rollup__hour_until__lt=now - timedelta(seconds=OVERDUE_S))
    has_endpoints = Exists(Endpoint.objects.filter(shard=OuterRef("pk")))
    found = Shard.objects.filter(late).filter(has_endpoints).order_by("rollup__hour_until", "pk")
    return list(found.values_list("pk", flat=True)[:OVERDUE_AT_ONCE])


def _due(state: RollupState, now: datetime, *, is_all: bool) -> list[str]:
    due = ["1h"]
    if is_all or state.day_until is None or now - state.day_until >= DAY_EVERY:
        due.append("24h")
    last = state.long_until
    if is_all or last is None or now - last >= LONG_EVERY or last.date() != now.date():
        due += ["7d", "30d", "month"]
    return due
