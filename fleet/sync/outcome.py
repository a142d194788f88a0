"""How sections of a shard went: recorded on the Shard, word for word, for the Sync page."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, models

from fleet.aws.meter import Tally
from fleet.errors import AwsError, ClockSkewed, FleetError, LeaseLost
from fleet.models import Shard

log = structlog.get_logger(__name__)
Count = tuple[int, str, str, int, int, int, int]
TIMED_OUT = "The worker's time limit ended this section before it was done; what it wrote so far stands."


@dataclass
class Outcome:
    """What one run did. held: another worker has the lease, nothing was done. records: what `save` writes."""

    shard_id: int
    held: bool = False
    ok_sections: list[str] = field(default_factory=list)
    errors: dict[str, FleetError] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)
    calls: int = 0
    metrics_requested: int = 0

    @property
    def failed_sections(self) -> set[str]:
        return set(self.errors)


def section(outcome: Outcome, shard: Shard, name: str, work: Callable[[], Any], *, now: datetime) -> bool:
    """Run one section and note for `save` how it went; the next one runs whatever happened. True when it succeeded.

    Raises LeaseLost, when a newer run is at work, and SoftTimeLimitExceeded: then this run has to stop.
    """
    started = time.monotonic()
    error: FleetError | None = None
    try:
        outcome.counts[name] = work()
        outcome.ok_sections.append(name)
    except LeaseLost:
        raise
    except SoftTimeLimitExceeded:
        error = FleetError(TIMED_OUT)
        outcome.records[name] = _record(shard, name, now, _ms_since(started), error)
        raise
    except FleetError as failure:
        error = outcome.errors[name] = failure
    except Exception as failure:
        log.exception("sync.section.crashed", shard=str(shard), section=name)
        error = outcome.errors[name] = FleetError(f"{type(failure).__name__}: {failure}")
    duration_ms = _ms_since(started)
    outcome.records[name] = _record(shard, name, now, duration_ms, error)
    event = log.debug if error is None else log.warning
    event(
        "sync.section.done" if error is None else "sync.section.failed",
        account=shard.account.account_id,
        region=shard.region,
        section=name,
        duration_ms=duration_ms,
        error=str(error) if error else None,
    )
    return error is None


def _ms_since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


def save(rows: models.QuerySet[Shard], records: dict[str, Any], **values: Any) -> None:
    """Write sections' records and other columns of these shards at once, leaving what other runs record alone."""
    merged = models.Func(
        models.F("sections"),
        models.Value(records, output_field=models.JSONField()),
        template="%(expressions)s",
        arg_joiner=" || ",
        output_field=models.JSONField(),
    )
    rows.update(sections=merged, **values)


def _record(
    shard: Shard, name: str, now: datetime, duration_ms: int, error: FleetError | None
) -> dict[str, Any]:
    """What Shard.sections tells of a section; noted on the shard at hand as well."""
    before = shard.sections.get(name) or {}
    shard.sections[name] = {
        "ok_at": before.get("ok_at") if error else now.isoformat(),
        "tried_at": now.isoformat(),
        "duration_ms": duration_ms,
        "error": error_document(error, before.get("error"), now) if error else None,
    }
    return dict(shard.sections[name])


def since(shard: Shard, name: str, code: str) -> datetime | None:
    """Since when a section has been failing with this code; None when it is not."""
    error = (shard.sections.get(name) or {}).get("error") or {}
    return datetime.fromisoformat(error["since"]) if error.get("code") == code else None


@dataclass(frozen=True)
class Ending:
    """How a run of one shard went: its calls, its records, and when what is due next.

    due_at None: at the time that was set when it was rung.
    """

    shard: Shard
    records: dict[str, Any]
    tally: Tally
    now: datetime
    duration_ms: int
    is_ok: bool
    has_failed: bool
    due_at: datetime | None


def end(endings: Sequence[Ending]) -> None:
    """Write the calls of these runs and, where no newer run has taken over, how they went: in one statement."""
    done = _end(endings, [row for e in endings for row in _counts(e.shard.pk, e.tally, e.now)])
    # Of several, those whose row another statement held: one by one they may wait for it.
    for ending in endings:
        if len(endings) > 1 and ending.shard.pk not in done:
            _end([ending], [])


