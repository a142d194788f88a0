"""The planner against request-level truth that it cannot see: eight kinds of traffic, four endpoints each, two weeks.

The full run renews the table of docs/planner.md; every bar that must be kept gates, on each set of seeds.
"""

import time
from collections.abc import Iterable, Sequence
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
SETS, DAYS = (range(700, 704), range(1400, 1404)), 14.0
"""The planner was corrected after looks at the first set, and not since the second was first run."""


def _compare(case: tuple[str, int]) -> tuple[list[Compared], float]:
    began = time.process_time()
    found = population.compare(*case, DAYS)
    return found, time.process_time() - began


def test_forecasts_keep_to_their_bars(table: Table) -> None:
    sets = SETS if table.is_full else (SETS[0][:1],)
    measured: dict[range, list[Measured]] = {}
    seconds: list[float] = []
    for seeds in sets:
        with ProcessPoolExecutor(max_workers=2) as workers:
            found = list(workers.map(_compare, [(kind, seed) for kind in KINDS for seed in seeds]))
        measured[seeds] = population.table([one for compared, _ in found for one in compared])
        seconds += [cpu for _, cpu in found]
        _judge(table, seeds, measured[seeds])
    table.bar(
        bench="planner",
        case="CPU of an endpoint, all in all, median",
        value=median(seconds),
        unit="s",
        at_most=5,
    )
    if table.is_full:
        write(BEGIN, END, _lines(measured))


def _judge(table: Table, seeds: range, measured: Sequence[Measured]) -> None:
    for row in measured:
        for value, bar, name in zip(row.values, row.must, row.names, strict=True):
            table.bar(
                bench="planner",
                case=f"{row.quantity}: {name}, {_named(seeds)}",
                value=value,
                unit="",
                at_most=bar,
                gates=table.is_full,
            )


def _named(seeds: range) -> str:
    return f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"


def _lines(measured: dict[range, list[Measured]]) -> Iterable[str]:
    sets = " and ".join(_named(seeds) for seeds in measured)
    endpoints = len(KINDS) * len(SETS[0])
    yield f"{endpoints} endpoints a set, {sets} of each kind, {DAYS:.0f} days of one-minute rows."
    yield ""
    yield f"| quantity | {' | '.join(_named(seeds) for seeds in measured)} | must | good | cases |"
    yield f"| --- |{' --- |' * len(measured)} --- | --- | --- |"
    for rows in zip(*measured.values(), strict=True):
        one = rows[0]
        yield (
            f"| {one.quantity} ({' / '.join(one.names)})"
            f" | {' | '.join(f'{row.shown(row.values)} {row.verdict}' for row in rows)}"
            f" | {one.shown(one.must)} | {one.shown(one.good)} | {', '.join(str(row.cases) for row in rows)} |"
        )
