"""What the overview answers: who needs somebody, what it costs, how callers fare, what changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, F, IntegerField, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate

from fleet.analysis import series
from fleet.models import ChangeEvent, DailyCost, Endpoint, FineBucket, HourBucket, Incident, Shard
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.queries.usage import bucket_model_before
from fleet.types import Confidence, Kind


@dataclass(frozen=True)
class Trouble:
    """One open incident; endpoint_id None for one that is not about an endpoint (a budget, the sync)."""

    incident_id: int
    severity: str
    title: str
    cause: str
    summary: str
    since: datetime
    endpoint_id: int | None
    endpoint: str
    kind: str
    is_acknowledged: bool


@dataclass(frozen=True)
class Unreadable:
    """Something AWS would not let us read. endpoint_id None: the whole region; action is the missing IAM action."""

    name: str
    place: str
    region: str
    code: str
    message: str
    action: str
    since: datetime | None
    endpoint_id: int | None


@dataclass(frozen=True)
class Change:
    """One observed change; by: who asked for it through Flotilla, "" when it was made elsewhere."""

    at: datetime
    endpoint_id: int
    endpoint: str
    kind: str
    summary: str
    by: str
    operation: str


@dataclass(frozen=True)
class DayCosts:
    """Cost per UTC day and kind, USD; a day without any line is absent from a kind's dict."""

    days: list[date]
    by_kind: dict[str, dict[date, Decimal]]
    unpriced_endpoints: int
    data_until: datetime | None

    def total(self, day: date) -> Decimal | None:
        """Cost of a day over all kinds, None when nothing was worked out for it."""
        known = [costs[day] for costs in self.by_kind.values() if day in costs]
        return sum(known, Decimal(0)) if known else None


@dataclass(frozen=True)
class Traffic:
    """Calls of some time. serverless_calls: those that can start cold. None: not reported."""

    calls: float | None = None
    errors_5xx: float | None = None
    serverless_calls: float | None = None
    cold_starts: float | None = None


@dataclass(frozen=True)
class TrafficOf:
    """Traffic of a window, of the one before it, and of the window's UTC days, oldest first, for a little line."""

    now: Traffic
    before: Traffic
    days: list[Traffic]


def troubles(scope: ScopeFilter, limit: int = 50) -> list[Trouble]:
    """Open incidents of the scope, critical first, then the longest; those about no endpoint only fleet-wide."""
    about = scope.q("endpoint__shard")
    wanted = about if not scope.is_everything else Q()
    found = (
        Incident.objects.filter(wanted, resolved_at=None)
        .order_by("severity", "condition_since", "pk")
        .values_list(
            "pk", "severity", "title", "cause", "summary", "condition_since", "endpoint_id", "endpoint__name",
            "endpoint__kind", "acknowledged_at",
        )[:limit]
    )  # fmt: skip
    return [
        Trouble(
            pk, severity, title, cause, summary, since, endpoint_id, name or "", kind or "", seen is not None
        )
        for pk, severity, title, cause, summary, since, endpoint_id, name, kind, seen in found
    ]


def unreadable(scope: ScopeFilter) -> list[Unreadable]:
    """Regions whose listing failed last time, then endpoints that could be listed but not described."""
    shards = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True).exclude(
        Q(sections__inventory__error=None) | Q(sections__inventory__error__isnull=True)
    )
    endpoints = Endpoint.objects.filter(scope.q("shard"), closed_at=None, unreadable__isnull=False)
    place = ("account__alias", "region")
    found = (
        shards.order_by()
        .annotate(no_pk=Value(None, output_field=IntegerField()), no_name=Value("", output_field=CharField()))
        .values_list("no_pk", "no_name", *place, "sections__inventory__error")
        .union(
            endpoints.order_by().values_list(
                "pk", "name", *(f"shard__{each}" for each in place), "unreadable"
            ),
            all=True,
        )
    )
    ordered = sorted(
        found, key=lambda row: (row[0] is not None, row[2] if row[0] is None else row[1], row[3])
    )
    return [
        _unreadable(name or f"{alias} {region}", f"{alias}/{region}", region, error or {}, pk)
        for pk, name, alias, region, error in ordered
    ]


def costs(scope: ScopeFilter, days: Sequence[date]) -> DayCosts:
    """Daily cost by kind over `days` (oldest first), in two queries."""
    lines = DailyCost.objects.filter(
        scope.q("endpoint__shard"), day__gte=days[0], day__lte=days[-1]
    ).order_by()
    by_kind: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for day, kind, usd in lines.values_list("day", "endpoint__kind").annotate(usd=Sum("amount")):
        if usd is not None:
            by_kind[kind][day] = usd
    newest = lines.filter(day=days[-1]).aggregate(
        until=Max("data_until"),
        unpriced=Count("endpoint", distinct=True, filter=Q(confidence=Confidence.UNPRICED)),
    )
    return DayCosts(list(days), dict(by_kind), newest["unpriced"], newest["until"])


