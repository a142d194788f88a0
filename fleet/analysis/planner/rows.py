"""What the planner knows of a serverless variant: its buckets in plain units, and what was never reported."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import log, sqrt
from statistics import median, pstdev

from fleet.types import Capacity, MetricRow

SETTLING = timedelta(minutes=15)
"""After a change of capacity compute is started anew: set-ups of that time say nothing about idle containers."""
NEAR_INTEGER = 0.1
LONG_SILENCE_S = 3 * 3600
_Z90 = 1.2816
_CHI_MEDIAN = 0.4549
_DEFAULT_SPREAD = 0.3
_DEFAULT_SERVICE_S = 0.2
_LEAST_S = 0.001


@dataclass(frozen=True, slots=True)
class Bucket:
    """One period: at_s and period_s in seconds (epoch UTC), calls that came, the rest None where not reported.

    peak: most containers at work at once, whole; setups: cold starts that ended here; latency_s, setup_s: means;
    level: provisioned concurrency live in this bucket; limit: max concurrency then.
    """

    at_s: int
    period_s: int
    calls: int
    peak: int | None
    setups: int | None
    latency_s: float | None
    setup_s: float | None
    level: int
    limit: int

    @property
    def until_s(self) -> int:
        return self.at_s + self.period_s

    @property
    def is_saturated(self) -> bool:
        """Demand above the limit is lost and unknown here."""
        return self.peak is not None and self.peak >= self.limit


@dataclass(frozen=True)
class Observation:
    """A window of one variant, buckets with traffic only, oldest first; hours without rows are silence or a gap.

    service_s, setup_s: typical (median) seconds, setup_s None when none was ever seen; *_spread: standard deviation of
    the logarithm; overhead_s: typical overhead of a warm call; uneven_peaks: buckets whose peak was not whole.
    """

    start_s: int
    end_s: int
    buckets: tuple[Bucket, ...]
    service_s: float
    service_spread: float
    setup_s: float | None
    setup_spread: float
    overhead_s: float
    uneven_peaks: int = 0
    changes: int = 0

    @property
    def hours(self) -> float:
        return (self.end_s - self.start_s) / 3600

    @property
    def calls(self) -> int:
        return sum(bucket.calls for bucket in self.buckets)

    @property
    def busy_s(self) -> float:
        """Seconds of execution: calls times mean latency, the typical one where a bucket has none."""
        return sum(
            bucket.calls * (self.service_s if bucket.latency_s is None else bucket.latency_s)
            for bucket in self.buckets
        )

    @property
    def setups(self) -> int | None:
        """Cold starts seen, None when no bucket could tell."""
        known = [bucket.setups for bucket in self.buckets if bucket.setups is not None]
        return sum(known) if known else None

    @property
    def peak(self) -> int | None:
        return max((bucket.peak for bucket in self.buckets if bucket.peak is not None), default=None)

    @property
    def levels(self) -> frozenset[int]:
        """The levels that were live."""
        return frozenset(bucket.level for bucket in self.buckets)

    @property
    def is_coarse(self) -> bool:
        """Whether most calls are known by more than a minute only."""
        return 2 * sum(bucket.calls for bucket in self.buckets if bucket.period_s > 60) > self.calls

    @property
    def saturated(self) -> int:
        return sum(bucket.is_saturated for bucket in self.buckets)

    @property
    def long_silences(self) -> int:
        """Stretches of three hours or more without rows: a gap in the metrics cannot be told from silence."""
        times = [self.start_s, *(bucket.at_s for bucket in self.buckets), self.end_s]
        return sum(after - before >= LONG_SILENCE_S for before, after in pairwise(times))


def observe(
    rows: Iterable[MetricRow],
    capacities: Sequence[Capacity],
    start: datetime,
    end: datetime,
    *,
    publishes_setups: bool = False,
) -> Observation:
    """Read stored rows of one variant over [start, end), in any order, with the capacity live at each row.

    Rows of no known serverless capacity are left out. Set-ups not reported in a bucket are 0 where the window has any
    at all (CloudWatch publishes no empty samples) or publishes_setups says that the variant had some in its longer
    history, else unknown; never known for 15 minutes after a change.
    """
    held = [one for one in capacities if one.serverless is not None]
    changes = [one.start for one in held if start < one.start < end]
    unique = {row.at: row for row in rows if start <= row.at < end}
    ordered = [unique[at] for at in sorted(unique)]
    has_setups = publishes_setups or any(row.get("setup_count") is not None for row in ordered)
    found, uneven = _buckets(ordered, held, changes, has_setups)
    service_s, service_spread = _service(ordered)
    setup_s, setup_spread = _setup(ordered)
    overheads = [
        value for row in ordered if not row.get("setup_count") and (value := row.get("overhead_ms_avg"))
    ]
    return Observation(
        start_s=int(start.timestamp()),
        end_s=int(end.timestamp()),
        buckets=tuple(found),
        service_s=service_s,
        service_spread=service_spread,
        setup_s=setup_s,
        setup_spread=setup_spread,
        overhead_s=median(overheads) / 1000 if overheads else 0.0,
        uneven_peaks=uneven,
        changes=len(changes),
    )


def _buckets(
    rows: Sequence[MetricRow], held: Sequence[Capacity], changes: Sequence[datetime], has_setups: bool
) -> tuple[list[Bucket], int]:
    """Buckets in which anything happened, of a known capacity, and how many of all had a peak that was not whole."""
    found, uneven = [], 0
    for row in rows:
        capacity = next(
            (one for one in held if one.start <= row.at and (one.end is None or row.at < one.end)), None
        )
        if capacity is None:
            continue
        bucket, is_even = _bucket(row, capacity, changes, has_setups)
        uneven += not is_even
        if bucket.calls or bucket.setups or bucket.peak:
            found.append(bucket)
    return found, uneven


def _bucket(
    row: MetricRow, capacity: Capacity, changes: Sequence[datetime], has_setups: bool
) -> tuple[Bucket, bool]:
    held = capacity.serverless
    assert held is not None
    used = row.get("concurrency_utilization_max")
    peak = None if used is None else used * held.max_concurrency
    setups = row.get("setup_count")
    is_settling = any(at <= row.at < at + SETTLING for at in changes)
    latency, count = row.get("model_latency_ms_sum"), row.get("model_latency_count")
    invocations = row.get("invocations")
    setup = row.get("setup_ms_avg")
    calls = count if invocations is None and used is None else invocations
    bucket = Bucket(
        at_s=int(row.at.timestamp()),
        period_s=row.period_s,
        calls=int(calls or 0),
        peak=None if peak is None else round(peak),
        setups=None if is_settling or not has_setups else int(setups or 0),
        latency_s=latency / count / 1000 if latency is not None and count else None,
        setup_s=setup / 1000 if setup is not None else None,
        level=held.provisioned_concurrency or 0,
        limit=held.max_concurrency,
    )
    return bucket, peak is None or abs(peak - round(peak)) <= NEAR_INTEGER


def _service(rows: Sequence[MetricRow]) -> tuple[float, float]:
    """Typical seconds of a call and the spread of their logarithm, from percentiles or else from single calls."""
    means, spreads, singles = [], [], []
    for row in rows:
        total, count = row.get("model_latency_ms_sum"), row.get("model_latency_count")
        middle, high = row.get("model_latency_ms_p50"), row.get("model_latency_ms_p90")
        if not total or not count:
            continue
        means.append(total / count / 1000)
        if count == 1:
            singles.append(log(total))
        elif count >= 10 and middle and high:
            spreads.append(log(high / middle) / _Z90)
    spread = _DEFAULT_SPREAD
    if len(spreads) >= 5:
        spread = median(spreads)
    elif len(singles) >= 20:
        spread = pstdev(singles)
    return max(median(means), _LEAST_S) if means else _DEFAULT_SERVICE_S, spread


def _setup(rows: Sequence[MetricRow]) -> tuple[float | None, float]:
    """Typical seconds of a set-up and the spread of their logarithm, from how the means of few and of many scatter.

    Neighbouring buckets are taken together: samples are stamped when a set-up ends, which sorts those of one burst by
    their length.
    """
    runs: list[tuple[float, float]] = []
    until: datetime | None = None
    for row in rows:
        mean, count = row.get("setup_ms_avg"), row.get("setup_count")
        if not mean or not count:
            continue
        if runs and row.at == until:
            runs[-1] = (runs[-1][0] + mean * count, runs[-1][1] + count)
        else:
            runs.append((mean * count, count))
        until = row.until
    if not runs:
        return None, _DEFAULT_SPREAD
    middle = median(total / count for total, count in runs)
    spread = _DEFAULT_SPREAD
    if len(runs) >= 10:
        scatter = median(count * log(total / count / middle) ** 2 for total, count in runs)
        spread = sqrt(scatter / _CHI_MEDIAN)
    return middle / 1000, spread
