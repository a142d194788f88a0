"""Why calls started cold: the days that fleet.cold_start_days counted, added up over a scope or one endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Min, Q, Sum

from fleet.analysis.cold_starts import Cause
from fleet.models import ColdStartCount, ColdStartDay, Endpoint
from fleet.queries.scope import ScopeFilter, TimeRange

COLUMNS: Mapping[Cause, str] = {
    Cause.IDLE: "idle",
    Cause.SPILL_OVER: "spill_over",
    Cause.GROWTH: "growth",
    Cause.DEPLOY: "deploy",
    Cause.UNKNOWN: "unknown",
}


@dataclass(frozen=True)
class Causes:
    """Cold starts by cause over whole UTC days; at_limit: minutes in which max concurrency was reached.

    first: the first day that is counted at least in part; until: how far everything is counted, None = not begun.
    """

    by_cause: Mapping[Cause, float]
    at_limit: int
    first: date
    until: datetime | None

    @property
    def total(self) -> float:
        return sum(self.by_cause.values())


def of_scope(scope: ScopeFilter, window: TimeRange) -> Causes:
    """All variants of the scope. Two queries."""
    return _causes(scope.q("variant__endpoint__shard"), scope.q("shard"), window)


def of_endpoint(endpoint: Endpoint, variant_ids: Sequence[int], window: TimeRange) -> Causes:
    """Some variants of an endpoint. Two queries."""
    return _causes(Q(variant__in=variant_ids), Q(shard=endpoint.shard_id), window)


def _causes(which: Q, where: Q, window: TimeRange) -> Causes:
    first = window.start.astimezone(UTC).date()
    last = (window.end - timedelta(microseconds=1)).astimezone(UTC).date()
    sums = {name: Sum(name) for name in (*COLUMNS.values(), "at_limit")}
    found = ColdStartDay.objects.filter(which, day__gte=first, day__lte=last).aggregate(**sums)
    counted = ColdStartCount.objects.filter(where).aggregate(since=Min("since"), until=Min("until"))
    return Causes(
        {cause: found[name] or 0.0 for cause, name in COLUMNS.items()},
        found["at_limit"] or 0,
        first if counted["since"] is None else max(first, counted["since"].astimezone(UTC).date()),
        counted["until"],
    )
