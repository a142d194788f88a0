"""The exception tree: what can go wrong between Flotilla, AWS and the people who use it."""

from collections.abc import Sequence
from dataclasses import dataclass


class FleetError(Exception):
    """Base of every error that Flotilla raises on purpose."""


class AwsError(FleetError):
    """AWS refused or failed a call; carries what a person needs to act on it, word for word."""

    def __init__(
        self,
        *,
        account: str,
        region: str,
        action: str,
        code: str,
        message: str,
        request_id: str = "",
    ) -> None:
        super().__init__(f"{action} in {account}/{region}: {code}: {message}")
        self.account = account
        self.region = region
        self.action = action
        self.code = code
        self.message = message
        self.request_id = request_id


class AccessDenied(AwsError):
    """The role lacks a permission; `action` is the IAM action that is missing."""


class CredentialsInvalid(AwsError):
    """Credentials are absent, wrong, expired or the role may not be assumed."""


class ClockSkewed(CredentialsInvalid):
    """AWS refused a signature for its time: this machine's clock is off. skew_s: it is so far ahead of AWS's.

    None when the answer told no time.
    """

    skew_s: float | None = None


class Throttled(AwsError):
    """AWS asks to slow down; safe to repeat later."""


class NotFound(AwsError):
    """The named thing does not exist (any more)."""


class Conflict(AwsError):
    """The thing is busy or exists already."""


class Invalid(AwsError):
    """AWS rejected the request itself; repeating it cannot help."""


class LimitExceeded(AwsError):
    """A service quota would be passed."""


class Unavailable(AwsError):
    """No usable answer: connection, timeout, server error or a truncated body; safe to repeat a read."""


@dataclass(frozen=True)
class Refusal:
    """One reason why a change may not go ahead, tied to the form field it concerns ("" = the whole form)."""

    field: str
    code: str
    message: str


class Refused(FleetError):
    """A guard forbids the change; nothing has been sent to AWS."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = tuple(refusals)


class StalePlan(FleetError):
    """AWS has moved since the plan was shown; the person has to look again."""


class TransitionLost(FleetError):
    """Somebody else moved the state first; harmless, the other one goes on."""


class Quarantined(FleetError):
    """Work that took its worker's process down several times in a row: it is tried seldom until it ends once."""


class LeaseLost(FleetError):
    """A newer run holds the shard; this one must stop writing."""


class MassDisappearance(FleetError):
    """So many endpoints are missing from one listing that none of them is believed gone yet."""


class BudgetReached(FleetError):
    """Asking further would pass the account's CloudWatch budget of the day."""
