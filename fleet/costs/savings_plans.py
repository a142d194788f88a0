"""Savings Plans: what a commitment covers, how well it is used, and which one would cost least. Pure.

A commitment is dollars an hour at Savings Plans rates. It is paid in every hour, used or not; what an hour uses
beyond it is paid at the on-demand price. Source: docs/costs.md#savings-plans.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

HOURS_PER_YEAR = Decimal(8760)
FALLS = (Decimal("0.1"), Decimal("0.3"), Decimal("0.5"))
"""By how much the use is taken to fall where a commitment's regret is told."""
TERMS_YEARS = (1, 3)
Hour = TypeVar("Hour")


@dataclass(frozen=True)
class Use:
    """What one hour used of what Savings Plans cover, in USD: at on-demand prices, and at Savings Plans rates."""

    on_demand: Decimal
    at_plan: Decimal


@dataclass(frozen=True)
class Outcome:
    """What a commitment would have made of a history, USD over all its hours.

    paid: commitment of every hour plus what was beyond it; used: the part of the commitments that was used.
    covered: on-demand price of what the commitment bought.
    """

    hourly: Decimal
    hours: int
    on_demand: Decimal
    paid: Decimal
    used: Decimal
    covered: Decimal

    @property
    def saved(self) -> Decimal:
        """Against on demand; negative = it costs more."""
        return self.on_demand - self.paid

    @property
    def committed(self) -> Decimal:
        return self.hourly * self.hours

    @property
    def coverage(self) -> Decimal | None:
        """Part of the eligible spend that the commitment bought, 0 to 1; None without any spend."""
        return self.covered / self.on_demand if self.on_demand else None

    @property
    def utilisation(self) -> Decimal | None:
        """Part of the commitment that was used, 0 to 1; None without a commitment."""
        return self.used / self.committed if self.committed else None


@dataclass(frozen=True)
class Regret:
    """What the same commitment does when the use falls by a part (0 to 1). saved: USD a year, negative = it loses."""

    fall: Decimal
    saved_a_year: Decimal
    utilisation: Decimal | None


@dataclass(frozen=True)
class Advice:
    """The commitment an hour that would have cost least, and what it would have made of the history."""

    outcome: Outcome
    regrets: tuple[Regret, ...]

    @property
    def saved_a_year(self) -> Decimal:
        """USD a year, if every year were like this history."""
        return _a_year(self.outcome)


def uses(eligible: Mapping[Hour, Decimal], discount: Decimal, hours: Iterable[Hour]) -> list[Use]:
    """One Use an hour from what was spent at on-demand prices; hours without an entry used nothing.

    discount: what the plan's rates take off the on-demand price, 0 to 1. Raises ValueError outside [0, 1).
    """
    if not 0 <= discount < 1:
        raise ValueError(f"a discount lies between 0 and 1, not {discount}")
    zero = Decimal(0)
    return [Use(eligible.get(at, zero), eligible.get(at, zero) * (1 - discount)) for at in hours]


def outcome(history: Sequence[Use], hourly: Decimal) -> Outcome:
    """What a commitment of `hourly` dollars would have made of these hours. Raises ValueError when it is negative."""
    return replace(outcome_of(history, [hourly] * len(history)), hourly=hourly)


def outcome_of(history: Sequence[Use], held: Sequence[Decimal]) -> Outcome:
    """What commitments made of these hours; held: USD committed in each of them. Raises ValueError on a negative one.

    The outcome's hourly is the mean.
    """
    if any(hourly < 0 for hourly in held):
        raise ValueError(f"a commitment cannot be negative: {min(held)}")
    on_demand = paid = used = covered = Decimal(0)
    for hour, hourly in zip(history, held, strict=True):
        bought, at_list = _bought(hour, hourly)
        on_demand += hour.on_demand
        paid += hourly + hour.on_demand - at_list
        used += bought
        covered += at_list
    mean = sum(held, Decimal(0)) / len(held) if held else Decimal(0)
    return Outcome(mean, len(history), on_demand, paid, used, covered)


def beyond(history: Sequence[Use], held: Sequence[Decimal]) -> list[Use]:
    """What commitments leave of each hour: that on which a further one could be spent."""
    left = []
    for hour, hourly in zip(history, held, strict=True):
        bought, at_list = _bought(hour, hourly)
        left.append(Use(hour.on_demand - at_list, hour.at_plan - bought))
    return left


def _bought(hour: Use, hourly: Decimal) -> tuple[Decimal, Decimal]:
    """What a commitment buys of an hour, at plan rates and at on-demand prices."""
    bought = min(hourly, hour.at_plan)
    # AWS applies a plan to what it discounts most first; here all of an hour has the hour's mean discount.
    return bought, hour.on_demand if bought == hour.at_plan else _cut(hour.on_demand * bought / hour.at_plan)


def advise(history: Sequence[Use]) -> Advice | None:
    """The commitment that would have cost least over the history, found on its hourly curve; None without an hour.

    The total is linear between the hours' own levels, so one of these (or nothing at all) is the least. A commitment
    one dollar higher pays 1 in every hour and saves list ÷ plan price in those hours that use it: worth it while enough
    hours do, which is a percentile of the curve, not its mean. Of equally good ones the lowest.
    """
    if not history:
        return None
    levels = sorted({hour.at_plan for hour in history} | {Decimal(0)})
    best = levels[_best_level(history, levels)]
    found = outcome(history, best)
    return Advice(found, tuple(regret(history, best, fall) for fall in FALLS))


def regret(history: Sequence[Use], hourly: Decimal, fall: Decimal) -> Regret:
    """The commitment kept while every hour uses `fall` (0 to 1) less."""
    left = 1 - fall
    found = outcome([Use(hour.on_demand * left, hour.at_plan * left) for hour in history], hourly)
    return Regret(fall, _a_year(found), found.utilisation)


def curve(history: Sequence[Use], points: int = 20) -> list[Outcome]:
    """Outcomes from no commitment to that of the busiest hour, evenly spaced; empty when nothing was used."""
    highest = max((hour.at_plan for hour in history), default=Decimal(0))
    if not highest:
        return []
    return [outcome(history, highest * n / points) for n in range(points + 1)]


def _best_level(history: Sequence[Use], levels: Sequence[Decimal]) -> int:
    """Index of the level with the least total, by slopes: the total is convex in the commitment."""
    gain = [Decimal(0)] * (len(levels) + 1)
    for hour in history:
        if hour.at_plan:
            gain[bisect_left(levels, hour.at_plan)] += hour.on_demand / hour.at_plan
    # gain_above: list dollars saved by one more plan dollar, over the hours that use more than a level.
    gain_above = sum(gain, Decimal(0))
    for index in range(len(levels)):
        gain_above -= gain[index]
        if gain_above <= len(history):
            return index
    return len(levels) - 1


def _cut(usd: Decimal) -> Decimal:
    """To the resolution of stored amounts, so that what is nothing is shown as nothing."""
    return usd.quantize(Decimal("1e-12"))


def _a_year(found: Outcome) -> Decimal:
    return found.saved * HOURS_PER_YEAR / found.hours if found.hours else Decimal(0)
