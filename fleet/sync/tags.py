"""The tags section: tags of all endpoints in one bulk listing."""

from datetime import datetime

from django.db import transaction

from fleet import locks
from fleet.access import ownership
from fleet.aws import tags as aws_tags
from fleet.models import Endpoint, Shard
from fleet.sync import changes, rows, search
from fleet.sync.roster import Roster


def run(shard: Shard, *, now: datetime, fence: int, roster: Roster | None = None) -> int:
    """Write tags where they differ; the number of endpoints whose tags changed.

    The first tags of an endpoint are no change: an event tells only what differs from an earlier look.
    """
    found = aws_tags.endpoint_tags(shard.scope)
    looked_at = (shard.sections.get("tags") or {}).get("ok_at")
    last_look = datetime.fromisoformat(looked_at) if looked_at else None
    changed, events = [], []
    by_hand: set[int] | None = None
    for row in (roster or Roster(shard)).rows():
        tags = _clean(found.get(row.arn.lower(), {}))
        if tags == row.tags:
            # The names of the tags that are read may have changed since; what is set by hand is put back below.
            if _differs(row):
                by_hand = ownership.set_ones(shard) if by_hand is None else by_hand
                changed += [row] if row.pk not in by_hand else []
            continue
        if last_look is not None and row.first_seen_at <= last_look:
            events.append(changes.tags(row, row.tags, tags, now))
        row.tags = tags
        changed.append(row)
    if changed:
        with transaction.atomic():
            locks.guard(shard.pk, fence)
            search.refill(changed)
            rows.update(changed, ["tags", *search.FIELDS])
            ownership.reapply([row.pk for row in changed])
            changes.save(events, now=now)
    return len(changed)


def _differs(row: Endpoint) -> bool:
    labels = ownership.from_tags(row.tags)
    return any(getattr(row, field) != getattr(labels, field) for field in ownership.FIELDS)


def _clean(tags: dict[str, str]) -> dict[str, str]:
    """Tags as PostgreSQL can store them, in a stable order."""
    return {key.replace("\x00", "�"): value.replace("\x00", "�") for key, value in sorted(tags.items())}
