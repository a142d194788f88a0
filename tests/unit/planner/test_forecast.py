"""What a forecast says of the smallest traffic that shows each promise and each doubt."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleet.analysis.planner.draws import Effort
from fleet.analysis.planner.interval import Range, Standing
from fleet.analysis.planner.levels import Forecast, forecast, ladder
from fleet.analysis.planner.rows import Observation, observe
from fleet.analysis.planner.standing import Unlike
from fleet.types import Confidence, CostComponent, MetricRow
from simulator.request_pool import Call, Rules, Truth, published, serve
from simulator.request_traffic import START_S, endpoint
from tests.unit.planner.population import capacity, metric_rows, observed, tariff

QUICK = Effort(times=6, calls_per_draw=2000, calls_of_habits=1000)
DAYS = 2
SINCE = datetime.fromtimestamp(START_S, UTC)


def bursts(width_s: float, rules: Rules) -> Truth:
    """Each hour ten calls, anywhere within some seconds, each of 0.3 s; set-ups of 10 s."""
    chance = random.Random(1)
    hours = [START_S + 3600 * hour + 20 for hour in range(24 * DAYS)]
    times = sorted(hour + width_s * chance.random() for hour in hours for _ in range(10))
    return serve([Call(at, 0.3, 10.0) for at in times], rules)


def said(seen: Observation, levels: list[int] | None = None, seed: int = 7) -> Forecast:
    found = forecast(seen, tariff(), seed, levels=levels, effort=QUICK)
    assert found is not None
    return found


def at(found: Forecast, level: int) -> Range:
    one = found.level(level)
    assert one is not None
    return one.cold


RULES = Rules(600, max_concurrency=50)


def test_bursts_shorter_than_a_set_up_look_alike_and_are_said_to() -> None:
    """Their rows at level 0 are equal, so must be the forecasts; the range holds both truths and the word is weak."""
    narrow, wide = bursts(0.5, RULES), bursts(8, RULES)
    columns = ("at_s", "invocations", "setup_count", "concurrency_utilization_max")
    assert [[row[key] for key in columns] for row in published(narrow)] == [
        [row[key] for key in columns] for row in published(wide)
    ]
    found = said(observed(narrow, DAYS), [0, 1, 3])
    assert found.levels == said(observed(wide, DAYS), [0, 1, 3]).levels
    for width_s in (0.5, 8.0):
        really = bursts(width_s, replace(RULES, provisioned=1)).cold
        assert at(found, 1).low <= really <= at(found, 1).high
    one = found.level(1)
    assert one is not None
    assert one.standing is Standing.WEAK
    assert any("shorter than a set-up" in reason for reason in one.reasons)


def test_the_live_level_is_what_was_measured() -> None:
    truth = bursts(0.5, replace(RULES, provisioned=1))
    one = said(observed(truth, DAYS), [0, 1]).level(1)
    assert one is not None
    assert (one.cold, one.standing, one.is_live) == (
        Range(truth.cold, truth.cold, truth.cold),
        Standing.MEASURED,
        True,
    )


def test_the_same_rows_and_seed_give_the_same_answer_whatever_their_order() -> None:
    made = endpoint("sessions", 1, days=DAYS)
    rows = metric_rows(published(serve(made.calls, made.rules)))
    mixed = random.Random(1).sample(rows, len(rows))
    one, other = (
        observe(some, [capacity(made.rules)], SINCE, SINCE + timedelta(days=DAYS)) for some in (rows, mixed)
    )
    assert said(one) == said(other)
    assert said(one, seed=8) != said(one)


def test_levels_at_and_above_every_peak_spill_nothing() -> None:
    made = endpoint("sustained", 4, days=DAYS)
    seen = observed(serve(made.calls, made.rules), DAYS)
    assert seen.peak is not None
    top = said(seen).levels[-1]
    assert top.level == seen.peak
    assert top.spilled.likely <= 1


def test_everything_spills_at_level_0_and_the_money_is_that_of_execution_alone() -> None:
    made = endpoint("diurnal", 4, days=DAYS)
    found = said(observed(serve(made.calls, made.rules), DAYS), [0, 2])
    first, second = found.levels
    assert first.spilled.likely == found.calls
    assert {line.component for line in first.lines} == {CostComponent.EXECUTION_ON_DEMAND}
    kept = next(line for line in second.lines if line.component is CostComponent.KEPT_WARM)
    assert kept.quantity == 2 * 730 * 3600
    assert second.usd == sum(line.amount for line in second.lines if line.amount is not None)


def test_without_a_rate_there_is_no_cost() -> None:
    made = endpoint("diurnal", 4, days=DAYS)
    unknown = replace(tariff(), region="xx-nowhere-1")
    found = forecast(observed(serve(made.calls, made.rules), DAYS), unknown, 1, levels=[1], effort=QUICK)
    assert found is not None
    (one,) = found.levels
    assert one.usd is None
    assert {line.confidence for line in one.lines} == {Confidence.UNPRICED}


def test_reaching_the_limit_makes_it_a_lower_bound() -> None:
    calls = [Call(START_S + 3600 * hour + n / 10, 5.0, 5.0) for hour in range(24) for n in range(6)]
    found = said(observed(serve(calls, replace(RULES, max_concurrency=3)), 1), [0, 1])
    assert all(one.is_lower_bound for one in found.levels)
    assert "lower bound" in " ".join(found.levels[1].reasons)


def test_five_minute_rows_are_called_coarse() -> None:
    made = endpoint("sessions", 1, days=DAYS)
    seen = observed(serve(made.calls, made.rules), DAYS, period_s=300)
    one = said(seen, [5]).level(5)
    assert one is not None
    assert one.standing is Standing.WEAK
    assert "five-minute" in " ".join(one.reasons)


def test_nothing_is_forecast_from_no_calls_or_no_peaks() -> None:
    nothing = observe([], [capacity(RULES)], SINCE, SINCE + timedelta(days=1))
    bare = [MetricRow(1, SINCE, 60, {"invocations": 5})]
    assert forecast(nothing, None, 1) is None
    assert forecast(observe(bare, [capacity(RULES)], SINCE, SINCE + timedelta(days=1)), None, 1) is None


Broken = Callable[[int, MetricRow], dict[str, float | None]]


@pytest.mark.parametrize(
    "broken",
    [
        lambda n, row: {**row.values, "concurrency_utilization_max": None} if n % 3 else dict(row.values),
        lambda n, row: {**row.values, "setup_count": None, "setup_ms_avg": None},
        lambda n, row: {**row.values, "invocations": 0.0},
        lambda n, row: {key: None if "_p" in key else value for key, value in row.values.items()},
        lambda n, row: {**row.values, "model_latency_ms_sum": None, "model_latency_count": None},
        lambda n, row: dict(row.values) if n % 2 else {},
    ],
    ids=["peaks", "set-ups", "calls 0 with latency", "percentiles", "latency", "rows"],
)
def test_missing_figures_neither_crash_nor_leave_the_counts_outside_what_is_possible(broken: Broken) -> None:
    made = endpoint("bursts", 2, days=DAYS)
    whole = metric_rows(published(serve(made.calls, made.rules)))
    rows = [replace(row, values=broken(n, row)) for n, row in enumerate(whole)]
    found = forecast(
        observe(rows, [capacity(made.rules)], SINCE, SINCE + timedelta(days=DAYS)), None, 1, effort=QUICK
    )
    for one in found.levels if found else ():
        assert found is not None
        assert 0 <= one.cold.low <= one.cold.likely <= one.cold.high <= found.calls


def test_the_ladder_holds_the_live_levels_and_ends_at_the_highest_peak() -> None:
    made = endpoint("cron", 0, days=DAYS)
    seen = observed(serve(made.calls, replace(made.rules, provisioned=7)), DAYS)
    levels = ladder(seen)
    assert {0, 7, seen.peak} <= set(levels)
    assert max(levels) == seen.peak
    assert levels == sorted(set(levels))


def test_replays_that_do_not_have_what_was_measured_are_said_to_be_far_off() -> None:
    """Ten containers are set up each hour; rows that tell of one an hour come from no such pool."""
    pool = bursts(8, RULES)
    rows = [row | {"setup_count": row["setup_count"] and 1.0} for row in published(pool)]
    told_less = observe(metric_rows(rows), [capacity(RULES)], SINCE, SINCE + timedelta(days=DAYS))
    assert told_less.setups == 24 * DAYS

    assert said(observed(pool, DAYS), [0, 1]).unlike is None
    found = said(told_less, [0, 1])
    assert isinstance(found.unlike, Unlike)
    assert found.unlike.seen == 24 * DAYS
    one = found.level(1)
    assert one is not None
    assert found.unlike.words() in one.reasons
    assert f"{24 * DAYS} were measured" in found.unlike.words()
