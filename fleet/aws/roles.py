"""Keys of assumed roles: one AssumeRole per role and hour, whatever the number of regions, services and threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.credentials import Credentials, ReadOnlyCredentials

from fleet.types import AwsScope

REFRESH_BEFORE = timedelta(minutes=10)


@dataclass(frozen=True)
class Keys:
    """Temporary credentials of a role."""

    access_key: str
    secret_key: str
    token: str
    expires_at: datetime


class SigningKeys(Credentials):
    """Credentials of a client that serves every account of a region: each request is signed as its caller asks."""

    def __init__(self) -> None:
        super().__init__("", "", "", method="flotilla-role")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The keys of the `signing` block that this call runs in; LookupError outside of one."""
        keys = _signing.get()
        return ReadOnlyCredentials(keys.access_key, keys.secret_key, keys.token)


class Provider:
    """What a botocore session asks for credentials."""

    def load_credentials(self) -> SigningKeys:
        """The same for every client."""
        return SigningKeys()


_signing: ContextVar[Keys] = ContextVar("flotilla_signing_keys")
_lock = threading.Lock()
_keys: dict[tuple[str, str], Keys] = {}
_refused: dict[tuple[str, str, str], Keys] = {}
_locks: dict[tuple[str, str], threading.Lock] = {}


@contextmanager
def signing(keys: Keys) -> Iterator[None]:
    """Sign the requests of this block with these keys."""
    before = _signing.set(keys)
    try:
        yield
    finally:
        _signing.reset(before)


def keys_of(scope: AwsScope, assume: Callable[[AwsScope], Keys]) -> Keys:
    """Credentials of the scope's role, the same for all its regions, renewed well before they expire.

    Roles are assumed one at a time each, but never wait for one another: STS may hang for one of them.
    """
    slot = (scope.role_arn, scope.external_id)
    with _lock:
        role_lock = _locks.setdefault(slot, threading.Lock())
    with role_lock:
        with _lock:
            keys = _keys.get(slot)
        if keys is None or keys.expires_at - REFRESH_BEFORE <= datetime.now(UTC):
            keys = assume(scope)
            with _lock:
                _keys[slot] = keys
        return keys


def forget(scope: AwsScope, refused: Keys) -> bool:
    """Drop the role's keys if they are still the refused ones: of many calls refused at once, one assumes it anew.

    False where a region refuses the keys that were made because it had refused the ones before: it takes none of this
    role's, as one that the account has not enabled, and asking STS at each call would not change that.
    """
    slot = (scope.role_arn, scope.external_id)
    with _lock:
        if _refused.get((*slot, scope.region)) is refused:
            return False
        if _keys.get(slot) is refused:
            _keys.pop(slot, None)
        return True


def mark(scope: AwsScope, keys: Keys) -> None:
    """Remember that these keys were made because the scope's region refused the ones before, and refuses them too."""
    with _lock:
        _refused[scope.role_arn, scope.external_id, scope.region] = keys


def reset() -> None:
    """Forget all keys."""
    with _lock:
        _keys.clear()
        _refused.clear()
