"""Health checks inside containers: `python -m stack.health PART` ends with 0 when that part is well."""

import os
import socket
import sys
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

BEAT_SCHEDULE = Path("/tmp/beat")
# Beat writes its schedule every three minutes.
_BEAT_SILENCE_S = 400
# A look at an empty queue takes 20 seconds.
_LISTENER_SILENCE_S = 120


def web() -> bool:
    """Whether the server on this machine reaches its database and Redis; asked under the public host name."""
    host = urlsplit(os.environ.get("FLOTILLA_BASE_URL", "http://127.0.0.1:8000")).netloc
    request = urllib.request.Request("http://127.0.0.1:8000/readyz", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def worker() -> bool:
    """Whether the Celery worker of this machine answers a ping through Redis."""
    from config.celery import app

    return bool(app.control.ping(destination=[f"celery@{socket.gethostname()}"], timeout=5))


def beat() -> bool:
    """Whether beat has written its schedule lately; the file's ending depends on Python's dbm."""
    files = BEAT_SCHEDULE.parent.glob(f"{BEAT_SCHEDULE.name}*")
    return any(time.time() - path.stat().st_mtime < _BEAT_SILENCE_S for path in files)


def listener() -> bool:
    """Whether some listener has lately finished a look at its queue."""
    import django

    django.setup()
    from django.utils import timezone

    from fleet.models import EventQueue

    lately = timezone.now() - timedelta(seconds=_LISTENER_SILENCE_S)
    return EventQueue.objects.filter(listening_at__gte=lately).exists()


CHECKS = {"web": web, "worker": worker, "beat": beat, "listener": listener}


if __name__ == "__main__":
    sys.exit(0 if CHECKS[sys.argv[1]]() else 1)
