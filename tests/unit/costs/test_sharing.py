"""Shares of containers and components: worked examples, and parts plus unallocated that are the whole, always."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.costs.accelerators import ACCELERATORS
from fleet.costs.sharing import (
    CROWDED_NOTE,
    NO_CALLS_NOTE,
    Basis,
    Holding,
    Room,
    Split,
    by_calls,
    by_reservation,
    evenly,
    held_hours,
    merged,
)

from .worked import window

BIG = Room(accelerators=Decimal(4), vcpus=Decimal(48), memory_mb=Decimal(196_608))
HOUR_USD = Decimal("5.752")


def gpus(count: int) -> Room:
    return Room(accelerators=Decimal(count))


def test_a_model_on_all_gpus_costs_what_aws_works_out() -> None:
    # AWS Machine Learning Blog, "Enhanced metrics for Amazon SageMaker AI endpoints", March 2026: on an ml.g6.12xlarge
    # ($5.752 an hour, 4 GPUs) a model that uses 4 GPUs costs $0.016 in 10 seconds.
    part = gpus(4).part_of(Room(accelerators=Decimal(ACCELERATORS["ml.g6.12xlarge"])))
    ten_s = window(0, 10 / 3600)
    held = held_hours([Holding("model-a", ten_s, 1, part)], ten_s)
    split = by_reservation(HOUR_USD * ten_s.hours, ten_s.hours, held)
    assert split.parts["model-a"] is not None
    assert split.parts["model-a"].quantize(Decimal("0.001")) == Decimal("0.016")
    assert split.unallocated == 0


def test_free_gpus_are_unallocated() -> None:
    # One copy on 1 of 4 GPUs and two copies on 1 each for half an hour: 0.25 + 0.25 instance-hours of 1 are held.
    holdings = [
        Holding("chat", window(0, 1), 1, gpus(1).part_of(BIG)),
        Holding("rank", window(0, 0.5), 2, gpus(1).part_of(BIG)),
    ]
    split = by_reservation(HOUR_USD, Decimal(1), held_hours(holdings, window(0, 1)))
    assert split.parts == {"chat": Decimal("1.438"), "rank": Decimal("1.438")}
    assert split.unallocated == Decimal("2.876")


def test_the_scarcest_of_gpu_cpu_and_memory_counts() -> None:
    wide = Room(accelerators=Decimal(1), vcpus=Decimal(36), memory_mb=Decimal(49_152))
    assert wide.part_of(BIG) == Decimal("0.75")
    assert Room(memory_mb=Decimal(49_152)).part_of(BIG) == Decimal("0.25")
    assert gpus(1).part_of(Room(vcpus=Decimal(48))) is None


def test_reservations_above_what_ran_share_all_of_it() -> None:
    split = by_reservation(Decimal(10), Decimal(1), {"a": Decimal("0.9"), "b": Decimal("0.3")})
    assert split.parts == {"a": Decimal("7.5"), "b": Decimal("2.5")}
    assert (split.unallocated, split.notes) == (0, (CROWDED_NOTE,))


def test_a_part_that_is_not_known_is_no_zero_and_is_named() -> None:
    holdings = [
        Holding("a", window(0, 1), None, Decimal("0.5")),
        Holding("b", window(0, 1), 1, Decimal("0.5")),
    ]
    split = by_reservation(Decimal(4), Decimal(1), held_hours(holdings, window(0, 1)))
    assert split.parts == {"a": None, "b": Decimal(2)}
    assert split.unallocated == 2
    assert "what a reserves is not known" in split.notes[0]


def test_containers_share_by_their_calls() -> None:
    split = by_calls(Decimal("1.02"), {"a": Decimal(300), "b": Decimal(100), "c": None})
    assert split.parts == {"a": Decimal("0.765"), "b": Decimal("0.255"), "c": 0}


def test_without_calls_containers_share_evenly_and_it_is_said() -> None:
    split = by_calls(Decimal(1), {"a": None, "b": Decimal(0)})
    assert split.parts == {"a": Decimal("0.5"), "b": Decimal("0.5")}
    assert split.notes == (NO_CALLS_NOTE,)


def test_ten_models_on_one_small_instance_share_its_hour_evenly() -> None:
    # 10 models on one ml.c5.large at $0.102 an hour: about a cent each.
    split = evenly(Decimal("0.102"), [f"model-{n}" for n in range(10)])
    assert set(split.parts.values()) == {Decimal("0.0102")}


def test_nobody_to_share_with_leaves_all_unallocated() -> None:
    for split in (
        evenly(Decimal(3), []),
        by_calls(Decimal(3), {}),
        by_reservation(Decimal(3), Decimal(1), {}),
    ):
        assert (split.parts, split.unallocated) == ({}, 3)


amounts = st.decimals(0, 10**6, places=12)
weights = st.dictionaries(st.sampled_from("abcdefg"), st.none() | st.decimals(0, 5000, places=6), max_size=7)
splits = st.one_of(
    st.builds(by_calls, amounts, weights),
    st.builds(by_reservation, amounts, st.decimals(0, 5000, places=6), weights),
    st.builds(evenly, amounts, st.lists(st.sampled_from("abcdefg"), unique=True)),
)


@given(amounts, st.decimals(0, 5000, places=6), weights)
def test_parts_and_unallocated_are_the_whole_exactly(
    amount: Decimal, hours: Decimal, shares: dict[str, Decimal | None]
) -> None:
    for split in (
        by_reservation(amount, hours, shares),
        by_calls(amount, shares),
        evenly(amount, list(shares)),
    ):
        assert split.total == amount
        assert split.unallocated >= 0
        assert all(part is None or part >= 0 for part in split.parts.values())
        assert set(split.parts) == set(shares)


@given(amounts, st.decimals(0, 5000, places=6), weights)
def test_order_does_not_matter(amount: Decimal, hours: Decimal, shares: dict[str, Decimal | None]) -> None:
    turned = dict(reversed(shares.items()))
    assert by_reservation(amount, hours, shares).parts == by_reservation(amount, hours, turned).parts
    assert by_calls(amount, shares).parts == by_calls(amount, turned).parts


@given(st.lists(splits, max_size=5))
def test_merged_splits_add_up_to_their_totals(found: list[Split]) -> None:
    assert merged(found, Basis.CALLS).total == sum((split.total for split in found), Decimal(0))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 23), st.integers(1, 24)), max_size=6),
    st.integers(1, 23),
)
def test_held_hours_are_additive_over_time(stretches: list[tuple[int, int, int]], cut: int) -> None:
    holdings = [
        Holding("a", window(start, min(24, start + length)), copies, Decimal("0.25"))
        for copies, start, length in stretches
    ]

    def hours(start: float, end: float) -> Decimal:
        return held_hours(holdings, window(start, end)).get("a") or Decimal(0)

    assert hours(0, 24) == hours(0, cut) + hours(cut, 24)


@pytest.mark.parametrize("instance_type", ACCELERATORS)
def test_every_listed_type_has_accelerators(instance_type: str) -> None:
    assert instance_type.startswith("ml.")
    assert ACCELERATORS[instance_type] >= 1
