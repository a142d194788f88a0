"""How much of a traffic a warm level serves, how high it peaks, and when a weekly schedule is on."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.costs.compare import compare
from fleet.costs.traffic import Traffic, UseHour, Weekly, blocked, expected_share, random_peak, served_warm

from .worked import BOOK, REGION, C, hour, instances, serverless, window

WEEKDAYS = frozenset(range(5))


def hours(*busy_s: str) -> tuple[UseHour, ...]:
    return tuple(UseHour(hour(n), Decimal(each)) for n, each in enumerate(busy_s))


@pytest.mark.parametrize(
    ("level", "load", "expected"),
    # Erlang's loss formula by hand: B(1, a) = a / (1 + a); B(2, a) = (a²/2) / (1 + a + a²/2).
    [(1, 1, 1 / 2), (1, 0.25, 0.2), (2, 1, 0.5 / 2.5), (2, 2, 2 / 5), (0, 3, 1), (3, 0, 0)],
)
def test_calls_that_find_every_unit_busy(level: int, load: float, expected: float) -> None:
    assert blocked(level, load) == pytest.approx(expected)


@pytest.mark.parametrize(("load", "peak"), [(0, 0), (0.0005, 0), (0.01, 1), (1, 5), (10, 21)])
def test_a_peak_of_random_arrivals_is_exceeded_in_a_thousandth_of_the_time(load: float, peak: int) -> None:
    # Poisson tables: P(N > 5 | 1) = 0.0006 and P(N > 4 | 1) = 0.0037; P(N > 21 | 10) = 0.0007, P(N > 20 | 10) = 0.0016.
    assert random_peak(load) == peak


def test_the_replay_weighs_each_hour_by_its_own_load() -> None:
    # One hour at load 1 (1 of 2 served by one unit), one at load 1/4 (4 of 5 served): (1,800 + 720) / 4,500.
    assert served_warm(1, hours("3600", "900"), Decimal(1)) == pytest.approx(Decimal("0.56"))
    mean = served_warm(1, hours("2250", "2250"), Decimal(1))
    assert mean > Decimal("0.56"), "the mean of the day hides its busy hour"


def test_a_level_between_none_and_the_peak_is_estimated_from_the_hours() -> None:
    traffic = Traffic(window(0, 2), Decimal(4500), peak_concurrency=5, hours=hours("3600", "900"))
    share, why = expected_share(1, traffic, None)
    assert share == pytest.approx(Decimal("0.56"))
    assert "as if calls arrived at random" in why
    assert expected_share(5, traffic, None)[0] == 1
    assert expected_share(5, traffic.scaled(Decimal(2)), None)[0] != 1, (
        "twice the traffic peaks twice as high"
    )


def test_the_observed_share_moves_with_the_traffic_and_is_itself_today() -> None:
    traffic = Traffic(
        window(0, 2), Decimal(4500), provisioned_share=Decimal("0.7"), hours=hours("3600", "900")
    )
    shares = [expected_share(1, traffic.scaled(Decimal(k)), 1)[0] for k in ("0.5", "1", "2")]
    assert shares[1] == Decimal("0.7")
    assert shares[0] is not None
    assert shares[2] is not None
    assert shares[0] > Decimal("0.7") > shares[2]


def test_what_is_kept_of_a_replay_belongs_to_its_level_and_its_scale() -> None:
    use = Traffic(window(0, 2), Decimal(4500), hours=hours("3600", "900"))
    double = use.scaled(Decimal(2))
    asked = [(each, level) for each in (use, double, use.scaled(Decimal(2)), use) for level in (1, 2)]
    for each, level in asked:
        assert each.served_warm(level) == served_warm(level, use.hours, each.scale)
    assert double.served_warm(1, Decimal(1)) == use.served_warm(1) != double.served_warm(1)


def test_a_schedule_is_on_in_its_hours_of_the_week() -> None:
    office = Weekly(WEEKDAYS, 8, 18)  # window() starts on Thursday 19 November 2026
    assert office.share == Decimal(50) / 168
    assert office.covers(hour(8))
    assert not office.covers(hour(18))
    assert not office.covers(hour(7))
    assert not office.covers(hour(8) + timedelta(days=2)), "Saturday"
    night = Weekly(frozenset({3}), 22, 6)
    assert night.share == Decimal(8) / 168
    assert night.covers(hour(23))
    assert night.covers(hour(5) + timedelta(days=1)), "the night ends on the day after"
    assert not night.covers(hour(5))
    assert not night.covers(hour(12))


def test_instances_that_are_off_at_night_cost_their_hours_only() -> None:
    # 2 × $0.102 × 730 h × 84/168 = $74.46, beside $148.92 all the time.
    traffic = Traffic(window(), Decimal(2400))
    half = Weekly(frozenset(range(7)), 8, 20)
    found = compare(REGION, serverless(2048), instances(count=2), traffic, BOOK, schedule=half)
    assert found.after_total.amount == Decimal("74.46")
    assert found.after[0].note == "2 × 365 h"


def test_provisioned_concurrency_on_a_schedule_keeps_one_unit_outside_it() -> None:
    # 4 units for 365 h and 1 for 365 h: 1,825 unit-hours × 3,600 s × 0.00001 = $65.70.
    day = Traffic(window(), Decimal(3600), peak_concurrency=4, hours=hours("3600"))
    half = Weekly(frozenset(range(7)), 8, 20)
    found = compare(REGION, serverless(2048), serverless(2048, 4), day, BOOK, schedule=half)
    kept = next(line for line in found.after if line.component is C.KEPT_WARM)
    assert kept.amount == Decimal("65.70")
    # All execution fell into an hour at load 1 outside the schedule: one unit serves half of it.
    warm = next(line for line in found.after if line.component is C.EXECUTION_PROVISIONED)
    assert warm.quantity == pytest.approx(Decimal(730 * 150) / 2)


def test_instances_that_stay_as_they_are_cost_what_ran_on_both_sides() -> None:
    # Scaling ran 36 of 48 instance-hours in a day: 36 / 24 × 730 × $0.102 = $111.69 a month, before and after.
    traffic = Traffic(window(), Decimal(2400), instance_hours=Decimal(36))
    found = compare(REGION, instances(count=2), instances(count=2), traffic, BOOK)
    assert (found.before_total.amount, found.difference) == (Decimal("111.69"), 0)
    fewer = compare(REGION, instances(count=2), instances(count=1), traffic, BOOK)
    assert fewer.difference == Decimal("74.46") - Decimal("111.69")


@given(
    st.lists(st.integers(0, 40_000), min_size=1, max_size=8),
    st.integers(0, 30),
    st.integers(0, 40),
    st.integers(1, 40),
)
def test_more_units_serve_more_and_more_traffic_leaves_less_of_it_served(
    busy: list[int], level: int, low: int, more: int
) -> None:
    use = hours(*map(str, busy))
    scale, higher = Decimal(low) / 8, Decimal(low + more) / 8
    share = served_warm(level, use, scale)
    assert 0 <= share <= 1
    assert served_warm(level + 1, use, scale) >= share - Decimal("1e-12")
    if scale:
        assert served_warm(level, use, higher) <= share + Decimal("1e-12")
        assert served_warm(level, use, higher) * higher >= share * scale - Decimal("1e-9"), (
            "seconds served rise"
        )
