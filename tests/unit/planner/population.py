"""Made-up endpoints whose truth is known call by call, what the planner says of them, and by how much it errs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median

from fleet.analysis.planner.draws import Effort
from fleet.analysis.planner.interval import FEW, Range, quantile
from fleet.analysis.planner.levels import Forecast, forecast
from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.rows import Observation, observe
from fleet.costs.price_book import PriceBook
from fleet.costs.snapshot import points
from fleet.types import Capacity, MetricRow, ServerlessCapacity
from simulator.request_pool import Row, Rules, Truth, published, serve
from simulator.request_traffic import START_S, Endpoint, endpoint

REGION, MEMORY_MB = "us-east-1", 2048
BURSTY = frozenset({"cron", "batch"})


def tariff() -> Tariff:
    """The built-in prices of the one size that has all three rates."""
    return Tariff(PriceBook.layered(points()), REGION, MEMORY_MB)


def metric_rows(rows: Iterable[Row]) -> list[MetricRow]:
    """The simulator's rows as the product stores them."""
    return [
        MetricRow(1, datetime.fromtimestamp(row["at_s"] or 0, UTC), int(row["period_s"] or 60), row)
        for row in rows
    ]


def capacity(rules: Rules, start: datetime | None = None, end: datetime | None = None) -> Capacity:
    held = ServerlessCapacity(MEMORY_MB, rules.max_concurrency, rules.provisioned or None)
    return Capacity(start or datetime.fromtimestamp(START_S, UTC), end, serverless=held)


def observed(truth: Truth, days: float, period_s: int = 60) -> Observation:
    """What the planner would read of a pool after some days from START_S."""
    start = datetime.fromtimestamp(START_S, UTC)
    return observe(
        metric_rows(published(truth, period_s)), [capacity(truth.rules)], start, start + timedelta(days=days)
    )


@dataclass(frozen=True)
class Compared:
    """One quantity of one level: what really happened, and the forecast of it."""

    kind: str
    seed: int
    level: int
    live: int
    quantity: str
    truth: float
    said: Range

    @property
    def relative(self) -> float:
        return abs(self.said.likely - self.truth) / self.truth

    @property
    def is_covered(self) -> bool:
        return self.said.low <= self.truth <= self.said.high


def compare(
    kind: str, seed: int, days: float, effort: Effort | None = None, busyness: float = 1.0
) -> list[Compared]:
    """Forecast one endpoint from its rows and set it against its calls served at every level."""
    made = endpoint(kind, seed, days, busyness)
    seen = observed(serve(made.calls, made.rules, seed), days)
    said = forecast(seen, tariff(), seed, effort=effort)
    return [] if said is None else list(_compared(made, seed, said))


def _compared(made: Endpoint, seed: int, said: Forecast) -> Iterable[Compared]:
    for one in said.levels:
        truth = serve(made.calls, replace(made.rules, provisioned=one.level), seed)
        about = (made.kind, seed, one.level, made.rules.provisioned)
        yield Compared(*about, "cold", truth.cold, one.cold)
        yield Compared(*about, "spilled", truth.spilled, one.spilled)
        p99 = truth.latency_s(0.99)
        if p99 is not None and one.p99_ms is not None:
            yield Compared(*about, "p99", 1000 * p99, one.p99_ms)
        if one.usd is not None:
            usd = float(one.usd)
            yield Compared(*about, "usd", float(_usd(truth, made.days)), Range(usd, usd, usd))


def _usd(truth: Truth, days: float) -> Decimal:
    scale = 730 / (24 * days)
    lines = tariff().cost_lines(
        truth.rules.provisioned, 730 * 3600, scale * truth.provisioned_s, scale * truth.on_demand_s
    )
    return sum((line.amount for line in lines if line.amount is not None), Decimal(0))


@dataclass(frozen=True)
class Measured:
    """One row of the calibration table: values against the bars that must and should be kept; shares or counts."""

    quantity: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    must: tuple[float, ...]
    good: tuple[float, ...]
    cases: int
    is_share: bool = True

    @property
    def verdict(self) -> str:
        if self._keeps(self.good):
            return "good"
        return "kept" if self.keeps_must else "missed"

    @property
    def keeps_must(self) -> bool:
        return self._keeps(self.must)

    def _keeps(self, bars: Sequence[float]) -> bool:
        return all(value <= bar for value, bar in zip(self.values, bars, strict=True))

    def shown(self, values: Sequence[float]) -> str:
        return " / ".join(f"{value:.1%}" if self.is_share else f"{value:.1f}" for value in values)


def table(found: Sequence[Compared], usd_per_cold: float = 0.02) -> list[Measured]:
    """The measured errors by quantity; cold starts and spill-over leave out the level that was observed."""
    cold = [one for one in found if one.quantity == "cold" and one.level != one.live]
    spilled = [one for one in found if one.quantity == "spilled" and one.level not in (one.live, 0)]
    many = [one for one in cold if one.truth >= FEW]
    calm = [one.relative for one in many if one.kind not in BURSTY]
    few = [abs(one.said.likely - one.truth) for one in cold if one.truth < FEW]
    usd = [one.relative for one in found if one.quantity == "usd"]
    missed = 1 - sum(one.is_covered for one in many) / len(many)
    span = median(one.said.high / max(one.said.low, 1.0) for one in many)
    spilled_many = [one.relative for one in spilled if one.truth >= FEW]
    p99 = [one.relative for one in found if one.quantity == "p99"]
    lost = list(_regrets(found, usd_per_cold))
    return [
        _errors("cold starts, 20 or more", [one.relative for one in many], (0.20, 0.80), (0.14, 0.55)),
        _errors("the same without cron and batch", calm, (0.15, 0.60), (0.11, 0.50)),
        Measured(
            "cold starts, fewer than 20", ("p90 error",), (quantile(few, 0.9),), (10,), (4,), len(few), False
        ),
        _errors("spill-over, 20 or more", spilled_many, (0.15, 0.70), (0.10, 0.45)),
        _errors("p99 latency", p99, (0.08, 0.20), (0.06, 0.15)),
        Measured("monthly cost", ("p90 error",), (quantile(usd, 0.9),), (0.02,), (0.01,), len(usd)),
        Measured("ranges of cold starts", ("truth outside",), (missed,), (0.20,), (0.10,), len(many)),
        Measured("ranges of cold starts", ("median high ÷ low",), (span,), (4.0,), (2.7,), len(many), False),
        _errors("regret of the recommended level", lost, (0.01, 0.10), (0.0, 0.02)),
    ]


def _errors(
    quantity: str, errors: Sequence[float], must: tuple[float, ...], good: tuple[float, ...]
) -> Measured:
    values = (median(errors), quantile(errors, 0.9)) if errors else (0.0, 0.0)
    return Measured(quantity, ("median error", "p90"), values, must, good, len(errors))


def _regrets(found: Sequence[Compared], usd_per_cold: float) -> Iterable[float]:
    """How much more than the best level the recommended one would really cost, a cold start valued at some dollars."""
    by_endpoint: dict[tuple[str, int], dict[int, dict[str, Compared]]] = {}
    for one in found:
        by_endpoint.setdefault((one.kind, one.seed), {}).setdefault(one.level, {})[one.quantity] = one
    for levels in by_endpoint.values():
        said = {
            level: one["usd"].said.likely + usd_per_cold * one["cold"].said.likely
            for level, one in levels.items()
        }
        real = {level: one["usd"].truth + usd_per_cold * one["cold"].truth for level, one in levels.items()}
        chosen = min(said, key=lambda level: said[level])
        yield real[chosen] / min(real.values()) - 1
