"""Which AWS accounts are watched, as admins set it on the Settings page. No AWS call: workers check and read."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from fleet.access import audit
from fleet.access.roles import may
from fleet.errors import Refusal, Refused
from fleet.models import Account, Shard, User

FIELDS = ("account_id", "alias", "role_arn", "act_role_arn", "external_id", "enabled")


def save(
    account: Account, *, regions: Sequence[str], actor: User, now: datetime, address: str | None = None
) -> Account:
    """Store an account with its regions and have it checked and read at once.

    As `store`; raises Refused below admin as well.
    """
    _need_admin(actor)
    return store(account, regions=regions, actor=actor, now=now, address=address)


def store(
    account: Account,
    *,
    regions: Sequence[str],
    actor: User | None,
    now: datetime,
    address: str | None = None,
) -> Account:
    """Store an account with its regions for whoever has the right to; actor None: somebody at the command line.

    A region that is left out is switched off, not deleted: its history stays. Raises Refused with one refusal for
    each field that cannot stand.
    """
    with transaction.atomic():
        is_new = account.pk is None
        before = {} if is_new else told(Account.objects.select_for_update().get(pk=account.pk))
        _check(account, regions)
        account.identity_checked_at, account.identity_error, account.act_identity_error = None, "", ""
        account.save()
        for region in regions:
            Shard.objects.update_or_create(account=account, region=region, defaults={"enabled": True})
        account.shards.exclude(region__in=regions).update(enabled=False)
        _due(account, now)
        after = told(account)
        changed = [name for name in after if before.get(name) != after[name]]
        if changed:
            audit.record(
                actor=actor,
                action="account.added" if is_new else "account.changed",
                target=account,
                before={name: before[name] for name in changed if name in before},
                after={name: after[name] for name in changed},
                address=address,
            )
    return account


def ask_for_check(account: Account, *, actor: User, now: datetime, address: str | None = None) -> None:
    """Have the account's credentials checked and its regions read as soon as a worker is free."""
    _need_admin(actor)
    with transaction.atomic():
        Account.objects.filter(pk=account.pk).update(
            identity_checked_at=None, identity_error="", act_identity_error=""
        )
        _due(account, now)
        audit.record(actor=actor, action="account.check", target=account, address=address)


def unchecked() -> list[int]:
    """Accounts whose credentials nobody has checked since they were saved; the tick has them checked."""
    return list(Account.objects.filter(enabled=True, identity_checked_at=None).values_list("pk", flat=True))


def told(account: Account) -> dict[str, object]:
    """What the audit keeps of an account; the external id is a shared secret and is only said to be there."""
    return {
        "alias": account.alias,
        "account_id": account.account_id,
        "role_arn": account.role_arn,
        "act_role_arn": account.act_role_arn,
        "external_id": "set" if account.external_id else "",
        "enabled": account.enabled,
        "regions": sorted(account.shards.filter(enabled=True).values_list("region", flat=True)),
    }


def _due(account: Account, now: datetime) -> None:
    account.shards.filter(enabled=True).update(inventory_due_at=now, metrics_due_at=now)


def _need_admin(actor: User) -> None:
    if not may(actor, User.Role.ADMIN):
        raise Refused([Refusal("", "role", "Changing accounts needs the role admin.")])


def _check(account: Account, regions: Sequence[str]) -> None:
    refusals = [] if regions else [Refusal("regions", "none", "Choose at least one region.")]
    try:
        account.full_clean()
    except ValidationError as error:
        refusals += [
            Refusal(field, "invalid", message)
            for field, messages in error.message_dict.items()
            for message in messages
        ]
    for label, arn in (("role_arn", account.role_arn), ("act_role_arn", account.act_role_arn)):
        owner = arn.split(":")[4] if arn.count(":") >= 5 else account.account_id
        if owner != account.account_id:
            refusals.append(Refusal(label, "other-account", f"This role belongs to account {owner}."))
    if refusals:
        raise Refused(refusals)