def _end(endings: Sequence[Ending], counts: Sequence[Count]) -> set[int]:
    """Ids of the shards that were written."""
    told = [
        {
            "id": e.shard.pk,
            "fence": e.shard.fence,
            "records": e.records,
            "duration_ms": e.duration_ms,
            "ok_at": e.now.isoformat() if e.is_ok else None,
            "due_at": e.due_at.isoformat() if e.due_at else None,
            "failed": int(e.has_failed),
        }
        for e in endings
    ]
    with connection.cursor() as cursor:
        ending = _END.format("SKIP LOCKED" if len(endings) > 1 else "")
        cursor.execute(ending, [json.dumps(told), json.dumps(sorted(counts))])
        return {pk for (pk,) in cursor.fetchall()}


def write_tally(shard_id: int, tally: Tally, *, now: datetime) -> None:
    """Add a run's call counts to the day's; metrics that were booked before they were asked stand there already."""
    if tally.actions:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [json.dumps(_counts(shard_id, tally, now))])


# The rows travel as one text: arrays are written item by item, which costs several times as much.
_COUNT = """
    INSERT INTO fleet_calltally (shard_id, day, action, calls, throttles, errors, metrics_requested)
    SELECT (c -> 0)::bigint, (c ->> 1)::date, c ->> 2, (c -> 3)::bigint, (c -> 4)::bigint, (c -> 5)::bigint,
        (c -> 6)::bigint
    FROM jsonb_array_elements(%s::jsonb) AS c
    ON CONFLICT (shard_id, day, action) DO UPDATE SET
        calls = fleet_calltally.calls + EXCLUDED.calls,
        throttles = fleet_calltally.throttles + EXCLUDED.throttles,
        errors = fleet_calltally.errors + EXCLUDED.errors,
        metrics_requested = fleet_calltally.metrics_requested + EXCLUDED.metrics_requested
"""
_END = f"""
WITH told AS (
    SELECT * FROM json_to_recordset(%s) AS t
        (id bigint, fence bigint, records jsonb, duration_ms int, ok_at timestamptz, due_at timestamptz, failed int)
), mine AS (
    SELECT s.id FROM fleet_shard AS s JOIN told ON told.id = s.id AND told.fence = s.fence FOR NO KEY UPDATE OF s {{}}
), counted AS ({_COUNT})
UPDATE fleet_shard AS s SET sections = s.sections || told.records, inventory_unfinished = 0,
    last_duration_ms = told.duration_ms, inventory_ok_at = coalesce(told.ok_at, s.inventory_ok_at),
    inventory_due_at = coalesce(told.due_at, s.inventory_due_at),
    failures = CASE WHEN told.ok_at IS NULL THEN s.failures + told.failed ELSE 0 END
FROM told JOIN mine USING (id) WHERE s.id = told.id RETURNING s.id
"""  # noqa: S608


def _counts(shard_id: int, tally: Tally, now: datetime) -> list[Count]:
    """What _COUNT is given of a shard: its id, the day, an action, and its counts."""
    day = now.date().isoformat()
    return [
        (shard_id, day, action, c.calls, c.throttles, c.errors, c.metrics_unbooked)
        for action, c in sorted(tally.actions.items())
    ]


def error_document(error: FleetError, before: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    """An error as the Sync page shows it, with the time since when there has been one of this code."""
    aws = error if isinstance(error, AwsError) else None
    code = _storable(aws.code if aws else type(error).__name__)
    is_same = before is not None and before.get("code") == code
    return {
        "code": code,
        "kind": type(error).__name__,
        "message": _storable(aws.message if aws else str(error)),
        "action": _storable(aws.action if aws else ""),
        "request_id": aws.request_id if aws else "",
        "skew_s": error.skew_s if isinstance(error, ClockSkewed) else None,
        "since": before["since"] if before is not None and is_same else now.isoformat(),
    }


def _storable(text: str) -> str:
    """AWS's words as PostgreSQL can keep them: one NUL would take the endings of other shards down with its own."""
    return text.replace("\x00", "�").encode(errors="replace").decode()
