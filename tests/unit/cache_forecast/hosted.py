"""Made-up multi-model endpoints whose truth is known call by call, what the forecast says of them, how much it errs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import median

from fleet.analysis.cache_forecast.fit import fit
from fleet.analysis.cache_forecast.forecast import HitForecast, with_memory
from fleet.analysis.cache_forecast.observed import Observation, observe
from fleet.types import MetricRow
from simulator.model_cache import Memory, Row, Truth, published, serve
from simulator.model_calls import START_S, Hosted, endpoint

FACTORS = (1.5, 2.0, 4.0)
SETTLED_S = START_S + 86_400
"""The truth of another memory is judged after a day: filling it up is no property of its size."""


def metric_rows(rows: Iterable[Row]) -> list[MetricRow]:
    """The simulator's rows as the product stores them."""
    return [
        MetricRow(1, datetime.fromtimestamp(row["at_s"] or 0, UTC), int(row["period_s"] or 3600), row)
        for row in rows
    ]


def observed(truth: Truth, hosted: int | None) -> Observation:
    """What would be known of an endpoint when `hosted` models were entered."""
    return observe(metric_rows(published(truth)), instances=truth.memory.instances, hosted=hosted)


@dataclass(frozen=True)
class Compared:
    """One memory size of one endpoint: the hit ratio it really has, what was said, what today's is."""

    seed: int
    factor: float
    truth: float
    said: HitForecast
    today: float

    @property
    def points(self) -> float:
        """Error in percentage points of the hit ratio."""
        assert self.said.hit is not None
        return 100 * abs(self.said.hit - self.truth)

    @property
    def unchanged(self) -> float:
        """The error of saying that nothing changes."""
        return 100 * abs(self.today - self.truth)

    @property
    def is_covered(self) -> bool:
        return self.said.low <= self.truth <= self.said.high


def compare(seed: int, calls: int = 60_000) -> list[Compared]:
    """Forecast one endpoint from its rows and set it against its calls served with more memory."""
    made = endpoint(seed, calls)
    found = fit(observed(serve(made.asks, made.memory, seed), made.hosted))
    return list(
        _compared(made, seed, found.observation.hit_ratio or 0.0, {f: with_memory(found, f) for f in FACTORS})
    )


def _compared(
    made: Hosted, seed: int, today: float, said: dict[float, HitForecast | None]
) -> Iterable[Compared]:
    for factor, forecast in said.items():
        if forecast is not None and forecast.hit is not None:
            truth = serve(made.asks, _times(made.memory, factor), seed).hit_ratio(SETTLED_S)
            yield Compared(seed, factor, truth, forecast, today)


def _times(memory: Memory, factor: float) -> Memory:
    return replace(memory, mb=memory.mb * factor)


@dataclass(frozen=True)
class Measured:
    """One row of the calibration table: values against the bars that must and should be kept; None = no bar."""

    quantity: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    must: tuple[float, ...] | None
    good: tuple[float, ...] | None
    cases: int

    @property
    def verdict(self) -> str:
        if self.must is None or self.good is None:
            return ""
        if _keeps(self.values, self.good):
            return "good"
        return "kept" if self.keeps_must else "missed"

    @property
    def keeps_must(self) -> bool:
        return self.must is None or _keeps(self.values, self.must)


def _keeps(values: Sequence[float], bars: Sequence[float]) -> bool:
    return all(value <= bar for value, bar in zip(values, bars, strict=True))


BARS: dict[float, tuple[tuple[float, ...], tuple[float, ...]]] = {
    1.5: ((1.5, 4.0), (0.6, 3.0)),
    2.0: ((2.0, 6.0), (1.0, 4.0)),
}


def table(found: Sequence[Compared]) -> list[Measured]:
    """Errors by memory size, in points of the hit ratio; how often the truth lies outside the range, in per cent."""
    rows = []
    for factor in FACTORS:
        some = [one for one in found if one.factor == factor]
        must, good = BARS.get(factor, (None, None))
        rows.append(_errors(f"hit ratio with × {factor:g} memory", [one.points for one in some], must, good))
    for factor in FACTORS:
        errors = [one.unchanged for one in found if one.factor == factor]
        rows.append(_errors(f"for comparison: unchanged at × {factor:g}", errors, None, None))
    outside = 100 * (1 - sum(one.is_covered for one in found) / len(found))
    widths = median(100 * one.said.width for one in found)
    rows.append(Measured("truth outside the range, %", ("share",), (outside,), (20.0,), (10.0,), len(found)))
    rows.append(Measured("width of the range, points", ("median",), (widths,), None, None, len(found)))
    return rows


def _errors(
    quantity: str,
    errors: Sequence[float],
    must: tuple[float, ...] | None,
    good: tuple[float, ...] | None,
) -> Measured:
    ordered = sorted(errors)
    p90 = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]
    return Measured(quantity, ("median", "p90"), (median(ordered), p90), must, good, len(ordered))
