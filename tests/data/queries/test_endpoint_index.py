"""An order that is some seconds older than the index neither loses nor invents a row."""

from array import array
from itertools import permutations

from fleet.queries.endpoint_index import Index


def index(ids: list[int]) -> Index:
    return Index(ids=array("Q", ids), texts=[f"E{pk}" for pk in ids], sets={}, aliases={})


def test_a_set_comes_in_an_order_with_what_the_order_does_not_know_last() -> None:
    found = index([40, 10, 30, 20])
    everything = found.every
    assert list(found.ordered(everything, [10, 20, 30, 40])) == [10, 20, 30, 40]
    assert list(found.ordered(everything, [20, 10])) == [20, 10, 40, 30], (
        "by name, where the order knows nothing"
    )
    assert list(found.ordered(everything, [99, 20, 98, 10, 30, 40])) == [20, 10, 30, 40], "gone meanwhile"
    assert list(found.ordered(0b0101, [30, 99, 10])) == [30, 40]
    assert list(found.ordered(0, [10, 20])) == []


def test_every_order_of_a_part_gives_each_of_a_set_once() -> None:
    found = index([1, 2, 3, 4])
    for size in range(5):
        for order in permutations([1, 2, 3, 9], size):
            for wanted in range(16):
                given = list(found.ordered(wanted, order))
                assert sorted(given) == found.by_name(wanted)
                assert given[: len(known := [pk for pk in order if pk in given])] == known
