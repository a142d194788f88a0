"""Which part of a bucket was busy, by its neighbours, and how wide bursts are, by set-ups that end a bucket later."""

import random

import pytest

from fleet.analysis.planner import posterior
from fleet.analysis.planner.extent import Edge, Shape, shapes
from fleet.analysis.planner.pool import Habit
from fleet.analysis.planner.rows import Bucket
from simulator.request_pool import Call, Rules, serve
from simulator.request_traffic import START_S
from tests.unit.planner.population import observed


def buckets(*calls: int) -> list[Bucket]:
    """Minutes on end; 0 leaves one out."""
    return [Bucket(60 * at, 60, count, 3, 0, 0.2, None, 0, 100) for at, count in enumerate(calls) if count]


FULL = Shape(is_filled=True)


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ((30,), [Shape()]),
        ((40, 20), [Shape(Edge.END, 2 / 3, is_burst=True), Shape(Edge.START, 1 / 3, is_burst=True)]),
        (
            (30, 60, 15),
            [Shape(Edge.END, 0.5, is_filled=True), FULL, Shape(Edge.START, 0.25, is_filled=True)],
        ),
        (
            (53, 59, 10),
            [Shape(Edge.END, 53 / 59, is_filled=True), FULL, Shape(Edge.START, 10 / 59, is_filled=True)],
        ),
        ((30, 0, 30), [Shape(), Shape()]),
    ],
    ids=["alone", "two on end", "three on end", "the last only just reached", "a gap between"],
)
def test_the_neighbours_tell_which_part_was_busy(calls: tuple[int, ...], expected: list[Shape]) -> None:
    assert shapes(buckets(*calls)) == expected


def test_traffic_that_goes_on_for_long_is_no_burst() -> None:
    assert set(shapes(buckets(*[30] * 60))[1:-1]) == {Shape()}


@pytest.mark.parametrize("width_s", [3.0, 20.0])
def test_set_ups_that_end_a_bucket_later_tell_the_width(width_s: float) -> None:
    """Each hour eight calls from second 40 on, of 0.1 s, set up in 11 s: half of the set-ups end in the next minute."""
    chance = random.Random(1)
    times = sorted(
        START_S + 3600 * hour + 40 + width_s * chance.random() for hour in range(24 * 7) for _ in range(8)
    )
    seen = observed(serve([Call(at, 0.1, 11.0) for at in times], Rules(600, max_concurrency=50)), 7)
    weights = posterior.widths(seen, Habit(600, True), 480, random.Random(1))
    near = sum(weight for width, weight in weights.items() if width_s / 2 < width < 2 * width_s)
    if width_s > 11:
        assert near > 0.8
    else:  # shorter than a set-up: anything up to it may be true
        assert sum(weight for width, weight in weights.items() if width > 15) < 0.1
