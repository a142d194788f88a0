"""manage.py listen."""

import signal
import threading
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from fleet.aws import queues
from fleet.errors import AwsError
from fleet.sync import push

log = structlog.get_logger(__name__)
PAUSE_S = 30
"""After an error of SQS: as long as the message that was being read stays hidden from others."""


class Command(BaseCommand):
    help = "Read the SQS queues of FLOTILLA_EVENT_QUEUES until stopped; each event has its account region listed."

    def handle(self, *args: Any, **options: Any) -> None:
        urls = settings.EVENT_QUEUES
        if not urls:
            raise CommandError("FLOTILLA_EVENT_QUEUES names no queue; see docs/push.md.")
        for url in urls:
            try:
                queues.scope_of(url)
            except ValueError as error:
                raise CommandError(f"FLOTILLA_EVENT_QUEUES: {error}.") from None
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        threads = [threading.Thread(target=_listen, args=(url, stopped), daemon=True) for url in urls]
        for thread in threads:
            thread.start()
        self.stdout.write(f"Listening to {len(urls)} queue{'s' if len(urls) > 1 else ''}.")
        self.stdout.flush()
        while not stopped.wait(1):
            if not all(thread.is_alive() for thread in threads):
                raise CommandError("A listener died; the log says why.")


def _listen(url: str, stopped: threading.Event) -> None:
    """Read one queue until stopped. A message that was read and not yet deleted when the process ends comes again."""
    while not stopped.is_set():
        try:
            push.listen_once(url, now=timezone.now)
        except (AwsError, DatabaseError) as error:
            log.warning("push.queue.failed", queue=url, error=str(error))
            close_old_connections()
            stopped.wait(PAUSE_S)
