"""Which account and caller a request's credentials stand for. Signatures are not verified."""

from __future__ import annotations

import secrets
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from simulator.errors import ServiceError
from simulator.world import Account, Role, World

LETTERS = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Caller:
    """Who calls: the account, the ARN IAM would print, and the assumed role if any."""

    account: Account
    arn: str
    user_id: str
    role: Role | None = None

    @property
    def role_name(self) -> tuple[str, str] | None:
        """The (account, name) of the assumed role; None for long-term keys."""
        return (self.account.id, self.role.name) if self.role else None

    def refuses(self, action: str) -> bool:
        """Whether the assumed role may not call `service:Action`."""
        return self.role is not None and any(fnmatchcase(action, p) for p in self.role.deny)


def identify(world: World, access_key: str, token: str, now: datetime) -> Caller:
    """The caller behind a key. Long-term keys nobody owns belong to the management account."""
    if access_key.startswith("ASIA"):
        return _assumed(world, token, now)
    owner = world.by_key.get(access_key)
    if owner is not None:
        return _root(owner)
    if not access_key.startswith("AKIA"):
        raise ServiceError(
            "UnrecognizedClientException", "The security token included in the request is invalid.", 403
        )
    return _root(world.management)


def _root(account: Account) -> Caller:
    return Caller(account, f"arn:{account.partition}:iam::{account.id}:root", account.id)


def _assumed(world: World, token: str, now: datetime) -> Caller:
    invalid = ServiceError(
        "UnrecognizedClientException", "The security token included in the request is invalid.", 403
    )
    try:
        account_id, role_name, session, expires, _ = urlsafe_b64decode(token).decode().split("|")
        account = world.accounts[account_id]
        role = account.roles[role_name]
        expired = float(expires) <= now.timestamp()
    except (ValueError, KeyError) as error:
        raise invalid from error
    if expired:
        text = "The security token included in the request is expired"
        raise ServiceError("ExpiredTokenException", text, 403)
    arn = f"arn:{account.partition}:sts::{account_id}:assumed-role/{role_name}/{session}"
    return Caller(account, arn, f"AROA{account_id}SIMU:{session}", role)


def temporary_credentials(
    account: Account, role: Role, session: str, now: datetime, duration_s: int
) -> dict[str, Any]:
    """STS Credentials whose token carries everything needed, so they outlive a restart."""
    expires = now + timedelta(seconds=duration_s)
    salt = "".join(secrets.choice(LETTERS) for _ in range(4))
    token = "|".join([account.id, role.name, session, f"{expires.timestamp():.0f}", salt])
    return {
        "AccessKeyId": f"ASIA{account.id}{salt}",
        "SecretAccessKey": secrets.token_urlsafe(30),
        "SessionToken": urlsafe_b64encode(token.encode()).decode(),
        "Expiration": expires,
    }
