"""From one variant's hours to the figures of its evidence: calls, shape, use, cold starts, queue, traffic."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import repeat

from fleet.advisor.evidence import Calls, Cold, Use
from fleet.advisor.evidence_parts import Queue
from fleet.analysis.traffic_shape import Shape, shape
from fleet.costs.traffic import Traffic
from fleet.models import Endpoint, VariantStatus
from fleet.queries import hosting, instance_sizes, workload
from fleet.queries.advice_evidence.hours import HOUR, HOURS, Hours
from fleet.types import Kind

PRICED_HOURS = 168
"""The last seven days, which the Options tab replays too."""
LOW_CPU = 10.0
"""Below this mean use of all cores, percent, an hour counts as low."""
PUBLISHES_ZEROS = frozenset({Kind.REAL_TIME, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER})
"""Kinds whose silence is no zero (Amazon SageMaker AI developer guide, "Auto scaling prerequisites")."""


@dataclass(frozen=True)
class Known:
    """Which hours of the window (0 = the oldest) were read: silence in them means that nothing was called."""

    first: int
    last: int

    @classmethod
    def of(cls, endpoint: Endpoint, variant: VariantStatus, start: datetime) -> "Known":
        """By the variant's newest bucket, the shard's history and the endpoint's age; `last` is not included."""
        shard = endpoint.shard
        since = max(start, endpoint.created_at)
        is_whole = (
            shard.backfill_from is not None
            and shard.backfill_until is not None
            and shard.backfill_done_until is not None
            and shard.backfill_from <= since
            and shard.backfill_done_until >= shard.backfill_until
        )
        if not is_whole:
            since = max(since, shard.backfill_until) if shard.backfill_until else start + HOURS * HOUR
        until = variant.metrics_until or start
        return cls(math.ceil((since - start) / HOUR), min(HOURS, int((until - start) / HOUR)))


def hourly_calls(hours: Hours, known: Known, kind: Kind) -> list[float | None]:
    """Calls of every hour of the window; None where nothing tells."""
    found: list[float | None] = [None] * HOURS
    if kind not in PUBLISHES_ZEROS:
        for n in range(max(0, known.first), max(0, known.last)):
            found[n] = 0.0
    for at, calls in zip(hours.at, hours.calls or repeat(None), strict=False):
        if 0 <= at < HOURS:
            found[at] = calls if calls is not None else 0.0
    return found


def added(parts: Sequence[Sequence[float | None]]) -> list[float | None]:
    """Hours of several variants together; an hour of which any is unknown is unknown."""
    if len(parts) == 1:
        return list(parts[0])
    return [None if None in each else sum(map(_number, each)) for each in zip(*parts, strict=True)]


def traffic_shape(calls: Sequence[float | None], start: datetime) -> Shape:
    """The shape of hourly calls; hours before the first known one are left out, not held against it."""
    first = next((n for n, each in enumerate(calls) if each is not None), 0)
    return shape(calls[first:], start + first * HOUR)


def calls_of(
    parts: Sequence[Hours],
    hourly: Sequence[float | None],
    endpoint: Endpoint,
    variant: VariantStatus,
    end: datetime,
) -> Calls:
    """What callers did. Latencies are the middle hour's, of the slowest variant."""
    known = [each for each in hourly if each is not None]
    sums = [part.sums for part in parts]
    slowest = _most(each.latency_ms_p99_max for each in sums)
    used = _most(part.most_used for part in parts)
    busy = [value for part in parts for value in part.busy_ms if value is not None]
    limit = variant.max_concurrency if len(parts) == 1 else None
    return Calls(
        count=sum(known) if known else None,
        errors_4xx=_sum(each.errors_4xx for each in sums),
        errors_5xx=_sum(each.errors_5xx for each in sums),
        days_since_last=_days_quiet(endpoint, end),
        busy_s=sum(busy) / 1000 if busy else None,
        latency_ms_p50=_most(each.latency_ms_p50 for each in sums),
        latency_ms_p99=_most(each.latency_ms_p99 for each in sums),
        overhead_ms_avg=_most(each.overhead_ms_avg for each in sums),
        processing_s_max=None if slowest is None else slowest / 1000,
        peak_concurrency=None if used is None or limit is None else math.ceil(round(used * limit, 6)),
        busy_hours=sum(1 for each in known if each) / len(known) if known else None,
    )


def _days_quiet(endpoint: Endpoint, end: datetime) -> float | None:
    """Days since the last call; of one that was never seen called, the days that were read, if all of WINDOW were."""
    since = endpoint.last_call_at
    if since is None and endpoint.activity == Endpoint.Activity.IDLE:
        since = max(endpoint.created_at, endpoint.shard.backfill_from or endpoint.created_at)
    return None if since is None else max(0.0, (end - since) / timedelta(days=1))


