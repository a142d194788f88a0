"""What confirming asks for: the endpoint's name, a reason, and a plan that still holds."""

import pytest

from fleet.operations import confirmation
from tests.unit.operations.wishes import SCALING, seen


@pytest.mark.parametrize(("typed", "allowed"), [("fraud-score", True), ("Fraud-Score", False), ("", False)])
def test_the_name_is_typed_exactly(typed: str, allowed: bool) -> None:
    refusals = confirmation.typed_name(typed, seen())
    assert [r.code for r in refusals] == ([] if allowed else ["typed-name"])


def test_a_plan_is_stale_when_anything_it_was_made_from_moved() -> None:
    planned = seen().version()
    assert confirmation.stale(planned, seen()) == []
    moved = confirmation.stale(planned, seen(provisioned=7, modified_at="2026-11-12T09:00:00+00:00"))
    assert "provisioned concurrency 5 → 7" in moved[0].message
    unseen = confirmation.stale(planned, seen(modified_at="2026-11-12T09:00:00+00:00"))
    assert "2026-11-12T09:00:00+00:00" in unseen[0].message
    registered = confirmation.stale(planned, seen(scaling=SCALING))
    assert "a scalable target was registered" in registered[0].message


@pytest.mark.parametrize(("reason", "codes"), [("black friday", []), ("  ", ["reason-missing"])])
def test_a_reason_is_given(reason: str, codes: list[str]) -> None:
    assert [r.code for r in confirmation.reason_given(reason)] == codes
