"""Tokens of the API: made by people, shown once, kept as digests, refused as soon as they should not work."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q

from fleet.access import audit
from fleet.access.roles import may
from fleet.errors import Refusal, Refused
from fleet.models import Account, ApiToken, User

PREFIX = "flo_"
"""What every secret starts with, so that secret scanners and people recognise one."""
SECRET_BYTES = 32
LIFETIMES_DAYS = (7, 30, 90, 365)
LIVE_PER_PERSON = 20
_USE_NOTED_EVERY = timedelta(minutes=1)


class Rejection(StrEnum):
    """Why a token does not work; the words an API client reads."""

    UNKNOWN = "No token is known by this value."
    EXPIRED = "This token has expired."
    REVOKED = "This token was revoked."
    OWNER_DISABLED = "The person who made this token may not sign in any more."


@dataclass(frozen=True)
class Made:
    """A new token and its secret, which exists nowhere else."""

    token: ApiToken
    secret: str


def make(
    owner: User,
    *,
    name: str,
    days: int,
    accounts: Sequence[str] = (),
    now: datetime,
    address: str | None = None,
) -> Made:
    """Give `owner` a token that lives `days`; accounts: 12-digit ids it may read, empty for all.

    Raises Refused for a name in use, an account Flotilla does not know, a lifetime that is not offered, too many.
    """
    with transaction.atomic():
        # The owner's row is locked, so that two requests at once cannot pass the limit together.
        User.objects.select_for_update().get(pk=owner.pk)
        _check(owner, name, days, accounts, now)
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        token = ApiToken.objects.create(
            owner=owner,
            name=name,
            digest=digest_of(secret),
            ending=secret[-4:],
            accounts=sorted(set(accounts)),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        audit.record(actor=owner, action="token.made", target=token, after=told(token), address=address)
    return Made(token, secret)


def revoke(token: ApiToken, *, actor: User, now: datetime, address: str | None = None) -> None:
    """End a token at once; one that was revoked stays as it is. Raises Refused for another's token below admin."""
    if token.owner_id != actor.pk and not may(actor, User.Role.ADMIN):
        raise Refused([Refusal("", "role", "Only its owner or an admin may revoke a token.")])
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            audit.record(
                actor=actor, action="token.revoked", target=token, before=told(token), address=address
            )


def check(secret: str, *, now: datetime) -> ApiToken | Rejection:
    """The token behind a secret with its owner, or why it does not work. One query."""
    token = ApiToken.objects.select_related("owner").filter(digest=digest_of(secret)).first()
    if token is None:
        return Rejection.UNKNOWN
    if token.revoked_at is not None:
        return Rejection.REVOKED
    if token.expires_at <= now:
        return Rejection.EXPIRED
    return token if token.owner.is_active else Rejection.OWNER_DISABLED


def note_use(token: ApiToken, *, now: datetime, address: str | None) -> None:
    """Remember when and from where it was last used, at most once a minute: reading must not become writing."""
    if token.last_used_at is not None and now - token.last_used_at < _USE_NOTED_EVERY:
        return
    is_older = Q(last_used_at=None) | Q(last_used_at__lte=now - _USE_NOTED_EVERY)
    ApiToken.objects.filter(is_older, pk=token.pk).update(last_used_at=now, last_used_from=address or None)


def digest_of(secret: str) -> str:
    """SHA-256 in hex: enough for 256 random bits, which no list of passwords contains."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def told(token: ApiToken) -> dict[str, object]:
    """What the audit keeps of a token: never the secret or its digest."""
    return {
        "name": token.name,
        "owner": token.owner.get_username(),
        "ending": token.ending,
        "accounts": token.accounts,
        "expires_at": token.expires_at.isoformat(),
    }


def _check(owner: User, name: str, days: int, accounts: Sequence[str], now: datetime) -> None:
    refusals = []
    live = ApiToken.objects.filter(owner=owner, revoked_at=None, expires_at__gt=now)
    if live.filter(name=name).exists():
        refusals.append(Refusal("name", "taken", "You have a token of this name that still works."))
    if live.count() >= LIVE_PER_PERSON:
        refusals.append(
            Refusal("name", "too-many", f"You have {LIVE_PER_PERSON} tokens that work; revoke one first.")
        )
    if days not in LIFETIMES_DAYS:
        refusals.append(Refusal("days", "unknown", "Choose one of the lifetimes offered."))
    known = set(Account.objects.filter(account_id__in=accounts).values_list("account_id", flat=True))
    refusals += [
        Refusal("accounts", "unknown", f"Flotilla does not read an account {account}.")
        for account in accounts
        if account not in known
    ]
    if refusals:
        raise Refused(refusals)
