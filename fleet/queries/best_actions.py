"""The few actions that are worth most, from what the advisor keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Window

from fleet.models import Advice
from fleet.queries.scope import ScopeFilter

SHOWN = 3
_LOOKED_AT = 30
"""Two of an endpoint may save the same money: only its best is shown, so more than are shown are looked at."""


@dataclass(frozen=True)
class BestActions:
    """The best actions, one of an endpoint at most; all: how many are open."""

    actions: Sequence[Advice]
    all: int

    @property
    def low(self) -> Decimal:
        """The least that those shown save together, USD a month of 730 h; those without a figure count nothing."""
        return sum((each.saving_low or Decimal(0) for each in self.actions), Decimal(0))

    @property
    def high(self) -> Decimal:
        """The most that those shown save together, USD a month of 730 h."""
        return sum((each.saving_high or Decimal(0) for each in self.actions), Decimal(0))

    @property
    def saving(self) -> int:
        """How many of those shown claim a saving."""
        return sum(bool(each.saving_high and each.saving_high > 0) for each in self.actions)


def best(scope: ScopeFilter, shown: int = SHOWN) -> BestActions:
    """Open advice of the scope: what saves most first, then the gravest. One query."""
    found = Advice.objects.filter(
        scope.q("endpoint__shard"), gone_at=None, state__in=Advice.WAITING, endpoint__closed_at=None
    ).annotate(open=Window(Count("pk")))
    ranked = found.order_by(F("saving_high").desc(nulls_last=True), "severity", "effort", "pk")
    rows = list(
        ranked.select_related("endpoint").only(
            "rule", "title", "why", "saving_low", "saving_high", "severity", "risk", "operation_kind",
            "operation_fields", "is_irreversible", "endpoint__name", "endpoint__kind",
        )[:_LOOKED_AT]
    )  # fmt: skip
    first: dict[int, Advice] = {}
    for row in rows:
        first.setdefault(row.endpoint_id, row)
    return BestActions(list(first.values())[:shown], rows[0].open if rows else 0)
