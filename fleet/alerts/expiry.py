"""Reminders before an endpoint's expiry date: one mail a person and run, and nobody twice for the same date."""

from collections import defaultdict
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from fleet.alerts import figures, incidents, mails
from fleet.doorbell import ring_after_commit
from fleet.models import Endpoint, ExpiryReminder, Notification
from fleet.queries.ownership import REMIND_DAYS

PAST = 0
"""The stage of a date that had passed before anybody was told of it."""
_LOCK = 7_203_412
"""Advisory lock of the reminders; any number that no other part of the product uses."""

Due = tuple[Endpoint, int]


def remind(*, now: datetime) -> int:
    """Queue the reminders that are due; the number of mails queued. A second run at the same time does nothing.

    Mail and record of the reminder are written together, so that a crash repeats both or neither.
    """
    with transaction.atomic():
        if not _alone():
            return 0
        letters = [_queue(person, due, now) for person, due in _due(now).items()]
        if letters:
            ring_after_commit("fleet.deliver_notifications")
    return len(letters)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])


def _due(now: datetime) -> dict[str, list[Due]]:
    """Endpoints to remind each address of, with the stage. A date that came closer unseen skips the earlier stage,

    and one that passed unseen has a last one. An address is the same however it is spelt.
    """
    today = now.date()
    told_of = ExpiryReminder.objects.filter(endpoint=OuterRef("pk"), expires_on=OuterRef("expires_on"))
    is_near = Q(expires_on__gte=today, expires_on__lte=today + timedelta(days=max(REMIND_DAYS)))
    is_unseen = Q(~Exists(told_of), expires_on__lt=today)
    soon = list(Endpoint.objects.filter(is_near | is_unseen, closed_at=None).select_related("shard__account"))
    if not soon:
        return {}
    everyone = [person.email for person in incidents.recipients()]
    rows = ExpiryReminder.objects.filter(endpoint__in=soon).values_list(
        "endpoint_id", "expires_on", "days_before", "recipient"
    )
    told = {(pk, day, stage, recipient.lower()) for pk, day, stage, recipient in rows}
    spelt: dict[str, str] = {}
    found: dict[str, list[Due]] = defaultdict(list)
    for endpoint in soon:
        assert endpoint.expires_on is not None
        left = (endpoint.expires_on - today).days
        stage = min(days for days in REMIND_DAYS if days >= left) if left >= 0 else PAST
        people = {each.lower(): each for each in (*_owner_address(endpoint), *everyone)}
        spelt.update(people)
        for address in people:
            if (endpoint.pk, endpoint.expires_on, stage, address) not in told:
                found[address].append((endpoint, stage))
    return {spelt[address]: due for address, due in found.items()}


def _owner_address(endpoint: Endpoint) -> list[str]:
    """The owner, where the owner is a mail address."""
    try:
        validate_email(endpoint.owner)
    except ValidationError:
        return []
    return [endpoint.owner]


def _queue(address: str, due: list[Due], now: datetime) -> Notification:
    due.sort(key=lambda item: (item[0].expires_on, item[0].name))
    first = due[0][0]
    place = f"{first.shard.account.alias} · {first.shard.region}"
    more = f" and {len(due) - 1} more" if len(due) > 1 else ""
    keys = " ".join(f"{endpoint.pk}:{endpoint.expires_on}:{stage}" for endpoint, stage in due)
    letter = mails.reminder(
        f"expiry-{sha256(keys.encode()).hexdigest()[:16]}",
        f"[expiry] {first.name} {place}: {'expired' if due[0][1] == PAST else 'expires'} on "
        f"{first.expires_on:%-d %b %Y}{more}",
        [
            {
                "endpoint": endpoint,
                "left": (endpoint.expires_on - now.date()).days if endpoint.expires_on else 0,
                "url": f"{settings.BASE_URL}/endpoints/{endpoint.pk}/",
            }
            for endpoint, _ in due
        ],
        figures.day_and_clock(now),
    )
    _note(address, due, now)
    mail = letter.to(address, Notification.Transition.REMINDER, now=now)
    mail.save()
    return mail


def _note(address: str, due: list[Due], now: datetime) -> None:
    """Who was reminded of what, so that nobody is twice."""
    ExpiryReminder.objects.bulk_create(
        ExpiryReminder(
            endpoint=endpoint,
            expires_on=endpoint.expires_on,
            days_before=stage,
            recipient=address.lower(),
            queued_at=now,
        )
        for endpoint, stage in due
        if endpoint.expires_on is not None
    )
