"""Weekly schedules on weeks that they were not made from: two weeks observed, the next two served call by call.

The full run renews the table of docs/planner.md.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from fleet.analysis.planner import options, schedule
from fleet.analysis.planner.levels import forecast
from fleet.analysis.planner.timetable import Timetable
from simulator.request_pool import Call, Rules, Truth, serve
from simulator.request_traffic import DAY_S, KINDS, START_S, endpoint
from tests.bench.planner.guide import write
from tests.bench.report import Table
from tests.unit.planner import population

pytestmark = pytest.mark.bench

BEGIN, END = "<!-- schedules: begin -->", "<!-- schedules: end -->"
SEEDS, DAYS = range(400, 404), 14
WORTH = Decimal("0.10")
MONTH_H = 730


@dataclass(frozen=True)
class Compared:
    """What two weeks after the observation cost, scaled to a month, a cold start at WORTH.

    fixed: of the fixed level advised; advised: of the schedule advised, the same where none was.
    """

    kind: str
    seed: int
    is_scheduled: bool
    fixed: float
    advised: float

    @property
    def saving(self) -> float:
        return 1 - self.advised / self.fixed


def _compare(case: tuple[str, int]) -> Compared:
    kind, seed = case
    made = endpoint(kind, seed, 2 * DAYS)
    cut = START_S + DAYS * DAY_S
    past, future = ([one for one in made.calls if (one.at_s < cut) == is_past] for is_past in (True, False))
    read = population.observed(serve(past, made.rules, seed), DAYS)
    said = forecast(read, population.tariff(), seed)
    assert said is not None
    priced = [one for one in options.of_levels(said, None) if one.usd is not None]
    fixed = min(priced, key=lambda one: float(one.usd or 0) + float(WORTH) * one.cold.likely).top
    found = schedule.find(read, said, population.tariff(), [WORTH])
    without = _really(future, replace(made.rules, provisioned=fixed), seed, fixed)
    advised = without
    if found.plans:
        best = min(found.plans, key=lambda plan: plan.objective_usd)
        late_s = schedule.rise_s(read)
        held = Timetable(best.hours, -late_s if best.window else late_s)
        advised = _really(future, made.rules, seed, held.mean_level, lambda at: held(at)[0])
    return Compared(kind, seed, bool(found.plans), without, advised)


def _really(
    calls: Sequence[Call],
    rules: Rules,
    seed: int,
    mean_level: float,
    level_at: Callable[[float], int] | None = None,
) -> float:
    """USD of a month of these calls, a cold start at WORTH."""
    truth: Truth = serve(calls, rules, seed, level_at)
    scale = MONTH_H / (24 * DAYS)
    lines = population.tariff().cost_lines(
        mean_level, MONTH_H * 3600, scale * truth.provisioned_s, scale * truth.on_demand_s
    )
    return (
        float(sum(line.amount for line in lines if line.amount is not None))
        + float(WORTH) * truth.cold * scale
    )


def test_schedules_advised_keep_their_promise_in_the_weeks_after(table: Table) -> None:
    cases = [(kind, seed) for kind in KINDS for seed in (SEEDS if table.is_full else SEEDS[:1])]
    with ProcessPoolExecutor(max_workers=2) as workers:
        found = list(workers.map(_compare, cases))
    worse = sum(one.saving < -0.05 for one in found)
    spent = sum(one.advised for one in found) / sum(one.fixed for one in found)
    table.bar(
        bench="planner",
        case="schedules over 5% worse than the fixed level advised",
        value=worse,
        unit="endpoints",
        at_most=1,
        gates=table.is_full,
    )
    table.bar(
        bench="planner",
        case="cost with schedules, of that without",
        value=spent,
        unit="",
        at_most=1,
        gates=table.is_full,
    )
    if table.is_full:
        write(BEGIN, END, _lines(found))


def _lines(found: Sequence[Compared]) -> Iterable[str]:
    yield f"{len(found)} endpoints, seeds {SEEDS[0]} to {SEEDS[-1]} of each kind, {DAYS} days observed, judged on the"
    yield f"{DAYS} days after, USD a month with ${WORTH} per cold start."
    yield ""
    yield "| traffic | endpoints with a schedule | fixed level advised | schedule advised | saving | worst endpoint |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for kind in [*KINDS, "all"]:
        some = [one for one in found if kind in (one.kind, "all")]
        fixed, advised = sum(one.fixed for one in some), sum(one.advised for one in some)
        yield (
            f"| {kind} | {sum(one.is_scheduled for one in some)} of {len(some)} | {fixed:,.0f} | {advised:,.0f}"
            f" | {1 - advised / fixed:.1%} | {min(one.saving for one in some):.1%} |"
        )
