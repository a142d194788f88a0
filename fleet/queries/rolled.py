"""When figures that were added up beforehand (fleet.rollups) may stand for stored buckets and daily costs.

They may for the windows of the range control, as they end now. Every other window is added up from the rows
themselves, and so is everything while a shard has not been summed up yet (just added, or no worker for long).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import Q

from fleet.queries.cost_scope import Span
from fleet.queries.scope import WINDOW_KEYS, ScopeFilter, TimeRange, window_start

_OLDEST = {"1h": timedelta(minutes=45), "24h": timedelta(hours=6)}
_OLDEST_LONG = timedelta(hours=12)
_CLOCK = timedelta(minutes=1)
EVENING = 22
"""From this hour of the UTC day on, the costs of tomorrow's windows are summed up beside today's."""
TOMORROW = ">"
"""Follows the key of such a window."""
WHOLE_FLEET = ""
"""The place that holds everything."""
_FIELDS = ("hour_until", "day_until", "long_until", "costs_until", "periods_at", "spans_on")


@dataclass(frozen=True)
class Freshness:
    """Until when every shard of a scope is summed up, the least of them; None: some shard is not.

    periods_at: when the last shard's history had been added up by weeks and months, which are kept so since. spans_on:
    the UTC day whose spans (fleet.queries.cost_spans) are kept.
    """

    hour_until: datetime | None = None
    day_until: datetime | None = None
    long_until: datetime | None = None
    costs_until: datetime | None = None
    periods_at: datetime | None = None
    spans_on: date | None = None

    @property
    def has_periods(self) -> bool:
        """Whether weeks and months stand for the days they are made of."""
        return self.periods_at is not None

    def covers(self, window: TimeRange) -> bool:
        """Whether EndpointWindow holds the window for every shard."""
        if window.key not in WINDOW_KEYS or window.start != window_start(window.key, window.end):
            return False
        until = {"1h": self.hour_until, "24h": self.day_until}.get(window.key, self.long_until)
        # Before the first of a month there is nothing of that month.
        oldest = max(window.start, window.end - _OLDEST.get(window.key, _OLDEST_LONG))
        return until is not None and oldest < until <= window.end + _CLOCK

    def has_costs(self, day: date) -> bool:
        """Whether the summed costs of every shard are those of the UTC day `day`, which is today.

        Those of last evening are: a shard not renewed since midnight has no cost of today yet.
        """
        if self.costs_until is None:
            return False
        until = self.costs_until.astimezone(UTC)
        return until.date() == day or (until.date() == day - timedelta(days=1) and until.hour >= EVENING)

    def cost_key(self, span: Span) -> str:
        """The window whose summed costs are those of the span, "" when none is."""
        lengths = {timedelta(days=1): "24h", timedelta(days=7): "7d", timedelta(days=30): "30d"}
        is_month = span.first == span.last.replace(day=1)
        key = "month" if is_month else lengths.get(span.last - span.first, "")
        return key if self.has_costs(span.last) else ""


NOT_SUMMED = Freshness()
"""Adds everything up from the rows themselves."""


def freshness(scope: ScopeFilter) -> Freshness:
    """How far the summaries of the scope reach. One query, written out: nearly every page asks it."""
    bound = {"accounts": list(scope.accounts), "regions": list(scope.regions)}
    with connection.cursor() as cursor:
        cursor.execute(_REACH, bound)
        return Freshness(*cursor.fetchone())


# A shard that had endpoints when it was summed up needs no look at them; endpoints are closed, never removed alone.
_REACH = f"""
SELECT {", ".join(f"CASE WHEN count(r.{name}) = count(*) THEN min(r.{name}) END" for name in _FIELDS)}
FROM fleet_shard s JOIN fleet_account a ON a.id = s.account_id LEFT JOIN fleet_rollupstate r ON r.shard_id = s.id
WHERE (cardinality(%(accounts)s::text[]) = 0 OR a.account_id = ANY(%(accounts)s::text[]))
    AND (cardinality(%(regions)s::text[]) = 0 OR s.region = ANY(%(regions)s::text[]))
    AND (r.endpoints > 0 OR EXISTS (SELECT FROM fleet_endpoint e WHERE e.shard_id = s.id))
"""  # noqa: S608 - the names above only


def place_q(scope: ScopeFilter) -> Q | None:
    """Condition on the places that make up the scope; None where no sum of places is the scope."""
    if scope.accounts and scope.regions:
        return None
    if scope.accounts:
        return Q(place__in=scope.accounts)
    if scope.regions:
        return Q(place__in=scope.regions)
    return Q(place=WHOLE_FLEET)
