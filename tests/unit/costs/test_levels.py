"""The level over time: what was observed, and the scaling activities between two looks laid over it, to the second."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fleet.costs.levels import Scaled, Step, over_time
from fleet.costs.periods import Window
from fleet.costs.serverless import UNREAD_SCALING_NOTE, cost_lines
from fleet.types import Capacity, Confidence

from .worked import BOOK, REGION, C, hour, instances, observed, serverless, window

Told = list[tuple[float, int | None]]


def at(hours: float, seconds: int = 0) -> datetime:
    return hour(hours) + timedelta(seconds=seconds)


def scaled(*steps: tuple[datetime, int], unread: tuple[Window, ...] = (), found: float = -48) -> Scaled:
    return Scaled(True, hour(found), tuple(Step(when, level) for when, level in steps), unread)


def levels(found: tuple[Capacity, ...]) -> Told:
    """(hour from which on, level) of each stretch."""
    return [
        (
            (each.start - hour(0)) / timedelta(hours=1),
            each.serverless.provisioned_concurrency if each.serverless else each.instance_count,
        )
        for each in found
    ]


HELD = serverless(2048, 2)
CASES: dict[str, tuple[list[Capacity], Scaled, Told]] = {
    "nothing scaled": ([HELD], scaled(), [(0, 2)]),
    "up and down between two looks": ([HELD], scaled((at(3), 6), (at(4), 2)), [(0, 2), (3, 6), (4, 2)]),
    "in any order": ([HELD], scaled((at(4), 2), (at(3), 6)), [(0, 2), (3, 6), (4, 2)]),
    "to a level that is held already": ([HELD], scaled((at(3), 2)), [(0, 2)]),
    "twice at one instant, the last wins": ([HELD], scaled((at(3), 6), (at(3), 5)), [(0, 2), (3, 5)]),
    "what is observed later wins": (
        [serverless(2048, 2, 0, 5), serverless(2048, 9, 5)],
        scaled((at(3), 6)),
        [(0, 2), (3, 6), (5, 9)],
    ),
    "what is observed at the same instant wins": (
        [serverless(2048, 2, 0, 5), serverless(2048, 9, 5)],
        scaled((at(5), 6)),
        [(0, 2), (5, 9)],
    ),
    "before and after the history": (
        [serverless(2048, 2, 1, 5)],
        scaled((at(0), 6), (at(5), 7), (at(6), 8)),
        [(1, 2)],
    ),
    "instances are another dimension": ([instances(count=3)], scaled((at(3), 6)), [(0, 3)]),
}


@pytest.mark.parametrize("case", CASES)
def test_levels_over_time(case: str) -> None:
    capacities, what, wanted = CASES[case]
    assert levels(over_time(capacities, what)) == wanted


def test_an_instance_count_follows_its_own_dimension() -> None:
    what = replace(scaled((at(3), 5)), is_provisioned=False)
    assert levels(over_time([instances(count=3)], what)) == [(0, 3), (3, 5)]
    assert levels(over_time([HELD], what)) == [(0, 2)]


def test_a_new_memory_size_is_carried_by_what_was_observed_and_the_level_by_the_activity() -> None:
    found = over_time([serverless(2048, 2, 0, 5), serverless(4096, 2, 5)], scaled((at(3), 6), (at(7), 8)))
    sizes = [
        (each.serverless.memory_mb, each.serverless.provisioned_concurrency)
        for each in found
        if each.serverless
    ]
    assert sizes == [(2048, 2), (2048, 6), (4096, 2), (4096, 8)]


def test_before_the_first_look_the_level_as_found_holds_from_the_last_activity_on() -> None:
    inferred = replace(HELD, is_inferred=True)
    # At 3 to 6, at 5 to 7, then by hand to 2, which is found at 10; after that what scales holds as ever.
    what = scaled((at(3), 6), (at(5), 7), (at(12), 8), found=10)
    found = over_time([inferred], what)
    assert levels(found) == [(0, 2), (3, 6), (5, 2), (10, 2), (12, 8)]
    assert [each.is_inferred for each in found] == [True, True, True, False, False]


def test_kept_warm_time_is_counted_to_the_second_across_hours() -> None:
    # 2 units for 24 h, and 4 more from 09:59:50 to 11:00:07: 172,800 + 4 × 3,617 = 187,268 unit-seconds.
    what = scaled((at(10, -10), 6), (at(11, 7), 2))
    (line,) = [
        each
        for each in cost_lines(REGION, observed(*over_time([HELD], what)), BOOK)
        if each.component is C.KEPT_WARM
    ]
    assert line.quantity == 187_268
    assert (line.confidence, line.note) == (Confidence.MEASURED, "")


def test_hours_in_which_scaling_was_not_read_make_the_line_an_estimate_and_are_named() -> None:
    found = over_time([HELD], scaled(unread=(window(20, 30),)))
    assert [(each.start, each.is_scaling_unread) for each in found] == [
        (hour(0), False),
        (hour(20), True),
        (hour(30), False),
    ]
    (line,) = [each for each in cost_lines(REGION, observed(*found), BOOK) if each.component is C.KEPT_WARM]
    assert line.quantity == 2 * 86_400
    assert line.confidence is Confidence.ESTIMATED
    assert line.note == f"4 h: {UNREAD_SCALING_NOTE}"
