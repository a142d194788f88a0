"""Flotilla's own means: CloudWatch that throttles its reading, and mails that do not go out. Conditions and words."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db.models import Count, F, Window

from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import count, day_and_clock, lasting, percent
from fleet.alerts.wording import Words
from fleet.models import CallTally, Notification

THROTTLED, MAILS = "metrics-throttled", "mail-queue-stuck"
_ACTION = "cloudwatch:GetMetricData"
_WAITING = (Notification.State.PENDING, Notification.State.SENDING)


def throttled(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Shards whose requests for metrics CloudWatch throttled too often since midnight UTC. One query."""
    tallies = CallTally.objects.filter(
        day=now.astimezone(UTC).date(),
        action=_ACTION,
        shard__enabled=True,
        shard__account__enabled=True,
        throttles__gte=values["min_throttles"],
        throttles__gt=0,
    )
    return [
        Measure.holding(
            subject=f"shard:{tally.shard_id}",
            now=now,
            values={
                "account": tally.alias,
                "region": tally.region,
                "throttles": tally.throttles,
                "calls": tally.calls,
            },
            shard_id=tally.shard_id,
        )
        for tally in tallies.annotate(alias=F("shard__account__alias"), region=F("shard__region"))
        if tally.throttles * 100 >= values["share_pct"] * tally.calls
    ]


def throttled_words(measure: Measure, place: Place) -> Words:
    """The words of throttled reading: how often, and that metrics come late rather than wrong."""
    throttles, calls = measure.values["throttles"], measure.values["calls"]
    share = percent(throttles / calls) if calls else count(throttles)
    return Words(
        title=f"CloudWatch throttles the reading of {place.account}/{place.region}",
        cause=f"CloudWatch refused {share} of today's requests as too many",
        summary=f"{count(throttles)} of {count(calls)} GetMetricData requests since midnight UTC were throttled. They "
        "are repeated more slowly, so charts and alerts come later than they should; no figure is wrong.",
        advice="See what else reads CloudWatch in this account: its limits are shared by all who ask. The quota can be "
        "raised in Service Quotas.",
        facts=(("Throttled today", count(throttles)), ("Requests today", count(calls)), ("Share", share)),
    )


def stuck(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """The outbox, when its oldest mail has waited too long; mails that are sent or given up do not count. One query."""
    waiting = Notification.objects.filter(state__in=_WAITING).annotate(total=Window(Count("id")))
    oldest = waiting.order_by("created_at", "id").first()
    if oldest is None or now - oldest.created_at < timedelta(minutes=values["for_min"]):
        return []
    return [
        Measure.holding(
            subject="mail-queue",
            since=oldest.created_at,
            now=now,
            values={"waiting": oldest.total, "attempts": oldest.attempts, "error": oldest.error},
        )
    ]


def stuck_words(measure: Measure, place: Place) -> Words:
    """The words of a stuck outbox: how many mails, since when, and what the mail server said."""
    values = measure.values
    waiting = "1 mail waits" if values["waiting"] == 1 else f"{count(values['waiting'])} mails wait"
    return Words(
        title="Mails do not go out",
        cause=f"{waiting}, the oldest for {lasting(measure.until - measure.since)}",
        summary="Whoever relies on alert mails hears nothing now. Incidents are opened and shown all the same; a "
        "mail is tried for 24 hours and then given up.",
        advice="Check SMTP_URL and the mail server; Settings, My mails sends a test mail.",
        facts=(
            ("Waiting", count(values["waiting"])),
            ("Oldest since", day_and_clock(measure.since)),
            ("Attempts at the oldest", count(values["attempts"])),
            ("The mail server said", values["error"] or "nothing yet: no attempt has ended"),
        ),
    )
