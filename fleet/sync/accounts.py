"""AWS accounts: take one in with its regions, and find out whose credentials it uses."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from fleet.access import audit
from fleet.aws import pricing, sts
from fleet.errors import AwsError, FleetError
from fleet.models import Account, Shard
from fleet.types import AwsScope


class BadAccount(FleetError):
    """The account as given cannot be taken in; the message says why."""


def add(
    alias: str,
    *,
    account_id: str = "",
    role_arn: str = "",
    external_id: str = "",
    regions: Sequence[str],
    now: datetime,
) -> tuple[Account, bool]:
    """Create the account with its shards, or bring an existing one with this alias or id up to date.

    account_id "": asked from STS. Returns the account and whether it is new. Raises BadAccount or AwsError.
    """
    scope = AwsScope(account_id, regions[0], role_arn, external_id)
    if not account_id:
        account_id = sts.caller_identity(scope).account_id
    with transaction.atomic():
        same_alias = Account.objects.filter(alias=alias).exclude(account_id=account_id).first()
        if same_alias is not None:
            raise BadAccount(f"The alias {alias} belongs to account {same_alias.account_id} already.")
        account = Account.objects.filter(account_id=account_id).first()
        is_new = account is None
        before = {} if account is None else _told(account)
        account = account or Account(account_id=account_id)
        account.alias, account.role_arn, account.external_id = alias, role_arn, external_id
        try:
            account.full_clean()
        except ValidationError as error:
            raise BadAccount("; ".join(error.messages)) from error
        account.save()
        for region in regions:
            Shard.objects.update_or_create(account=account, region=region, defaults={"enabled": True})
        Shard.objects.filter(account=account).exclude(region__in=regions).update(enabled=False)
        after = _told(account)
        if before != after:
            audit.record(
                actor=None,
                action="account.added" if is_new else "account.changed",
                target=account,
                before=before,
                after=after,
            )
    check_identity(account, now=now)
    return account, is_new


def check_identity(account: Account, *, now: datetime) -> str:
    """Ask STS who the account's credentials are and record the answer; "" when they work for this account."""
    shard = account.shards.filter(enabled=True).first()
    region = shard.region if shard else pricing.HOME_REGION
    scope = AwsScope(account.account_id, region, account.role_arn, account.external_id)
    error = ""
    try:
        identity = sts.caller_identity(scope)
    except AwsError as failure:
        error = failure.message
    else:
        account.identity_arn = identity.arn
        if identity.account_id != account.account_id:
            error = f"These credentials belong to account {identity.account_id}, not to {account.account_id}."
    account.identity_error, account.identity_checked_at = error, now
    account.save(update_fields=["identity_arn", "identity_error", "identity_checked_at"])
    return error


def _told(account: Account) -> dict[str, str]:
    return {
        "alias": account.alias,
        "account_id": account.account_id,
        "role_arn": account.role_arn,
        "external_id": "set" if account.external_id else "none",
    }
