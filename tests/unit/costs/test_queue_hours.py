"""Instances behind a queue: as many as the seconds of each hour begin to fill, exactly."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fleet.costs.break_even import Family, Option, Site, option_lines
from fleet.costs.periods import Window
from fleet.costs.traffic import Traffic, UseHour
from fleet.types import Kind

from .worked import BOOK, REGION, serverless

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("busy_s", "instances"),
    [("129600", 1), ("129600.000001", 2), ("259200", 2), ("0.001", 1), ("129599.999999", 1)],
)
def test_a_full_hour_takes_no_instance_more(busy_s: str, instances: int) -> None:
    # 36 at once for a whole hour are 129,600 seconds: they fill an instance with 36 slots.
    hour = UseHour(NOON, Decimal(busy_s))
    traffic = Traffic(Window(NOON, NOON + timedelta(hours=1)), hour.busy_s, hours=(hour,))
    site = Site(REGION, serverless(4096), Kind.SERVERLESS)
    lines = option_lines(Option(Family.ASYNCHRONOUS, "ml.c5.large", slots=36), site, traffic, BOOK)
    assert lines[0].quantity == instances * 730
