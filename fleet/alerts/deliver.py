"""The outbox: claim one mail, send it, say how it went. Every mail goes out at most once unless a process dies

between the server's acceptance and our note of it; then it repeats once, with the same Message-ID.
"""

import smtplib
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import formatdate

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F, Q, QuerySet

from fleet.access.audit import record
from fleet.alerts import mails
from fleet.models import Notification, User

log = structlog.get_logger(__name__)

CLAIM = timedelta(minutes=2)
"""Longer than one attempt can take (three SMTP time-outs), so that a live sender never loses its claim."""
GIVE_UP_AFTER = timedelta(hours=24)
_FIRST_RETRY = timedelta(seconds=30)
_LAST_RETRY = timedelta(minutes=15)
_BATCH = 500
_BUDGET_S = 180
"""One run stops before the task's soft limit; the next tick goes on."""
_NO_SERVER = "No mail server is set (SMTP_URL); mails wait."
_State = Notification.State


class ServerAway(Exception):
    """The mail server cannot be used now, whatever the recipient: stop, every mail would fail alike."""


def deliver_due(*, now: datetime) -> int:
    """Send what is due; the number of mails the server accepted. Safe to run in several processes at once."""
    _give_up(now)
    if not settings.EMAIL_HOST:
        _waiting(now).update(error=_NO_SERVER)
        return 0
    accepted = 0
    connection = get_connection()
    started = time.monotonic()
    try:
        for mail in _claimed(now, started):
            at = _clock(now, started)
            try:
                accepted += _send(mail, connection, at)
            except ServerAway:
                log.warning("mail.server_away", notification=mail.pk, error=mail.error)
                break
    finally:
        _close(connection)
    return accepted


def queue_trial(person: User, *, now: datetime, address: str | None = None) -> Notification:
    """Queue a test mail to `person`; it takes the same way as every other mail."""
    letter = mails.trial(person, now)
    mail = letter.to(person.email, Notification.Transition.TEST, now=now)
    mail.save()
    record(
        actor=person, action="mail.test", target=mail, after={"recipient": mail.recipient}, address=address
    )
    return mail


def _clock(now: datetime, started: float) -> datetime:
    """`now` moved on by the time this run has taken."""
    return now + timedelta(seconds=time.monotonic() - started)


def _waiting(now: datetime) -> QuerySet[Notification]:
    return Notification.objects.filter(state__in=(_State.PENDING, _State.SENDING), next_attempt_at__lte=now)


def _free(at: datetime) -> Q:
    return Q(claimed_until=None) | Q(claimed_until__lte=at)


def _give_up(now: datetime) -> None:
    old = Notification.objects.filter(
        _free(now), state__in=(_State.PENDING, _State.SENDING), created_at__lt=now - GIVE_UP_AFTER
    )
    for mail in old:
        _finish(
            mail, _State.FAILED, error=f"Given up after 24 hours. {mail.error}".strip(), claimed_until=None
        )


def _claimed(now: datetime, started: float) -> Iterator[Notification]:
    """Due mails, oldest first, each claimed by a conditional update just before it is sent."""
    due = _waiting(now).filter(_free(now)).order_by("next_attempt_at", "id").values_list("pk", flat=True)
    for pk in list(due[:_BATCH]):
        if time.monotonic() - started > _BUDGET_S:
            return
        at = _clock(now, started)
        taken = (
            _waiting(at)
            .filter(_free(at), pk=pk)
            .update(state=_State.SENDING, claimed_until=at + CLAIM, attempts=F("attempts") + 1)
        )
        if taken:  # Otherwise another process got there first, which is normal.
            yield Notification.objects.select_related("incident").get(pk=pk)


def _send(mail: Notification, connection: BaseEmailBackend, at: datetime) -> bool:
    """One attempt, recorded on the row; True when the server accepted it. Raises ServerAway."""
    try:
        connection.open()
        connection.send_messages([message(mail, connection)])
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        _refused(mail, code, text, at)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        _refused(mail, error.smtp_code, error.smtp_error, at)
    except (smtplib.SMTPException, OSError) as error:
        # Connecting, greeting, signing in or a dropped line: nothing that concerns this recipient.
        _close(connection)
        mail.error = f"The mail server does not take mails: {error}"
        _retry(mail, at)
        raise ServerAway from error
    else:
        _finish(mail, _State.SENT, sent_at=at, error="", claimed_until=None)
        return True
    return False


def _refused(mail: Notification, code: int, text: bytes | str, at: datetime) -> None:
    answer = text.decode(errors="replace") if isinstance(text, bytes) else text
    mail.error = f"{code} {answer}"
    if code >= 500:
        _finish(mail, _State.FAILED, error=mail.error, claimed_until=None)
    else:
        _retry(mail, at)


def _retry(mail: Notification, at: datetime) -> None:
    wait = min(_FIRST_RETRY * 2 ** min(mail.attempts - 1, 10), _LAST_RETRY)
    _finish(mail, _State.PENDING, error=mail.error, next_attempt_at=at + wait, claimed_until=None)


def _finish(mail: Notification, state: str, **changes: object) -> None:
    """Write the outcome only while the row is still ours: a claim that ran out may have been taken over."""
    Notification.objects.filter(pk=mail.pk, attempts=mail.attempts).update(state=state, **changes)
    log.info("mail.attempt", notification=mail.pk, state=state, attempts=mail.attempts)


def message(mail: Notification, connection: BaseEmailBackend | None = None) -> EmailMultiAlternatives:
    """The mail as it goes out; the resolved mail of an incident answers the opened one, so that they thread."""
    headers = {
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",
        "Date": formatdate(mail.created_at.timestamp()),
    }
    if mail.incident_id and mail.transition == Notification.Transition.RESOLVED:
        opened = Notification.objects.filter(
            incident_id=mail.incident_id, transition=Notification.Transition.OPENED, recipient=mail.recipient
        ).first()
        if opened:
            headers |= {"In-Reply-To": opened.message_id, "References": opened.message_id}
    letter = EmailMultiAlternatives(
        mail.subject,
        mail.text,
        settings.DEFAULT_FROM_EMAIL,
        [mail.recipient],
        headers=headers,
        connection=connection,
    )
    letter.attach_alternative(mail.html, "text/html")
    return letter


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError) as error:
        log.info("mail.close_failed", error=str(error))
