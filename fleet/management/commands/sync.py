"""manage.py sync --wait."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from fleet.ledger import update_shard
from fleet.models import Shard
from fleet.sync import whole


class Command(BaseCommand):
    help = "Mirror AWS now, in this process, with progress. Without --wait the shards are only marked as due."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--wait", action="store_true", help="run here and return when done")
        parser.add_argument("--account", help="alias or id of one account")
        parser.add_argument("--region", help="one region")
        parser.add_argument("--backfill", action="store_true", help="also fetch the whole hourly history")

    def handle(self, *args: Any, **options: Any) -> None:
        shards = self._shards(options["account"], options["region"])
        if not shards:
            raise CommandError("Nothing to sync. Take an account in with `manage.py accounts add`.")
        if not options["wait"]:
            Shard.objects.filter(pk__in=[s.pk for s in shards]).update(
                inventory_due_at=None, metrics_due_at=None, backfill_due_at=None
            )
            self.stdout.write(f"{len(shards)} shards are due at the next tick.")
            return
        is_good = whole.run(shards, now=timezone.now, say=self._say, backfill=options["backfill"])
        for shard in shards:
            self._say(f"{shard}: costs: {update_shard(shard.pk, now=timezone.now())} days worked out")
        if not is_good:
            raise CommandError("Some sections failed; see the lines above and the Sync page.")

    def _shards(self, account: str | None, region: str | None) -> list[Shard]:
        rows = Shard.objects.filter(enabled=True, account__enabled=True).select_related("account")
        if account:
            field = "account__account_id" if account.isdigit() else "account__alias"
            rows = rows.filter(**{field: account})
        return list(rows.filter(region=region) if region else rows)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
