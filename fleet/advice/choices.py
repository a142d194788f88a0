"""What people make of advice: dismiss it with a reason, open it again, give it to somebody. Audited."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from fleet.access import audit
from fleet.access.roles import may
from fleet.errors import Refusal, Refused
from fleet.models import Advice, User

LONGEST = timedelta(days=366)
"""A dismissal that has an end has it within a year: by then somebody should look again."""
MAX_REASON = 500
State = Advice.State


def dismiss(
    pks: Sequence[int],
    *,
    reason: str,
    until: date | None,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> int:
    """Put advice aside until a day (None = for good, or until its rule changes); how many were.

    Raises Refused without a reason, for a day that is not ahead or beyond LONGEST, and for people below operator.
    """
    operator(actor)
    check(reason, until, now)
    with transaction.atomic():
        rows = _locked(pks, (*Advice.WAITING, State.DISMISSED))
        for row in rows:
            before = _told(row)
            row.state, row.dismissed_by, row.dismissed_at = State.DISMISSED, actor, now
            row.dismissed_until, row.dismissed_reason, row.dismissed_version = (
                until,
                reason.strip()[:MAX_REASON],
                row.version,
            )
            _save(row, "advice.dismissed", before, actor, address, reason.strip())
    return len(rows)


def reopen(pks: Sequence[int], *, actor: User, now: datetime, address: str | None = None) -> int:
    """Take dismissals back, or what counts as done; how many were. Raises Refused for people below operator."""
    operator(actor)
    with transaction.atomic():
        rows = _locked(pks, (State.DISMISSED, State.DONE))
        for row in rows:
            before = _told(row)
            row.state = State.ASSIGNED if row.assigned_to_id else State.OPEN
            _save(row, "advice.reopened", before, actor, address)
    return len(rows)


def assign(
    pks: Sequence[int], to: User | None, *, actor: User, now: datetime, address: str | None = None
) -> int:
    """Give advice to somebody, None = to nobody; how many were. Raises Refused for a person who may not sign in."""
    operator(actor)
    if to is not None and not to.is_active:
        raise Refused([Refusal("assigned_to", "inactive", f"{to.get_username()} can no longer sign in.")])
    with transaction.atomic():
        rows = [row for row in _locked(pks, Advice.WAITING) if row.assigned_to_id != (to.pk if to else None)]
        for row in rows:
            before = _told(row)
            row.assigned_to, row.assigned_at = to, now if to else None
            row.state = State.ASSIGNED if to else State.OPEN
            _save(row, "advice.assigned", before, actor, address)
    return len(rows)


def operator(actor: User) -> None:
    """Raises Refused for people below operator, who decide on nothing."""
    if not may(actor, User.Role.OPERATOR):
        raise Refused([Refusal("", "role", "Deciding on advice needs the role operator.")])


def check(reason: str, until: date | None, now: datetime) -> None:
    """Raises Refused for a dismissal without a reason, and for a day that is not ahead or beyond LONGEST."""
    refusals = []
    if not reason.strip():
        refusals.append(Refusal("reason", "missing", "Say why, so that the next one need not ask."))
    if until is not None and until <= now.date():
        refusals.append(Refusal("until", "past", "Give a day after today."))
    elif until is not None and until > now.date() + LONGEST:
        refusals.append(Refusal("until", "far", "Give a day within a year, or none."))
    if refusals:
        raise Refused(refusals)


def _locked(pks: Sequence[int], states: Sequence[str]) -> list[Advice]:
    found = Advice.objects.filter(pk__in=list(pks), state__in=list(states), gone_at=None)
    return list(found.select_related("endpoint").order_by("pk").select_for_update(of=("self",)))


def _save(
    row: Advice, action: str, before: dict[str, str], actor: User, address: str | None, reason: str = ""
) -> None:
    row.save()
    audit.record(
        actor=actor,
        action=action,
        target=row,
        before=before,
        after=_told(row),
        reason=reason,
        address=address,
    )


def _told(row: Advice) -> dict[str, str]:
    told = {
        "endpoint": row.endpoint.name,
        "rule": row.rule,
        "state": row.state,
        "assigned_to": row.assigned_to.get_username() if row.assigned_to else "",
        "until": f"{row.dismissed_until}" if row.state == State.DISMISSED and row.dismissed_until else "",
    }
    return {name: value for name, value in told.items() if value}
