"""Che's approximation against what is known exactly, and against a cache simulated call by call."""

import pytest

from fleet.analysis.cache_forecast import che
from fleet.analysis.cache_forecast.fit import alpha_of
from simulator.model_cache import Memory, serve
from simulator.model_calls import START_S, asks_of


def test_evenly_called_models_are_found_as_often_as_they_fit() -> None:
    assert che.hit_ratio(che.zipf(200, 0.0), 50) == pytest.approx(0.25, abs=0.005)


def test_nothing_kept_and_everything_kept() -> None:
    popular = che.zipf(100, 0.9)
    assert (che.hit_ratio(popular, 0), che.hit_ratio(popular, 100), che.hit_ratio(popular, 250)) == (
        0.0,
        1.0,
        1.0,
    )


def test_a_single_model_is_popular() -> None:
    assert che.hit_ratio(che.zipf(1, 1.0), 1) == 1.0


@pytest.mark.parametrize("models", [1, 63, 64, 65, 400, 5000])
def test_classes_hold_every_model_and_every_call(models: int) -> None:
    popular = che.zipf(models, 0.8)
    assert popular.models == models
    assert sum(n * part for n, part in zip(popular.counts, popular.parts, strict=True)) == pytest.approx(1.0)
    assert len(popular.counts) < 120


def test_more_memory_and_more_uneven_calls_never_lower_the_hit_ratio() -> None:
    by_memory = [che.hit_ratio(che.zipf(400, 0.8), kept) for kept in range(10, 400, 30)]
    by_alpha = [che.hit_ratio(che.zipf(400, alpha / 10), 80) for alpha in range(0, 30, 3)]
    assert by_memory == sorted(by_memory)
    assert by_alpha == sorted(by_alpha)


@pytest.mark.parametrize("alpha", [0.2, 0.8, 1.4])
def test_the_exponent_is_found_again(alpha: float) -> None:
    assert alpha_of(che.hit_ratio(che.zipf(600, alpha), 90), 90, 600) == pytest.approx(alpha, abs=0.002)


def test_a_simulated_cache_of_equal_models_agrees_within_a_point() -> None:
    asks = asks_of(7, models=200, alpha=0.9, calls=60_000)
    truth = serve(asks, Memory([100.0] * 200, mb=5000.0)).hit_ratio(START_S + 43_200)
    assert che.hit_ratio(che.zipf(200, 0.9), 50) == pytest.approx(truth, abs=0.01)


def test_sizes_count_where_they_are_known() -> None:
    rates = che.of_rates([8.0, 4.0, 2.0, 0.0, 1.0])
    assert che.sized_hit_ratio(rates, [1.0, 1.0, 1.0, 1.0], 4.0) == 1.0
    assert che.sized_hit_ratio(rates, [1.0, 1.0, 1.0, 1.0], 2.0) > che.sized_hit_ratio(
        rates, [3.0, 1.0, 1.0, 1.0], 2.0
    )
