"""botocore's exceptions → fleet.errors, in one place, with AWS's message word for word and one log line per failure."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import structlog
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from fleet.aws.meter import THROTTLING_CODES
from fleet.errors import (
    AccessDenied,
    AwsError,
    ClockSkewed,
    Conflict,
    CredentialsInvalid,
    Invalid,
    LimitExceeded,
    NotFound,
    Throttled,
    Unavailable,
)
from fleet.types import AwsScope

log = structlog.get_logger(__name__)

DENIED_CODES = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden"}
)
# Temporary keys that AWS takes no more: run out, or of a role that was removed or made anew meanwhile.
OUTLIVED_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
    }
)
CREDENTIAL_CODES = OUTLIVED_CODES | {
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestTimeTooSkewed",
    "AuthFailure",
    "OptInRequired",
}
MISSING_CODES = frozenset(
    {
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ObjectNotFoundException",
        "NotFoundException",
        "RepositoryNotFoundException",
        "ImageNotFoundException",
        "NoSuchEntity",
        "NoSuchBucket",
    }
)
BUSY_CODES = frozenset(
    {"ResourceInUse", "ResourceInUseException", "ConflictException", "ConcurrentUpdateException"}
)
LIMIT_CODES = frozenset(
    {"ResourceLimitExceeded", "LimitExceededException", "LimitExceeded", "ServiceQuotaExceededException"}
)
CREDENTIAL_ERRORS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    ProfileNotFound,
)

# AWS's words for a signature that was good but made at the wrong time; a wrong secret key shares the code.
_SKEW_CODES = frozenset({"RequestTimeTooSkewed"})
_SKEW_TEXT = re.compile(r"^signature (expired|not yet current)", re.IGNORECASE)
_DENIED_ACTION = re.compile(r"not authorized to perform:? ([\w-]+:\w+)")
# SageMaker models neither a missing nor a busy endpoint: both come as ValidationException, told apart by their text.
_MISSING_TEXT = re.compile(
    r"^(could not find|no scalable target|no scaling policy|no scheduled action)|does not exist",
    re.IGNORECASE,
)
_BUSY_TEXT = re.compile(r"in-progress endpoint|already existing|already exists", re.IGNORECASE)


@contextmanager
def translating(scope: AwsScope, action: str) -> Iterator[None]:
    """Raise the fleet.errors exception that botocore's stands for. `action` is the IAM action of the call.

    A connection failure, a server error and an answer that cannot be parsed are Unavailable; wrong parameters
    found by botocore itself are Invalid.
    """
    try:
        yield
    except ClientError as error:
        raise _report(_from_client_error(scope, action, error)) from error
    except CREDENTIAL_ERRORS as error:
        raise _report(_plain(CredentialsInvalid, scope, action, error)) from error
    except ParamValidationError as error:
        raise _report(_plain(Invalid, scope, action, error)) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise _report(_plain(Unavailable, scope, action, error)) from error


def incomplete(scope: AwsScope, action: str, missing: str, request_id: str = "") -> Unavailable:
    """A 200 answer without the key it must have: a truncated body that botocore took for an empty answer."""
    error = Unavailable(
        account=scope.account_id,
        region=scope.region,
        action=action,
        code="IncompleteAnswer",
        message=f"AWS answered without {missing}: the answer was cut off or is not what this version knows.",
        request_id=request_id,
    )
    _report(error)
    return error


def endless(scope: AwsScope, action: str) -> Unavailable:
    """A listing that repeats its NextToken: it would never end and must not count as complete."""
    error = Unavailable(
        account=scope.account_id,
        region=scope.region,
        action=action,
        code="RepeatedToken",
        message="AWS sent the same NextToken twice, so the listing cannot be completed.",
    )
    _report(error)
    return error


def _plain(kind: type[AwsError], scope: AwsScope, action: str, error: Exception) -> AwsError:
    return kind(
        account=scope.account_id,
        region=scope.region,
        action=action,
        code=type(error).__name__,
        message=str(error),
    )


def _from_client_error(scope: AwsScope, action: str, error: ClientError) -> AwsError:
    document = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    code, message = str(document.get("Code", "Unknown")), str(document.get("Message", ""))
    kind = _kind(code, message, int(metadata.get("HTTPStatusCode", 0)), action)
    if kind is AccessDenied and (named := _DENIED_ACTION.search(message)):
        action = named.group(1)
    found = kind(
        account=scope.account_id,
        region=scope.region,
        action=action,
        code=code,
        message=message,
        request_id=str(metadata.get("RequestId", "")),
    )
    if isinstance(found, ClockSkewed):
        found.skew_s = _skew_s(metadata.get("HTTPHeaders") or {})
    return found


def _skew_s(headers: Mapping[str, str]) -> float | None:
    """This machine's clock minus AWS's, by the Date of the answer that was just received."""
    try:
        there = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return (datetime.now(UTC) - there).total_seconds()


def _kind(code: str, message: str, status: int, action: str) -> type[AwsError]:
    if code in DENIED_CODES:
        # A role that may not be assumed is a credentials matter: no other call will work either.
        return CredentialsInvalid if action == "sts:AssumeRole" else AccessDenied
    if code in _SKEW_CODES or (code in CREDENTIAL_CODES and _SKEW_TEXT.search(message)):
        return ClockSkewed
    if code in CREDENTIAL_CODES:
        return CredentialsInvalid
    if code in THROTTLING_CODES:
        return Throttled
    if code in LIMIT_CODES:
        return LimitExceeded
    if code in MISSING_CODES or _MISSING_TEXT.search(message):
        return NotFound
    if code in BUSY_CODES or _BUSY_TEXT.search(message):
        return Conflict
    if status >= 500 or status == 0:
        return Unavailable
    return Invalid


def _report(error: AwsError) -> AwsError:
    # That something does not exist is an answer, often an expected one: not worth a line.
    tell = log.debug if isinstance(error, NotFound) else log.warning
    tell(
        "aws.call.failed",
        account=error.account,
        region=error.region,
        action=error.action,
        code=error.code,
        kind=type(error).__name__,
        request_id=error.request_id,
    )
    return error
