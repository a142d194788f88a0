"""People of the installation: created, changed and switched off by admins; there is always one admin left."""

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from fleet.access import audit
from fleet.access.roles import may
from fleet.errors import Refusal, Refused
from fleet.models import User

_SETUP_LOCK = 7_203_412
"""Advisory lock of the first-visit set-up."""


def is_empty() -> bool:
    """True while nobody has ever been created: the only time the set-up page works."""
    return not User.objects.exists()


def create_first_admin(*, username: str, email: str, password: str, address: str | None = None) -> User:
    """The installation's first person, an admin. Raises Refused once anybody exists; two at once make one."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SETUP_LOCK])
        if not is_empty():
            raise Refused([Refusal("", "set-up", "This installation has been set up already. Sign in.")])
        person = _create(username, email, password, User.Role.ADMIN)
        audit.record(
            actor=person, action="user.first_admin", target=person, after=told(person), address=address
        )
    return person


def create(
    *, username: str, email: str, password: str, role: str, actor: User, address: str | None = None
) -> User:
    """A new person. Raises Refused below admin, for a taken name and for a weak password."""
    _need_admin(actor)
    with transaction.atomic():
        person = _create(username, email, password, role)
        audit.record(actor=actor, action="user.create", target=person, after=told(person), address=address)
    return person


def change(
    person_id: int, *, email: str, role: str, is_active: bool, receives_alerts: bool, actor: User,
    address: str | None = None,
) -> User:  # fmt: skip
    """Store a person's role, address and state. Raises Refused below admin and for the last admin's demotion.

    Switching somebody off ends their sessions.
    """
    _need_admin(actor)
    with transaction.atomic():
        # All admins are locked, so that two admins cannot demote each other at the same time.
        admins = {user.pk for user in _admins().select_for_update()}
        person = User.objects.select_for_update().get(pk=person_id)
        stays_admin = is_active and (role == User.Role.ADMIN or person.is_superuser)
        if admins == {person.pk} and not stays_admin:
            raise Refused(
                [Refusal("role", "last-admin", "This is the last admin; make somebody else admin first.")]
            )
        before = told(person)
        person.email, person.role = email, role
        person.is_active, person.receives_alerts = is_active, receives_alerts
        _record_change(person, before, actor, "user.change", address)
        if not is_active:
            end_sessions(person)
    return person


def set_receives_alerts(person: User, receives: bool, *, address: str | None = None) -> None:
    """A person's own choice whether alert mails come."""
    with transaction.atomic():
        before = told(person)
        person.receives_alerts = receives
        _record_change(person, before, person, "user.change", address)


def reset_password(person_id: int, *, password: str, actor: User, address: str | None = None) -> User:
    """Give a person a new password and end their sessions. Raises Refused below admin and for a weak one."""
    if person_id != actor.pk:
        _need_admin(actor)
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person_id)
        _check_password(password, person)
        person.set_password(password)
        person.save(update_fields=["password"])
        end_sessions(person)
        audit.record(actor=actor, action="user.password", target=person, address=address)
    return person


def end_sessions(person: User) -> None:
    """Sign a person out everywhere."""
    for session in Session.objects.all().iterator():
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            session.delete()


def told(person: User) -> dict[str, object]:
    """What the audit keeps of a person: never a password."""
    return {
        "username": person.username,
        "email": person.email,
        "role": person.role,
        "active": person.is_active,
        "receives_alerts": person.receives_alerts,
    }


def _admins() -> QuerySet[User]:
    return User.objects.filter(Q(role=User.Role.ADMIN) | Q(is_superuser=True), is_active=True)


def _need_admin(actor: User) -> None:
    if not may(actor, User.Role.ADMIN):
        raise Refused([Refusal("", "role", "This needs the role admin.")])


def _create(username: str, email: str, password: str, role: str) -> User:
    person = User(username=username, email=email, role=role)
    if User.objects.filter(username__iexact=username).exists():
        raise Refused([Refusal("username", "taken", "Somebody has this name already.")])
    _check_password(password, person)
    person.set_password(password)
    person.save()
    return person


def _check_password(password: str, person: User) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refused([Refusal("password", "weak", message) for message in error.messages]) from error


def _record_change(
    person: User, before: dict[str, object], actor: User, action: str, address: str | None
) -> None:
    after = told(person)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return
    person.save()
    audit.record(
        actor=actor,
        action=action,
        target=person,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        address=address,
    )
