"""How well the idle timeout is told from silences, and that nothing is told from none."""

import random
from dataclasses import replace

import pytest

from fleet.analysis.planner import timeout
from simulator.request_pool import Call, Rules, serve
from simulator.request_traffic import START_S
from tests.unit.planner.population import observed


def sparse(seed: int, mean_s: float = 500, days: float = 8) -> list[Call]:
    chance = random.Random(seed)
    at, found = float(START_S), []
    while at < START_S + days * 86_400:
        found.append(Call(at, 0.5, 4.0))
        at += chance.expovariate(1 / mean_s)
    return found


@pytest.mark.parametrize("minutes", [5, 10, 15])
def test_sparse_calls_tell_the_timeout_within_90_seconds_in_8_of_10(minutes: int) -> None:
    rules = Rules(minutes * 60.0, max_concurrency=10)
    near = 0
    for seed in range(10):
        found = timeout.fit(observed(serve(sparse(seed), rules), 8), random.Random(seed))
        near += found.is_known and abs(found.likely_s - 60 * minutes) <= 90
    assert near >= 8


def test_without_silences_the_timeout_is_not_known() -> None:
    seen = observed(serve(sparse(1, mean_s=20, days=2), Rules(600, 10)), 2)
    found = timeout.fit(seen, random.Random(1))
    assert not found.is_known
    assert found.range_s[1] - found.range_s[0] > 300


def test_provisioned_concurrency_hides_the_silences() -> None:
    truth = serve(sparse(1), replace(Rules(600, 10), provisioned=1))
    assert timeout.fit(observed(truth, 8), random.Random(1)).silences == 0
