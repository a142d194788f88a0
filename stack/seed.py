"""Fills an empty demo: three people with known passwords, the fleet file's accounts by `manage.py accounts add`, and
the budgets and Savings Plans that the file names.
"""

import json
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

LOGINS = {"viewer": "viewer-demo", "operator": "operator-demo", "admin": "admin-demo"}
ROLES = {"--role-arn": "FlotillaRead", "--act-role-arn": "FlotillaAct"}


def accounts_of(fleet: Path) -> list[dict[str, Any]]:
    """The accounts a simulator fleet file describes: alias, id, regions, roles, access_keys."""
    return list(_document(fleet)["accounts"])


def _document(fleet: Path) -> dict[str, Any]:
    text = fleet.read_text()
    if fleet.suffix == ".json":
        # A generated fleet of ten thousand endpoints takes YAML seconds to read and JSON none.
        return dict(json.loads(text))
    return dict(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - a safe loader


def access_key(fleet: Path) -> str:
    """The access key of the account whose credentials reach the others: the first one marked so, else the first."""
    accounts = accounts_of(fleet)
    chosen = next((account for account in accounts if account.get("management")), accounts[0])
    return str(chosen["access_keys"][0])


def people() -> int:
    """Create the demo's people who are missing; returns how many there are."""
    from fleet.models import User

    for name, password in LOGINS.items():
        user, created = User.objects.get_or_create(
            username=name, defaults={"role": name, "email": f"{name}@example.com"}
        )
        if created:
            user.set_password(password)
            user.save(update_fields=["password"])
    return len(LOGINS)


def accounts(fleet: Path) -> int:
    """Take in the fleet's accounts that are missing and not spare, as an administrator would; returns how many."""
    from django.core.management import call_command

    from fleet.models import Account, BillReading

    described = [account for account in accounts_of(fleet) if not account.get("spare")]
    known = set(Account.objects.values_list("account_id", flat=True))
    for account in described:
        if str(account["id"]) not in known:
            call_command("accounts", "add", account["alias"], *_options(account))
            # Where the file tells of a bill, the demo reads it; real accounts have that switched off.
            BillReading.objects.create(
                account=Account.objects.get(account_id=str(account["id"])),
                enabled="billing" in account,
                tag_key=next(iter(account.get("allocation_tags", [])), ""),
            )
    return len(described)


def budgets(fleet: Path) -> int:
    """Make the fleet file's budgets that are missing; returns how many it names.

    As rows: the product's own form refuses a scope that matches no endpoint, and none has been read from AWS yet.
    """
    from fleet.models import Budget, User

    described = list(_document(fleet).get("budgets", []))
    for entry in described:
        owner = User.objects.get(username=entry["owner"])
        wanted = {"amount_usd": Decimal(entry["usd"]), "teams": entry["teams"], "owner": owner}
        Budget.objects.get_or_create(name=entry["name"], defaults=wanted)
    return len(described)


def commitments(fleet: Path) -> int:
    """Enter the accounts' Savings Plans that are missing, as an administrator would; returns how many there are."""
    from django.utils import timezone

    from fleet import plan_commitments
    from fleet.models import Account, PlanCommitment, User
    from fleet.price_entries import Days, Who

    described = [account for account in accounts_of(fleet) if "name" in account.get("savings_plan", {})]
    who = Who(User.objects.get(username="admin"), timezone.now())
    for account in described:
        plan = account["savings_plan"]
        if not PlanCommitment.objects.filter(name=plan["name"]).exists():
            plan_commitments.add(
                name=plan["name"],
                account=Account.objects.get(account_id=str(account["id"])),
                usd_per_hour=Decimal(str(plan["usd_per_hour"])),
                years=plan["years"],
                payment=plan["payment"],
                days=Days((who.now - _back(plan["since"])).date()),
                reason=plan["reason"],
                who=who,
            )
    return len(described)


def _back(since: str) -> timedelta:
    """How long ago the fleet file's "-100d" is."""
    return timedelta(days=int(since.removeprefix("-").removesuffix("d")))


def _options(account: dict[str, Any]) -> list[str]:
    options = ["--account-id", str(account["id"]), "--regions", ",".join(account["regions"])]
    described = {role["name"]: role for role in account.get("roles", [])}
    for option, name in ROLES.items():
        if name in described:
            options += [option, f"arn:aws:iam::{account['id']}:role/{name}"]
    ids = {str(described[name].get("external_id", "")) for name in ROLES.values() if name in described}
    if ids:
        options += ["--external-id", ids.pop()]
    return options


def main() -> None:
    """Seed people and the accounts of the fleet file named on the command line; prints a short summary."""
    import django

    django.setup()
    counted = accounts(Path(sys.argv[1]))
    from fleet.tasks import tick

    tick.delay()  # The worker's first work, instead of beat's first full interval later.
    many = people()
    budgets(Path(sys.argv[1]))
    commitments(Path(sys.argv[1]))
    print(f"{many} people, {counted} accounts")


if __name__ == "__main__":
    main()
