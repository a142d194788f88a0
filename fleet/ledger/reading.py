"""What the ledger computes from, read in sets: variants with their capacity history, and the hour buckets of a day."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Sum
from django.db.models.functions import TruncDate

from fleet.costs.data import DataSizes
from fleet.costs.periods import Window
from fleet.models import CapacityPeriod, DataAssumption, HourBucket, Shard, VariantStatus
from fleet.queries import scaling_history
from fleet.types import Capacity, Kind, MetricRow

HOUR = timedelta(hours=1)
SETTLING = timedelta(hours=3)
"""How long costs wait for the metrics of a closed hour before the capacity history has to do."""

COLUMNS = (
    "model_latency_ms_sum", "instance_minutes", "provisioned_invocations", "spillover_invocations", "invocations",
    "processed",
)  # fmt: skip
COUNTED = (
    *COLUMNS, "errors_5xx", "setup_count",
    "cache_hit_sum", "cache_hit_count", "unload_count",
)  # fmt: skip
"""Columns whose change makes a day new: the billed ones, and those that fleet.rollups adds up by place."""


@dataclass(frozen=True)
class Subject:
    """One variant: where it belongs, what it held, and until when it can be priced.

    until: end of the newest hour to be priced; reported: stretches for which CloudWatch was read;
    growing_from: rows from here on are not whole yet, None before the first regular reading. sizes: what is assumed
    about the data of its calls, None for a shadow, whose calls are copies.
    """

    variant_id: int
    endpoint_id: int
    kind: Kind
    capacities: tuple[Capacity, ...]
    until: datetime
    reported: tuple[Window, ...]
    growing_from: datetime | None
    sizes: DataSizes | None = None


def subjects(shard: Shard, *, now: datetime, since: datetime) -> list[Subject]:
    """Every variant the shard ever had, with its capacity history, in which levels of scaling are right since `since`.

    Four queries, another where anything scales.
    """
    capacities: dict[int, list[Capacity]] = defaultdict(list)
    for period in CapacityPeriod.objects.filter(variant__endpoint__shard=shard).order_by(
        "variant_id", "start"
    ):
        capacities[period.variant_id].append(scaling_history.capacity(period))
    scaled = scaling_history.of_shard(shard, since=since)
    variants = VariantStatus.objects.filter(endpoint__shard=shard).order_by("id")
    found = variants.values_list("id", "endpoint_id", "name", "endpoint__kind", "metrics_until", "is_shadow")
    sizes = {
        row.endpoint_id: DataSizes(row.request_kb, row.response_kb)
        for row in DataAssumption.objects.filter(endpoint__shard=shard)
    }
    return [
        Subject(
            variant_id=pk,
            endpoint_id=endpoint_id,
            kind=Kind(kind),
            capacities=scaling_history.laid(capacities[pk], scaled.get((endpoint_id, name), ())),
            until=_until(read, now),
            reported=_reported(shard, read),
            growing_from=hour_floor(read) if read else None,
            sizes=None if is_shadow else sizes.get(endpoint_id),
        )
        for pk, endpoint_id, name, kind, read, is_shadow in found
    ]


def day_rows(shard: Shard, day: date) -> dict[int, tuple[MetricRow, ...]]:
    """Hour buckets of one UTC day by variant, the billed columns only. One query."""
    rows: dict[int, list[MetricRow]] = defaultdict(list)
    window = day_window(day)
    stored = HourBucket.objects.filter(
        variant__endpoint__shard=shard, at__gte=window.start, at__lt=window.end
    ).order_by("variant_id", "at")
    for variant_id, at, period_s, *values in stored.values_list(
        "variant_id", "at", "period_s", *COLUMNS
    ).iterator():
        rows[variant_id].append(MetricRow(variant_id, at, period_s, dict(zip(COLUMNS, values, strict=True))))
    return {variant_id: tuple(found) for variant_id, found in rows.items()}


def bucket_sums(shard: Shard, since: date, until: date) -> Mapping[date, tuple[Any, ...]]:
    """Count and sums of COUNTED by UTC day of [since, until]: cheap to read, different when a bucket is."""
    window = Window(day_window(since).start, day_window(until).end)
    found = (
        HourBucket.objects.filter(variant__endpoint__shard=shard, at__gte=window.start, at__lt=window.end)
        .annotate(day=TruncDate("at", tzinfo=UTC))
        .values_list("day")
        .order_by("day")
        .annotate(buckets=Count("at"), **{f"{column}_total": Sum(column) for column in COUNTED})
    )
    return {day: tuple(sums) for day, *sums in found}


def first_day(shard: Shard, today: date) -> date:
    """The oldest day with something to price: the start of the back-fill, else the oldest bucket, else yesterday."""
    oldest = HourBucket.objects.filter(variant__endpoint__shard=shard).aggregate(oldest=Min("at"))["oldest"]
    starts = [at.astimezone(UTC).date() for at in (oldest, shard.backfill_from) if at]
    return min([today - timedelta(days=1), *starts])


def day_window(day: date) -> Window:
    """[00:00, 24:00) UTC of a day."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Window(start, start + timedelta(days=1))


def history(shard: Shard, day: date) -> Window | None:
    """The part of a UTC day that can be priced, None when there is none.

    Nothing before the history of the shard, and, while its back-fill runs, no day that it is still to bring: those days
    are not unknown, they are not there yet.
    """
    whole = day_window(day)
    if shard.backfill_from is None or shard.backfill_until is None:
        return whole
    done = shard.backfill_done_until or shard.backfill_from
    is_there = done >= shard.backfill_until or done >= whole.end
    start = max(whole.start, shard.backfill_from if is_there else shard.backfill_until)
    return Window(start, whole.end) if start < whole.end else None


def hour_floor(at: datetime) -> datetime:
    """The start of the hour that `at` falls in, UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _until(read: datetime | None, now: datetime) -> datetime:
    closed = hour_floor(now)
    if read is None or closed - hour_floor(read) > SETTLING:
        return closed
    return min(closed, hour_floor(read))


def _reported(shard: Shard, read: datetime | None) -> tuple[Window, ...]:
    """The back-fill runs forward from its start; the regular reading goes on where the back-fill is to end."""
    found = []
    if shard.backfill_from and shard.backfill_done_until and shard.backfill_done_until > shard.backfill_from:
        found.append(Window(shard.backfill_from, shard.backfill_done_until))
    if read and shard.backfill_until and hour_floor(read) > shard.backfill_until:
        found.append(Window(shard.backfill_until, hour_floor(read)))
    return tuple(found)
