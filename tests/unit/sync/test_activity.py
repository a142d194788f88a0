"""Idle, active or cannot tell: a call is proof, silence only when all of it was read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fleet.sync.activity import Seen, judge
from fleet.types import Kind

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
QUIET = Seen(
    kind=Kind.REAL_TIME,
    status="InService",
    created_at=NOW - 90 * DAY,
    variants=1,
    until=NOW,
    cadence_s=3600,
    last_call_at=None,
    hours=336,
    history_from=NOW - 30 * DAY,
)


@pytest.mark.parametrize(
    ("changes", "activity", "words"),
    [
        ({}, "idle", "no call in 14 days"),
        ({"last_call_at": NOW - 15 * DAY}, "idle", "no call in 14 days"),
        ({"last_call_at": NOW - 13 * DAY}, "active", "calls within 14 days"),
        # A call seen is proof, whatever else is missing.
        ({"last_call_at": NOW - DAY, "until": NOW - 2 * DAY, "status": "Updating"}, "active", "calls within"),
        ({"kind": Kind.SERVERLESS, "hours": 0}, "idle", "no call in 14 days"),
        ({"kind": Kind.ASYNCHRONOUS, "hours": 0}, "idle", "no call in 14 days"),
        ({"hours": 0}, "cannot-tell", "not even the zeros"),
        ({"kind": Kind.INFERENCE_COMPONENT, "hours": 0}, "cannot-tell", "nothing for its components"),
        ({"kind": Kind.UNKNOWN}, "cannot-tell", "hosting option is not known"),
        ({"variants": 0}, "cannot-tell", "variants are not known"),
        ({"status": "Failed"}, "cannot-tell", "it is Failed"),
        ({"status": "Hibernating"}, "cannot-tell", "it is Hibernating"),
        ({"created_at": NOW - 3 * DAY}, "cannot-tell", "3 of the 14 days"),
        ({"until": None}, "cannot-tell", "no figure"),
        ({"until": NOW - DAY}, "cannot-tell", "figures end at 20 Nov 12:00 UTC"),
        ({"history_from": NOW - 10 * DAY}, "cannot-tell", "not stored for 14 days"),
        ({"history_from": None}, "cannot-tell", "not stored for 14 days"),
    ],
)
def test_activity(changes: dict[str, Any], activity: str, words: str) -> None:
    found, reason = judge(replace(QUIET, **changes), NOW)
    assert found == activity
    assert words in reason
