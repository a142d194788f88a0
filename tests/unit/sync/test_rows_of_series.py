"""Series become wide rows: one for every bucket in which any metric was reported, None where one was not."""

from typing import Any

import pytest

from fleet.aws.cloudwatch import NOTHING, Series
from fleet.sync.subjects import _rows

SHARED = [60]
SCALES = (1.0, 0.5, 2.0)


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        ([Series(SHARED, [1.0]), Series(SHARED, [2.0]), Series(SHARED, [3.0])], [(7, 60, 1.0, 1.0, 6.0)]),
        ([Series([60], [1.0]), Series([60], [2.0]), Series([60], [3.0])], [(7, 60, 1.0, 1.0, 6.0)]),
        ([Series(SHARED, [1.0]), NOTHING, Series(SHARED, [3.0])], [(7, 60, 1.0, None, 6.0)]),
        ([NOTHING, Series(SHARED, [2.0]), NOTHING], [(7, 60, None, 1.0, None)]),
        (
            [Series(SHARED, [1.0]), Series([120], [2.0]), Series([60, 120], [3.0, 4.0])],
            [(7, 60, 1.0, None, 6.0), (7, 120, None, 1.0, 8.0)],
        ),
        ([NOTHING, NOTHING, NOTHING], []),
    ],
)
def test_each_bucket_has_what_was_reported_of_it_in_our_units(
    found: list[Series], rows: list[tuple[Any, ...]]
) -> None:
    assert list(_rows(7, SCALES, found)) == rows
