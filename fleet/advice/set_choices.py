"""What people make of a set of endpoints that could share one: dismiss it with a reason, open it again. Audited."""

from datetime import date, datetime

from django.db import transaction

from fleet.access import audit
from fleet.advice import choices
from fleet.models import ConsolidationSet, User


@transaction.atomic
def dismiss(
    pk: int, *, reason: str, until: date | None, actor: User, now: datetime, address: str | None = None
) -> bool:
    """Put a set aside until a day (None = for good, or until it has a new member); False when there is none such.

    Its members are not advised to share meanwhile. Raises Refused as choices.dismiss does.
    """
    choices.operator(actor)
    choices.check(reason, until, now)
    row = _locked(pk)
    if row is None:
        return False
    before = _told(row)
    row.dismissed_by, row.dismissed_at, row.dismissed_until = actor, now, until
    row.dismissed_reason = reason.strip()[: choices.MAX_REASON]
    _save(row, "sharing.dismissed", before, actor, address, reason.strip())
    return True


@transaction.atomic
def reopen(pk: int, *, actor: User, now: datetime, address: str | None = None) -> bool:
    """Take a dismissal back; False when there was none. Raises Refused for people below operator."""
    choices.operator(actor)
    row = _locked(pk)
    if row is None or row.dismissed_at is None:
        return False
    before = _told(row)
    row.dismissed_at = None
    _save(row, "sharing.reopened", before, actor, address)
    return True


def _locked(pk: int) -> ConsolidationSet | None:
    return ConsolidationSet.objects.select_for_update(of=("self",)).filter(pk=pk, gone_at=None).first()


def _save(
    row: ConsolidationSet,
    action: str,
    before: dict[str, str],
    actor: User,
    address: str | None,
    reason: str = "",
) -> None:
    row.save(update_fields=["dismissed_by", "dismissed_at", "dismissed_until", "dismissed_reason"])
    audit.record(
        actor=actor,
        action=action,
        target=row,
        before=before,
        after=_told(row),
        reason=reason,
        address=address,
    )


def _told(row: ConsolidationSet) -> dict[str, str]:
    until = f"{row.dismissed_until}" if row.dismissed_at and row.dismissed_until else ""
    told = {"set": str(row), "state": "dismissed" if row.dismissed_at else "open", "until": until}
    return {name: value for name, value in told.items() if value}
