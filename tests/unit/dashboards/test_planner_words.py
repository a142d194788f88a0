"""What the planner's page says is no finer than what is known, and names what does not pay."""

from decimal import Decimal

import pytest

from dashboards.planner import words
from fleet.analysis.planner.interval import Range, Standing
from fleet.analysis.planner.options import Avoided, Option, OptionKind


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Range(118, 118, 118), "118"),
        (Range(123.4, 61.2, 214.9), "about 120 (61 – 210)"),
        (Range(4, 0, 12), "fewer than 20"),
        (Range(11, 0.3, 48), "fewer than 20 (0 – 48)"),
    ],
)
def test_a_count_stands_with_its_range_and_two_figures(found: Range, said: str) -> None:
    assert words.figure(found) == said


@pytest.mark.parametrize(
    ("found", "is_worth_it", "said"),
    [
        (None, None, ""),
        (Avoided(90, Decimal("66.20"), True), None, "$0.736"),
        (Avoided(90, Decimal("66.20"), True), False, "not worth it: $0.736"),
        (Avoided(90, Decimal("66.20"), False), True, "not worth it: no clear difference"),
        (Avoided(0, Decimal("66.20"), True), None, "not worth it: avoids none"),
        (Avoided(90, None, True), None, "price not known"),
    ],
)
def test_each_avoided_cold_start_has_its_price_or_the_reason_why_not(
    found: Avoided | None, is_worth_it: bool | None, said: str
) -> None:
    assert words.each(found, is_worth_it) == said


def test_levels_are_named_as_the_form_names_them() -> None:
    some = Range(1, 1, 1)
    level = Option(OptionKind.LEVEL, "level 2", 2, 2, 2.0, 9, some, some, some, None, None, Standing.GOOD)
    assert words.name(level) == "2 provisioned"
    assert words.latency(None) == "—"
    assert words.latency(Range(2300, 1900, 2800)) == "2.30 s (1.90 s – 2.80 s)"