def use_of(hours: Hours, variant: VariantStatus) -> Use:
    """How much of the machines, or of the serverless memory, was used; CPU only where the number of cores is known."""
    sums = hours.sums
    cores = instance_sizes.vcpus(variant.instance_type) if variant.instance_type else None
    cpu = [value / cores for value in hours.cpu_pct if value is not None] if cores else []
    return Use(
        cpu_mean=sum(cpu) / len(cpu) if cpu else None,
        cpu_p95=_high(cpu),
        cpu_max=max(cpu, default=None),
        memory_max=_most(hours.memory_pct),
        gpu_mean=sums.gpu_mean,
        gpu_max=sums.gpu_max,
        gpu_memory_max=sums.gpu_memory_max,
        disk_max=sums.disk_max,
        low_hours=sum(1 for each in cpu if each < LOW_CPU) / len(cpu) if cpu else None,
    )


def cold_of(
    hours: Hours, variant: VariantStatus, calls: Calls, *, publishes: bool, full_minutes: float | None
) -> Cold:
    """Cold starts and warmth. publishes: it had a set-up sample in 30 days, so that none in this window is zero."""
    sums, level = hours.sums, variant.provisioned_concurrency or 0
    used = hours.most_used
    count = sums.cold if sums.cold is not None or not publishes or calls.count is None else 0.0
    warm, spilled = _sum(hours.warm), _sum(hours.spilled)
    mean = None
    if level and hours.at and warm is not None and calls.busy_s is not None and warm + (spilled or 0):
        served_s = calls.busy_s * warm / (warm + (spilled or 0))
        mean = served_s / (level * 3600 * HOURS)
    return Cold(
        count=count,
        added_ms_p50=sums.cold_ms_p50,
        added_ms_p99=sums.cold_ms_p99,
        concurrency_use_max=used,
        saturated_minutes=None if used is None else (full_minutes or 0.0),
        warm_use_max=sums.warm_use_max,
        warm_use_mean=mean,
        spillover=spilled,
    )


def queue_of(hours: Hours, document: hosting.Document) -> Queue:
    """The queue of an asynchronous endpoint; document: of its config."""
    sums, told = hours.sums, hosting.asynchronous(document)
    return Queue(
        backlog_max=sums.backlog_max,
        age_max_s=sums.age_max_s,
        expired=sums.expired,
        has_success_topic=None if told is None else bool(told.success_topic),
        has_error_topic=None if told is None else bool(told.error_topic),
    )


def priced_traffic(
    hours: Hours, kind: Kind, variant: VariantStatus, start: datetime, end: datetime
) -> Traffic:
    """The last PRICED_HOURS as the Options tab replays them."""
    first = bisect_left(hours.at, HOURS - PRICED_HOURS)
    calls = "processed" if kind is Kind.ASYNCHRONOUS else "invocations"
    columns = {
        calls: hours.calls[first:], "model_latency_ms_sum": hours.busy_ms[first:],
        "instance_minutes": hours.minutes[first:], "provisioned_invocations": hours.warm[first:],
        "spillover_invocations": hours.spilled[first:], "concurrency_utilization_max": hours.used[first:],
    }  # fmt: skip
    grid = _grid(start)
    at = [grid[n] for n in hours.at[first:]]
    reported = {name: values for name, values in columns.items() if values}
    return workload.of_columns(at, reported, kind, end, max_concurrency=variant.max_concurrency)


@lru_cache(maxsize=4)
def _grid(start: datetime) -> tuple[datetime, ...]:
    """When each hour of the window begins: the same for every endpoint of a look."""
    return tuple(start + n * HOUR for n in range(HOURS))


def highest_memory(hours: Hours) -> float | None:
    """Most memory in use in the priced hours, percent; None = not reported."""
    return _most(hours.memory_pct[bisect_left(hours.at, HOURS - PRICED_HOURS) :])


def busiest(parts: Sequence[Hours]) -> float | None:
    """Mean executions at once in the busiest hour of any of the variants (Little's law); None = not reported."""
    most = _most(value for part in parts for value in part.busy_ms)
    return None if most is None else most / 3_600_000


def _high(values: Sequence[float]) -> float | None:
    """What one value of twenty exceeds."""
    found = sorted(values)
    return found[min(len(found) - 1, math.ceil(0.95 * len(found)) - 1)] if found else None


def _most(values: Iterable[float | None]) -> float | None:
    return max([value for value in values if value is not None], default=None)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _number(value: float | None) -> float:
    return value or 0.0
