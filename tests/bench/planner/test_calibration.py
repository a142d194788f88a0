"""The planner against request-level truth that it cannot see: eight kinds of traffic, four endpoints each, two weeks.

The full run renews the table of docs/planner.md; every bar that must be kept gates.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from statistics import median

import pytest

from simulator.request_traffic import KINDS
from stack.layout import ROOT
from tests.bench.report import Table
from tests.unit.planner import population
from tests.unit.planner.population import Compared, Measured

pytestmark = pytest.mark.bench

GUIDE = ROOT / "docs" / "planner.md"
BEGIN, END = "<!-- calibration: begin -->", "<!-- calibration: end -->"
SEEDS, DAYS = range(100, 104), 14.0


def _compare(case: tuple[str, int]) -> tuple[list[Compared], float]:
    began = time.process_time()
    found = population.compare(*case, DAYS)
    return found, time.process_time() - began


def test_forecasts_keep_to_their_bars_on_seeds_never_tuned_on(table: Table) -> None:
    cases = [(kind, seed) for kind in KINDS for seed in (SEEDS if table.is_full else SEEDS[:1])]
    with ProcessPoolExecutor(max_workers=2) as workers:
        found = list(workers.map(_compare, cases))
    measured = population.table([one for compared, _ in found for one in compared])
    for row in measured:
        for value, bar, name in zip(row.values, row.must, row.names, strict=True):
            table.bar(
                bench="planner",
                case=f"{row.quantity}: {name}",
                value=value,
                unit="",
                at_most=bar,
                gates=table.is_full,
            )
    seconds = [cpu for _, cpu in found]
    table.bar(
        bench="planner",
        case="CPU of an endpoint, all in all, median",
        value=median(seconds),
        unit="s",
        at_most=5,
    )
    if table.is_full:
        write(measured, len(cases))


def write(measured: list[Measured], endpoints: int) -> None:
    """Put the measured table into docs/planner.md. Raises ValueError when the guide has lost its markers."""
    before, begin, rest = GUIDE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{GUIDE} has lost its markers {BEGIN} and {END}")
    lines = [
        f"{endpoints} endpoints, seeds {SEEDS[0]} to {SEEDS[-1]} of each kind, {DAYS:.0f} days of one-minute rows.",
        "",
        "| quantity | measured | must | good | cases |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {row.quantity} ({' / '.join(row.names)}) | {row.shown(row.values)} {row.verdict}"
            f" | {row.shown(row.must)} | {row.shown(row.good)} | {row.cases} |"
            for row in measured
        ),
    ]
    GUIDE.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")
