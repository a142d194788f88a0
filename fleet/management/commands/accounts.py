"""manage.py accounts add|list|check."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from fleet.errors import FleetError
from fleet.models import Account, Shard
from fleet.sync import accounts, permissions


class Command(BaseCommand):
    help = "Take in an AWS account, list accounts, or check live what their credentials may do."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        add = commands.add_parser("add", help="take in an account, or change one with the same id")
        add.add_argument("alias", help="a short name for people")
        add.add_argument("--account-id", default="", help="12 digits; asked from AWS when left out")
        add.add_argument(
            "--role-arn", help="role that reads; a new account without one: the worker's own credentials"
        )
        add.add_argument(
            "--act-role-arn", help="role that may change endpoints; without one the first does both"
        )
        add.add_argument("--external-id", help="external id that the roles' trust policies demand")
        add.add_argument("--regions", default="", help="comma-separated; default FLOTILLA_REGIONS")
        commands.add_parser("list", help="accounts with regions and the last identity check")
        check = commands.add_parser("check", help="try every permission Flotilla uses")
        check.add_argument("alias", nargs="?", help="one account; default all")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            {"add": self._add, "list": self._list, "check": self._check}[options["command"]](options)
        except FleetError as error:
            raise CommandError(str(error)) from error

    def _add(self, options: dict[str, Any]) -> None:
        regions = [r.strip() for r in options["regions"].split(",") if r.strip()] or settings.DEFAULT_REGIONS
        account, is_new = accounts.add(
            options["alias"],
            account_id=options["account_id"],
            role_arn=options["role_arn"],
            act_role_arn=options["act_role_arn"],
            external_id=options["external_id"],
            regions=regions,
            now=timezone.now(),
        )
        verb = "added" if is_new else "is up to date"
        self.stdout.write(f"Account {account.alias} ({account.account_id}) {verb}: {', '.join(regions)}")
        if account.identity_error:
            self.stdout.write(f"  its credentials do not work yet: {account.identity_error}")
        if account.act_identity_error:
            self.stdout.write(f"  act role: does not work yet: {account.act_identity_error}")

    def _list(self, options: dict[str, Any]) -> None:
        for account in Account.objects.prefetch_related("shards"):
            regions = ", ".join(shard.region for shard in account.shards.all() if shard.enabled)
            state = account.identity_error or account.identity_arn or "never checked"
            self.stdout.write(f"{account.account_id}  {account.alias}  [{regions}]  {state}")
            if account.act_role_arn:
                state = account.act_identity_error or account.act_identity_arn or "never checked"
                self.stdout.write(f"  act role: {account.act_role_arn}  {state}")

    def _check(self, options: dict[str, Any]) -> None:
        rows = Account.objects.filter(enabled=True).prefetch_related("shards")
        rows = rows.filter(alias=options["alias"]) if options["alias"] else rows
        found = [shard for account in rows for shard in account.shards.filter(enabled=True)]
        if not found:
            raise CommandError("There is no such account. `manage.py accounts list` shows those there are.")
        told = [self._tell(shard) for shard in found]
        refused, unproven = (sum(counts) for counts in zip(*told, strict=True))
        if refused:
            raise CommandError(f"{refused} permissions are missing; docs/iam.md has the policies to attach.")
        if unproven:
            raise CommandError(f"{unproven} permissions could not be proven: AWS did not say.")

    def _tell(self, shard: Shard) -> tuple[int, int]:
        """Write what each of the shard's roles may do; how many permissions are missing, and how many unproven."""
        checks = permissions.check(shard.scope)
        bad = [check for check in checks if check.error is not None]
        self.stdout.write(f"{shard}: {len(checks) - len(bad)} of {len(checks)} permissions work")
        for check in bad:
            self.stdout.write(self._line(check))
        missing = sum(check.is_missing for check in bad)
        act = accounts.act_role(shard)
        if act is None:
            return missing, len(bad) - missing
        self.stdout.write(f"{shard}: act role: {act}")
        return missing + bool(act.error), len(bad) - missing

    def _line(self, check: permissions.Check) -> str:
        assert check.error is not None
        word = "missing" if check.is_missing else "unproven"
        return f"  {word} {check.action}; without it: {check.disables}. AWS says: {check.error.message}"
