"""Sets of endpoints that could share one multi-model endpoint, for their page and for each member's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, Sum
from django.db.models.functions import Greatest

from fleet.models import ConsolidationSet, Endpoint
from fleet.queries.scope import ScopeFilter


@dataclass(frozen=True)
class Sets:
    """A page of sets. total, members: of the scope; low, high: USD a month of all of them, None without a set.

    low counts nothing for a set that may cost more: its saving is not sure, and nobody has to make it.

    others: as many are dismissed, or open where the dismissed ones are shown.
    """

    rows: Sequence[ConsolidationSet]
    endpoints: Mapping[int, Endpoint]
    total: int
    members: int
    low: Decimal | None
    high: Decimal | None
    others: int = 0


def page(scope: ScopeFilter, *, offset: int, size: int, is_dismissed: bool = False) -> Sets:
    """Sets that are true now, the surest saving first; no endpoint is in two of them. Five queries."""
    every = ConsolidationSet.objects.filter(scope.q("shard"), gone_at=None)
    found = every.filter(dismissed_at__isnull=not is_dismissed)
    sure = Greatest(F("saving_low"), Decimal(0))
    sums = found.order_by().aggregate(low=Sum(sure), high=Sum("saving_high"))
    sizes = list(found.order_by().values_list("members__len", flat=True))
    order = F("saving_low").desc(nulls_last=True)
    rows = list(
        found.select_related("shard__account", "dismissed_by").order_by(order, "pk")[offset : offset + size]
    )
    wanted = {pk for row in rows for pk in row.members}
    return Sets(
        rows,
        Endpoint.objects.in_bulk(wanted),
        len(sizes),
        sum(each or 0 for each in sizes),
        sums["low"],
        sums["high"],
        every.exclude(dismissed_at__isnull=not is_dismissed).count(),
    )


def of_endpoint(endpoint: Endpoint) -> ConsolidationSet | None:
    """The set that an endpoint is in; None when it is in none, or in one that was dismissed. One query."""
    found = ConsolidationSet.objects.filter(members__contains=[endpoint.pk], gone_at=None, dismissed_at=None)
    return found.first()
