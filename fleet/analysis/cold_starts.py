"""Counting cold starts of serverless variants, when they happen and why. Every figure is an estimate and says so.

AWS publishes no cold-start count: `count` is the one place that decides what is taken for one (docs/metrics.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from fleet.analysis import series
from fleet.types import MetricRow

OUTLIER_FACTOR = 5.0
OUTLIER_FLOOR_MS = 1_000.0
IDLE_MINUTES = 5
DEPLOY_MINUTES = 15
GROWTH_MARGIN = 0.05


class Method(StrEnum):
    """What a count rests on."""

    SETUP_SAMPLES = "set-up samples"
    OVERHEAD_OUTLIERS = "overhead outliers"
    NOT_REPORTED = "not reported"


class Cause(StrEnum):
    """Why a cold start happened, as far as minute rows can tell."""

    IDLE = "idle"
    SPILL_OVER = "spill-over"
    GROWTH = "growth"
    DEPLOY = "deploy"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ColdStarts:
    """Cold starts over some buckets. count and rate None = nothing was reported that could tell.

    added_ms: mean extra latency of one cold start; worst_p99_ms: highest p99 of any bucket (percentiles are never
    averaged); waited_s: sum of the extra latency; threshold_ms: overhead above which a minute counts, if used.
    """

    count: float | None
    calls: float | None
    method: Method
    added_ms: float | None = None
    worst_p99_ms: float | None = None
    threshold_ms: float | None = None

    @property
    def rate(self) -> float | None:
        """Cold starts per call, 0 to 1 in the ordinary case; None without calls."""
        return series.ratio(self.count, self.calls)

    @property
    def waited_s(self) -> float | None:
        """Seconds callers waited for compute to start, None when the extra latency is not known."""
        if self.count is None or self.added_ms is None:
            return 0.0 if self.count == 0 else None
        return self.count * self.added_ms / 1000


def threshold_ms(history: Iterable[MetricRow]) -> float | None:
    """Overhead in ms above which a minute stands out: max(1 s, 5 × the median of the endpoint's own maxima).

    history: minute rows of about seven days; None when no overhead was reported in them.
    """
    baseline = series.middle(row.get("overhead_ms_max") for row in history)
    return None if baseline is None else max(OUTLIER_FLOOR_MS, OUTLIER_FACTOR * baseline)


def count(
    rows: Sequence[MetricRow], *, outlier_ms: float | None = None, publishes_samples: bool = False
) -> ColdStarts:
    """Cold starts over buckets of any period.

    Where any bucket has ModelSetupTime samples they are counted, and a bucket without them had none; with
    publishes_samples (the variant had some in its longer history) that holds for a window without any, too. Else,
    with outlier_ms (from threshold_ms), each minute whose highest overhead exceeds it counts as one cold start.
    """
    calls = series.column_total(rows, "invocations")
    launches = series.column_total(rows, "setup_count")
    if launches is None and publishes_samples and rows:
        launches = 0.0
    if launches is not None:
        return ColdStarts(
            launches,
            calls,
            Method.SETUP_SAMPLES,
            series.weighted_mean((row.get("setup_ms_avg"), row.get("setup_count")) for row in rows),
            series.highest(row.get("setup_ms_p99") for row in rows),
        )
    seen = [row for row in rows if row.period_s == 60 and row.get("overhead_ms_max") is not None]
    if outlier_ms is None or not seen:
        return ColdStarts(None, calls, Method.NOT_REPORTED)
    slow = [value for row in seen if (value := row.get("overhead_ms_max")) is not None and value > outlier_ms]
    added = series.ratio(sum(slow), len(slow))
    return ColdStarts(
        float(len(slow)), calls, Method.OVERHEAD_OUTLIERS, added, series.highest(slow), outlier_ms
    )


@dataclass(frozen=True)
class Cell:
    """One hour of the week: Monday 0 to Sunday 6; cold None = nothing reported, 0 = calls but no cold start."""

    weekday: int
    hour: int
    cold: float | None
    calls: float | None

    @property
    def rate(self) -> float | None:
        return series.ratio(self.cold, self.calls)


def hour_of_week(
    rows: Sequence[MetricRow], *, zone: tzinfo = UTC, outlier_ms: float | None = None
) -> list[Cell]:
    """168 cells, Monday 00 first, in the reader's `zone`; buckets of an hour or shorter."""
    publishes = series.column_total(rows, "setup_count") is not None
    sorted_in: dict[tuple[int, int], list[MetricRow]] = {}
    for row in rows:
        local = row.at.astimezone(zone)
        sorted_in.setdefault((local.weekday(), local.hour), []).append(row)
    cells = []
    for weekday in range(7):
        for hour in range(24):
            part = sorted_in.get((weekday, hour), [])
            found = count(part, outlier_ms=outlier_ms, publishes_samples=publishes)
            cells.append(Cell(weekday, hour, found.count, found.calls))
    return cells


def causes(
    rows: Sequence[MetricRow],
    *,
    deployed_at: Iterable[datetime] = (),
    outlier_ms: float | None = None,
    since: datetime | None = None,
) -> dict[Cause, float]:
    """Cold starts by cause, from minute rows (minutes without traffic have no row); sums to `count(rows).count`.

    deploy: within 15 minutes after a change of the endpoint; spill-over: calls came that provisioned concurrency could
    not take; idle: at least 5 minutes without a call before; growth: concurrency use rose against the bucket before.
    Bounded by the minute: order inside it is unknown. since: rows before it count nothing, they only tell what came
    before; they reach back far enough that none of them means silence.
    """
    found = dict.fromkeys(Cause, 0.0)
    changes = sorted(deployed_at)
    uses_samples = series.column_total(rows, "setup_count") is not None
    before: MetricRow | None = None
    for row in sorted(rows, key=lambda each: each.at):
        cold = _cold_in(row, uses_samples, outlier_ms) if since is None or row.at >= since else 0.0
        if cold:
            found[_cause(row, before, changes, after_silence=since is not None)] += cold
        if row.get("invocations"):
            before = row
    return found


def _cold_in(row: MetricRow, uses_samples: bool, outlier_ms: float | None) -> float:
    if uses_samples:
        return row.get("setup_count") or 0.0
    overhead = row.get("overhead_ms_max")
    return float(
        outlier_ms is not None and row.period_s == 60 and overhead is not None and overhead > outlier_ms
    )


def _cause(
    row: MetricRow, before: MetricRow | None, changes: Sequence[datetime], *, after_silence: bool
) -> Cause:
    if any(
        change <= row.until and row.at - change <= timedelta(minutes=DEPLOY_MINUTES) for change in changes
    ):
        return Cause.DEPLOY
    if row.get("spillover_invocations"):
        return Cause.SPILL_OVER
    if before is None:
        return Cause.IDLE if after_silence else Cause.UNKNOWN
    if row.at - before.until >= timedelta(minutes=IDLE_MINUTES):
        return Cause.IDLE
    return Cause.GROWTH if _rose(row, before) else Cause.UNKNOWN


def _rose(row: MetricRow, before: MetricRow) -> bool:
    now, then = (each.get("concurrency_utilization_max") for each in (row, before))
    return now is not None and now > (then or 0.0) + GROWTH_MARGIN
