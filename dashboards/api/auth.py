"""Who asks: the token of a request, the accounts it may read, and what is left of its minute."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from dashboards import client
from dashboards.api import limits
from dashboards.api.problems import Problem
from fleet.access import tokens
from fleet.models import ApiToken
from fleet.queries.scope import ScopeFilter

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Flotilla API"'}
_INVALID = {"WWW-Authenticate": 'Bearer realm="Flotilla API", error="invalid_token"'}


class BearerToken(HttpBearer):
    """`Authorization: Bearer flo_…`. The header is never logged, whatever stands in it."""

    def __call__(self, request: HttpRequest) -> ApiToken:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Problem("no-token", headers=_CHALLENGE)
        return self.authenticate(request, secret.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        """The token, counted and noted. Raises Problem when it does not work or asks too often."""
        now = timezone.now()
        found = tokens.check(token, now=now)
        if isinstance(found, tokens.Rejection):
            raise Problem("invalid-token", found.value, headers=_INVALID)
        allowance = limits.take(found.pk, now=now)
        if allowance is not None:
            request.api_headers = allowance.headers  # type: ignore[attr-defined]
            if allowance.remaining < 0:
                raise Problem("too-many-requests", headers={"Retry-After": str(allowance.reset_s)})
        tokens.note_use(found, now=now, address=client.address(request))
        return found


def permitted(request: Any, asked: ScopeFilter) -> ScopeFilter:
    """What was asked for within what the token may read. Raises Problem when it names an account it may not."""
    token: ApiToken = request.auth
    allowed: list[str] = token.accounts
    outside = [account for account in asked.accounts if allowed and account not in allowed]
    if outside:
        raise Problem("outside-token", f"This token does not read {', '.join(outside)}.")
    return ScopeFilter(asked.accounts or tuple(allowed), asked.regions)


def is_bound(request: Any) -> bool:
    """Whether the token reads some accounts only."""
    token: ApiToken = request.auth
    return bool(token.accounts)
