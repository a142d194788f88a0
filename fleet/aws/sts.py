"""STS: who the credentials of a scope are."""

from dataclasses import dataclass

from fleet.aws.sessions import call
from fleet.types import AwsScope


@dataclass(frozen=True)
class Identity:
    """The caller as AWS sees it."""

    account_id: str
    arn: str


def caller_identity(scope: AwsScope) -> Identity:
    """Account and ARN behind the scope's credentials. Raises CredentialsInvalid when there are none that work."""
    answer = call(scope, "sts", "get_caller_identity", expect="Account")
    return Identity(answer["Account"], answer["Arn"])
