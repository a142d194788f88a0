"""What each way to host a traffic costs a month, and at how much traffic two ways cost the same. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fleet.costs import compare
from fleet.costs.periods import HOURS_PER_MONTH
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import SECONDS_PER_HOUR, Traffic, UseHour
from fleet.types import Capacity, CostComponent, CostLine, Kind, ServerlessCapacity

SCALES = tuple(Decimal(n) / 10 for n in range(51))
"""Multiples of the observed traffic that curves are drawn at: from none to five times as much."""
_LEAST = Decimal("0.0001")
"""Below this the traffic is taken for none: what starts with the first call makes no break-even point."""
_SAME_USD = Decimal("0.0000001")
_NEAR = Decimal("1e-15")
_CLOSE = 1e-6
_Gap = Callable[[Decimal], Decimal | None]


class Family(StrEnum):
    """A way to host, in the order in which equally dear ones are shown."""

    SERVERLESS = "serverless"
    PROVISIONED = "provisioned"
    ASYNCHRONOUS = "asynchronous"
    SHARED = "shared"
    REAL_TIME = "real-time"


@dataclass(frozen=True)
class Option:
    """One way to host. item: memory size in MB as text, or instance type; level: units kept warm.

    slots: executions at once on one instance. models: how many share it, 1 = none beside this. volume_gb: of each
    instance, None = not known.
    """

    family: Family
    item: str
    level: int = 0
    slots: int = 1
    models: int = 1
    volume_gb: int | None = None

    @property
    def key(self) -> str:
        """Its name in URLs and rows."""
        return "-".join(filter(None, [self.family.value, self.item, str(self.level or "")]))


Pricer = Callable[[Option, Decimal], Decimal | None]
"""A way and a multiple of the traffic → USD a month."""


@dataclass(frozen=True)
class Site:
    """Where the traffic runs today: region, what it holds and as which kind."""

    region: str
    capacity: Capacity
    kind: str

    @property
    def level(self) -> int | None:
        live = self.capacity.serverless
        return live.provisioned_concurrency if live else None


@dataclass(frozen=True)
class Crossing:
    """Where two ways cost the same: at `scale` times the observed traffic, USD a month of each there.

    is_step: one of them jumps over the other there, with one more instance, so that they are never exactly equal.
    """

    scale: Decimal
    usd: Decimal
    is_step: bool = False


def instances(traffic: Traffic, slots: int) -> int | None:
    """Instances that run the traffic's peak at once, at least one; None when no peak is known."""
    peak = traffic.peak
    return None if peak is None else max(1, -(-peak // slots))


def option_lines(option: Option, site: Site, traffic: Traffic, book: PriceBook) -> list[CostLine]:
    """Cost lines of one way for a month of 730 h, USD unrounded; amounts None as in compare.monthly.

    Source: docs/costs.md#options-and-break-even.
    """
    if option.family in (Family.SERVERLESS, Family.PROVISIONED):
        size = ServerlessCapacity(int(option.item), max(option.level, 1), option.level or None)
        held = Capacity(site.capacity.start, None, serverless=size)
        return compare.monthly(site.region, held, traffic, book, level_today=site.level)
    if option.family is Family.ASYNCHRONOUS:
        hours, note = _queue_hours(option, traffic)
        return compare.instance_lines(
            site.region, option.item, hours, option.volume_gb, book.without_plans(), note
        )
    hours, note = (
        _shared_hours(option, traffic) if option.family is Family.SHARED else _fixed_hours(option, traffic)
    )
    return compare.instance_lines(site.region, option.item, hours, option.volume_gb, book, note)


def today_lines(site: Site, traffic: Traffic, book: PriceBook) -> list[CostLine]:
    """Cost lines of what is there now under this traffic; instances are taken to stay as many as ran."""
    plain = book.without_plans() if site.kind == Kind.ASYNCHRONOUS else book
    return compare.today(site.region, site.capacity, traffic, plain)


def cost(found: Sequence[CostLine]) -> Decimal | None:
    """USD a month; None while a line has no amount, except storage of unknown size, which is left out."""
    known: list[Decimal] = []
    for line in found:
        if line.amount is not None:
            known.append(line.amount)
        elif line.component is not CostComponent.STORAGE:
            return None
    return sum(known, Decimal(0)) if known else None


def pricer(site: Site, traffic: Traffic, book: PriceBook, today: Option | None = None) -> Pricer:
    """Monthly cost of a way at a multiple of the traffic, None as in `cost`; each is worked out once.

    today: the way that runs now. On instances it costs what it does, whatever the peak would need: as many are added
    above today's traffic as are needed more then, and only those that were down at times are fewer below it.
    """
    known: dict[tuple[Option, Decimal], Decimal | None] = {}

    def needed(option: Option, scale: Decimal) -> Decimal | None:
        if (option, scale) not in known:
            known[option, scale] = cost(option_lines(option, site, traffic.scaled(scale), book))
        return known[option, scale]

    if today is None or site.capacity.serverless is not None:
        return needed
    runs, one = cost(today_lines(site, traffic, book)), Decimal(1)
    ran = traffic.instance_hours
    is_down_at_times = ran is not None and ran < traffic.window.hours

    def price(option: Option, scale: Decimal) -> Decimal | None:
        then, now = needed(option, scale), needed(option, one)
        if option != today or then is None or now is None or runs is None:
            return then
        return runs * then / now if is_down_at_times and now else runs + max(then - now, Decimal(0))

    return price


def crossings(one: Option, other: Option, price: Pricer) -> list[Crossing]:
    """Multiples of the traffic up to the last of SCALES at which one way becomes cheaper than the other, in order.

    Costs are linear between steps, where the point is solved exactly; else it is closed in on to 1e-15. Empty when a
    price or the traffic is not known. Of two crossings within a tenth of today's traffic none is seen.
    """

    def gap(scale: Decimal) -> Decimal | None:
        a, b = price(one, scale), price(other, scale)
        return None if a is None or b is None else a - b

    found: list[Crossing] = []
    low, at_low = _LEAST, gap(_LEAST)
    for high in SCALES[1:]:
        at_high = gap(high)
        if at_low is None or at_high is None:
            return []
        if at_low and (at_low > 0) != (at_high > 0 if at_high else at_low < 0):
            scale, left = _close_in(low, at_low, high, at_high, gap)
            found.append(Crossing(scale, price(one, scale) or Decimal(0), is_step=abs(left) > _SAME_USD))
        low, at_low = high, at_high
    return found


def busy_s_per_hour(scale: Decimal, traffic: Traffic) -> Decimal | None:
    """Mean seconds of execution an hour at `scale` times the traffic; None without traffic."""
    return traffic.scaled(scale).busy_s_per_hour


def _close_in(
    low: Decimal, at_low: Decimal, high: Decimal, at_high: Decimal, gap: _Gap
) -> tuple[Decimal, Decimal]:
    """The crossing between two multiples, and what is left of the gap there."""
    while True:
        straight = low + (high - low) * at_low / (at_low - at_high)
        left = gap(straight) or Decimal(0)
        if abs(left) <= _SAME_USD or high - low < _NEAR:
            return straight, left
        middle = (low + high) / 2
        at_middle = gap(middle) or Decimal(0)
        if not at_middle:
            return middle, at_middle
        if (at_middle > 0) == (at_low > 0):
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle


def _fixed_hours(option: Option, traffic: Traffic) -> tuple[Decimal | None, str]:
    count = instances(traffic, option.slots)
    return (None, "") if count is None else (count * HOURS_PER_MONTH, f"{count} × 730 h")


def _queue_hours(option: Option, traffic: Traffic) -> tuple[Decimal | None, str]:
    """Instance-hours with a queue in front: in every hour with a call as many as its seconds need, else none."""
    if traffic.busy_s is None or not traffic.window.hours:
        return None, ""
    times, ran = float(traffic.scale) / option.slots, 0
    for hour in traffic.hours:
        near = hour.load * times
        # Most hours fill less than one instance, and are far enough from a whole one.
        is_plain = _CLOSE < near < 1 - _CLOSE
        ran += 1 if is_plain else _begun(hour, near, traffic.scale, option.slots)
    month = ran * HOURS_PER_MONTH / traffic.window.hours
    return month, f"{ran} instance-hours in {float(traffic.window.hours):.4g} h, none in hours without a call"


def _shared_hours(option: Option, traffic: Traffic) -> tuple[Decimal | None, str]:
    """One model's part of shared instances: an even share of one, or what its peak fills if that is more."""
    peak = traffic.peak
    if peak is None:
        return None, ""
    part = max(Decimal(1) / option.models, Decimal(peak) / option.slots)
    note = f"{part.quantize(Decimal('0.001')).normalize():f} of an instance × 730 h"
    return part * HOURS_PER_MONTH, note


def _begun(hour: UseHour, near: float, scale: Decimal, slots: int) -> int:
    """Instances of some slots that the seconds of an hour × scale fill, the last one begun.

    near: the same as a float, which decides unless it is close to a whole number.
    """
    if abs(near - round(near)) > _CLOSE:
        return math.ceil(near)
    room_s = slots * SECONDS_PER_HOUR
    return int((hour.busy_s * scale / room_s).to_integral_value(rounding="ROUND_CEILING"))
