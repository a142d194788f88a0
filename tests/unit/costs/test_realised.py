"""What a change saved, at the traffic that came after it."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fleet.costs.realised import Stretch, realised
from fleet.types import CostComponent

WARM, CALLS, HOURS = (
    CostComponent.KEPT_WARM,
    CostComponent.EXECUTION_ON_DEMAND,
    CostComponent.INSTANCE_TIME,
)
usd = st.decimals(min_value=0, max_value=100_000, places=6)


def week(calls: int | None, **parts: str) -> Stretch:
    named = {"warm": WARM, "calls_usd": CALLS, "hours": HOURS}
    amounts = {named[name]: Decimal(value) for name, value in parts.items()}
    return Stretch(7, amounts, None if calls is None else Decimal(calls))


def test_the_month_after_is_held_against_the_month_that_would_have_been() -> None:
    # A week of $24 is $24 / 7 × 730 / 24 = $104.2857… a month. After: twice the calls, nothing kept warm any more.
    # Without the change the $4 by call would have doubled: $28 a week; it came to $8.
    found = realised(week(100, warm="20", calls_usd="4"), week(200, calls_usd="8"))
    assert found.times == 2
    assert found.before is not None
    assert round(found.before, 4) == Decimal("104.2857")
    assert found.without is not None
    assert round(found.without, 4) == Decimal("121.6667")
    assert found.saved is not None
    assert round(found.saved, 4) == Decimal("86.9048")


def test_instances_cost_the_same_at_any_traffic() -> None:
    found = realised(week(100, hours="14"), week(500, hours="7"))
    assert found.without == found.before
    assert found.saved is not None
    assert round(found.saved, 4) == Decimal("30.4167")


def test_instances_need_no_calls_to_be_compared() -> None:
    found = realised(week(None, hours="14"), week(None, hours="7"))
    assert found.saved is not None
    assert found.times is None


def test_what_came_to_cost_more_is_a_loss() -> None:
    found = realised(week(10, calls_usd="1"), week(10, hours="7"))
    assert found.saved is not None
    assert found.saved < 0


def test_unknown_costs_or_calls_give_no_saving() -> None:
    gap = Stretch(7, None, Decimal(1), "21 Nov has no price for 4096 in ap-south-1")
    assert realised(gap, week(1, hours="7")).saved is None
    assert realised(gap, week(1, hours="7")).why_unknown == gap.missing
    assert realised(week(1, hours="7"), gap).saved is None
    assert "calls" in realised(week(None, calls_usd="1"), week(1, calls_usd="1")).why_unknown
    assert realised(week(0, calls_usd="1"), week(1, calls_usd="1")).saved is None


@given(usd, usd, st.integers(1, 10_000))
def test_nothing_changed_saves_nothing(warm: Decimal, by_call: Decimal, calls: int) -> None:
    same = Stretch(30, {WARM: warm, CALLS: by_call}, Decimal(calls))
    saved = realised(same, same).saved
    assert saved is not None
    assert abs(saved) < Decimal("1e-15")
