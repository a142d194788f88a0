"""Runs whose process dies: after three in a row a shard is tried once an hour, until a run ends, well or badly.

Shard.<work>_unfinished counts them: raised when a run begins (locks.fenced, `begun`), set to 0 by its end.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from fleet import locks
from fleet.errors import Quarantined
from fleet.models import Shard
from fleet.sync.outcome import error_document, save

AFTER = 3
AGAIN = timedelta(hours=1)
FOLLOWING = ("parts", "activity")
"""What a run of metrics does after them."""
COUNTED = ("metrics", "backfill", *FOLLOWING)
"""Besides the inventory, whose lease counts its runs."""
WORDS = (
    f"The worker's process died in {AFTER} runs in a row, each time before it could say why: it was killed, ran out of "
    "memory, or went over its hard time limit. This is tried once an hour until a run ends."
)


def begun(shard_id: int, work: str) -> None:
    """Note that a run began."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE fleet_shard SET {work}_unfinished = {work}_unfinished + 1 WHERE id = %s",  # noqa: S608
            [shard_id],
        )


def ended(shard: Shard, work: str, due_at: datetime) -> dict[str, Any]:
    """Columns that the end of a run sets; due_at: when its turn comes again, which leaves quarantine behind.

    The shard is as it was read after the run began.
    """
    values: dict[str, Any] = {f"{work}_unfinished": 0}
    if getattr(shard, f"{work}_unfinished") >= AFTER:
        values[f"{work}_due_at"] = due_at
    return values


def entering(work: str, suspects: Collection[int], now: datetime) -> set[int]:
    """Those of the shards with AFTER unfinished runs that nobody works on and that are not in quarantine: now they are.

    Each has an error of the section from now on, which pages and alerts tell; its next turn must be AGAIN away.
    """
    if not suspects:
        return set()
    names = {f"{work}:{pk}": pk for pk in suspects}
    alive = {names[name] for name in locks.held(names)}
    found = set()
    for shard in Shard.objects.filter(pk__in=set(suspects) - alive):
        before = shard.sections.get(work) or {}
        error = before.get("error") or {}
        if error.get("code") == Quarantined.__name__:
            continue
        record = {
            "ok_at": before.get("ok_at"),
            "tried_at": now.isoformat(),
            "duration_ms": None,
            "error": error_document(Quarantined(WORDS), error or None, now),
        }
        save(Shard.objects.filter(pk=shard.pk), {work: record}, failures=max(shard.failures, 1))
        found.add(shard.pk)
    return found


def rests(shard: Shard, work: str, now: datetime) -> bool:
    """Whether work that no tick rings by itself is to be left out of the run that would do it.

    With AFTER unfinished runs it is tried once in AGAIN; its turn is claimed here, before its process may die again.
    """
    if getattr(shard, f"{work}_unfinished") < AFTER:
        return False
    column, row = f"{work}_due_at", Shard.objects.filter(pk=shard.pk)
    if entering(work, [shard.pk], now):
        row.update(**{column: now + AGAIN})
        return True
    return not row.exclude(**{f"{column}__gt": now}).update(**{column: now + AGAIN})


def interval_s(work: str) -> int:
    """How often the work is done, seconds; a history is gone on with at each tick until it is whole."""
    rhythm = {"backfill": "TICK", **dict.fromkeys(FOLLOWING, "METRICS")}.get(work, work.upper())
    found: int = getattr(settings, f"{rhythm}_INTERVAL_S")
    return found
