"""What a capacity would cost in a month for the traffic that was observed: the before and after of an operation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fleet.costs import lines
from fleet.costs.instances import LOCAL_DISK_NOTE, UNKNOWN_VOLUME_NOTE, has_local_disk
from fleet.costs.periods import HOURS_PER_MONTH, Window
from fleet.costs.price_book import VOLUME, PriceBook
from fleet.costs.serverless import BILLED_NOTE
from fleet.types import Capacity, Confidence, CostComponent, CostLine, ServerlessCapacity

_MONTH_S = HOURS_PER_MONTH * 3600


@dataclass(frozen=True)
class Traffic:
    """What one variant did over `window`, the measured input of a comparison.

    busy_s: sum of model latency in seconds, None = CloudWatch reported nothing. calls likewise. peak_concurrency: the
    highest number of executions at once, None = unknown. provisioned_share: part of the calls (0 to 1) that the
    provisioned concurrency of today served, None when there is none or the counts are not published.
    """

    window: Window
    busy_s: Decimal | None
    calls: Decimal | None = None
    peak_concurrency: int | None = None
    provisioned_share: Decimal | None = None

    @property
    def busy_s_per_month(self) -> Decimal | None:
        """busy_s scaled to 730 hours; None without data or with an empty window."""
        if self.busy_s is None or not self.window.hours:
            return None
        return self.busy_s * HOURS_PER_MONTH / self.window.hours


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
        if _is_open(self.before) or _is_open(self.after):
            return None
        before, after = self.before_total.amount, self.after_total.amount
        return None if before is None or after is None else after - before


def compare(region: str, before: Capacity, after: Capacity, traffic: Traffic, book: PriceBook) -> Comparison:
    """Monthly cost of two capacities under the same traffic, USD unrounded, with the figures it rests on.

    Durations are taken as unchanged by the new capacity. Source: docs/costs.md#comparisons.
    """
    return Comparison(
        before=tuple(monthly(region, before, traffic, book, level_today=_level(before))),
        after=tuple(monthly(region, after, traffic, book, level_today=_level(before))),
        inputs=_inputs(traffic),
    )


def monthly(
    region: str, capacity: Capacity, traffic: Traffic, book: PriceBook, *, level_today: int | None = None
) -> list[CostLine]:
    """Cost lines of one capacity for one month of 730 hours.

    level_today: the provisioned concurrency under which traffic.provisioned_share was observed.
    """
    if capacity.serverless:
        return _serverless(region, capacity.serverless, traffic, book, level_today)
    return _instances(region, capacity, book)


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


def expected_share(level: int, traffic: Traffic, level_today: int | None) -> tuple[Decimal | None, str]:
    """Part of the calls (0 to 1) that `level` units would serve, and in words where that comes from.

    None when nothing was observed that tells: the execution is then priced at the on-demand rate, the upper bound.
    """
    if not level:
        return Decimal(0), ""
    if level == level_today and traffic.provisioned_share is not None:
        return traffic.provisioned_share, "share of calls served warm as observed"
    if traffic.peak_concurrency is not None and level >= traffic.peak_concurrency:
        return Decimal(
            1
        ), f"{level} units cover the observed peak of {traffic.peak_concurrency} executions at once"
    return None, "how many calls would be served warm is not known: all execution taken at the on-demand rate"


def _serverless(
    region: str, capacity: ServerlessCapacity, traffic: Traffic, book: PriceBook, level_today: int | None
) -> list[CostLine]:
    item, level, busy_s = (
        str(capacity.memory_mb),
        capacity.provisioned_concurrency or 0,
        traffic.busy_s_per_month,
    )
    share, reason = expected_share(level, traffic, level_today)
    note = "; ".join(filter(None, [BILLED_NOTE, reason]))
    warm_s = None if busy_s is None else busy_s * (share or 0)
    cold_s = None if busy_s is None or warm_s is None else busy_s - warm_s
    found = []
    if cold_s is None or cold_s or not level:
        component = CostComponent.EXECUTION_ON_DEMAND
        found.append(lines.price(book, region, component, item, cold_s, Confidence.ESTIMATED, note))
    if level:
        kept_s = level * _MONTH_S
        component = CostComponent.KEPT_WARM
        found.append(
            lines.price(book, region, component, item, kept_s, Confidence.ESTIMATED, f"{level} × 730 h")
        )
    if warm_s:
        component = CostComponent.EXECUTION_PROVISIONED
        found.append(lines.price(book, region, component, item, warm_s, Confidence.ESTIMATED, note))
    return found


def _instances(region: str, capacity: Capacity, book: PriceBook) -> list[CostLine]:
    item, count = capacity.instance_type, capacity.instance_count
    hours = None if count is None else count * HOURS_PER_MONTH
    note = LOCAL_DISK_NOTE if has_local_disk(item) else ("" if count is None else f"{count} × 730 h")
    found = [lines.price(book, region, CostComponent.INSTANCE_TIME, item, hours, Confidence.ESTIMATED, note)]
    if not has_local_disk(item) and count != 0:
        known = capacity.volume_gb is not None and count is not None
        gb_months = Decimal((capacity.volume_gb or 0) * (count or 0)) if known else None
        note = "" if known else UNKNOWN_VOLUME_NOTE
        found.append(
            lines.price(book, region, CostComponent.STORAGE, VOLUME, gb_months, Confidence.ESTIMATED, note)
        )
    return found


def _is_open(found: Sequence[CostLine]) -> bool:
    return any(line.amount is None and line.component is not CostComponent.STORAGE for line in found)


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
