"""AWS accounts: take one in with its regions, and find out whose credentials it uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from fleet.access import accounts as access
from fleet.access import regions as known
from fleet.aws import sts
from fleet.errors import AwsError, FleetError
from fleet.models import Account, Shard
from fleet.types import AwsScope

CHECKED = ("identity_arn", "identity_error", "act_identity_arn", "act_identity_error", "identity_checked_at")


class BadAccount(FleetError):
    """The account as given cannot be taken in; the message says why."""


class Superseded(FleetError):
    """The account was changed, or asked to be checked anew, while a check was under way: its answers are void."""


@dataclass(frozen=True)
class Caller:
    """Who STS says a role is ("" when it does not say), and why it does not work ("" = it does)."""

    arn: str
    error: str

    def __str__(self) -> str:
        return self.error or f"works as {self.arn}"


def add(
    alias: str,
    *,
    account_id: str = "",
    role_arn: str | None = None,
    act_role_arn: str | None = None,
    external_id: str | None = None,
    regions: Sequence[str],
    now: datetime,
) -> tuple[Account, bool]:
    """Create the account with its shards, or bring an existing one with this id up to date.

    account_id "": asked from STS. None: as it was, "" for a new account. Returns the account and whether it is new.
    Raises BadAccount, AwsError, or Refused with a refusal for each field that cannot stand.
    """
    if not account_id:
        account_id = sts.caller_identity(
            AwsScope("", regions[0], role_arn or "", external_id or "")
        ).account_id
    with transaction.atomic():
        same_alias = Account.objects.filter(alias=alias).exclude(account_id=account_id).first()
        if same_alias is not None:
            raise BadAccount(f"The alias {alias} belongs to account {same_alias.account_id} already.")
        found = Account.objects.select_for_update().filter(account_id=account_id).first()
        account = found or Account(account_id=account_id)
        is_new = account.pk is None
        account.alias = alias
        given = {"role_arn": role_arn, "act_role_arn": act_role_arn, "external_id": external_id}
        for name, value in given.items():
            if value is not None:
                setattr(account, name, value)
        access.store(account, regions=regions, actor=None, now=now)
    check_identity(account, now=now)
    return account, is_new


def check_identity(account: Account, *, now: datetime) -> str:
    """Ask STS who the account's two roles are and record the answers; "" when the reading role works.

    What is wrong with the acting role goes to `act_identity_error`: nothing but changes depends on it. Raises
    Superseded when the account changed meanwhile: it then stays unchecked.
    """
    shard = account.shards.filter(enabled=True).first() or Shard(region=known.home(account.partition))
    shard.account = account
    reader, actor = _who(shard.scope), act_role(shard) or Caller("", "")
    account.identity_arn, account.identity_error = reader.arn or account.identity_arn, reader.error
    account.act_identity_arn, account.act_identity_error = actor.arn, actor.error
    account.identity_checked_at = now
    keep(account, CHECKED)
    return account.identity_error


def keep(account: Account, fields: Sequence[str]) -> None:
    """Write these fields while nobody has asked for another check. Raises Superseded when somebody has."""
    asked = Account.objects.filter(pk=account.pk, check_number=account.check_number)
    if not asked.update(**{name: getattr(account, name) for name in fields}):
        raise Superseded(f"account {account.alias} was asked to be checked anew")


def act_role(shard: Shard) -> Caller | None:
    """Assume the role that may change endpoints and ask STS who it is. None: the account has no such role."""
    return _who(shard.act_scope) if shard.account.act_role_arn else None


def _who(scope: AwsScope) -> Caller:
    try:
        identity = sts.caller_identity(scope)
    except AwsError as failure:
        return Caller("", failure.message)
    if identity.account_id != scope.account_id:
        wrong = f"These credentials belong to account {identity.account_id}, not to {scope.account_id}."
        return Caller(identity.arn, wrong)
    return Caller(identity.arn, "")
