"""Eight kinds of traffic against what really happened to each call; the long run of it is the bench of the planner."""

from fleet.analysis.planner.draws import Effort
from simulator.request_traffic import KINDS
from tests.unit.planner.population import compare, table

SEEDS = (500, 501, 502)
DAYS = 7.0


def test_forecasts_keep_the_bars_that_must_be_kept() -> None:
    effort = Effort(times=8, calls_per_draw=4000, calls_of_habits=2000)
    found = [
        one for kind in KINDS for seed in SEEDS for one in compare(kind, seed, DAYS, effort, busyness=0.5)
    ]
    measured = table(found)
    for row in measured:
        print(
            f"{row.quantity:35} {row.shown(row.values):>20} must {row.shown(row.must):>15} {row.verdict} ({row.cases})"
        )
    assert [row.quantity for row in measured if not row.keeps_must] == []
