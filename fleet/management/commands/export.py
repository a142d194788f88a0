"""manage.py export endpoints, and the other resources of the API."""

import argparse
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from fleet.models import Account
from fleet.queries.export import csv_lines, json_lines
from fleet.queries.resources import RESOURCES, Asked, Resource
from fleet.queries.scope import ScopeFilter, TimeRange


class Command(BaseCommand):
    help = (
        "Write records of the mirror to standard output or a file, as the API and the CSV buttons have them."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        words = "; ".join(f"{name}: {resource.words}" for name, resource in RESOURCES.items())
        parser.add_argument("what", choices=list(RESOURCES), help=words)
        parser.add_argument("--format", choices=["json", "csv"], default="json")
        parser.add_argument("--account", help="alias or id of one account")
        parser.add_argument("--region", help="one region")
        parser.add_argument("--hours", type=int, default=24, help="window of figures, and of transform jobs")
        parser.add_argument("--closed", action="store_true", help="also endpoints that are gone")
        parser.add_argument("--output", help="a file; default standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        resource = RESOURCES[options["what"]]
        lines = _lines(resource, self._asked(options), options["format"])
        if options["output"] is None:
            for line in lines:
                self.stdout.write(line, ending="")
            return
        try:
            with open(options["output"], "w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be written: {error.strerror}") from error
        sys.stderr.write(f"{options['what']} written to {options['output']}\n")

    def _asked(self, options: dict[str, Any]) -> Asked:
        if options["hours"] < 1:
            raise CommandError("--hours is a whole number of at least 1.")
        regions = (options["region"],) if options["region"] else ()
        now, hours = timezone.now(), options["hours"]
        end = now.replace(second=0, microsecond=0)
        return Asked(
            scope=ScopeFilter(self._accounts(options["account"]), regions),
            window=TimeRange("export", f"last {hours} hours", end - timedelta(hours=hours), end),
            now=now,
            late_after=timedelta(seconds=settings.STALE_AFTER_S),
            with_closed=options["closed"],
        )

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


def _lines(resource: Resource, asked: Asked, form: str) -> Iterator[str]:
    write = csv_lines if form == "csv" else json_lines
    return write(resource.columns, resource.every(asked))
