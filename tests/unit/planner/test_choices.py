"""Choices worked out by hand: limits, contradictions in words, prices of avoided cold starts, what does not pay."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fleet.analysis.planner.choices import Choice, Verdict, choose
from fleet.analysis.planner.limits import Wishes
from fleet.analysis.planner.options import Option, avoided, frontier
from tests.unit.planner.options_table import ladder, option


def level(choice: Choice) -> int | None:
    return choice.option.level if choice.option else None


def test_the_curve_leaves_out_what_another_option_beats() -> None:
    beaten = option(5, (90, 60, 120), "120")
    unpriced = option(6, (0, 0, 3), None)
    assert [one.level for one in frontier([beaten, unpriced, *ladder()])] == [0, 1, 2, 3]


def test_an_avoided_cold_start_costs_the_money_over_the_count() -> None:
    none, one, two, three = ladder()
    assert avoided(one, none).usd_each == Decimal(30) / 800
    assert avoided(three, two).usd_each is None  # 85 (55 to 118) is not told from 90 (60 to 120)
    assert avoided(none, one).usd_each is None  # nothing avoided


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (Wishes(most_cold_share=0.05), 1),
        (Wishes(most_cold_share=0.02), 2),
        (Wishes(most_cold_share=0.2), 0),
        (Wishes(budget_usd=Decimal(50)), 1),
        (Wishes(budget_usd=Decimal(500)), 2),
        (Wishes(budget_usd=Decimal(80), most_cold_share=0.05), 1),
        (Wishes(usd_per_cold_start=Decimal("0.1")), 1),
        (Wishes(usd_per_cold_start=Decimal("0.3")), 2),
        (Wishes(usd_per_cold_start=Decimal("0.3"), max_concurrency=1), 1),
    ],
)
def test_the_cheapest_that_keeps_the_limits_is_taken(wishes: Wishes, expected: int) -> None:
    """A limit of cold starts is held to the upper end: 200 of 10,000 is 2 %, but it may be 3 %."""
    assert level(choose(ladder(), wishes)) == expected


def test_what_does_not_pay_is_said_with_the_price_of_each_avoided() -> None:
    found = choose(ladder(), Wishes(usd_per_cold_start=Decimal("0.01")))
    assert found.verdict is Verdict.NOT_WORTH_IT
    assert level(found) == 0
    assert found.usd_each == Decimal(30) / 800
    assert "$0.038" in found.sentence
    assert "$0.01" in found.sentence
    assert [one.is_worth_it for one in found.judged] == [None, False, False, False]


def test_a_rise_that_pays_is_told_with_what_it_changes() -> None:
    found = choose(ladder(), Wishes(usd_per_cold_start=Decimal("0.1")))
    assert found.verdict is Verdict.CHANGE
    words = "800 cold starts fewer a month for $30.00 a month more, $0.038 for each avoided"
    assert words in found.sentence


def test_money_is_not_spent_on_no_clear_difference() -> None:
    found = choose(ladder(live=2), Wishes(most_cold_share=0.0119))
    assert level(found) == 3
    assert choose(ladder(live=2), Wishes(budget_usd=Decimal(100))).verdict is Verdict.KEEP
    assert level(choose(ladder(live=3), Wishes(budget_usd=Decimal(100)))) == 2


def test_a_limit_that_nothing_keeps_is_named_with_the_nearest() -> None:
    found = choose(ladder(), Wishes(most_cold_share=0.001))
    assert (found.verdict, found.option) == (Verdict.CONTRADICTION, None)
    assert "at most 0.1 % of calls cold" in found.sentence
    assert "level 3 with up to 1.2 % of calls cold" in found.sentence


def test_limits_that_contradict_each_other_are_explained_by_what_each_allows() -> None:
    found = choose(ladder(), Wishes(budget_usd=Decimal(50), most_cold_share=0.02))
    assert found.verdict is Verdict.CONTRADICTION
    assert "At most $50.00 a month allows level 1 at best, with up to 3.0 % of calls cold." in found.sentence
    assert "At most 2.0 % of calls cold allows level 2 at best, with $70.00 a month." in found.sentence


def test_provisioned_concurrency_keeps_below_the_maximum_and_the_quota() -> None:
    found = choose(ladder(), Wishes(most_cold_share=0.02, max_concurrency=1))
    assert found.verdict is Verdict.CONTRADICTION
    assert "maximum concurrency of 1" in found.sentence
    assert choose(ladder(), Wishes(most_cold_share=0.02, quota=1)).verdict is Verdict.CONTRADICTION


def test_three_limits_that_can_be_kept_by_two_only_are_all_named() -> None:
    options = [
        option(0, (10, 10, 10), "10", p99_ms=900),
        option(1, (900, 900, 900), "10", p99_ms=100),
        option(2, (10, 10, 10), "90", p99_ms=100),
    ]
    found = choose(options, Wishes(Decimal(50), most_cold_share=0.01, most_p99_ms=200))
    assert found.verdict is Verdict.CONTRADICTION
    assert all(words in found.sentence for words in ("$50.00", "1.0 % of calls", "200 ms", "not all at once"))


def test_nothing_asked_decides_nothing() -> None:
    assert choose(ladder(), Wishes(max_concurrency=10)).verdict is Verdict.OPEN


def test_what_is_not_known_is_not_taken_for_kept() -> None:
    unpriced = [replace(one, usd=None) for one in ladder()]
    assert choose(unpriced, Wishes(budget_usd=Decimal(50))).verdict is Verdict.UNKNOWN
    assert choose(unpriced, Wishes(usd_per_cold_start=Decimal(1))).verdict is Verdict.UNKNOWN
    assert choose(unpriced, Wishes(most_cold_share=0.02)).verdict is Verdict.UNKNOWN
    assert choose([], Wishes()).verdict is Verdict.UNKNOWN
    silent = [replace(one, p99_ms=None) for one in ladder()]
    assert choose(silent, Wishes(most_p99_ms=200)).verdict is Verdict.UNKNOWN


FIGURES = some.tuples(some.integers(0, 500), some.integers(0, 100), some.integers(0, 100))


@given(some.lists(FIGURES, min_size=1, max_size=8), some.integers(0, 100), some.floats(0, 0.1))
def test_whatever_is_taken_keeps_the_limits_and_nothing_that_does_is_cheaper(
    rows: list[tuple[int, int, int]], budget: int, share: float
) -> None:
    options: list[Option] = [
        option(level, (cold, cold / 2, cold + above), str(usd))
        for level, (cold, above, usd) in enumerate(rows)
    ]
    found = choose(options, Wishes(Decimal(budget), most_cold_share=share))
    allowed = [
        one for one in options if one.usd is not None and one.usd <= budget and one.cold_share.high <= share
    ]
    assert (found.option in allowed) if allowed else found.verdict is Verdict.CONTRADICTION
    if found.option is not None:
        assert found.option.usd == min(one.usd or 0 for one in allowed)
