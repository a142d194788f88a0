"""Keeps and reads the signs of life of the background work: pages warn when it falls silent, and the rule about late

syncs does not blame AWS for the time in which Flotilla itself was not running.
"""

from datetime import datetime, timedelta

from django.conf import settings

from fleet.models import Heartbeat

TICK = "tick"


def silence_limit() -> timedelta:
    """How long without a tick counts as silence: three ticks, and not so short that a busy worker seems dead."""
    return timedelta(seconds=max(45, 3 * settings.TICK_INTERVAL_S))


def beat(now: datetime) -> None:
    """Note a tick; after a silence the unbroken run starts anew."""
    last = Heartbeat.objects.filter(name=TICK).first()
    since = now if last is None or now - last.at > silence_limit() else last.since
    Heartbeat.objects.update_or_create(name=TICK, defaults={"at": now, "since": since})


def running_since() -> datetime | None:
    """Start of the unbroken run of ticks; None when none was ever noted."""
    last = Heartbeat.objects.filter(name=TICK).first()
    return last.since if last else None
