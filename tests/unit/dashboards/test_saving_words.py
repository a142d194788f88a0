"""What a saving reads like, from sure savings to what costs more."""

from decimal import Decimal

import pytest

from dashboards.advisor import words
from fleet.queries.records.advice import effect


@pytest.mark.parametrize(
    ("low", "high", "said", "told"),
    [
        (None, None, "", "none"),
        (None, "5", "", "none"),
        ("12.4", "18.1", "$12.40 – $18.10", "saves"),
        ("12.4", "12.4", "$12.40", "saves"),
        ("12.401", "12.404", "$12.40", "saves"),
        ("0", "18.1", "up to $18.10", "saves"),
        ("0", "0", "costs the same", "saves"),
        ("-81.91", "-81.91", "costs $81.91 more", "costs"),
        ("-81.91", "-40", "costs $40.00 – $81.91 more", "costs"),
        ("-5", "0", "costs up to $5.00 more", "costs"),
        ("-5", "18.1", "saves up to $18.10 or costs up to $5.00 more", "either"),
    ],
)
def test_a_saving_is_never_said_as_a_negative_number(
    low: str | None, high: str | None, said: str, told: str
) -> None:
    ends = [None if each is None else Decimal(each) for each in (low, high)]
    assert words.saving_range(*ends) == said
    assert "−" not in said
    assert effect(*ends) == told


def test_sums_leave_out_what_may_cost() -> None:
    assert words.together(Decimal(-5), Decimal(70)) == "up to $70.00"
    assert words.together(Decimal(50), Decimal(70)) == "$50.00 – $70.00"
    assert words.together(None, None) == ""
    assert words.promise(Decimal("-41")) == "were to cost $41.00 a month more"
    assert words.promise(Decimal("30")) == "promised $30.00 a month for sure"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        ("50", "60", "saves $50.00 – $60.00 a month"),
        ("0", "60", "saves up to $60.00 a month"),
        ("-5", "60", "saves up to $60.00 or costs up to $5.00 more a month"),
        ("-5", "0", "costs up to $5.00 more a month"),
        ("0", "0", "costs the same a month"),
    ],
)
def test_a_set_that_shares_has_a_saving_only_where_it_saves(low: str, high: str, said: str) -> None:
    assert words.set_saving(Decimal(low), Decimal(high)) == said
    assert words.set_saving(None, Decimal(high)) == "has no figure"
