"""The metrics section: newest buckets of the variants whose turn it is, as often as their traffic deserves."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, F, Q
from django.db.models.functions import Least, TruncHour

from fleet.aws import cloudwatch
from fleet.models import Shard, VariantStatus
from fleet.sync import buckets, budget, partitions, windows
from fleet.sync.subjects import TRAFFIC_COLUMNS, Subject, fetch, query, subject, with_traffic
from fleet.types import Kind

HOT_FOR = timedelta(hours=1)
HOUR = timedelta(seconds=windows.HOUR_S)
END_LAG = windows.REREAD[windows.FINE_S]
"""How long after its last hour a variant that is gone is still read: CloudWatch fills in late."""
# A run ends well inside its task's soft limit of 240 s.
MAX_RUN_S = 150
SHORT_WINDOW = timedelta(hours=3)
SHORT_CHUNK = 500
LONG_CHUNK = 25

# Period, window and the variants that share it.
Asked = tuple[int, windows.Window, list[Subject]]


def run(shard: Shard, *, now: datetime, keep_alive: Callable[[], None]) -> int:
    """Read what is due; the number of bucket rows that changed.

    A variant is hot while it had traffic or a change within the hour; the others are asked hourly, with one cheap
    probe every five minutes that wakes them.
    """
    rows = _rows(shard)
    due = [row for row in rows if row.metrics_due_at is None or row.metrics_due_at <= now]
    asleep = [row for row in rows if row.metrics_due_at is not None and row.metrics_due_at > now]
    due += _woken(shard, asleep, now)
    deadline, asked, changed = time.monotonic() + MAX_RUN_S, 0, 0
    for chunk in _chunks(due, now):
        plan = _plan(shard, chunk, now)
        asked += sum(len(s.metrics) for _, _, items in plan for s in items)
        budget.check(shard, asked, now=now)
        changed += _read(shard, plan, keep_alive)
        _schedule(chunk, now)
        if time.monotonic() > deadline:
            # What is left stays due: the next run goes on there, and what was read is not paid twice.
            break
    return changed


def _read(shard: Shard, plan: Sequence[Asked], keep_alive: Callable[[], None]) -> int:
    changed = 0
    for period_s, (start, end), items in plan:
        keep_alive()
        found = fetch(shard.scope, items, period_s, start, end)
        if period_s == windows.MINUTE_S:
            found = with_traffic(found)
        table = partitions.HOUR_TABLE if period_s == windows.HOUR_S else partitions.FINE_TABLE
        changed += buckets.merge(table, found)
    return changed


def _chunks(rows: Sequence[VariantStatus], now: datetime) -> Iterator[list[VariantStatus]]:
    """The due variants in portions that fit into memory, those with a short window first."""
    short = [r for r in rows if r.metrics_until is not None and now - r.metrics_until < SHORT_WINDOW]
    known = {row.pk for row in short}
    long = [row for row in rows if row.pk not in known]
    for portion, size in ((short, SHORT_CHUNK), (long, LONG_CHUNK)):
        for first in range(0, len(portion), size):
            yield portion[first : first + size]


def _rows(shard: Shard) -> list[VariantStatus]:
    """Live variants of kinds that publish metrics, and those gone until their last hour was read as a whole."""
    gone_at = Least("endpoint__closed_at", "removed_at")
    settled = ExpressionWrapper(TruncHour(gone_at, tzinfo=UTC) + HOUR + END_LAG, DateTimeField())
    return list(
        VariantStatus.objects.annotate(settled=settled)
        .filter(Q(settled=None) | Q(metrics_until=None) | Q(settled__gt=F("metrics_until")))
        .filter(endpoint__shard=shard)
        .exclude(endpoint__kind=Kind.UNKNOWN)
        .select_related("endpoint")
        .only(
            "name",
            "provisioned_concurrency",
            "desired_provisioned_concurrency",
            "metrics_until",
            "metrics_due_at",
            "metrics_cadence_s",
            "removed_at",
            "endpoint__closed_at",
            "endpoint__name",
            "endpoint__kind",
            "endpoint__created_at",
            "endpoint__modified_at",
        )
    )


def _plan(shard: Shard, rows: Sequence[VariantStatus], now: datetime) -> list[Asked]:
    """What to ask: period, window and the variants that share it."""
    by_period: dict[int, list[tuple[windows.Window, Subject]]] = {}
    for row in rows:
        item = subject(row)
        period_s = windows.fine_period_s(item.kind)
        oldest = max(row.endpoint.created_at, now - timedelta(hours=settings.FINE_HISTORY_HOURS))
        if row.metrics_until is not None:
            oldest = max(row.endpoint.created_at, now - partitions.RETENTION[partitions.FINE_TABLE])
        fine = windows.fine(period_s, until=row.metrics_until, oldest=oldest, now=now)
        if fine is not None:
            by_period.setdefault(period_s, []).append((fine, item))
        if windows.is_hourly_turn(row.metrics_until, now):
            hourly = windows.hourly(until=row.metrics_until, oldest=_oldest_hour(shard, row, now), now=now)
            by_period.setdefault(windows.HOUR_S, []).append((hourly, item))
    return [
        (period_s, window, [asked[i][1] for i in indexes])
        for period_s, asked in by_period.items()
        for window, indexes in windows.merged([window for window, _ in asked])
    ]


def _oldest_hour(shard: Shard, row: VariantStatus, now: datetime) -> datetime:
    """How far back hours are read: to the start of history, unless the back-fill is still to bring that."""
    history = now - timedelta(days=settings.BACKFILL_DAYS)
    is_filled = shard.backfill_until is not None and shard.backfill_done_until == shard.backfill_until
    if row.metrics_until is None and not is_filled:
        return max(row.endpoint.created_at, now - timedelta(hours=1))
    return max(row.endpoint.created_at, history)


def _woken(shard: Shard, asleep: Sequence[VariantStatus], now: datetime) -> list[VariantStatus]:
    """Sleeping variants that had traffic in the last two windows, asked with one metric each."""
    idle = [row for row in asleep if row.metrics_cadence_s >= windows.IDLE_CADENCE_S and not _settled_at(row)]
    if not idle or not windows.is_hourly_turn(shard.metrics_ok_at, now):
        return []
    changed = [row for row in idle if now - row.endpoint.modified_at < HOT_FOR]
    asked = [row for row in idle if row not in changed]
    budget.check(shard, len(asked), now=now)
    end = windows.floor(now, windows.PROBE_S)
    start = end - 2 * timedelta(seconds=windows.PROBE_S)
    probes = [query(item, item.probe, windows.PROBE_S) for item in map(subject, asked)]
    series = cloudwatch.get_metric_data(shard.scope, probes, start, end) if probes else []
    return changed + [row for row, found in zip(asked, series, strict=True) if any(found.values.values())]


def _schedule(rows: Sequence[VariantStatus], now: datetime) -> None:
    """Note how far each variant was read, how often it is to be read and when next."""
    hot = _hot([row.pk for row in rows], now)
    updates: list[tuple[Any, ...]] = []
    for row in rows:
        period_s = windows.fine_period_s(Kind(row.endpoint.kind))
        is_hot = row.pk in hot or now - row.endpoint.modified_at < HOT_FOR
        cadence = windows.cadence_s(is_hot=is_hot, interval_s=settings.METRICS_INTERVAL_S, period_s=period_s)
        # Half a tick early, or a tick that comes a second sooner than the last one would skip a turn.
        due = now + timedelta(seconds=cadence - settings.METRICS_INTERVAL_S / 2)
        due = max(due, _settled_at(row) or due)
        updates.append((row.pk, windows.floor(now, period_s), cadence, due))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE fleet_variantstatus AS v SET metrics_until = n.until, metrics_cadence_s = n.cadence, "
            "metrics_due_at = n.due FROM unnest(%s::bigint[], %s::timestamptz[], %s::int[], %s::timestamptz[]) "
            "AS n (id, until, cadence, due) WHERE v.id = n.id",
            [list(column) for column in zip(*updates, strict=True)],
        )


def _settled_at(row: VariantStatus) -> datetime | None:
    """From when on the last hour of a variant that is gone can be read as a whole, None for a live one."""
    gone = [at for at in (row.endpoint.closed_at, row.removed_at) if at]
    return windows.floor(min(gone), windows.HOUR_S) + HOUR + END_LAG if gone else None


def _hot(variant_ids: Sequence[int], now: datetime) -> set[int]:
    """Variants with traffic within the hour."""
    moved = " OR ".join(f"{column} > 0" for column in TRAFFIC_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT variant_id FROM {partitions.FINE_TABLE} "  # noqa: S608
            f"WHERE variant_id = ANY(%s) AND at >= %s AND ({moved})",
            [list(variant_ids), now - HOT_FOR],
        )
        return {row[0] for row in cursor.fetchall()}
