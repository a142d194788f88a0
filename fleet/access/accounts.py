"""Which AWS accounts are watched, as admins set it on the Settings page. No AWS call: workers check and read."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from fleet.access import audit
from fleet.access import regions as known
from fleet.access.roles import may
from fleet.errors import Refusal, Refused
from fleet.models import Account, Shard, User

_TAKEN = {
    "account_id": "This account is in Flotilla already.",
    "alias": "Another account has this name.",
}
EDITED = (
    "account_id",
    "alias",
    "partition",
    "role_arn",
    "act_role_arn",
    "external_id",
    "cloudwatch_daily_usd",
)
"""What a form or the command line may say of an account; everything else is the workers' or the switch's."""
CHECK = ("check_number", "identity_checked_at", "identity_error", "act_identity_error", "permissions")
"""What asking for a check writes."""
# What STS takes: API model of AssumeRole, parameter ExternalId (botocore 1.44.5).
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")


def save(
    account: Account, *, regions: Sequence[str], actor: User, now: datetime, address: str | None = None
) -> Account:
    """Store an account with its regions and have it checked and read at once.

    As `store`; raises Refused below admin as well.
    """
    need_admin(actor)
    return store(account, regions=regions, actor=actor, now=now, address=address)


def store(
    account: Account,
    *,
    regions: Sequence[str],
    actor: User | None,
    now: datetime,
    address: str | None = None,
    edited: Sequence[str] = EDITED,
) -> Account:
    """Store an account with its regions for whoever has the right to; actor None: somebody at the command line.

    Of an account that exists only `edited` is written, over what the row holds now; a draft is read from here on.
    A region that is left out is switched off, not deleted: its history stays. Raises Refused with one refusal for
    each field that cannot stand.
    """
    with transaction.atomic():
        is_new = account.pk is None
        before = {} if is_new else told(lock(account, edited))
        _check(account, regions, by_person=actor is not None)
        ask(account)
        account.permissions.pop("may_change", None)
        if account.is_draft:
            account.enabled = True
        account.set_up_at = account.set_up_at or now
        write(account, (*edited, *CHECK, "enabled", "set_up_at"))
        for region in regions:
            Shard.objects.update_or_create(account=account, region=region, defaults={"enabled": True})
        account.shards.exclude(region__in=regions).update(enabled=False)
        _due(account, now)
        _tell(account, before, is_new=is_new, actor=actor, address=address)
    return account


def _tell(
    account: Account, before: dict[str, object], *, is_new: bool, actor: User | None, address: str | None
) -> None:
    """Audit what differs from before, if anything does."""
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


def ask_for_check(account: Account, *, actor: User, now: datetime, address: str | None = None) -> None:
    """Have the account's credentials checked and its regions read as soon as a worker is free.

    Raises Refused below admin, and for a disabled account.
    """
    need_admin(actor)
    if not account.enabled and not account.is_draft:
        raise Refused([Refusal("", "disabled", f"{account.alias} is disabled: AWS is not asked about it.")])
    with transaction.atomic():
        lock(account, ())
        ask(account)
        account.permissions = {**account.permissions, "started_at": None, "done_at": None, "rows": []}
        write(account, CHECK)
        _due(account, now)
        audit.record(actor=actor, action="account.check", target=account, address=address)


def lock(account: Account, edited: Sequence[str]) -> Account:
    """Lock the account's row, give `account` all it holds now but the `edited` fields; the row as it stands.

    Only inside a transaction. Whoever read the account earlier thus never writes back what has changed since.
    """
    stands = Account.objects.select_for_update().get(pk=account.pk)
    for field in Account._meta.concrete_fields:
        if field.attname not in edited:
            setattr(account, field.attname, getattr(stands, field.attname))
    # The row's own documents stay apart from those that the caller goes on to change.
    account.permissions, account.found_regions = {**stands.permissions}, {**stands.found_regions}
    return stands


def ask(account: Account) -> None:
    """Make a check due, and one that is under way void; on the locked account, not written yet."""
    account.check_number += 1
    account.identity_checked_at, account.identity_error, account.act_identity_error = None, "", ""


def write(account: Account, fields: Sequence[str]) -> None:
    """Insert an account, or write these fields of the locked one."""
    account.save(update_fields=None if account.pk is None else fields)


def unchecked() -> list[int]:
    """Accounts whose credentials nobody has checked since they were saved; the tick has them checked.

    Those that are being set up are among them, disabled ones are not.
    """
    asked = Q(enabled=True) | Q(set_up_at=None)
    return list(Account.objects.filter(asked, identity_checked_at=None).values_list("pk", flat=True))


def lock_set_up(account: Account) -> Account:
    """The account's row, locked up to the end of the transaction. Raises Refused while its set-up is not finished."""
    found = Account.objects.select_for_update().get(pk=account.pk)
    if found.is_draft:
        raise Refused([Refusal("", "set-up", "Finish the set-up of this account first.")])
    return found


