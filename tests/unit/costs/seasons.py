"""Daily costs under the simulator's traffic, and the table of docs/costs.md: python -m tests.unit.costs.seasons."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from statistics import fmean

from fleet.costs.back_test import BackTest, back_test
from simulator.records import Traffic
from simulator.traffic import demand, seed_class

FIRST = date(2026, 6, 1)
DAYS = 140
EPOCH = date(1970, 1, 1)
USD_PER_SECOND = 0.00004
"""The published rate of a serverless endpoint with 2 GB in us-east-1."""
HORIZONS = (7, 28)
SCATTERS = 24
"""Of the fleet, whose error hangs on a few chance days: by scatter 0.6 to 1.5 of that of last week repeated."""

MODELS = {
    "diurnal": {"model": "diurnal", "per_minute": 300, "floor": 0.2, "latency_ms": 110},
    "growing": {"model": "growing", "per_minute": 60, "latency_ms": 300, "weekly_growth": 0.06},
    "shrinking": {"model": "growing", "per_minute": 200, "latency_ms": 300, "weekly_growth": -0.05},
    "sustained": {"model": "sustained", "per_minute": 600, "latency_ms": 90},
    "bursty": {"model": "bursty", "per_minute": 400, "latency_ms": 300},
    "intermittent": {
        "model": "intermittent",
        "sessions_per_week": 20,
        "wider_per_week": 3,
        "latency_ms": 700,
    },
    "async": {"model": "async", "per_minute": 6, "latency_ms": 4000},
    "saturating": {"model": "saturating", "concurrency": 4, "latency_ms": 250},
}


@dataclass(frozen=True)
class Season:
    """One series: the simulator's traffic, what disturbs it from day to day, and a level that changes for good."""

    name: str
    costs: Mapping[date, Decimal | None]
    changes: tuple[date, ...] = ()
    is_told: bool = True

    def test(self, horizon: int) -> BackTest:
        """is_told False: nobody tells the forecast of the changes."""
        return back_test(
            self.costs, horizon=horizon, changes=self.changes if self.is_told else (), unforeseen=self.changes
        )


@cache
def truth(name: str, days: int = DAYS) -> dict[date, float]:
    """USD by day of one serverless endpoint: busy seconds × rate."""
    found = {}
    parameters = dict(MODELS[name])
    traffic = Traffic(str(parameters.pop("model")), tuple(sorted(parameters.items())))
    for n in range(days):
        day = FIRST + timedelta(days=n)
        number = (day - EPOCH).days
        asked = demand(traffic, seed_class(name), number, (FIRST - EPOCH).days)
        busy_us = sum(
            sum(asked.arrivals[hour * 60 : hour * 60 + 60]) * asked.latency_us[hour] for hour in range(24)
        )
        found[day] = busy_us / 1e6 * USD_PER_SECOND
    return found


def season(name: str, *, unrest: float = 0.0, seed: int = 1, step: tuple[int, float] | None = None) -> Season:
    """The simulator's own weeks repeat exactly; unrest scatters each day (0.1: ± 10 %, the middle two thirds of days).

    step: (day number, factor): from that day on the costs are that much higher, and it is known.
    """
    dice = Random(f"{name}:{seed}")
    costs: dict[date, Decimal | None] = {}
    for n, (day, usd) in enumerate(truth(name).items()):
        factor = step[1] if step and n >= step[0] else 1.0
        costs[day] = Decimal(repr(round(usd * factor * max(1 + dice.gauss(0, unrest), 0), 6)))
    return Season(name, costs, (FIRST + timedelta(days=step[0]),) if step else ())


def fleet(*, unrest: float = 0.0, seed: int = 1) -> Season:
    """All of them together."""
    parts = [season(name, unrest=unrest, seed=seed).costs for name in MODELS]
    costs: dict[date, Decimal | None] = {
        day: sum((part[day] or Decimal(0) for part in parts), Decimal(0)) for day in parts[0]
    }
    return Season("fleet", costs)


def groups(unrest: float) -> Iterator[tuple[str, list[Season]]]:
    """The rows of the table: what they are called and the series whose errors each is the mean of."""
    alone = [season(name, unrest=unrest) for name in MODELS]
    yield "the eight traffic models", alone
    yield "growing 6 % a week", [each for each in alone if each.name == "growing"]
    yield "shrinking 5 % a week", [each for each in alone if each.name == "shrinking"]
    yield (
        "all in one fleet",
        [fleet(unrest=unrest, seed=n) for n in range(1, 1 + (SCATTERS if unrest else 1))],
    )
    doubled = [
        season("diurnal", unrest=unrest, seed=n, step=(DAYS - 45, 2.0)) for n in range(1, 6 if unrest else 2)
    ]
    yield "diurnal, doubled on a known day", doubled
    yield "diurnal, doubled and nobody told", [replace(each, is_told=False) for each in doubled]


def mean(found: list[Season], horizon: int) -> tuple[float, float, float, float]:
    """MAPE, MAPE of last week repeated and coverage over all series, of all periods and of those without a change."""
    tests = [each.test(horizon) for each in found]
    return (
        fmean(each.mape or 0.0 for each in tests),
        fmean(each.repeated_mape or 0.0 for each in tests),
        fmean(each.coverage or 0.0 for each in tests),
        fmean(each.steady_coverage or 0.0 for each in tests),
    )


def main() -> None:
    """Print the table as Markdown."""
    print(
        "| series | scatter of a day | days held out | MAPE | last week repeated | in the interval | "
        "of periods without a change |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for unrest in (0.0, 0.1):
        for words, found in groups(unrest):
            for horizon in HORIZONS:
                ours, repeated, held, steady = mean(found, horizon)
                figures = f"{ours:.1%} | {repeated:.1%} | {held:.0%} | {steady:.0%}"
                print(f"| {words} | {unrest:.0%} | {horizon} | {figures} |")


if __name__ == "__main__":
    main()
