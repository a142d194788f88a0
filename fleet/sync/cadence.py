"""How often each variant's metrics are read, and why: the price is per metric asked, so cost follows traffic.

Moving (changed within the hour, or with an open incident): each minute where the buckets are minutes, else five. Busy
(traffic within the hour): each five minutes. Idle: hourly, with a probe of one metric each five minutes that wakes it;
after a day without traffic each fifteen. A serverless variant that its probe finds silent is not read at all, since it
publishes nothing then; one on instances is, for its machines go on.

ListMetrics with RecentlyActive would find active variants without GetMetricData's price, but only those of the last
three hours, and a variant on instances is always active: its machines publish (CloudWatch API reference, ListMetrics).
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, F, Field, Func, Q, QuerySet
from django.db.models.functions import Least, TruncHour

from fleet.aws import cloudwatch
from fleet.models import Incident, Shard, VariantStatus
from fleet.sync import budget, windows
from fleet.sync.subjects import Subject, load_with, queries
from fleet.types import Kind

HOUR = timedelta(seconds=windows.HOUR_S)
END_LAG = windows.REREAD[windows.FINE_S]
"""How long after its last hour a variant that is gone is still read: CloudWatch fills in late."""
PROBED_BACK = timedelta(hours=3)

_GONE_AT = Least("endpoint__closed_at", "removed_at")
# As numbers: a time read as text costs ten times the CPU of one made from epoch seconds, and every tick reads them all.
# Of a plain field, since a FloatField would have each number converted once more.
_TIMES = [
    Func(at, template="extract(epoch FROM %(expressions)s)::float8", output_field=Field())
    for at in (
        F("endpoint__created_at"), F("endpoint__modified_at"), _GONE_AT, F("metrics_until"), F("metrics_due_at"),
        F("metrics_traffic_at"),
    )
]  # fmt: skip

Why = VariantStatus.Cadence


@dataclass(slots=True)
class Standing:
    """A variant and how far it was read. traffic_at: its newest bucket with traffic that was read."""

    item: Subject
    created_at: datetime
    modified_at: datetime
    gone_at: datetime | None
    until: datetime | None
    due_at: datetime | None
    traffic_at: datetime | None
    why: str
    has_incident: bool
    read_from: datetime | None = None
    """Where the probe that woke it looked from: nothing that it found is to be left out."""

    def saw(self, stamp: int | None) -> None:
        """Note the newest bucket with traffic, None when there was none."""
        if stamp is not None:
            at = datetime.fromtimestamp(stamp, UTC)
            self.traffic_at = at if self.traffic_at is None else max(self.traffic_at, at)

    def is_moving(self, now: datetime) -> bool:
        return self.gone_at is None and (self.has_incident or now - self.modified_at < windows.HOT_FOR)

    def is_due(self, now: datetime) -> bool:
        """Whether its turn has come, or comes early because it began to move."""
        is_woken = self.why not in {Why.MOVING, Why.GONE} and self.is_moving(now)
        return self.due_at is None or self.due_at <= now or is_woken

    def owes_hours(self, now: datetime) -> bool:
        """Whether an hour in which it had traffic is still to be asked as a whole, or once more."""
        if self.traffic_at is None or self.until is None:
            return False
        window = windows.hours(until=self.until, oldest=self.created_at, now=now)
        return window is not None and self.traffic_at >= window[0]

    @property
    def settled_at(self) -> datetime | None:
        """From when on the last hour of a variant that is gone can be read as a whole, None for a live one."""
        return windows.floor(self.gone_at, windows.HOUR_S) + HOUR + END_LAG if self.gone_at else None


def standings(shard: Shard) -> list[Standing]:
    """Live variants of kinds that publish metrics, and those gone until their last hour was read as a whole.

    Three queries at most, whatever the number of variants.
    """
    rows = _readable().filter(endpoint__shard=shard)
    incidents = set(
        Incident.objects.filter(resolved_at=None, endpoint__shard=shard).values_list("endpoint_id", flat=True)
    )
    found = load_with(rows, "metrics_why", *_TIMES)
    return [
        Standing(
            item,
            datetime.fromtimestamp(created, UTC),
            datetime.fromtimestamp(modified, UTC),
            _moment(gone),
            _moment(until),
            _moment(due_at),
            _moment(traffic),
            why,
            item.endpoint_id in incidents,
        )
        for item, (why, created, modified, gone, until, due_at, traffic) in found
    ]


def _moment(epoch_s: float | None) -> datetime | None:
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC)


def with_work(shard_ids: Collection[int], now: datetime) -> set[int]:
    """Those shards in which the turn of any variant has come, or comes early because it began to move. One query.

    Probes are left out: their turns are those of the clock.
    """
    incidents = Incident.objects.filter(resolved_at=None).values("endpoint")
    moves = Q(endpoint__modified_at__gt=now - windows.HOT_FOR) | Q(endpoint__in=incidents)
    is_woken = (
        moves & ~Q(metrics_why__in=(Why.MOVING, Why.GONE)) & Q(endpoint__closed_at=None, removed_at=None)
    )
    rows = _readable().filter(Q(metrics_due_at=None) | Q(metrics_due_at__lte=now) | is_woken)
    found = rows.filter(endpoint__shard__in=shard_ids).order_by()
    return set(found.values_list("endpoint__shard", flat=True).distinct())


def _readable() -> QuerySet[VariantStatus]:
    settled = ExpressionWrapper(TruncHour(_GONE_AT, tzinfo=UTC) + HOUR + END_LAG, DateTimeField())
    return (
        VariantStatus.objects.annotate(settled=settled)
        .filter(Q(settled=None) | Q(metrics_until=None) | Q(settled__gt=F("metrics_until")))
        .exclude(endpoint__kind=Kind.UNKNOWN)
    )


def due(shard: Shard, rows: Sequence[Standing], *, now: datetime) -> tuple[list[Standing], list[Standing]]:
    """(to be read, silent): those whose turn it is, and those of them that a probe found to have nothing to read."""
    read: list[Standing] = []
    probed: list[Standing] = []
    for row in rows:
        is_asleep = row.why in {Why.IDLE, Why.SILENT} and row.gone_at is None and not row.is_moving(now)
        if is_asleep and _is_probed(shard, row, now):
            probed.append(row)
        elif row.is_due(now):
            read.append(row)
    awake = _with_traffic(shard, probed, now)
    silent: list[Standing] = []
    for row in probed:
        if row.item.variant_id in awake:
            row.why, row.read_from = Why.BUSY, datetime.fromtimestamp(_probed_from(row), UTC)
            read.append(row)
        elif row.is_due(now):
            is_silent = row.item.kind is Kind.SERVERLESS and not row.owes_hours(now)
            (silent if is_silent else read).append(row)
    return read, silent


def _is_probed(shard: Shard, row: Standing, now: datetime) -> bool:
    """Whether one metric is asked first: at its turn, unless the answer would not decide anything."""
    if row.until is None or now - row.until > PROBED_BACK:
        return False
    if row.is_due(now):
        return row.item.kind is Kind.SERVERLESS
    every = windows.PROBE_S if row.why == Why.IDLE else windows.SILENT_PROBE_S
    return windows.is_turn(shard.metrics_ok_at, now, every)


def _with_traffic(shard: Shard, rows: Sequence[Standing], now: datetime) -> set[int]:
    """Variants with traffic since shortly before they were last read."""
    wanted = [(row, query) for row in rows for query in queries(row.item, row.item.probe, windows.FINE_S)]
    if not wanted:
        return set()
    start = {row.item.variant_id: _probed_from(row) for row in rows}
    first = datetime.fromtimestamp(min(start.values()), UTC)
    book = budget.booking(shard, budget.PROBE, now=now)
    end = windows.floor(now, windows.FINE_S)
    found = cloudwatch.get_metric_data(shard.scope, [query for _, query in wanted], first, end, reserve=book)
    return {
        row.item.variant_id
        for (row, _), one in zip(wanted, found, strict=True)
        if any(v and at >= start[row.item.variant_id] for at, v in zip(one.stamps, one.values, strict=True))
    }


def _probed_from(row: Standing) -> int:
    assert row.until is not None
    at = windows.floor(row.until - windows.REREAD[windows.FINE_S], windows.FINE_S)
    # A bucket that was read with its traffic is not what wakes it.
    return max(int(at.timestamp()), int(row.traffic_at.timestamp()) + 1 if row.traffic_at else 0)


def schedule(rows: Sequence[Standing], now: datetime) -> None:
    """Note how far each variant was read, how often it is to be read and why, and when next."""
    if not rows:
        return
    # As one text: arrays are written item by item, which costs several times as much.
    now_s, interval_s = now.timestamp(), settings.METRICS_INTERVAL_S
    updates = json.dumps([_next(row, now, now_s, interval_s) for row in rows])
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [updates])


def _next(
    row: Standing, now: datetime, now_s: float, interval_s: int
) -> tuple[int, float, int, float, str, float | None]:
    """(variant, read until, seconds between readings, due at, why, newest traffic); times in epoch seconds."""
    period_s = windows.fine_period_s(row.item.kind)
    why = _why(row, now)
    every = windows.cadence_s(
        is_moving=why == Why.MOVING, is_busy=why == Why.BUSY, interval_s=interval_s, period_s=period_s
    )
    # Half a tick early, or a tick that comes a second sooner than the last one would skip a turn.
    due_s = now_s + every - interval_s / 2
    settled_at, newest = row.settled_at, row.traffic_at
    if settled_at is not None and settled_at > now:
        # The last reading, or the one before it came too early.
        due_s = settled_at.timestamp()
    until_s = now_s // period_s * period_s
    return row.item.variant_id, until_s, every, due_s, why, newest.timestamp() if newest else None


def _why(row: Standing, now: datetime) -> str:
    if row.gone_at is not None:
        return Why.GONE
    if row.is_moving(now):
        return Why.MOVING
    if row.traffic_at is None or now - row.traffic_at >= windows.SILENT_AFTER:
        return Why.SILENT
    return Why.BUSY if now - row.traffic_at < windows.HOT_FOR else Why.IDLE


_UPDATE = """
UPDATE fleet_variantstatus AS v
SET metrics_until = n.until, metrics_cadence_s = n.cadence, metrics_due_at = n.due, metrics_why = n.why,
    metrics_traffic_at = n.traffic
FROM (
    SELECT (row -> 0)::bigint AS id, to_timestamp((row -> 1)::float8) AS until, (row -> 2)::int AS cadence,
        to_timestamp((row -> 3)::float8) AS due, row ->> 4 AS why, to_timestamp((row ->> 5)::float8) AS traffic
    FROM jsonb_array_elements(%s::jsonb) row
) n
WHERE v.id = n.id
"""
