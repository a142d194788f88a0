"""What people decide on advice: allowed, refused beside the field, audited, and never half done."""

from datetime import timedelta

import pytest
from django.utils import timezone

from fleet.advice import choices
from fleet.errors import Refused
from fleet.models import Advice, AuditEntry, User
from tests.data.advice import cast
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def mine() -> Advice:
    return advice("old")


def advice(name: str, rule: str = "idle") -> Advice:
    where = Advice.objects.first()
    shard = where.endpoint.shard if where else rows.shard()
    return Advice.objects.create(
        endpoint=rows.serverless(shard, name), rule=rule, version=3, decision="existence", severity=2, effort=0, risk=1,
        title="Delete it", why="Nobody called it.", first_seen_at=NOW, last_seen_at=NOW,
    )  # fmt: skip


def test_a_dismissal_keeps_who_why_until_when_and_of_which_version(mine: Advice) -> None:
    ana = rows.user("operator", None)
    until = NOW.date() + timedelta(days=30)
    assert choices.dismiss([mine.pk], reason=" Black Friday ", until=until, actor=ana, now=NOW) == 1
    mine.refresh_from_db()
    assert (mine.state, mine.dismissed_by, mine.dismissed_until) == (Advice.State.DISMISSED, ana, until)
    assert (mine.dismissed_reason, mine.dismissed_version) == ("Black Friday", 3)
    entry = AuditEntry.objects.get(action="advice.dismissed")
    assert (entry.actor, entry.reason) == (ana, "Black Friday")
    assert entry.after == {
        "endpoint": "old", "rule": "idle", "state": "dismissed", "until": str(until),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "days", "field"),
    [
        ("", 5, "reason"),
        ("  ", None, "reason"),
        ("why", 0, "until"),
        ("why", -1, "until"),
        ("why", 400, "until"),
    ],
)
def test_a_dismissal_needs_a_reason_and_a_day_ahead(
    mine: Advice, reason: str, days: int | None, field: str
) -> None:
    until = None if days is None else NOW.date() + timedelta(days=days)
    with pytest.raises(Refused) as refused:
        choices.dismiss([mine.pk], reason=reason, until=until, actor=rows.user("operator", None), now=NOW)
    assert [each.field for each in refused.value.refusals] == [field]
    assert Advice.objects.get().state == Advice.State.OPEN
    assert not AuditEntry.objects.exists()


def test_a_viewer_decides_nothing(mine: Advice) -> None:
    vera = rows.user("viewer", None)
    for decide in (
        lambda: choices.dismiss([mine.pk], reason="no", until=None, actor=vera, now=NOW),
        lambda: choices.assign([mine.pk], vera, actor=vera, now=NOW),
        lambda: choices.reopen([mine.pk], actor=vera, now=NOW),
    ):
        with pytest.raises(Refused, match="operator"):
            decide()
    assert not AuditEntry.objects.exists()


def test_advice_is_given_to_somebody_and_taken_back(mine: Advice) -> None:
    ana, ben = rows.user("operator", None), rows.user("admin", None)
    assert choices.assign([mine.pk], ben, actor=ana, now=NOW) == 1
    mine.refresh_from_db()
    assert (mine.state, mine.assigned_to) == (Advice.State.ASSIGNED, ben)
    # The same again is no change and leaves no second entry.
    assert choices.assign([mine.pk], ben, actor=ana, now=NOW) == 0
    assert choices.assign([mine.pk], None, actor=ana, now=NOW) == 1
    mine.refresh_from_db()
    assert (mine.state, mine.assigned_to) == (Advice.State.OPEN, None)
    assert AuditEntry.objects.filter(action="advice.assigned").count() == 2


def test_somebody_who_left_is_given_nothing(mine: Advice) -> None:
    gone = User.objects.create_user("gone", is_active=False)
    with pytest.raises(Refused) as refused:
        choices.assign([mine.pk], gone, actor=rows.user("operator", None), now=NOW)
    assert [each.field for each in refused.value.refusals] == ["assigned_to"]


def test_a_dismissal_is_taken_back_to_whom_it_was_given(mine: Advice) -> None:
    ana = rows.user("operator", None)
    choices.assign([mine.pk], ana, actor=ana, now=NOW)
    choices.dismiss([mine.pk], reason="later", until=None, actor=ana, now=NOW)
    assert choices.reopen([mine.pk], actor=ana, now=NOW) == 1
    mine.refresh_from_db()
    assert mine.state == Advice.State.ASSIGNED
    assert choices.reopen([mine.pk], actor=ana, now=NOW) == 0


def test_what_is_gone_is_left_alone(mine: Advice) -> None:
    Advice.objects.update(gone_at=NOW)
    ana = rows.user("operator", None)
    assert choices.dismiss([mine.pk], reason="late", until=None, actor=ana, now=NOW) == 0


def test_several_at_once_are_all_audited(mine: Advice) -> None:
    other = advice("older")
    ana = rows.user("operator", None)
    assert choices.dismiss([mine.pk, other.pk, 999_999], reason="both", until=None, actor=ana, now=NOW) == 2
    assert AuditEntry.objects.filter(action="advice.dismissed").count() == 2


def test_the_rule_of_a_look_is_the_one_that_is_dismissed() -> None:
    """The version that a dismissal holds for is the judged one, not the newest of the code."""
    old = cast.idle(rows.shard("us-east-1"))
    from fleet.advice import runs

    runs.look(timezone.now)
    row = cast.said(old, "idle")
    choices.dismiss([row.pk], reason="kept", until=None, actor=rows.user("operator", None), now=NOW)
    assert cast.said(old, "idle").dismissed_version == row.version
