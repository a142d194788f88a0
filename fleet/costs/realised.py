"""What a change really saved: the days after it against the days before, at the traffic that came after. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from fleet.costs.periods import HOURS_PER_MONTH
from fleet.types import CostComponent

BY_USE = frozenset(
    {
        CostComponent.EXECUTION_ON_DEMAND,
        CostComponent.EXECUTION_PROVISIONED,
        CostComponent.DATA_IN,
        CostComponent.DATA_OUT,
    }
)
"""What is paid for by call; everything else is paid for by the hour, whatever is called."""
_DAYS_PER_MONTH = HOURS_PER_MONTH / 24


@dataclass(frozen=True)
class Stretch:
    """What one endpoint cost and did over some whole UTC days.

    usd: by component, None = a line of these days has no amount or a day has no line; missing: which, in words. calls
    None: not reported.
    """

    days: int
    usd: Mapping[CostComponent, Decimal] | None
    calls: Decimal | None
    missing: str = ""


@dataclass(frozen=True)
class Realised:
    """USD a month of 730 h, unrounded. before: as it was; without: what it would have cost at the traffic that came

    after; after: what it cost. times: traffic after ÷ before, None = not known or of no account. why_unknown: what is
    missing where a figure is None.
    """

    before: Decimal | None
    without: Decimal | None
    after: Decimal | None
    times: Decimal | None = None
    why_unknown: str = ""

    @property
    def saved(self) -> Decimal | None:
        """Negative when it came to cost more."""
        return None if self.without is None or self.after is None else self.without - self.after


def realised(before: Stretch, after: Stretch) -> Realised:
    """The saving of a change, from as many days as each stretch has.

    What is paid by call would have grown with the calls; capacity is taken to have stayed as it was, so a capacity that
    would have scaled with the traffic is told too low. Unknown costs or calls give no saving, never zero.
    Source: docs/costs.md#savings-realised.
    """
    was, now = _month(before), _month(after)
    if before.usd is None or was is None or now is None:
        missing = before.missing if was is None else after.missing
        return Realised(was, None, now, why_unknown=missing or "the costs of these days are not known")
    by_use = sum((usd for part, usd in before.usd.items() if part in BY_USE), Decimal(0))
    times = _times(before, after)
    if by_use and times is None:
        return Realised(was, None, now, why_unknown="the calls of the days before or after are not known")
    moved = by_use * (times - 1) if by_use and times is not None else Decimal(0)
    return Realised(was, was + _per_month(moved, before.days), now, times)


def _times(before: Stretch, after: Stretch) -> Decimal | None:
    """Calls a day after ÷ before; None when either is not reported, or there were none before."""
    if before.calls is None or after.calls is None or not before.calls or not after.days:
        return None
    return after.calls * before.days / (before.calls * after.days)


def _month(stretch: Stretch) -> Decimal | None:
    if stretch.usd is None or not stretch.days:
        return None
    return _per_month(sum(stretch.usd.values(), Decimal(0)), stretch.days)


def _per_month(usd: Decimal, days: int) -> Decimal:
    return usd / days * _DAYS_PER_MONTH
