"""What a variant did at each memory size that it ever had: how long a call took, and what that costs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import sqrt

from fleet.analysis.planner import phrases
from fleet.analysis.planner.interval import Range
from fleet.analysis.planner.pool import HOUR_S
from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.rows import Observation, observe
from fleet.costs.periods import HOURS_PER_MONTH
from fleet.types import Capacity, CostComponent, MetricRow

ENOUGH_CALLS, ENOUGH_HOURS = 100, 3
"""Fewer timed calls, or calls in fewer hours, say nothing of a size."""
_Z80 = 1.2816
_MILLION = 1_000_000


@dataclass(frozen=True)
class SizeSeen:
    """One memory size as it ran. hours: for which it was live; calls: timed ones.

    service_ms: mean execution of a call with its middle 80 %, None with too few calls; setup_ms: typical set-up;
    cold_share: cold starts per call; None = not reported. usd_per_million: execution on demand of a million such calls;
    usd_a_month: of the traffic of today; warm_unit_usd: one unit kept warm for 730 hours; None = no price.
    """

    memory_mb: int
    is_today: bool
    hours: float
    calls: int
    service_ms: Range | None
    setup_ms: float | None
    cold_share: float | None
    usd_per_million: Decimal | None
    usd_a_month: Decimal | None
    warm_unit_usd: Decimal | None


@dataclass(frozen=True)
class Comparison:
    """All sizes, smallest first. best: the cheapest that is not clearly slower than today's, None = cannot be told."""

    sizes: tuple[SizeSeen, ...]
    best: int | None
    sentence: str


def compare(
    rows: Iterable[MetricRow],
    capacities: Sequence[Capacity],
    start: datetime,
    end: datetime,
    tariff: Callable[[int], Tariff | None],
) -> Comparison:
    """Set the memory sizes of a variant's history side by side. tariff: prices of a memory size in MB.

    Calls may differ from one time to another: this compares what was, it does not forecast a size that never ran.
    """
    held = [
        one
        for one in capacities
        if one.serverless is not None and one.start < end and (one.end is None or one.end > start)
    ]
    stored = list(rows)
    memory = [one.serverless.memory_mb for one in held if one.serverless is not None]
    if not memory:
        return Comparison((), None, "No memory size is known for this window.")
    latest = max(held, key=lambda one: one.start).serverless
    assert latest is not None
    today = latest.memory_mb
    seen = {size: _observed(stored, held, size, start, end) for size in sorted(set(memory))}
    hours = {size: _hours(held, size, start, end) for size in seen}
    calls_a_month = seen[today].calls * float(HOURS_PER_MONTH) / hours[today] if hours[today] else None
    sizes = tuple(
        _size(size, found, hours[size], size == today, calls_a_month, tariff(size))
        for size, found in seen.items()
    )
    return Comparison(sizes, *_verdict(sizes))


def _observed(
    rows: Sequence[MetricRow], held: Sequence[Capacity], size: int, start: datetime, end: datetime
) -> Observation:
    """What was seen while one size was live."""
    mine = [one for one in held if one.serverless is not None and one.serverless.memory_mb == size]
    live = [
        row
        for row in rows
        if any(one.start <= row.at and (one.end is None or row.at < one.end) for one in mine)
    ]
    return observe(live, mine, start, end)


def _hours(held: Sequence[Capacity], size: int, start: datetime, end: datetime) -> float:
    return sum(
        max(0.0, (min(one.end or end, end) - max(one.start, start)).total_seconds()) / HOUR_S
        for one in held
        if one.serverless is not None and one.serverless.memory_mb == size
    )


def _size(
    size: int,
    seen: Observation,
    hours: float,
    is_today: bool,
    calls_a_month: float | None,
    tariff: Tariff | None,
) -> SizeSeen:
    calls, service_ms = _service(seen)
    usd = None if tariff is None or service_ms is None else _per_million(tariff, service_ms.likely / 1000)
    return SizeSeen(
        memory_mb=size,
        is_today=is_today,
        hours=hours,
        calls=calls,
        service_ms=service_ms,
        setup_ms=None if seen.setup_s is None else 1000 * seen.setup_s,
        cold_share=None if seen.setups is None or not seen.calls else seen.setups / seen.calls,
        usd_per_million=usd,
        usd_a_month=None
        if usd is None or calls_a_month is None
        else usd * Decimal(str(calls_a_month)) / _MILLION,
        warm_unit_usd=None if tariff is None else _warm_unit(tariff),
    )


def _service(seen: Observation) -> tuple[int, Range | None]:
    """Timed calls and their mean execution in ms; hours are taken as wholes, since calls of one hour are alike."""
    by_hour: dict[int, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for bucket in seen.buckets:
        if bucket.latency_s is not None and bucket.calls:
            calls, spent = by_hour[bucket.at_s // HOUR_S]
            by_hour[bucket.at_s // HOUR_S] = calls + bucket.calls, spent + bucket.calls * bucket.latency_s
    calls = sum(count for count, _ in by_hour.values())
    if calls < ENOUGH_CALLS or len(by_hour) < ENOUGH_HOURS:
        return calls, None
    mean = sum(spent for _, spent in by_hour.values()) / calls
    apart = sum((spent - count * mean) ** 2 for count, spent in by_hour.values())
    reach = _Z80 * sqrt(apart) / calls
    return calls, Range(1000 * mean, 1000 * max(0.0, mean - reach), 1000 * (mean + reach))


def _per_million(tariff: Tariff, service_s: float) -> Decimal | None:
    return next(
        (
            line.amount
            for line in tariff.cost_lines(0, 0, 0, service_s * _MILLION)
            if line.component is CostComponent.EXECUTION_ON_DEMAND
        ),
        None,
    )


def _warm_unit(tariff: Tariff) -> Decimal | None:
    return tariff.cost_lines(1, float(HOURS_PER_MONTH) * HOUR_S, 0, 0)[0].amount


def _verdict(sizes: Sequence[SizeSeen]) -> tuple[int | None, str]:
    today = next(one for one in sizes if one.is_today)
    if len(sizes) == 1:
        return None, f"Only {today.memory_mb} MB was ever live: nothing to compare it with."
    told = [one for one in sizes if one.service_ms is not None]
    if today.service_ms is None or len(told) < 2:
        few = ", ".join(f"{one.memory_mb} MB" for one in sizes if one.service_ms is None)
        return None, f"Too few calls were timed at {few} (needed: {ENOUGH_CALLS} in {ENOUGH_HOURS} hours)."
    kept = [
        (one.usd_per_million, one)
        for one in told
        if one.usd_per_million is not None
        and one.service_ms is not None
        and (one.service_ms.likely <= today.service_ms.likely or one.service_ms.overlaps(today.service_ms))
    ]
    if not kept or today.usd_per_million is None:
        return None, "A price is missing, so the sizes can be compared by time only."
    best = min(kept, key=lambda row: row[0])[1]
    if best.memory_mb == today.memory_mb:
        return best.memory_mb, f"{_words(today)}: no other size that ran was cheaper without being slower."
    return best.memory_mb, f"{_words(best)}, against {_words(today)} today."


def _words(size: SizeSeen) -> str:
    """ "3072 MB took 210 ms a call and $12.60 a million calls"."""
    assert size.service_ms is not None
    assert size.usd_per_million is not None
    took = phrases.milliseconds(size.service_ms.likely)
    return f"{size.memory_mb} MB took {took} a call and {phrases.usd(size.usd_per_million)} a million calls"
