"""What is said of a cache: the forecast, its range, what is missing, and what can be said without a curve."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.analysis.cache_forecast.fit import Fit, Standing, fit
from fleet.analysis.cache_forecast.forecast import (
    Sureness,
    knee,
    more_instances,
    never_invoked,
    today,
    with_memory,
)
from fleet.analysis.cache_forecast.observed import observe
from fleet.types import MetricRow

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def hours(count: int, **values: float | None) -> list[MetricRow]:
    usual: dict[str, float | None] = {
        "cache_hit_count": 1000.0, "cache_hit_sum": 620.0, "unload_count": 370.0, "load_count": 380.0,
        "loaded_models": 64.0, "memory_pct": 93.0, "loading_wait_ms_sum": 532_000.0, "download_ms_avg": 700.0,
    }  # fmt: skip
    return [MetricRow(1, MONDAY + timedelta(hours=n), 3600, usual | values) for n in range(count)]


def fitted(hosted: int | None = 400, rows: list[MetricRow] | None = None, instances: int = 2) -> Fit:
    return fit(observe(hours(72) if rows is None else rows, instances=instances, hosted=hosted))


def test_a_thrashing_cache_gets_a_curve_through_today() -> None:
    found = fitted()
    assert found.standing is Standing.FORECAST
    same, double, whole = (with_memory(found, factor) for factor in (1.0, 2.0, 7.0))
    assert same is not None
    assert double is not None
    assert whole is not None
    assert same.hit == pytest.approx(0.62, abs=0.001)
    assert 0.70 < double.low < (double.hit or 0) < double.high < 0.95
    assert whole.hit == 1.0
    assert double.loads_per_hour == pytest.approx(1000 * (1 - (double.hit or 0)))
    assert (double.residents, double.sureness) == (128.0, Sureness.GOOD)


def test_more_memory_never_says_less_and_less_never_more() -> None:
    found = fitted()
    said = [with_memory(found, factor / 4) for factor in range(1, 30)]
    hits = [one.hit for one in said if one is not None and one.hit is not None]
    assert len(hits) == 29
    assert hits == sorted(hits)
    assert all(one.low <= (one.hit or 0) <= one.high for one in said if one is not None)


def test_more_instances_are_a_range_from_no_change_on() -> None:
    found = fitted()
    more, bigger = more_instances(found, 1.5), with_memory(found, 1.5)
    assert more is not None
    assert bigger is not None
    assert (more.hit, more.low, more.high) == (None, found.observation.hit_ratio, bigger.high)
    assert more.sureness is Sureness.WEAK
    assert "not published" in more.reasons[0]


def test_half_of_the_models_on_as_much_memory_is_as_good_as_twice_the_memory() -> None:
    split, double = with_memory(fitted(), 1.0, models=0.5), with_memory(fitted(), 2.0)
    assert split is not None
    assert double is not None
    assert (split.hit, split.low, split.high) == (double.hit, double.low, double.high)
    assert split.residents == 64.0


def test_figures_of_today_are_measured() -> None:
    found = today(fitted())
    assert (found.hit, found.low, found.high, found.sureness) == (0.62, 0.62, 0.62, Sureness.MEASURED)
    assert found.loads_per_hour == 380.0


@pytest.mark.parametrize(
    ("hosted", "rows", "standing", "words"),
    [
        (None, hours(72), Standing.NO_HOSTED_COUNT, "Enter it"),
        (50, hours(72), Standing.COUNT_TOO_SMALL, "check the number"),
        (400, hours(4), Standing.TOO_LITTLE, "It takes 500 look-ups in 12 hours"),
        (400, hours(72, cache_hit_count=None, cache_hit_sum=None), Standing.NO_CALLS, "no look-up"),
        (400, hours(72, loaded_models=None), Standing.NO_LOADED_COUNT, "LoadedModelCount"),
        (400, hours(72, cache_hit_sum=100.0), Standing.NOT_CACHE_LIKE, "in turn"),
        (65, hours(72), Standing.FITS, "practically all"),
        (None, hours(72, unload_count=None, cache_hit_sum=995.0), Standing.FITS, "No model was unloaded"),
    ],
)
def test_what_is_missing_is_said_with_what_it_takes(
    hosted: int | None, rows: list[MetricRow], standing: Standing, words: str
) -> None:
    found = fitted(hosted, rows)
    assert found.standing is standing
    assert words in found.reason


def test_calls_in_turn_are_forecast_evenly_and_called_weak() -> None:
    said = with_memory(fitted(rows=hours(72, cache_hit_sum=100.0)), 2.0)
    assert said is not None
    assert said.sureness is Sureness.WEAK
    assert said.hit == pytest.approx(0.32 / 0.8, abs=0.02)


@pytest.mark.parametrize("hits", [0.0, 1000.0])
def test_no_hit_and_nothing_but_hits_are_no_crash(hits: float) -> None:
    said = with_memory(fitted(rows=hours(72, cache_hit_sum=hits)), 2.0)
    assert said is not None
    assert 0 <= said.low <= said.high <= 1


def test_where_everything_fits_only_what_fits_too_is_said() -> None:
    found = fitted(rows=hours(72, unload_count=None, cache_hit_sum=995.0, memory_pct=40.0))
    smaller = with_memory(found, 0.5)
    assert smaller is not None
    assert smaller.hit == 0.995
    assert with_memory(found, 0.4) is None
    unknown = fitted(rows=hours(72, unload_count=None, cache_hit_sum=995.0, memory_pct=None))
    assert with_memory(unknown, 0.5) is None


def test_models_never_invoked_are_told_only_where_nothing_was_unloaded() -> None:
    quiet = fitted(rows=hours(72, unload_count=None, cache_hit_sum=995.0, loaded_models=64.0))
    assert never_invoked(quiet) == 400 - 128
    assert never_invoked(fitted()) is None
    assert never_invoked(fitted(hosted=None)) is None
    assert never_invoked(fitted(hosted=100, rows=hours(72, unload_count=None))) is None


def test_filling_and_settling_hours_do_not_count() -> None:
    filling = hours(72, unload_count=None, cache_hit_sum=0.0)[:20]
    full = [row for row in hours(72) if row.at >= MONDAY + timedelta(hours=20)]
    seen = observe(
        [*full, *filling], instances=2, hosted=400, changed_at=[MONDAY + timedelta(hours=30, minutes=20)]
    )
    # 52 hours from the first unload on, without the hour of the change and the one that begins within an hour of it.
    assert (seen.hours, seen.look_ups, seen.hit_ratio) == (50.0, 50_000.0, 0.62)


def test_the_knee_is_where_another_tenth_gains_little() -> None:
    found = fitted()
    at = knee(found)
    assert at is not None
    assert 1.5 < at < 400 / 64
    nearly, beyond = with_memory(found, at), with_memory(found, at * 1.1)
    assert nearly is not None
    assert beyond is not None
    assert (beyond.hit or 0) - (nearly.hit or 0) < 0.02
    assert knee(fitted(hosted=None)) is None
