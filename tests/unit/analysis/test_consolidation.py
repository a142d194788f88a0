"""Sets of endpoints that could share a multi-model endpoint: what fits together, on what, for how much less."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fleet.analysis.consolidation import Candidate, Host, Rules, find

PLACE = "111111111111 us-east-1"
HOSTS = {
    PLACE: [
        Host("ml.c5.xlarge", 8192, 4, "x86", Decimal("0.204")),
        Host("ml.c5.large", 4096, 2, "x86", Decimal("0.102")),
        Host("ml.m5.large", 8192, 2, "x86", Decimal("0.115")),
        Host("ml.c6g.large", 4096, 2, "arm", Decimal("0.05")),
    ]
}
MONTH = Decimal("74.46")


def tiny(n: int, **changes: object) -> Candidate:
    one = Candidate(
        n, f"tiny-{n:02}", PLACE, "xgboost:1", "x86", "ml.c5.large", 1, MONTH, 120.0, 0.002, 300.0
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def test_ten_small_endpoints_share_one_instance_for_a_tenth() -> None:
    # Ten ml.c5.large cost $1.02 an hour, one $0.102 (AWS blog, "Model hosting patterns in Amazon SageMaker, Part 1").
    found = find([tiny(n) for n in range(1, 11)], HOSTS)
    [one] = found.proposals
    assert (one.instance_type, one.instance_count, len(one.members)) == ("ml.c5.large", 1, 10)
    assert (one.before_usd, one.after_usd) == (Decimal("744.60"), MONTH)
    assert one.before_usd / 730 == Decimal("1.02")
    assert one.saving == one.saving_high == Decimal("670.14")
    assert one.saving_low == Decimal("744.60") - Decimal("0.115") * 730
    assert (one.hit_ratio, one.loads_per_hour, one.fits_all) == (1.0, 0.0, True)
    assert found.left_out == ()
    assert any("TargetModel" in check for check in one.checks)


def test_a_proven_image_needs_no_check_of_the_container() -> None:
    members = [tiny(1), tiny(2)]
    unproven, proven = find(members, HOSTS), find(members, HOSTS, proven_images={"xgboost:1"})
    assert len(unproven.proposals[0].checks) == len(proven.proposals[0].checks) + 1


def test_models_that_do_not_all_fit_share_while_hits_stay_high() -> None:
    # Two are called nearly always; sixteen once a day: they come and go without much harm.
    busy = [tiny(n, calls_per_hour=1000.0, memory_mb=500.0) for n in (1, 2)]
    rare = [tiny(n, calls_per_hour=0.04, memory_mb=500.0) for n in range(3, 19)]
    [one] = find([*busy, *rare], HOSTS).proposals
    assert (one.instance_type, len(one.members), one.fits_all) == ("ml.c5.large", 18, False)
    assert 0.95 <= one.hit_ratio < 1.0
    assert one.hit_low < one.hit_ratio < one.hit_high
    assert one.loads_per_hour == pytest.approx((2000 + 16 * 0.04) * (1 - one.hit_ratio))


def test_evenly_called_models_get_the_memory_they_need() -> None:
    [one] = find([tiny(n, memory_mb=600.0) for n in range(1, 11)], HOSTS).proposals
    assert (one.instance_type, one.fits_all) == ("ml.m5.large", True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image": ""}, "image is not known"),
        ({"memory_mb": None}, "Not known: its memory in use"),
        ({"month_usd": None, "busy": None}, "Not known: its cost, its busiest hour"),
        ({"busy": 0.8}, "too many to share"),
        ({"apart": ("data capture",)}, "must stay alone: data capture"),
        ({"image": "other:1"}, "No other little-called endpoint"),
        ({"place": "222222222222 us-east-1"}, "No other little-called endpoint"),
        ({"processor": "arm"}, "No other little-called endpoint"),
    ],
)
def test_who_is_left_out_and_why(change: dict[str, object], words: str) -> None:
    found = find([tiny(1), tiny(2), tiny(3, **change)], HOSTS)
    assert [len(one.members) for one in found.proposals] == [2]
    [left] = found.left_out
    assert left.candidate.endpoint_id == 3
    assert words in left.reason


def test_as_many_instances_as_the_safest_of_them_has() -> None:
    [one] = find([tiny(1, instance_count=2, month_usd=2 * MONTH), tiny(2), tiny(3)], HOSTS).proposals
    assert (one.instance_count, one.after_usd) == (2, 2 * MONTH)


def test_a_saving_too_small_is_none() -> None:
    found = find([tiny(1, month_usd=Decimal(40)), tiny(2, month_usd=Decimal(40))], HOSTS)
    assert found.proposals == ()
    assert "less than $10" in found.left_out[0].reason


def test_a_place_without_prices_gives_no_set() -> None:
    assert find([tiny(1), tiny(2)], {}).proposals == ()


def test_large_groups_come_in_several_sets_and_nobody_is_lost() -> None:
    members = [tiny(n, memory_mb=100.0) for n in range(1, 121)]
    found = find(members, HOSTS, rules=Rules(most_models=50))
    ids = [member.endpoint_id for one in found.proposals for member in one.members]
    assert sorted(ids + [left.candidate.endpoint_id for left in found.left_out]) == list(range(1, 121))
    assert len(ids) == len(set(ids))
    assert all(one.saving > 0 and len(one.members) <= 50 for one in found.proposals)


def test_the_answer_does_not_depend_on_the_order() -> None:
    members = [tiny(n, memory_mb=100.0 + n % 7 * 60) for n in range(1, 30)]
    assert find(members, HOSTS) == find(members[::-1], HOSTS)
