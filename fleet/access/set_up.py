"""The guided set-up of an account: each step is stored, so that it goes on where it stopped. No AWS call.

An account is a draft (not enabled, set_up_at null) until its regions are chosen; nothing reads a draft but its check.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from fleet.access import accounts, audit
from fleet.access.aws_roles import ACT_NAME, READ_NAME, Setup, role_arn
from fleet.errors import Refusal, Refused
from fleet.models import Account, User

STEPS = ("roles", "check", "regions", "first-sync")


def begin(
    account: Account, *, by_role: bool, may_change: bool, actor: User, address: str | None = None
) -> Account:
    """Store the draft of an account with its id, alias and partition, and the roles it is to have.

    by_role False: the worker's own credentials. The external id is made here: one that a person could choose could be
    another account's. Raises Refused below admin, and with a refusal for each field that cannot stand.
    """
    accounts.need_admin(actor)
    account.enabled, account.set_up_at = False, None
    account.role_arn = account.act_role_arn = ""
    if by_role:
        account.external_id = account.external_id or f"flotilla-{secrets.token_hex(16)}"
        account.role_arn = role_arn(account.partition, account.account_id, READ_NAME)
    if by_role and may_change:
        account.act_role_arn = role_arn(account.partition, account.account_id, ACT_NAME)
    with transaction.atomic():
        is_new = account.pk is None
        if refusals := [r for r in accounts.refusals_of(account) if not r.field.endswith("role_arn")]:
            raise Refused(refusals)
        account.identity_checked_at = None
        account.save()
        action = "account.set_up_begun" if is_new else "account.set_up_changed"
        audit.record(
            actor=actor, action=action, target=account, after=accounts.told(account), address=address
        )
    return account


def set_roles(
    account: Account, *, role: str, act_role: str, actor: User, now: datetime, address: str | None = None
) -> Account:
    """Store the ARNs of the roles that were made, and ask for a check.

    Raises Refused below admin, and with a refusal for each ARN that cannot stand.
    """
    accounts.need_admin(actor)
    before = accounts.told(account)
    account.role_arn, account.act_role_arn = role, act_role
    with transaction.atomic():
        if refusals := accounts.refusals_of(account):
            raise Refused(refusals)
        account.save()
        after = accounts.told(account)
        if before != after:
            changed = [name for name in after if before[name] != after[name]]
            audit.record(
                actor=actor,
                action="account.set_up_changed",
                target=account,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
                address=address,
            )
        accounts.ask_for_check(account, actor=actor, now=now, address=address)
    return account


def finish(
    account: Account,
    *,
    regions: Sequence[str],
    cloudwatch_daily_usd: Decimal | None,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Account:
    """Choose regions and budget, and have the account read from now on. As `accounts.save`."""
    if account.found_regions.get("regions"):
        off = [r for r in regions if account.found_regions["regions"].get(r) is False]
        if off:
            text = f"{', '.join(off)}: not switched on in this account; opt in in AWS first."
            raise Refused([Refusal("regions", "not-enabled", text)])
    account.enabled = True
    account.cloudwatch_daily_usd = cloudwatch_daily_usd
    return accounts.save(account, regions=regions, actor=actor, now=now, address=address)


def discard(account: Account, *, actor: User, address: str | None = None) -> None:
    """Forget an account whose set-up was never finished; nothing was read of it. AWS keeps roles that were made.

    Raises Refused below admin, and for an account that stands: that one is disabled instead.
    """
    accounts.need_admin(actor)
    with transaction.atomic():
        found = Account.objects.select_for_update().filter(pk=account.pk).first()
        if found is None:
            return
        if not found.is_draft:
            raise Refused([Refusal("", "stands", f"{found.alias} is set up; disable it instead.")])
        audit.record(
            actor=actor,
            action="account.set_up_discarded",
            target=found,
            before=accounts.told(found),
            address=address,
        )
        found.delete()


def texts_for(account: Account) -> Setup:
    """What the role texts of this account are filled with."""
    principal = (account.permissions.get("principal") or {}).get("arn", "")
    return Setup(
        account.partition,
        account.account_id,
        account.external_id,
        principal,
        may_change=bool(account.act_role_arn),
    )


def step_of(account: Account) -> str:
    """The step a draft has reached: what a person who comes back sees first."""
    if not account.is_draft:
        return "first-sync"
    if account.identity_arn and not account.identity_error and account.permissions.get("done_at"):
        return "regions"
    return "roles" if account.role_arn else "check"
