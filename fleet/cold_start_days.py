"""Counting why calls started cold, hour by hour once its minutes are settled, so that no page looks at minutes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Min, Q

from fleet.analysis import warmth
from fleet.analysis.cold_starts import causes
from fleet.models import ChangeEvent, ColdStartCount, ColdStartDay, FineBucket, Shard, VariantStatus
from fleet.queries import cold_start_causes
from fleet.types import Kind, MetricRow

HOUR = timedelta(hours=1)
SETTLED = timedelta(hours=2)
"""So long after its end an hour is counted; what comes later still is left out."""
FIRST = timedelta(hours=24)
"""So far back minutes reach when Flotilla first looks."""
SHARDS_AT_ONCE = 400
HOURS_AT_ONCE = 24
WAITS = timedelta(hours=12)
"""For a variant that is read no longer; the first hours are waited for so long after Flotilla's first look."""
TOGETHER = 500
BEFORE = timedelta(minutes=20)
_COLUMNS = ("invocations", "setup_count", "concurrency_utilization_max", "spillover_invocations")
_FIELDS = cold_start_causes.COLUMNS
_ADDED = (*_FIELDS.values(), "at_limit")


def due(now: datetime) -> list[int]:
    """Shards with an hour that was read and has settled, but is not counted, and those never looked at. One query."""
    found = _standing(Q(metrics_ok_at__lte=now))
    return [pk for pk, until, limit, is_new in found if is_new or until + HOUR <= limit]


def count(shard_ids: Sequence[int]) -> int:
    """Count the settled hours of some shards, the oldest first; how many. Two turns at once count none twice."""
    found = list(_standing(Q(pk__in=shard_ids)))
    ColdStartCount.objects.bulk_create(
        (ColdStartCount(shard_id=pk, since=until, until=until) for pk, until, _, is_new in found if is_new),
        ignore_conflicts=True,
    )
    limits = {pk: limit for pk, _, limit, _ in found}
    counted = 0
    while counted < HOURS_AT_ONCE and _count_hour(limits):
        counted += 1
    return counted


def _standing(which: Q) -> Iterator[tuple[int, datetime, datetime, bool]]:
    """Shards that may have an hour to count: how far they are counted, how far they can be, and if they are new.

    Every variant must have been read so far, or one that lags is not waited for any longer.
    """
    settled = Q(cold_start_count__until__lte=F("metrics_ok_at") - HOUR - SETTLED)
    live = Q(
        endpoints__kind=Kind.SERVERLESS,
        endpoints__closed_at=None,
        endpoints__variants__removed_at=None,
        endpoints__variants__is_shadow=False,
    )
    unread = Count("endpoints__variants", filter=live & Q(endpoints__variants__metrics_until=None))
    found = (
        Shard.objects.filter(
            which, Q(cold_start_count=None) | settled, enabled=True, metrics_ok_at__isnull=False
        )
        .annotate(unread=unread, read=Min("endpoints__variants__metrics_until", filter=live))
        .order_by("pk")
        .values_list(
            "pk", "metrics_ok_at", "unread", "read", "cold_start_count__since", "cold_start_count__until"
        )
    )
    for pk, at, lacks, read, since, until in found[:SHARDS_AT_ONCE]:
        assert at is not None, "shards that were never read are left out"
        counted = until or _floor(at - SETTLED - FIRST)
        limit = counted if lacks else min(at, read or at) - SETTLED
        if since is not None and at > since + FIRST + SETTLED + WAITS:
            limit = max(limit, at - WAITS - SETTLED)
        yield pk, counted, limit, since is None


@transaction.atomic
def _count_hour(limits: Mapping[int, datetime]) -> bool:
    """Count the oldest hour that any of the shards waits for, for all that wait for it."""
    waiting = ColdStartCount.objects.filter(shard__in=list(limits)).order_by("pk").select_for_update()
    rows = [row for row in waiting if row.until + HOUR <= limits[row.shard_id]]
    if not rows:
        return False
    start = min(row.until for row in rows)
    mine = [row.shard_id for row in rows if row.until == start]
    ids = list(
        VariantStatus.objects.filter(
            endpoint__shard__in=mine, endpoint__kind=Kind.SERVERLESS, is_shadow=False
        ).values_list("pk", flat=True)
    )
    for n in range(0, len(ids), TOGETHER):
        _add(list(_days(ids[n : n + TOGETHER], start)))
    ColdStartCount.objects.filter(shard__in=mine).update(until=start + HOUR)
    return True


def _days(ids: Sequence[int], start: datetime) -> Iterator[ColdStartDay]:
    """What one hour adds to the days of those of the variants that had set-ups in it."""
    found = FineBucket.objects.filter(variant__in=ids, at__gte=start, at__lt=start + HOUR, setup_count__gt=0)
    cold = sorted(found.order_by().values_list("variant_id", flat=True).distinct())
    if not cold:
        return
    deployed = _deployed(cold, start)
    for pk, rows in _minutes(cold, start).items():
        told = causes(rows, deployed_at=deployed.get(pk, ()), since=start)
        full = warmth.saturation(row for row in rows if row.at >= start)
        values = {field: told[cause] for cause, field in _FIELDS.items()}
        yield ColdStartDay(variant_id=pk, day=start.date(), at_limit=full.buckets, **values)


def _add(days: Sequence[ColdStartDay]) -> None:
    """Add to the rows there are; the counters' locks keep every other turn out."""
    wanted = {one.variant_id for one in days}
    held = ColdStartDay.objects.filter(day__in={one.day for one in days}, variant__in=wanted)
    stored = {row.variant_id: row for row in held}
    for one in days:
        if (row := stored.get(one.variant_id)) is not None:
            for field in _ADDED:
                setattr(row, field, getattr(row, field) + getattr(one, field))
    ColdStartDay.objects.bulk_create([one for one in days if one.variant_id not in stored])
    ColdStartDay.objects.bulk_update(stored.values(), _ADDED)


def _minutes(ids: Sequence[int], start: datetime) -> dict[int, list[MetricRow]]:
    found: dict[int, list[MetricRow]] = defaultdict(list)
    stored = FineBucket.objects.filter(variant__in=ids, at__gte=start - BEFORE, at__lt=start + HOUR)
    for pk, at, period_s, *values in stored.order_by("at").values_list(
        "variant_id", "at", "period_s", *_COLUMNS
    ):
        found[pk].append(MetricRow(pk, at, period_s, dict(zip(_COLUMNS, values, strict=True))))
    return found


def _deployed(ids: Sequence[int], start: datetime) -> dict[int, list[datetime]]:
    """Changes of config that an hour's cold starts may come from, by variant."""
    of = dict(VariantStatus.objects.filter(pk__in=ids).values_list("pk", "endpoint_id"))
    at: dict[int, list[datetime]] = defaultdict(list)
    changes = ChangeEvent.objects.filter(
        endpoint__in=set(of.values()),
        category=ChangeEvent.Category.CONFIG,
        at__gte=start - BEFORE,
        at__lt=start + HOUR,
    )
    for endpoint, moment in changes.order_by("at").values_list("endpoint_id", "at"):
        at[endpoint].append(moment)
    return {pk: at[endpoint] for pk, endpoint in of.items() if endpoint in at}


def _floor(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
