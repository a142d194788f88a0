"""Figures as people read them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dashboards import wording

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1068.4312"), "$1,068"),
        (Decimal("39.41"), "$39.41"),
        (Decimal("0.015234"), "$0.0152"),
        (0, "$0.00"),
        (Decimal("-2.5"), "−$2.50"),
        (None, "—"),
    ],
)
def test_money_keeps_three_digits_and_unknown_is_not_zero(value: Decimal | None, text: str) -> None:
    assert wording.usd(value) == text


def test_a_change_of_money_carries_its_sign() -> None:
    assert [wording.usd_change(v) for v in (Decimal("66.2"), Decimal("-827.53"), 0)] == [
        "+$66.20",
        "−$827.53",
        "$0.00",
    ]
    tiny = (Decimal("0.00000000369"), Decimal("-0.009"), 0.004, Decimal("0.01"))
    assert [wording.usd_change(v) for v in tiny] == ["< $0.01", "< $0.01", "< $0.01", "+$0.0100"]


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.0213, "2.1 %"),
        (0, "0 %"),
        (0.0005, "0.05 %"),
        (0.00001, "< 0.01 %"),
        (0.62, "62 %"),
        (1.5, "150 %"),
        (None, "—"),
    ],
)
def test_percent_takes_a_ratio(ratio: float | None, text: str) -> None:
    assert wording.percent(ratio) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0.84, "0.8 ms"),
        (412.3, "412 ms"),
        (999.7, "1.00 s"),
        (2900, "2.90 s"),
        (38_200, "38.2 s"),
        (104_800, "105 s"),
    ],
)
def test_latency_changes_its_unit_with_its_size(ms: float, text: str) -> None:
    assert wording.millis(ms) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (40, "40 s"),
        (62, "1 min 2 s"),
        (32 * 60, "32 min"),
        (72 * 60, "1 h 12 min"),
        (67 * 3600, "2 d 19 h"),
        (-3, "0 s"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert wording.span(seconds) == text


def test_instants_name_the_day_as_people_do() -> None:
    days = [wording.instant(NOON - timedelta(days=n), NOON) for n in (0, 1, 2, 365)]
    assert days == ["Today 12:00", "Yesterday 12:00", "18 Nov 12:00", "20 Nov 2025 12:00"]


def test_counts_stay_whole_up_to_a_million() -> None:
    assert [wording.count(n) for n in (0, 3120, 999_999, 1_234_567)] == ["0", "3,120", "999,999", "1.23 M"]
    assert [wording.count(n) for n in (12.34, 14_638.4, -1500.5)] == ["12.3", "14,638", "−1,501"]
