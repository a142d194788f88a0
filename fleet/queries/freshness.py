"""How old the mirror of a scope is: the times of its oldest region, which is what any sum over it rests on."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from fleet.models import Shard
from fleet.queries.scope import ScopeFilter


@dataclass(frozen=True)
class Freshness:
    """The oldest good read over the regions of a scope; None while one of them was never read."""

    inventory_at: datetime | None
    metrics_at: datetime | None


def freshness(scope: ScopeFilter) -> Freshness:
    """One query over the enabled regions of enabled accounts."""
    watched = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True)
    found = watched.order_by().aggregate(
        inventory_at=Min("inventory_ok_at"),
        metrics_at=Min("metrics_ok_at"),
        without_inventory=Count("pk", filter=Q(inventory_ok_at=None)),
        without_metrics=Count("pk", filter=Q(metrics_ok_at=None)),
    )
    return Freshness(
        None if found["without_inventory"] else found["inventory_at"],
        None if found["without_metrics"] else found["metrics_at"],
    )
