"""Incidents, the data behind one of them, and the delivery log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, Q, QuerySet, When

from fleet.catalogue import COLUMNS
from fleet.models import AlertRule, FineBucket, Incident, Notification
from fleet.queries.scope import ScopeFilter

RESOLVED_FOR = timedelta(days=30)
LISTED = 200
RESOLVED_LISTED = 50
_LINE = (
    "severity", "title", "cause", "opened_at", "condition_since", "resolved_at", "acknowledged_at", "endpoint__name",
    "acknowledged_by__username",
)  # fmt: skip
"""What a line of the list says: everything that is known of two hundred incidents takes long to read."""
_BEFORE = timedelta(minutes=90)
_AFTER = timedelta(minutes=30)
_LONGEST = timedelta(days=3)


@dataclass(frozen=True)
class Incidents:
    """Open incidents worst first, then those resolved in the last 30 days, newest first.

    Of each what a line says is read. The lists are cut at LISTED and RESOLVED_LISTED; the counts are of all.
    unattended: open, acknowledged by nobody.
    """

    open: Sequence[Incident]
    resolved: Sequence[Incident]
    open_total: int
    critical: int
    unattended: int
    resolved_total: int

    @property
    def warnings(self) -> int:
        return self.open_total - self.critical


def incidents(scope: ScopeFilter, *, now: datetime) -> Incidents:
    """Two lists and their counts; incidents about no endpoint (budgets, sync) show under every scope."""
    found = Incident.objects.filter(_in_scope(scope))
    lines = found.select_related("endpoint", "acknowledged_by").only(*_LINE)
    is_open, is_recent = Q(resolved_at=None), Q(resolved_at__gte=now - RESOLVED_FOR)
    is_critical = Q(severity=AlertRule.Severity.CRITICAL)
    counts = found.filter(is_open | is_recent).aggregate(
        open_total=Count("pk", filter=is_open),
        critical=Count("pk", filter=is_open & is_critical),
        unattended=Count("pk", filter=is_open & Q(acknowledged_at=None)),
        resolved_total=Count("pk", filter=is_recent),
    )
    worst_first = Case(When(is_critical, then=0), default=1)
    return Incidents(
        open=list(lines.filter(is_open).order_by(worst_first, "-opened_at", "-id")[:LISTED]),
        resolved=list(lines.filter(is_recent).order_by("-resolved_at")[:RESOLVED_LISTED]),
        **counts,
    )


def worst(found: Incidents) -> Incident | None:
    """The first of the open ones, whole; None where nothing is open."""
    return _whole(Q(pk=found.open[0].pk)).first() if found.open else None


def every(scope: ScopeFilter, *, with_fleet: bool) -> QuerySet[Incident]:
    """Open and resolved incidents, for a list that pages by key; with_fleet: also those about no single endpoint."""
    where = _in_scope(scope) if with_fleet else scope.q("endpoint__shard")
    return _whole(where)


def _whole(where: Q) -> QuerySet[Incident]:
    """Incidents with all that a page of one says."""
    return Incident.objects.filter(where).select_related(
        "rule", "endpoint__shard__account", "acknowledged_by"
    )


def _in_scope(scope: ScopeFilter) -> Q:
    return Q() if scope.is_everything else Q(endpoint=None) | scope.q("endpoint__shard")


def mails_of(incident: Incident) -> list[Notification]:
    """Every mail about one incident, oldest first; the bodies stay in the database."""
    return list(incident.notifications.defer("text", "html").order_by("created_at", "id"))


@dataclass(frozen=True)
class Window:
    """Buckets around an incident: starts and values, a missing bucket being a None between its neighbours."""

    times: Sequence[datetime]
    values: Sequence[float | None]


def window(incident: Incident, *, now: datetime) -> Window:
    """The metric the incident is about, from 90 minutes before it to 30 minutes after it (or now)."""
    series = incident.series
    value, per = series.get("value"), series.get("per")
    kind, _, pk = incident.subject.partition(":")
    if kind != "variant" or value not in COLUMNS or (per and per not in COLUMNS):
        return Window((), ())
    end = min(incident.resolved_at + _AFTER, now) if incident.resolved_at else now
    start = max(incident.condition_since - _BEFORE, end - _LONGEST)
    rows = (
        FineBucket.objects.filter(variant_id=int(pk), at__gte=start, at__lt=end)
        .order_by("at")
        .values_list("at", "period_s", value, *([per] if per else []))
    )
    times: list[datetime] = []
    values: list[float | None] = []
    due: datetime | None = None
    for at, period_s, figure, *whole in rows:
        if due is not None and at > due:
            times.append(due)
            values.append(None)
        times.append(at)
        values.append(_divided(figure, whole[0]) if per else figure)
        due = at + timedelta(seconds=period_s)
    return Window(times, values)


def _divided(part: float | None, whole: float | None) -> float | None:
    return (part or 0.0) / whole if whole else None


def open_by_rule() -> dict[str, int]:
    """Open incidents by rule key; rules without any are absent."""
    rows = (
        Incident.objects.filter(resolved_at=None).order_by().values_list("rule__key").annotate(n=Count("pk"))
    )
    return dict(rows)


def deliveries(state: str = "") -> QuerySet[Notification]:
    """The delivery log, newest first, without the bodies; state "" means all."""
    found = Notification.objects.select_related("incident").defer("text", "html")
    return found.filter(state=state) if state else found


def waiting_mails() -> int:
    """Mails that are not out yet."""
    return Notification.objects.filter(state__in=("pending", "sending")).count()
