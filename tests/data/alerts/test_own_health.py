"""Flotilla's own means: mails that do not go out, and CloudWatch that throttles the reading of metrics."""

from datetime import timedelta

import pytest

from fleet.alerts.evaluate import evaluate
from fleet.models import CallTally, Notification, Shard
from tests.data.alerts.fleet import NOON, make_shard, minutes, ongoing, person

pytestmark = pytest.mark.django_db
STUCK, THROTTLED = "mail-queue-stuck", "metrics-throttled"


def mail(number: int = 0, state: str = "pending", **fields: object) -> Notification:
    return Notification.objects.create(
        transition="test", recipient="ana@example.com", state=state, message_id=f"<{number}@x>", subject="s",
        text="t", html="h", next_attempt_at=NOON, created_at=NOON, **fields,
    )  # fmt: skip


def tally(
    shard: Shard, calls: int, throttles: int, action: str = "cloudwatch:GetMetricData", days: int = 0
) -> None:
    day = (NOON - timedelta(days=days)).date()
    CallTally.objects.create(shard=shard, day=day, action=action, calls=calls, throttles=throttles)


def test_a_mail_that_waits_half_an_hour_opens_and_its_departure_resolves() -> None:
    person("ana")
    first = mail(attempts=4, error="451 4.7.1 try <again> later")
    mail(1, "sending")
    evaluate(now=NOON + minutes(29))
    assert ongoing(STUCK) == []
    evaluate(now=NOON + minutes(30))
    (incident,) = ongoing(STUCK)
    assert (incident.title, incident.severity) == ("Mails do not go out", "critical")
    assert incident.cause == "2 mails wait, the oldest for 30 min"
    assert dict(incident.facts)["The mail server said"] == "451 4.7.1 try <again> later"
    evaluate(now=NOON + minutes(31))
    assert len(ongoing(STUCK)) == 1, "one incident, however long it lasts"
    Notification.objects.filter(pk=first.pk).update(state="sent")
    evaluate(now=NOON + minutes(32))
    assert len(ongoing(STUCK)) == 1, "the other one still waits"
    Notification.objects.update(state="sent")
    evaluate(now=NOON + minutes(33))
    assert ongoing(STUCK) == []


@pytest.mark.parametrize("state", ["sent", "failed"])
def test_mails_that_went_out_or_were_given_up_do_not_wait(state: str) -> None:
    mail(state=state)
    evaluate(now=NOON + minutes(600))
    assert ongoing(STUCK) == []


def test_throttling_is_judged_by_its_share_of_today_s_requests() -> None:
    shard = make_shard()
    tally(shard, calls=1000, throttles=99)
    evaluate(now=NOON)
    assert ongoing(THROTTLED) == []
    CallTally.objects.update(throttles=100)
    evaluate(now=NOON + minutes(1))
    (incident,) = ongoing(THROTTLED)
    assert incident.title == "CloudWatch throttles the reading of prod/eu-west-1"
    assert dict(incident.facts)["Throttled today"] == "100"
    assert dict(incident.facts)["Share"] == "10 %"
    evaluate(now=NOON + minutes(12 * 60))
    assert ongoing(THROTTLED) == [], "a new day has nothing throttled yet"


def test_few_throttles_other_actions_other_days_and_regions_switched_off_are_no_trouble() -> None:
    tally(make_shard("few"), calls=100, throttles=49)
    tally(make_shard("other"), calls=100, throttles=100, action="sagemaker:ListEndpoints")
    tally(make_shard("yesterday"), calls=100, throttles=100, days=1)
    tally(make_shard("off", enabled=False), calls=100, throttles=100)
    evaluate(now=NOON)
    assert ongoing(THROTTLED) == []
