"""Whether an endpoint is active, idle, or cannot be told to be either; judged from what is stored, no AWS call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Q

from fleet.models import Endpoint, HourBucket, Shard
from fleet.types import EndpointStatus, Kind

WINDOW = timedelta(days=14)
EVERY = timedelta(minutes=10)
DAYS = WINDOW.days
# Zeros for minutes without calls: real-time endpoints publish them (Amazon SageMaker developer guide, "Auto scaling
# prerequisites"); serverless and asynchronous ones publish nothing while nobody calls.
PUBLISHES_ZEROS = frozenset({Kind.REAL_TIME, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER})
Activity = Endpoint.Activity


@dataclass(frozen=True)
class Seen:
    """What is stored about one endpoint over WINDOW. hours: stored hours of any kind; None times: never."""

    kind: str
    status: str
    created_at: datetime
    variants: int
    until: datetime | None
    cadence_s: int
    last_call_at: datetime | None
    hours: int
    history_from: datetime | None


def judge(seen: Seen, now: datetime) -> tuple[str, str]:
    """Activity and its reason. A call within WINDOW is proof; idleness needs a whole WINDOW of figures without one."""
    if seen.last_call_at is not None and seen.last_call_at >= now - WINDOW:
        return Activity.ACTIVE, f"it had calls within {DAYS} days"
    why = _why_not_known(seen, now)
    if why:
        return Activity.CANNOT_TELL, why
    return Activity.IDLE, f"no call in {DAYS} days, all of which were read"


def _why_not_known(seen: Seen, now: datetime) -> str:
    start = now - WINDOW
    if seen.kind == Kind.UNKNOWN:
        return "its hosting option is not known, so CloudWatch was asked nothing"
    if not seen.variants:
        return "its variants are not known, so CloudWatch was asked nothing"
    if seen.status != EndpointStatus.IN_SERVICE:
        return f"it is {seen.status}, so a lack of calls says nothing"
    if seen.created_at > start:
        return f"it exists for {(now - seen.created_at).days} of the {DAYS} days that are looked at"
    if seen.until is None:
        return "no figure of it has been read yet"
    if now - seen.until > 3 * timedelta(seconds=seen.cadence_s) + timedelta(hours=1):
        return f"its figures end at {seen.until:%-d %b %H:%M} UTC"
    if seen.history_from is None or seen.history_from > start:
        return f"its history is not stored for {DAYS} days yet"
    if seen.kind in PUBLISHES_ZEROS and not seen.hours:
        return "CloudWatch reported nothing, not even the zeros that this kind publishes without calls"
    if seen.kind == Kind.INFERENCE_COMPONENT and not seen.hours:
        return "CloudWatch reported nothing for its components"
    return ""


def is_due(shard: Shard, now: datetime) -> bool:
    """Every ten minutes: a window of two weeks hardly moves, but history that has just arrived may settle it."""
    ok_at = (shard.sections.get("activity") or {}).get("ok_at")
    return ok_at is None or now - datetime.fromisoformat(ok_at) >= EVERY


def wake(shard_id: int, *, now: datetime) -> int:
    """Call active at once what was not and has had traffic since; one statement."""
    recent = Q(
        variants__removed_at=None, variants__is_shadow=False, variants__metrics_traffic_at__gte=now - WINDOW
    )
    rows = Endpoint.objects.filter(recent, shard_id=shard_id, closed_at=None).exclude(
        activity=Activity.ACTIVE
    )
    found = list(rows.order_by().values_list("pk", flat=True).distinct())
    if not found:
        return 0
    return Endpoint.objects.filter(pk__in=found).update(
        activity=Activity.ACTIVE, activity_reason=f"it had calls within {DAYS} days"
    )


def run(shard: Shard, *, now: datetime, keep_alive: Callable[[], None]) -> int:
    """Judge every open endpoint of the shard; the number of rows that changed."""
    serving = Q(variants__removed_at=None, variants__is_shadow=False)
    rows = list(
        Endpoint.objects.filter(shard=shard, closed_at=None)
        .defer("document", "search_text", "tags")
        .annotate(
            known=Count("variants", filter=serving),
            until=Min("variants__metrics_until", filter=serving),
            cadence=Max("variants__metrics_cadence_s", filter=serving),
            traffic_at=Max("variants__metrics_traffic_at", filter=serving),
        )
        .order_by("pk")
    )
    keep_alive()
    quiet = [row.pk for row in rows if row.traffic_at is None or row.traffic_at < now - WINDOW]
    hours = _hours(quiet, now)
    history_from = shard.backfill_from if shard.backfill_done_until == shard.backfill_until else None
    changed = []
    for row in rows:
        stored = hours.get(row.pk, {})
        last = max((at for at in (row.traffic_at, stored.get("last")) if at), default=None)
        seen = Seen(
            row.kind, row.status, row.created_at, row.known, row.until, row.cadence or 300, last,
            stored.get("hours", 0), history_from,
        )  # fmt: skip
        activity, reason = judge(seen, now)
        # The newest call alone is no reason to write: VariantStatus.metrics_traffic_at has it.
        if (row.activity, row.activity_reason) != (activity, reason):
            row.activity, row.activity_reason, row.last_call_at = activity, reason, last
            changed.append(row)
    _write(changed)
    return len(changed)


def _write(rows: Sequence[Endpoint]) -> None:
    """One statement, whatever the number of rows: all of a shard are judged anew when its history has arrived."""
    if rows:
        values = [(row.pk, row.activity, row.activity_reason, row.last_call_at) for row in rows]
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, [list(column) for column in zip(*values, strict=True)])


def _hours(endpoints: Sequence[int], now: datetime) -> Mapping[int, dict[str, Any]]:
    """Of endpoints without recent traffic: stored hours in WINDOW, and the newest with a call."""
    called = Q(invocations__gt=0) | Q(processed__gt=0) | Q(backlog_max__gt=0)
    rows = (
        HourBucket.objects.filter(
            variant__endpoint__in=endpoints, variant__is_shadow=False, at__gte=now - WINDOW, at__lt=now
        )
        .order_by()
        .values("variant__endpoint")
        .annotate(hours=Count("at"), last=Max("at", filter=called))
    )
    return {row["variant__endpoint"]: {"hours": row["hours"], "last": row["last"]} for row in rows}


_UPDATE = """
UPDATE fleet_endpoint AS e SET activity = n.activity, activity_reason = n.reason, last_call_at = n.last
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[]) AS n (id, activity, reason, last)
WHERE e.id = n.id
"""