def month_to_date(scope: ScopeFilter, today: date) -> Decimal | None:
    """Cost since the first of the month, USD; None when nothing has been worked out."""
    lines = DailyCost.objects.filter(
        scope.q("endpoint__shard"), day__gte=today.replace(day=1), day__lte=today
    )
    total: Decimal | None = lines.aggregate(usd=Sum("amount"))["usd"]
    return total


def traffic(scope: ScopeFilter, window: TimeRange) -> TrafficOf:
    """Traffic of exactly the window and of the one before, and per UTC day, of variants that are there. One query.

    Hours, and up to a day fine buckets where the window begins or ends inside an hour; the window before is read as
    everywhere (usage.bucket_model_before).
    """
    start, end, since = window.start, window.end, window.previous.start
    first, last = (_hour(start, up=True), _hour(end)) if window.has_fine_buckets else (start, end)
    is_fine_before = bucket_model_before(window) is FineBucket
    before = When(at__lt=start, then=Value(_BEFORE))
    found = _grouped(
        HourBucket,
        scope,
        Q(at__gte=start if is_fine_before else since, at__lt=end),
        Case(before, When(at__gte=first, at__lt=last, then=Value(_NOW)), default=Value(_EDGE)),
    )
    if window.has_fine_buckets:
        edges = Q(at__gte=start, at__lt=first) | Q(at__gte=max(first, last), at__lt=end)
        if is_fine_before:
            edges |= Q(at__gte=since, at__lt=start)
        found = found.union(_grouped(FineBucket, scope, edges, Case(before, default=Value(_FINE))), all=True)
    rows = [(slot, day, Traffic(*sums)) for day, slot, *sums in found]
    days: dict[date, list[Traffic]] = defaultdict(list)
    for slot, day, sums in rows:
        if slot in {_NOW, _EDGE}:
            days[day].append(sums)
    return TrafficOf(
        now=_added(sums for slot, _, sums in rows if slot in {_NOW, _FINE}),
        before=_added(sums for slot, _, sums in rows if slot == _BEFORE),
        days=[_added(parts) for _, parts in sorted(days.items())],
    )


# Whole hours of the window, hours it cuts, their minutes inside of it, and the window before.
_NOW, _EDGE, _FINE, _BEFORE = "now", "edge", "fine", "before"


def _grouped(
    model: type[FineBucket | HourBucket], scope: ScopeFilter, when: Q, slot: Case
) -> QuerySet[Any, Any]:
    serverless = Q(variant__endpoint__kind=Kind.SERVERLESS)
    is_there = Q(variant__endpoint__closed_at=None, variant__removed_at=None)
    rows = model.objects.filter(when, is_there, scope.q("variant__endpoint__shard")).order_by()
    return (
        rows.annotate(day=TruncDate("at", tzinfo=UTC), slot=slot)
        .values_list("day", "slot")
        .annotate(
            calls=Sum(Coalesce("invocations", "processed")),
            errors=Sum("errors_5xx"),
            serverless=Sum("invocations", filter=serverless),
            cold=Sum("setup_count", filter=serverless),
        )
    )


def _added(parts: Iterable[Traffic]) -> Traffic:
    columns = zip(*(astuple(part) for part in parts), strict=True)
    return Traffic(*(series.total(column) for column in columns))


def _hour(at: datetime, *, up: bool = False) -> datetime:
    """The full hour at or before `at`; up: at or after it."""
    shift = timedelta(hours=1, microseconds=-1) if up else timedelta()
    return (at + shift).replace(minute=0, second=0, microsecond=0)


def changes(scope: ScopeFilter, since: datetime | None, limit: int = 10) -> list[Change]:
    """The newest changes after `since` (None: whenever), newest first."""
    found = ChangeEvent.objects.filter(scope.q("endpoint__shard"))
    if since is not None:
        found = found.filter(at__gt=since)
    values = found.order_by("-at", "-pk").values_list(
        "at", "endpoint_id", "endpoint__name", "endpoint__kind", "summary",
        F("operation__requested_by__username"), F("operation__code"),
    )[:limit]  # fmt: skip
    return [
        Change(at, pk, name, kind, summary, by or "", code or "")
        for at, pk, name, kind, summary, by, code in values
    ]


def visit(
    seen_at: datetime | None, last_at: datetime | None, since: datetime | None, now: datetime
) -> datetime | None:
    """Since when "your last visit" counts: half an hour without a look begins a new visit.

    seen_at: last look at all; last_at, since: what this session remembers.
    """
    if last_at is not None and now - last_at < timedelta(minutes=30):
        return since
    return seen_at


def _unreadable(name: str, place: str, region: str, error: dict[str, str], pk: int | None) -> Unreadable:
    since = error.get("since")
    return Unreadable(
        name, place, region, error.get("code", ""), error.get("message", ""), error.get("action", ""),
        datetime.fromisoformat(since) if since else None, pk,
    )  # fmt: skip
