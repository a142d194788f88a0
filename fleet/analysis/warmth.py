"""What warm capacity did for callers: provisioned concurrency used, wasted or short; limits reached; time lost cold.

Sums and maxima of stored buckets are measured; what is worked out from several metrics together says "inferred".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from fleet.analysis import series
from fleet.types import MetricRow

WASTED_BELOW = 0.2
"""Provisioned concurrency of which never more than this part was busy at once is called wasted."""
SHORT_ABOVE = 0.1
"""Where more than this part of the calls spilled over, it is called short."""
JUDGED_FROM = timedelta(days=1)
"""Shorter windows say nothing about waste: the busy hour may lie outside."""


class Fit(StrEnum):
    """How provisioned concurrency fits the traffic."""

    NONE = "none is kept"
    CANNOT_TELL = "cannot tell"
    WASTED = "wasted"
    SHORT = "short"
    FITTING = "fitting"


@dataclass(frozen=True)
class WarmUse:
    """Use of provisioned concurrency over some buckets; None = not reported.

    served, spilled: calls that it took, and that it could not take; highest: its largest use at once, 0 to 1 (and
    above, where AWS says so); full: buckets in which all of it was busy.
    """

    served: float | None
    spilled: float | None
    highest: float | None
    full: int
    fit: Fit

    @property
    def absorbed(self) -> float | None:
        """Part of the calls that it took, 0 to 1; None where AWS does not say how many those were."""
        if self.served is None:
            return None
        return series.ratio(self.served, self.served + (self.spilled or 0.0))


def use(rows: Sequence[MetricRow], level: int | None, window: timedelta) -> WarmUse:
    """Use of `level` units (None or 0: none are kept) over the window's buckets.

    Short wins over wasted: bursts may spill over what is idle most of the time.
    """
    served = series.column_total(rows, "provisioned_invocations")
    spilled = series.column_total(rows, "spillover_invocations")
    highest = series.highest(row.get("provisioned_utilization_max") for row in rows)
    full = sum((row.get("provisioned_utilization_max") or 0.0) >= 1 for row in rows)
    found = WarmUse(served, spilled, highest, full, Fit.CANNOT_TELL)
    return WarmUse(served, spilled, highest, full, _fit(found, level, window))


def _fit(found: WarmUse, level: int | None, window: timedelta) -> Fit:
    if found.served is None and found.highest is None:
        return Fit.CANNOT_TELL if level else Fit.NONE
    if found.absorbed is not None and 1 - found.absorbed > SHORT_ABOVE:
        return Fit.SHORT
    if found.highest is None:
        return Fit.CANNOT_TELL
    if found.highest < WASTED_BELOW:
        return Fit.WASTED if window >= JUDGED_FROM else Fit.CANNOT_TELL
    return Fit.FITTING


@dataclass(frozen=True)
class Saturation:
    """Buckets in which max concurrency was reached. AWS publishes no count of refused calls on serverless:

    errors_4xx, those of the same buckets, are no more than a hint, None = none reported.
    """

    buckets: int
    errors_4xx: float | None
    is_known: bool


def saturation(rows: Iterable[MetricRow]) -> Saturation:
    """Where calls may have been refused. is_known False: no utilisation was reported at all."""
    seen = [row for row in rows if row.get("concurrency_utilization_max") is not None]
    full = [row for row in seen if (row.get("concurrency_utilization_max") or 0.0) >= 1]
    return Saturation(len(full), series.column_total(full, "errors_4xx"), bool(seen))


@dataclass(frozen=True)
class Latencies:
    """Mean latency of a call without and with a cold start, ms. warm_ms is measured, cold_ms inferred from it."""

    warm_ms: float | None
    setup_ms: float | None

    @property
    def cold_ms(self) -> float | None:
        """A warm call plus the mean set-up: AWS publishes no latency of cold calls alone."""
        return None if self.warm_ms is None or self.setup_ms is None else self.warm_ms + self.setup_ms


def latencies(rows: Sequence[MetricRow]) -> Latencies:
    """Model latency and overhead of buckets without a set-up, and the mean set-up. warm_ms None: no such bucket."""
    warm = [row for row in rows if not row.get("setup_count") and row.get("model_latency_count")]
    model = series.ratio(
        series.column_total(warm, "model_latency_ms_sum"), series.column_total(warm, "model_latency_count")
    )
    overhead = series.weighted_mean((row.get("overhead_ms_avg"), row.get("invocations")) for row in warm)
    setup = series.weighted_mean((row.get("setup_ms_avg"), row.get("setup_count")) for row in rows)
    return Latencies(None if model is None else model + (overhead or 0.0), setup)
