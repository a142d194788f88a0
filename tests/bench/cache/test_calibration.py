"""The cache forecast against caches simulated call by call, which it cannot see: sizes, drift, repeats, odd evictions.

The full run renews the table of docs/cache.md; every bar that must be kept gates.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from statistics import median

import pytest

from stack.layout import ROOT
from tests.bench.report import Table
from tests.unit.cache_forecast.hosted import Compared, Measured, compare
from tests.unit.cache_forecast.hosted import table as errors

pytestmark = pytest.mark.bench

GUIDE = ROOT / "docs" / "cache.md"
BEGIN, END = "<!-- calibration: begin -->", "<!-- calibration: end -->"
SEEDS, CALLS = range(300, 428), 60_000


def _compare(seed: int) -> tuple[list[Compared], float]:
    began = time.process_time()
    found = compare(seed, CALLS)
    return found, time.process_time() - began


def test_forecasts_keep_to_their_bars_on_seeds_never_tuned_on(table: Table) -> None:
    seeds = SEEDS if table.is_full else SEEDS[:16]
    with ProcessPoolExecutor(max_workers=2) as workers:
        found = list(workers.map(_compare, seeds))
    measured = errors([one for compared, _ in found for one in compared])
    for row in measured:
        for value, bar, name in zip(
            row.values, row.must or (None,) * len(row.values), row.names, strict=True
        ):
            table.bar(
                bench="cache",
                case=f"{row.quantity}: {name}",
                value=value,
                unit="",
                at_most=bar,
                gates=table.is_full,
            )
    table.bar(
        bench="cache",
        case="CPU of an endpoint, simulations and forecasts, median",
        value=median(cpu for _, cpu in found),
        unit="s",
        at_most=5,
    )
    if table.is_full:
        write(measured, len(seeds))


def write(measured: list[Measured], endpoints: int) -> None:
    """Put the measured table into docs/cache.md. Raises ValueError when the guide has lost its markers."""
    before, begin, rest = GUIDE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{GUIDE} has lost its markers {BEGIN} and {END}")
    lines = [
        f"{endpoints} endpoints, seeds {SEEDS[0]} to {SEEDS[-1]}, {CALLS:,} calls in seven days each; points of hit "
        "ratio unless it says %.",
        "",
        "| quantity | measured | must | good | cases |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {row.quantity} ({' / '.join(row.names)}) | {_shown(row.values)} {row.verdict}".rstrip()
            + f" | {_shown(row.must)} | {_shown(row.good)} | {row.cases} |"
            for row in measured
        ),
    ]
    GUIDE.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")


def _shown(values: tuple[float, ...] | None) -> str:
    return "" if values is None else " / ".join(f"{value:.1f}" for value in values)
