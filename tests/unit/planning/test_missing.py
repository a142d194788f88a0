"""Where no forecast can be stood behind, it is said what is missing and what it takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleet.analysis.planner.rows import observe
from fleet.planning.missing import LEAST_CALLS, missing
from fleet.queries.planning import Inputs
from fleet.types import Capacity, MetricRow, ServerlessCapacity

START = datetime(2026, 11, 16, tzinfo=UTC)
HELD = (Capacity(START - timedelta(days=9), None, serverless=ServerlessCapacity(2048, 10)),)


def inputs(hours: float, calls: int = LEAST_CALLS, **columns: float | None) -> Inputs:
    """One minute that holds all calls, in a window of some hours."""
    values = {"invocations": float(calls), "concurrency_utilization_max": 0.2, **columns}
    rows = [MetricRow(1, START + timedelta(minutes=9), 60, values)] if calls else []
    return Inputs(START, START + timedelta(hours=hours), rows, HELD, publishes_setups=False)


def said(found: Inputs) -> list[str]:
    seen = observe(found.rows, found.capacities, found.start, found.end)
    return [f"{one.what} {one.takes}" for one in missing(found, seen)]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (inputs(5), "One-minute figures of only 5 hours are stored. A day of them: Tue 17 Nov 00:00 UTC."),
        (inputs(48, calls=0), "no call in the 2 days"),
        (inputs(24, calls=1), "One call in 1 day tells nothing of how many come at once. At least 20 calls"),
        (inputs(36, calls=7), "7 calls in 1.5 days tell nothing"),
        (inputs(24, calls=20_000_000), "13,889 calls a minute are too many to be replayed"),
        (
            inputs(24, concurrency_utilization_max=None),
            "never reported ServerlessConcurrentExecutionsUtilization",
        ),
        (replace(inputs(24), capacities=()), "configured to hold is not known"),
    ],
)
def test_what_is_missing_is_named_with_what_it_takes(found: Inputs, words: str) -> None:
    (only,) = said(found)
    assert words in only


def test_a_day_with_calls_and_peaks_is_enough_and_nothing_read_is_not() -> None:
    assert said(inputs(24)) == []
    (only,) = missing(None, None)
    assert "has not been read" in only.what
