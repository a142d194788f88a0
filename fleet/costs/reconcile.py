"""Estimated against billed: the gap of each day and item, taken apart into causes that add up to it exactly. Pure.

What is billed comes in Cost Explorer's words, what is estimated from the daily costs. Source: docs/costs.md#billed.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from fleet.costs.bill_words import ADJUSTMENTS, OTHER, Cause, cause_of, place, same_unit
from fleet.costs.serverless import UNREAD
from fleet.types import CostComponent

QUANTUM = Decimal("0.000000000001")
"""Resolution of every amount here, USD: that of a stored cost."""
NEAR = Decimal("0.01")
"""Share of the billed quantity up to which a difference is one of measuring: whole milliseconds and seconds."""
DUST = Decimal("0.000001")
"""USD below which a difference of rates is the rounding of what Cost Explorer sends, not another price."""


@dataclass(frozen=True)
class Bill:
    """One billed line of an account, USD: usage_type "" where record_type says that it is no usage."""

    day: date
    region: str
    record_type: str
    usage_type: str
    amount: Decimal
    quantity: Decimal
    unit: str
    is_estimated: bool


@dataclass(frozen=True)
class Estimate:
    """What Flotilla made of one account, day, region, component and item, USD.

    amount is after `discount`; None where no line of it has one. is_unpriced, has_no_data: some line of it has no
    price, no usage. is_whole: it covers the whole day.
    """

    day: date
    region: str
    component: str
    item: str
    quantity: Decimal | None
    amount: Decimal | None
    discount: Decimal = Decimal(0)
    is_unpriced: bool = False
    has_no_data: bool = False
    is_whole: bool = True


@dataclass(frozen=True)
class Line:
    """One day, region, component and item. estimate None: there is none; parts add up to the gap exactly."""

    day: date
    region: str
    component: str
    item: str
    estimate: Decimal | None
    billed: Decimal
    parts: Mapping[Cause, Decimal] = field(default_factory=dict)
    is_estimated: bool = False

    @property
    def gap(self) -> Decimal:
        """Billed minus estimated, USD; positive where AWS charged more."""
        return self.billed - (self.estimate or Decimal(0))


@dataclass(frozen=True)
class Sum:
    """Lines added up."""

    estimate: Decimal | None
    billed: Decimal
    parts: Mapping[Cause, Decimal]
    is_estimated: bool

    @property
    def gap(self) -> Decimal:
        return self.billed - (self.estimate or Decimal(0))

    @property
    def share(self) -> Decimal | None:
        """The gap as a share of the bill, None where nothing was billed."""
        return self.gap / self.billed if self.billed else None

    @property
    def unexplained(self) -> Decimal:
        return self.parts.get(Cause.UNEXPLAINED, Decimal(0))


_UNKNOWN_ITEMS = ("", UNREAD)
_DATA = (CostComponent.DATA_IN, CostComponent.DATA_OUT)

Place = tuple[date, str, str, str]
Key = TypeVar("Key", bound=Hashable)


def reconcile(bills: Iterable[Bill], estimates: Iterable[Estimate], watched: Collection[str]) -> list[Line]:
    """One line per day, region, component and item of one account, oldest first; all of both sides is in one of them.

    watched: the regions that Flotilla reads of the account. Only days that both sides cover belong in here: a day
    without any bill is not there yet, which is no gap.
    """
    billed: dict[Place, list[Bill]] = {}
    for bill in bills:
        component, item = place(bill.usage_type) if bill.usage_type else (ADJUSTMENTS, bill.record_type)
        billed.setdefault((bill.day, bill.region, component, item), []).append(bill)
    expected: dict[Place, list[Estimate]] = {}
    blind: set[tuple[date, str, str]] = set()
    for each in estimates:
        if each.amount is None and each.has_no_data and each.item in _UNKNOWN_ITEMS:
            blind.add((each.day, each.region, each.component))
            continue
        item = "" if each.component in _DATA else each.item
        expected.setdefault((each.day, each.region, each.component, item), []).append(each)
    return [
        _line(at, billed.get(at, []), expected.get(at, []), watched, is_blind=at[:3] in blind)
        for at in sorted(billed.keys() | expected.keys())
    ]


def summed(lines: Iterable[Line], key: Callable[[Line], Key]) -> dict[Key, Sum]:
    """Lines added up by what `key` makes of them, in the order of their first line; exact."""
    groups: dict[Key, list[Line]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    return {name: total(group) for name, group in groups.items()}


def total(lines: Iterable[Line]) -> Sum:
    """All lines as one; the estimate is None only when no line has one."""
    found = list(lines)
    known = [line.estimate for line in found if line.estimate is not None]
    parts: dict[Cause, Decimal] = {}
    for line in found:
        for cause, usd in line.parts.items():
            parts[cause] = parts.get(cause, Decimal(0)) + usd
    return Sum(
        estimate=sum(known, Decimal(0)) if known else None,
        billed=sum((line.billed for line in found), Decimal(0)),
        parts={cause: parts[cause] for cause in Cause if parts.get(cause)},
        is_estimated=any(line.is_estimated for line in found),
    )


def _line(
    at: Place, bills: list[Bill], estimates: list[Estimate], watched: Collection[str], *, is_blind: bool
) -> Line:
    """is_blind: some use of the component is known to be in no estimate, and of which item is not known."""
    if is_blind:
        estimates = [replace(each, has_no_data=True) for each in estimates]
    day, region, component, item = at
    billed = sum((bill.amount for bill in bills), Decimal(0)).quantize(QUANTUM)
    known = [each.amount for each in estimates if each.amount is not None]
    estimate = sum(known, Decimal(0)).quantize(QUANTUM) if known else None
    line = Line(day, region, component, item, estimate, billed, {}, any(bill.is_estimated for bill in bills))
    parts = _parts(line, bills, estimates, watched, is_blind=is_blind) if line.gap else {}
    return Line(day, region, component, item, estimate, billed, parts, line.is_estimated)


def _parts(
    line: Line, bills: list[Bill], estimates: list[Estimate], watched: Collection[str], *, is_blind: bool
) -> dict[Cause, Decimal]:
    if line.component == ADJUSTMENTS:
        return {cause_of(line.item): line.gap}
    if line.component == OTHER:
        return {Cause.NOT_HOSTING: line.gap}
    if line.estimate is None:
        return {_missing(line, estimates, watched, is_blind=is_blind): line.gap}
    discount = sum((each.discount for each in estimates), Decimal(0)).quantize(QUANTUM)
    usage, price = _split(line, bills, estimates, discount)
    parts = {Cause.DISCOUNT: discount} if discount else {}
    if abs(price) < DUST:
        usage, price = usage + price, Decimal(0)
    for cause, usd in (
        (_usage_cause(line, bills, estimates), usage),
        (Cause.DISCOUNT if price < 0 else Cause.PRICE, price),
    ):
        if usd:
            parts[cause] = parts.get(cause, Decimal(0)) + usd
    return {cause: usd for cause, usd in parts.items() if usd}


def _split(
    line: Line, bills: list[Bill], estimates: list[Estimate], discount: Decimal
) -> tuple[Decimal, Decimal]:
    """The gap without discount as a difference of quantities, and one of rates; all of it the first where unknown."""
    gross = (line.estimate or Decimal(0)) + discount
    whole = line.billed - gross
    mine = sum((each.quantity or Decimal(0) for each in estimates), Decimal(0))
    theirs = sum((bill.quantity for bill in bills), Decimal(0))
    if not mine or not theirs or not same_unit(line.component, (bill.unit for bill in bills)):
        return whole, Decimal(0)
    usage = ((theirs - mine) * gross / mine).quantize(QUANTUM)
    return usage, whole - usage


def _missing(line: Line, estimates: list[Estimate], watched: Collection[str], *, is_blind: bool) -> Cause:
    """Why a billed item of hosting has no estimated amount."""
    if any(each.is_unpriced for each in estimates):
        return Cause.UNPRICED
    if estimates or is_blind:
        return Cause.NO_DATA
    if line.component in _DATA and line.region in watched:
        return Cause.NOT_ESTIMATED
    return Cause.UNSEEN


def _usage_cause(line: Line, bills: list[Bill], estimates: list[Estimate]) -> Cause:
    """Why the quantities differ: the first reason that is known to hold."""
    if any(each.is_unpriced for each in estimates):
        return Cause.UNPRICED
    if any(each.has_no_data for each in estimates):
        return Cause.NO_DATA
    if not all(each.is_whole for each in estimates):
        return Cause.LATE
    if line.is_estimated:
        return Cause.NOT_FINAL
    if not bills or not same_unit(line.component, (bill.unit for bill in bills)):
        return Cause.UNEXPLAINED
    mine = sum((each.quantity or Decimal(0) for each in estimates), Decimal(0))
    theirs = sum((bill.quantity for bill in bills), Decimal(0))
    return Cause.MEASURED if abs(theirs - mine) <= NEAR * abs(theirs) else Cause.UNEXPLAINED