def switch(
    account: Account, *, enabled: bool, actor: User, now: datetime, address: str | None = None
) -> Account:
    """Enable or disable an account: a disabled one is not asked anything, what is known stays. Repeats do nothing.

    Raises Refused below admin, and for an account whose set-up is not finished.
    """
    need_admin(actor)
    with transaction.atomic():
        found = lock_set_up(account)
        if found.enabled != enabled:
            found.enabled = enabled
            found.save(update_fields=["enabled"])
            if enabled:
                _due(found, now)
            audit.record(
                actor=actor,
                action="account.enabled" if enabled else "account.disabled",
                target=found,
                before={"enabled": not enabled},
                after={"enabled": enabled},
                address=address,
            )
    return found


def remove_act_role(account: Account, *, actor: User, address: str | None = None) -> Account:
    """Forget the role that may change endpoints; AWS keeps it until somebody deletes it there. Repeats do nothing."""
    need_admin(actor)
    with transaction.atomic():
        found = Account.objects.select_for_update().get(pk=account.pk)
        if found.act_role_arn:
            before = {"act_role_arn": found.act_role_arn}
            found.act_role_arn = found.act_identity_arn = found.act_identity_error = ""
            rows = [row for row in found.permissions.get("rows", []) if row["role"] != "act"]
            found.permissions = {**found.permissions, "rows": rows} if found.permissions else {}
            ask(found)
            write(found, ("act_role_arn", "act_identity_arn", *CHECK))
            audit.record(
                actor=actor,
                action="account.act_role_removed",
                target=found,
                before=before,
                after={"act_role_arn": ""},
                address=address,
            )
    return found


def told(account: Account) -> dict[str, object]:
    """What the audit keeps of an account; the external id is a shared secret and is only said to be there."""
    return {
        "alias": account.alias,
        "account_id": account.account_id,
        "partition": account.partition,
        "role_arn": account.role_arn,
        "act_role_arn": account.act_role_arn,
        "external_id": "set" if account.external_id else "",
        "cloudwatch_daily_usd": "" if (usd := account.cloudwatch_daily_usd) is None else str(usd),
        "enabled": account.enabled,
        "regions": sorted(account.shards.filter(enabled=True).values_list("region", flat=True)),
    }


def _due(account: Account, now: datetime) -> None:
    account.shards.filter(enabled=True).update(inventory_due_at=now, metrics_due_at=now, backfill_due_at=now)


def need_admin(actor: User) -> None:
    """Raises Refused below admin."""
    if not may(actor, User.Role.ADMIN):
        raise Refused([Refusal("", "role", "Changing accounts needs the role admin.")])


def _check(account: Account, regions: Sequence[str], *, by_person: bool) -> None:
    refusals = [] if regions else [Refusal("regions", "none", "Choose at least one region.")]
    for region in known.foreign(account.partition, regions):
        text = f"{region} is not a region of the partition {account.partition}."
        refusals.append(Refusal("regions", "partition", text))
    refusals += _not_enabled(account, regions)
    refusals += refusals_of(account, needs_external_id=by_person)
    if refusals:
        raise Refused(refusals)


def _not_enabled(account: Account, regions: Sequence[str]) -> list[Refusal]:
    """Regions that AWS said are off in this account; one that is watched already stays what it is."""
    known_regions = account.found_regions.get("regions") or {}
    watched = set()
    if account.pk is not None:
        watched = set(account.shards.filter(enabled=True).values_list("region", flat=True))
    off = [region for region in regions if known_regions.get(region) is False and region not in watched]
    if not off:
        return []
    text = f"{', '.join(off)}: not switched on in this account; opt in in AWS first."
    return [Refusal("regions", "not-enabled", text)]


def refusals_of(account: Account, *, needs_external_id: bool = True) -> list[Refusal]:
    """Why an account's texts cannot stand, field by field.

    A role must belong to the account, lie in its partition and be assumed with an external id: without one, another
    customer of the same installation could have Flotilla read it (AWS IAM User Guide, "The confused deputy problem").
    Whoever works at the command line holds Flotilla's own credentials and may leave it out.
    """
    refusals = []
    try:
        account.full_clean()
    except ValidationError as error:
        refusals = [
            Refusal(field, "invalid", _TAKEN.get(field, message) if problem.code == "unique" else message)
            for field, problems in error.error_dict.items()
            for problem in problems
            for message in problem.messages
        ]
    refused = {refusal.field for refusal in refusals}
    for label, arn in (("role_arn", account.role_arn), ("act_role_arn", account.act_role_arn)):
        if not arn or label in refused:
            continue
        _, partition, _, _, owner, _ = arn.split(":", 5)
        if owner != account.account_id:
            refusals.append(Refusal(label, "other-account", f"This role belongs to account {owner}."))
        if partition != account.partition:
            text = f"This role lies in the partition {partition}, the account in {account.partition}."
            refusals.append(Refusal(label, "other-partition", text))
    if needs_external_id and (account.role_arn or account.act_role_arn) and not account.external_id:
        text = "A role is assumed with an external id; its trust policy demands it."
        refusals.append(Refusal("external_id", "missing", text))
    if account.external_id and not _EXTERNAL_ID.fullmatch(account.external_id):
        text = "Give 2 or more letters, digits or any of _+=,.@:/- without spaces."
        refusals.append(Refusal("external_id", "invalid", text))
    return refusals
