"""What a capacity would cost in a month for the traffic that was observed: the before and after of an operation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fleet.costs import lines
from fleet.costs.instances import LOCAL_DISK_NOTE, UNKNOWN_VOLUME_NOTE, has_local_disk
from fleet.costs.periods import HOURS_PER_MONTH
from fleet.costs.price_book import VOLUME, PriceBook
from fleet.costs.serverless import BILLED_NOTE
from fleet.costs.traffic import HourLevels, Schedule, Traffic, expected_share
from fleet.types import Capacity, Confidence, CostComponent, CostLine, ServerlessCapacity

_MONTH_S = HOURS_PER_MONTH * 3600
RAN_NOTE = "instance-hours that ran, from CPU samples, scaled to 730 h"


@dataclass(frozen=True)
class Input:
    """One figure a comparison rests on, in words for the page."""

    label: str
    value: str


@dataclass(frozen=True)
class Comparison:
    """Lines of both sides for one month of 730 h; difference None unless every line of both sides has an amount."""

    before: tuple[CostLine, ...]
    after: tuple[CostLine, ...]
    inputs: tuple[Input, ...]

    @property
    def before_total(self) -> lines.Total:
        return lines.total(self.before)

    @property
    def after_total(self) -> lines.Total:
        return lines.total(self.after)

    @property
    def difference(self) -> Decimal | None:
        """after − before, USD a month. Storage of unknown size is left out on both sides and said in its line."""
        if is_open(self.before) or is_open(self.after):
            return None
        before, after = self.before_total.amount, self.after_total.amount
        return None if before is None or after is None else after - before


def compare(
    region: str,
    before: Capacity,
    after: Capacity,
    traffic: Traffic,
    book: PriceBook,
    *,
    schedule: Schedule | None = None,
    schedule_before: Schedule | None = None,
) -> Comparison:
    """Monthly cost of two capacities under the same traffic, USD unrounded, with the figures it rests on.

    Durations are taken as unchanged by the new capacity. schedule: when that is on, None = always; schedule_before:
    when today's is. Instances that stay as they are cost on both sides what ran. Source: docs/costs.md#comparisons.
    """
    level = _level(before)
    is_same = schedule == schedule_before and _shape(before) == _shape(after)
    found = tuple(today(region, before, traffic, book, schedule_before))
    changed = monthly(region, after, traffic, book, level_today=level, schedule=schedule)
    return Comparison(before=found, after=found if is_same else tuple(changed), inputs=_inputs(traffic))


def today(
    region: str, capacity: Capacity, traffic: Traffic, book: PriceBook, schedule: Schedule | None = None
) -> list[CostLine]:
    """Cost lines of what is there now: instance-hours that ran where they are known, else those of its capacity."""
    if capacity.serverless or traffic.instance_hours is None:
        return monthly(region, capacity, traffic, book, level_today=_level(capacity), schedule=schedule)
    ran, window_h = traffic.instance_hours, traffic.window.hours
    hours = ran * HOURS_PER_MONTH / window_h if window_h else None
    return instance_lines(region, capacity.instance_type, hours, capacity.volume_gb, book, RAN_NOTE)


def monthly(
    region: str,
    capacity: Capacity,
    traffic: Traffic,
    book: PriceBook,
    *,
    level_today: int | None = None,
    schedule: Schedule | None = None,
) -> list[CostLine]:
    """Cost lines of one capacity for one month of 730 hours, on all the time or by a weekly schedule.

    level_today: the provisioned concurrency under which traffic.provisioned_share was observed.
    """
    if capacity.serverless:
        return _serverless(region, capacity.serverless, traffic, book, level_today, schedule)
    if isinstance(schedule, HourLevels):
        mean_h, note = schedule.mean * HOURS_PER_MONTH, _mean_note(schedule)
        return instance_lines(region, capacity.instance_type, mean_h, capacity.volume_gb, book, note)
    count = capacity.instance_count
    on = Decimal(1) if schedule is None else schedule.share
    rest = 0 if schedule is None else schedule.rest or 0
    hours = None if count is None else (count * on + rest * (1 - on)) * HOURS_PER_MONTH
    note = "" if count is None else f"{count} × {_hours(on)} h"
    if rest:
        note += f" + {rest} × {_hours(1 - on)} h"
    return instance_lines(region, capacity.instance_type, hours, capacity.volume_gb, book, note)


def instance_lines(
    region: str, item: str, hours: Decimal | None, volume_gb: int | None, book: PriceBook, note: str
) -> list[CostLine]:
    """Instance-time and storage of some instance-hours a month; None = not known. note: where the hours come from."""
    first = LOCAL_DISK_NOTE if has_local_disk(item) else note
    found = [lines.price(book, region, CostComponent.INSTANCE_TIME, item, hours, Confidence.ESTIMATED, first)]
    if not has_local_disk(item) and hours != 0:
        known = volume_gb is not None and hours is not None
        gb_months = (volume_gb or 0) * (hours or Decimal(0)) / HOURS_PER_MONTH if known else None
        note = "" if known else UNKNOWN_VOLUME_NOTE
        found.append(
            lines.price(book, region, CostComponent.STORAGE, VOLUME, gb_months, Confidence.ESTIMATED, note)
        )
    return found


def at_start(
    *,
    now: datetime,
    instance_type: str = "",
    instance_count: int | None = None,
    serverless: ServerlessCapacity | None = None,
    volume_gb: int | None = None,
) -> Capacity:
    """A capacity that would hold from `now` on, as `compare` takes it."""
    return Capacity(now, None, instance_type, instance_count, volume_gb, serverless)


def _serverless(
    region: str,
    capacity: ServerlessCapacity,
    traffic: Traffic,
    book: PriceBook,
    level_today: int | None,
    schedule: Schedule | None,
) -> list[CostLine]:
    item, level, busy_s = (
        str(capacity.memory_mb),
        capacity.provisioned_concurrency or 0,
        traffic.busy_s_per_month,
    )
    share, reason = expected_share(level, traffic, level_today, schedule)
    note = "; ".join(filter(None, [BILLED_NOTE, reason]))
    warm_s = None if busy_s is None else busy_s * (share or 0)
    cold_s = None if busy_s is None or warm_s is None else busy_s - warm_s
    found = []
    if cold_s is None or cold_s or not level:
        component = CostComponent.EXECUTION_ON_DEMAND
        found.append(lines.price(book, region, component, item, cold_s, Confidence.ESTIMATED, note))
    if level:
        kept_s, kept_note = _kept(level, schedule)
        component = CostComponent.KEPT_WARM
        found.append(lines.price(book, region, component, item, kept_s, Confidence.ESTIMATED, kept_note))
    if warm_s:
        component = CostComponent.EXECUTION_PROVISIONED
        found.append(lines.price(book, region, component, item, warm_s, Confidence.ESTIMATED, note))
    return found


def _kept(level: int, schedule: Schedule | None) -> tuple[Decimal, str]:
    """Unit-seconds kept warm in a month, and how they come about."""
    if schedule is None:
        return level * _MONTH_S, f"{level} × 730 h"
    if isinstance(schedule, HourLevels):
        return schedule.mean * _MONTH_S, _mean_note(schedule)
    rest = schedule.floor(level)
    on = schedule.share
    note = f"{level} × {_hours(on)} h + {rest} × {_hours(1 - on)} h"
    return (level * on + rest * (1 - on)) * _MONTH_S, note


def _mean_note(schedule: HourLevels) -> str:
    return f"{schedule.mean.quantize(Decimal('0.01')).normalize():f} on average × 730 h"


def _hours(part: Decimal) -> str:
    """Hours of a month, as short as they can be said: "730", "217.3"."""
    return f"{(HOURS_PER_MONTH * part).quantize(Decimal('0.1')).normalize():f}"


def is_open(found: Sequence[CostLine]) -> bool:
    """Whether a line lacks its amount, so that the sum is none. Storage of unknown size is left out instead."""
    return any(line.amount is None and line.component is not CostComponent.STORAGE for line in found)


def _shape(capacity: Capacity) -> tuple[object, ...]:
    return (
        capacity.instance_type,
        capacity.instance_count,
        capacity.volume_gb,
        capacity.serverless,
    )


def _level(capacity: Capacity) -> int | None:
    return capacity.serverless.provisioned_concurrency if capacity.serverless else None


def _inputs(traffic: Traffic) -> tuple[Input, ...]:
    busy_s = traffic.busy_s_per_month
    found = [
        Input(
            "Observed", f"{traffic.window.start:%Y-%m-%d %H:%M} to {traffic.window.end:%Y-%m-%d %H:%M} UTC"
        ),
        Input("Month", "730 h"),
        Input(
            "Execution in a month", "no data" if busy_s is None else f"{busy_s:,.0f} s at today's durations"
        ),
    ]
    if traffic.calls is not None:
        found.append(Input("Calls observed", f"{traffic.calls:,.0f}"))
    if traffic.peak_concurrency is not None:
        found.append(Input("Most executions at once", str(traffic.peak_concurrency)))
    if traffic.provisioned_share is not None:
        found.append(Input("Served warm today", f"{float(traffic.provisioned_share) * 100:.3g} %"))
    return tuple(found)
