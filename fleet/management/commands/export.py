"""manage.py export endpoints."""

import argparse
import io
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from fleet.models import Account
from fleet.queries import export
from fleet.queries.scope import ScopeFilter


class Command(BaseCommand):
    help = "Write the mirror to standard output or a file: every endpoint with state, capacity, scaling, tags and cost."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("what", choices=["endpoints"])
        parser.add_argument("--format", choices=["json", "csv"], default="json")
        parser.add_argument("--account", help="alias or id of one account")
        parser.add_argument("--region", help="one region")
        parser.add_argument(
            "--hours", type=int, default=24, help="window of traffic, cold starts and hit ratio"
        )
        parser.add_argument("--closed", action="store_true", help="also endpoints that are gone")
        parser.add_argument("--output", help="a file; default standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["hours"] < 1:
            raise CommandError("--hours is a whole number of at least 1.")
        scope = ScopeFilter(
            self._accounts(options["account"]), (options["region"],) if options["region"] else ()
        )
        records = export.endpoints(
            scope, now=timezone.now(), hours=options["hours"], with_closed=options["closed"]
        )
        write = export.write_csv if options["format"] == "csv" else export.write_json
        if options["output"] is None:
            text = io.StringIO(newline="")
            write(records, text)
            self.stdout.write(text.getvalue(), ending="")
            return
        try:
            with open(options["output"], "w", encoding="utf-8", newline="") as file:
                count = write(records, file)
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be written: {error.strerror}") from error
        sys.stderr.write(f"{count} endpoints written to {options['output']}\n")

    def _accounts(self, name: str | None) -> tuple[str, ...]:
        if name is None:
            return ()
        field = "account_id" if name.isdigit() else "alias"
        found = tuple(Account.objects.filter(**{field: name}).values_list("account_id", flat=True))
        if not found:
            raise CommandError(
                f"There is no account {name}. `manage.py accounts list` shows those there are."
            )
        return found
