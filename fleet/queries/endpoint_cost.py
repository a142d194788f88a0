"""What one endpoint cost: the month so far, and days by component, from the stored daily lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Max, Min, Q, Sum

from fleet.models import Endpoint
from fleet.types import Confidence


@dataclass(frozen=True)
class MonthCost:
    """Cost of this UTC month so far; usd None when no line has an amount; unpriced lines are not in it."""

    usd: Decimal | None
    unpriced: int
    computed_at: datetime | None
    data_until: datetime | None


def month(endpoint: Endpoint, today: date) -> MonthCost:
    """One query over the stored daily costs of all the endpoint's variants."""
    found = endpoint.daily_costs.filter(day__gte=today.replace(day=1), day__lte=today).aggregate(
        usd=Sum("amount"),
        unpriced=Count("pk", filter=Q(confidence=Confidence.UNPRICED)),
        computed_at=Max("computed_at"),
        data_until=Min("data_until", filter=Q(day=today)),
    )
    return MonthCost(**found)


def by_day(endpoint: Endpoint, days: Sequence[date]) -> dict[str, list[Decimal | None]]:
    """Component → amounts aligned with `days` (UTC, oldest first); None where nothing was priced. One query."""
    found: dict[str, dict[date, Decimal | None]] = {}
    sums = (
        endpoint.daily_costs.filter(day__gte=days[0], day__lte=days[-1])
        .order_by("component", "day")
        .values_list("component", "day")
        .annotate(usd=Sum("amount"))
    )
    for component, day, usd in sums:
        found.setdefault(component, {})[day] = usd
    return {component: [amounts.get(day) for day in days] for component, amounts in found.items()}
