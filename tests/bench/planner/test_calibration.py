"""The planner against request-level truth that it cannot see: eight kinds of traffic, four endpoints each, two weeks.

The full run renews the table of docs/planner.md; every bar that must be kept gates.
"""

import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from statistics import median

import pytest

from simulator.request_traffic import KINDS
from tests.bench.planner.guide import write
from tests.bench.report import Table
from tests.unit.planner import population
from tests.unit.planner.population import Compared, Measured

pytestmark = pytest.mark.bench

BEGIN, END = "<!-- calibration: begin -->", "<!-- calibration: end -->"
SEEDS, DAYS = range(700, 704), 14.0


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
        write(BEGIN, END, _lines(measured, len(cases)))


def _lines(measured: list[Measured], endpoints: int) -> Iterable[str]:
    yield f"{endpoints} endpoints, seeds {SEEDS[0]} to {SEEDS[-1]} of each kind, {DAYS:.0f} days of one-minute rows."
    yield ""
    yield "| quantity | measured | must | good | cases |"
    yield "| --- | --- | --- | --- | --- |"
    for row in measured:
        yield (
            f"| {row.quantity} ({' / '.join(row.names)}) | {row.shown(row.values)} {row.verdict}"
            f" | {row.shown(row.must)} | {row.shown(row.good)} | {row.cases} |"
        )
