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

_FIRST = ("account_id", "alias", "partition", "role_arn", "act_role_arn", "external_id")
STEPS = ("roles", "check", "regions", "first-sync")


def begin(
    account: Account, *, by_role: bool, may_change: bool, actor: User, address: str | None = None
) -> Account:
    """Store the draft of an account with its id, alias and partition, and the roles it is to have.

    by_role False: the worker's own credentials. The external id is made here: one that a person could choose could be
    another account's. Roles that somebody named differently stay, unless they are of another account now. Raises
    Refused below admin, for an account that stands, and with a refusal for each field that cannot stand.
    """
    accounts.need_admin(actor)
    with transaction.atomic():
        is_new = account.pk is None
        if is_new:
            account.enabled, account.set_up_at = False, None
        else:
            _lock_draft(account, ("account_id", "alias", "partition"))
        if by_role:
            account.external_id = account.external_id or f"flotilla-{secrets.token_hex(16)}"
        account.role_arn = _arn(account, account.role_arn, READ_NAME) if by_role else ""
        account.act_role_arn = _arn(account, account.act_role_arn, ACT_NAME) if by_role and may_change else ""
        if refusals := [r for r in accounts.refusals_of(account) if not r.field.endswith("role_arn")]:
            raise Refused(refusals)
        accounts.ask(account)
        accounts.write(account, (*_FIRST, *accounts.CHECK))
        action = "account.set_up_begun" if is_new else "account.set_up_changed"
        audit.record(
            actor=actor, action=action, target=account, after=accounts.told(account), address=address
        )
    return account


def set_roles(
    account: Account, *, role: str, act_role: str, actor: User, now: datetime, address: str | None = None
) -> Account:
    """Store the ARNs of the roles that were made, and ask for a check.

    Raises Refused below admin, for an account that stands, and with a refusal for each ARN that cannot stand.
    """
    accounts.need_admin(actor)
    with transaction.atomic():
        before = accounts.told(_lock_draft(account, ()))
        account.role_arn, account.act_role_arn = role, act_role
        if refusals := accounts.refusals_of(account):
            raise Refused(refusals)
        accounts.write(account, ("role_arn", "act_role_arn"))
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
    """Choose regions and budget, and have the account read from now on. As `accounts.save`, for a draft alone."""
    accounts.need_admin(actor)
    with transaction.atomic():
        _lock_draft(account, ())
        account.cloudwatch_daily_usd = cloudwatch_daily_usd
        return accounts.store(
            account,
            regions=regions,
            actor=actor,
            now=now,
            address=address,
            edited=("cloudwatch_daily_usd",),
        )


def _lock_draft(account: Account, edited: Sequence[str]) -> Account:
    """As `accounts.lock`. Raises Refused when the set-up was finished meanwhile."""
    stands = accounts.lock(account, edited)
    if not stands.is_draft:
        raise Refused(
            [Refusal("", "stands", f"{stands.alias} is set up already; change it in its own form.")]
        )
    return stands


def _arn(account: Account, named: str, default: str) -> str:
    """The role somebody named, while it lies in this account; else the one that the texts make."""
    of_account = role_arn(account.partition, account.account_id, "")
    return named if named.startswith(of_account) else role_arn(account.partition, account.account_id, default)


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
