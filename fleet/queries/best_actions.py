"""The few actions that are worth most, from what the advisor keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, Count, F, FloatField, Value, When, Window
from django.db.models.functions import Cast, Greatest

from fleet.models import Advice
from fleet.queries.scope import ScopeFilter

SHOWN = 3
_LOOKED_AT = 30
"""Two of an endpoint may save the same money, and so may members of one set: of either only the best is shown."""
SHARING = "sharing"
"""The decision under which each member of a set that could share tells its part of the same change."""
WARNING = 1
_RISK, _EFFORT = {0: 1.0, 1: 0.7, 2: 0.3}, {0: 1.0, 1: 0.6, 2: 0.3}
"""What is left of a saving's worth by its risk and its effort: a form without risk is done before a week's move."""


def _factor(column: str, parts: Mapping[int, float]) -> Case:
    return Case(
        *(When(**{column: value}, then=Value(part)) for value, part in parts.items()), default=Value(0.1)
    )


_LOW = Greatest(F("saving_low"), Value(Decimal(0)))
_WORTH = Case(
    When(
        saving_high__gt=0,
        then=Cast(_LOW + F("saving_high"), FloatField())
        * _factor("risk", _RISK)
        * _factor("effort", _EFFORT),
    )
)
_COSTS = Case(
    When(saving_high__lte=0, saving_low__lt=0, severity__gt=WARNING, then=Value(True)), default=Value(False)
)


@dataclass(frozen=True)
class BestActions:
    """The best actions, one of an endpoint at most; all: how many are open."""

    actions: Sequence[Advice]
    all: int

    @property
    def low(self) -> Decimal:
        """The least that those shown save together, USD a month of 730 h; what costs counts nothing."""
        return sum((max(each.saving_low or Decimal(0), Decimal(0)) for each in self.savers), Decimal(0))

    @property
    def high(self) -> Decimal:
        """The most that those shown save together, USD a month of 730 h."""
        return sum((each.saving_high or Decimal(0) for each in self.savers), Decimal(0))

    @property
    def saving(self) -> int:
        """How many of those shown claim a saving."""
        return len(self.savers)

    @property
    def savers(self) -> Sequence[Advice]:
        """Those shown that claim a saving."""
        return [each for each in self.actions if each.saving_high and each.saving_high > 0]


def best(scope: ScopeFilter, shown: int = SHOWN) -> BestActions:
    """Open advice of the scope: what saves comes first, by its worth, then the gravest of the rest. One query.

    What costs more is there for the sake of health only: as a warning, or graver.
    """
    found = Advice.objects.filter(
        scope.q("endpoint__shard"), gone_at=None, state__in=Advice.WAITING, endpoint__closed_at=None
    ).annotate(open=Window(Count("pk")), costs=_COSTS)
    ranked = found.order_by("costs", _WORTH.desc(nulls_last=True), "severity", "effort", "pk")
    rows = list(
        ranked.select_related("endpoint").only(
            "rule", "decision", "title", "why", "saving_low", "saving_high", "severity", "risk", "operation_kind",
            "operation_fields", "is_irreversible", "endpoint__name", "endpoint__kind",
        )[:_LOOKED_AT]
    )  # fmt: skip
    first: dict[object, Advice] = {}
    for row in rows:
        if not row.costs:
            first.setdefault(row.rule if row.decision == SHARING else row.endpoint_id, row)
    actions = list({row.endpoint_id: row for row in first.values()}.values())
    return BestActions(actions[:shown], rows[0].open if rows else 0)
