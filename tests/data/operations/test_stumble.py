"""A fault of Flotilla's own in a step: tried again a few times, then told, never for ever and never lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from fleet.models import User
from fleet.operations.execute import MOST_STUMBLES, advance
from tests.data.operations import cast

pytestmark = pytest.mark.django_db


def test_a_step_that_cannot_run_ends_unknown_after_a_few_tries() -> None:
    alice = User.objects.create_user("alice", role=User.Role.OPERATOR)
    operation = cast.confirmed(cast.planned(cast.endpoint(), alice), alice)
    operation.steps.filter(position=1).update(action="no-such-step")
    now = timezone.now()
    for attempt in range(1, MOST_STUMBLES):
        assert advance(operation.pk, now=now) is not None
        operation.refresh_from_db()
        assert operation.state == "running"
        assert operation.lease_until is None, "the operation is let go between tries"
        assert operation.steps.get(position=1).attempts == attempt
        now += timedelta(minutes=6)

    assert advance(operation.pk, now=now) is None
    operation.refresh_from_db()
    assert (operation.state, operation.verdict) == ("failed", "unknown")
    assert "Flotilla itself failed in this step: KeyError, 5 times" in operation.verdict_detail
    assert set(operation.steps.values_list("state", flat=True)) == {"failed", "skipped"}


def test_an_ended_held_or_waiting_operation_is_left_alone() -> None:
    alice = User.objects.create_user("alice", role=User.Role.OPERATOR)
    operation = cast.confirmed(cast.planned(cast.endpoint(), alice), alice)
    now = timezone.now()
    for columns in (
        {"state": "succeeded"},
        {"state": "running", "lease_until": now + timedelta(seconds=30)},
        {"state": "verifying", "lease_until": None, "next_poll_at": now + timedelta(seconds=30)},
    ):
        type(operation).objects.filter(pk=operation.pk).update(**columns)
        assert advance(operation.pk, now=now) is None
        assert not operation.steps.filter(attempts__gt=0).exists()
