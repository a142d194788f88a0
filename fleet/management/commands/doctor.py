"""manage.py doctor."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from fleet.sync import doctor


class Command(BaseCommand):
    help = "Connect to PostgreSQL, Redis, SMTP and AWS from here; say what is wrong and how to mend it."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        ill = 0
        for finding in doctor.examine(timezone.now()):
            ill += not finding.is_well
            mark = "ok " if finding.is_well else "BAD"
            self.stdout.write(f"{mark} {finding.subject}: {finding.what}")
            if finding.remedy:
                self.stdout.write(f"    → {finding.remedy}")
        if ill:
            raise CommandError(f"{ill} findings need attention.")
