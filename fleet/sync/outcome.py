"""How sections of a shard went: recorded on the Shard, word for word, for the Sync page."""

import json
import time
from collections.abc import Callable
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


def end(
    shard: Shard,
    records: dict[str, Any],
    tally: Tally,
    *,
    now: datetime,
    has_failed: bool,
    **values: datetime | int,
) -> None:
    """Write a run's calls and, unless a newer run has taken over, how it went: records and columns, in one statement.

    has_failed: it counts as one more failure in a row.
    """
    columns = "".join(f", {column} = %s" for column in values) + ", failures = failures + 1" * has_failed
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH counted AS ({_COUNT}) UPDATE fleet_shard SET sections = sections || %s::jsonb{columns} "  # noqa: S608
            "WHERE id = %s AND fence = %s",
            [*_counts(shard.pk, tally, now), json.dumps(records), *values.values(), shard.pk, shard.fence],
        )


def write_tally(shard_id: int, tally: Tally, *, now: datetime) -> None:
    """Add a run's call counts to the day's; metrics that were booked before they were asked stand there already."""
    if tally.actions:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, _counts(shard_id, tally, now))


_COUNT = """
    INSERT INTO fleet_calltally (shard_id, day, action, calls, throttles, errors, metrics_requested)
    SELECT %s, %s, * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (shard_id, day, action) DO UPDATE SET
        calls = fleet_calltally.calls + EXCLUDED.calls,
        throttles = fleet_calltally.throttles + EXCLUDED.throttles,
        errors = fleet_calltally.errors + EXCLUDED.errors,
        metrics_requested = fleet_calltally.metrics_requested + EXCLUDED.metrics_requested
"""


def _counts(shard_id: int, tally: Tally, now: datetime) -> list[Any]:
    """What _COUNT is given: the shard, the day, and a column each of actions and of their counts."""
    counts = sorted(tally.actions.items())
    rows = [(a, c.calls, c.throttles, c.errors, c.metrics_unbooked) for a, c in counts]
    return [shard_id, now.date(), *([row[n] for row in rows] for n in range(5))]


def error_document(error: FleetError, before: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    """An error as the Sync page shows it, with the time since when there has been one of this code."""
    aws = error if isinstance(error, AwsError) else None
    code = aws.code if aws else type(error).__name__
    is_same = before is not None and before.get("code") == code
    return {
        "code": code,
        "kind": type(error).__name__,
        "message": aws.message if aws else str(error),
        "action": aws.action if aws else "",
        "request_id": aws.request_id if aws else "",
        "skew_s": error.skew_s if isinstance(error, ClockSkewed) else None,
        "since": before["since"] if before is not None and is_same else now.isoformat(),
    }
