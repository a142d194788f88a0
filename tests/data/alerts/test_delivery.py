"""Mails through a real SMTP server: sent once, retried when it is away, given up when refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from fleet.alerts.deliver import CLAIM, GIVE_UP_AFTER, deliver_due, queue_trial
from fleet.alerts.evaluate import evaluate
from fleet.models import AuditEntry, Notification
from stack.layout import free_port
from tests.data.alerts.fleet import NOON, fill, make_endpoint, make_shard, minutes, person
from tests.mail_catcher import Catcher, serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def catcher(settings: Any) -> Iterator[Catcher]:
    """The mail server of the test, already set as the product's."""
    found = Catcher()
    with serving(found) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        yield found


def full_endpoint(people: int = 1) -> None:
    for name in ("ana", "ben", "carla")[:people]:
        person(name)
    variant = make_endpoint(make_shard(at=NOON + minutes(60)), "fraud-score")
    fill(variant, NOON - minutes(5), 5, concurrency_utilization_max=1.0)
    evaluate(now=NOON)


def the_mail() -> Notification:
    return Notification.objects.get()


def test_a_mail_arrives_in_html_and_text_and_is_noted_as_sent(catcher: Catcher) -> None:
    full_endpoint()
    assert deliver_due(now=NOON) == 1
    (mail,) = catcher.accepted
    assert mail["Subject"] == "[critical] fraud-score eu-west-1: concurrency 100 % of Max 20 for 5 min"
    assert mail["To"] == "ana@example.com"
    assert mail["From"] == "Flotilla <flotilla@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == the_mail().message_id
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "fraud-score is full" in text.get_content()
    assert "fraud-score is full" in html.get_content()
    assert (the_mail().state, the_mail().attempts, the_mail().error) == ("sent", 1, "")


def test_delivering_again_sends_nothing(catcher: Catcher) -> None:
    full_endpoint(people=3)
    assert deliver_due(now=NOON) == 3
    assert deliver_due(now=NOON + minutes(1)) == 0
    assert len(set(catcher.ids)) == len(catcher.ids) == 3


@pytest.mark.django_db(transaction=True)
def test_senders_at_the_same_time_send_each_mail_once(catcher: Catcher) -> None:
    full_endpoint(people=3)

    def run(_: int) -> int:
        try:
            return deliver_due(now=NOON)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(8))) == 3
    assert len(set(catcher.ids)) == len(catcher.ids) == 3


def test_the_resolved_mail_answers_the_opened_one(catcher: Catcher) -> None:
    full_endpoint()
    deliver_due(now=NOON)
    variant = Notification.objects.get().incident.endpoint.variants.get()  # type: ignore[union-attr]
    end = fill(variant, NOON, 10, concurrency_utilization_max=0.2)
    evaluate(now=end)
    deliver_due(now=end)
    opened, resolved = catcher.accepted
    assert resolved["Subject"].startswith("[resolved, critical] fraud-score eu-west-1:")
    assert resolved["In-Reply-To"] == resolved["References"] == opened["Message-ID"]
    assert resolved["Message-ID"] != opened["Message-ID"]


def test_a_server_that_is_away_is_tried_again_and_nothing_is_lost(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    full_endpoint(people=2)
    assert deliver_due(now=NOON) == 0
    states = list(Notification.objects.order_by("id").values_list("state", "attempts"))
    assert sorted(states) == [("pending", 0), ("pending", 1)]  # the first refusal speaks for all
    assert "Connection refused" in Notification.objects.get(attempts=1).error
    catcher = Catcher()
    with serving(catcher, settings.EMAIL_PORT):
        assert deliver_due(now=NOON + minutes(1)) == 2
    assert len(set(catcher.ids)) == 2


def test_a_temporary_refusal_waits_longer_each_time(catcher: Catcher) -> None:
    catcher.rcpt.extend(["451 4.3.0 try later"] * 2)
    full_endpoint()
    assert deliver_due(now=NOON) == 0
    assert (the_mail().state, the_mail().error) == ("pending", "451 4.3.0 try later")
    first = the_mail().next_attempt_at
    assert deliver_due(now=first - timedelta(seconds=1)) == 0
    assert the_mail().attempts == 1
    assert deliver_due(now=first) == 0
    assert the_mail().next_attempt_at - first > first - NOON
    assert deliver_due(now=the_mail().next_attempt_at) == 1
    assert len(catcher.accepted) == 1


def test_a_refused_recipient_is_a_visible_failure_and_does_not_stop_the_others(catcher: Catcher) -> None:
    catcher.rcpt.append("550 5.1.1 no such user")
    full_endpoint(people=3)
    assert deliver_due(now=NOON) == 2
    failed = Notification.objects.get(state="failed")
    assert failed.error == "550 5.1.1 no such user"
    assert deliver_due(now=NOON + minutes(30)) == 0


def test_a_mail_refused_after_data_is_a_visible_failure(catcher: Catcher) -> None:
    catcher.data.append("554 5.7.1 looks like spam")
    full_endpoint()
    assert deliver_due(now=NOON) == 0
    assert (the_mail().state, the_mail().error) == ("failed", "554 5.7.1 looks like spam")


def test_a_line_dropped_after_data_repeats_once_with_the_same_message_id(catcher: Catcher) -> None:
    catcher.drop_after_data = 1
    full_endpoint()
    assert deliver_due(now=NOON) == 0
    assert the_mail().state == "pending"
    assert deliver_due(now=NOON + minutes(1)) == 1
    assert deliver_due(now=NOON + minutes(2)) == 0
    assert catcher.ids == [the_mail().message_id] * 2


def test_a_claim_is_respected_until_it_runs_out(catcher: Catcher) -> None:
    full_endpoint()
    Notification.objects.update(state="sending", claimed_until=NOON + CLAIM, attempts=1)
    assert deliver_due(now=NOON + CLAIM - timedelta(seconds=30)) == 0
    assert deliver_due(now=NOON + CLAIM) == 1
    assert len(catcher.accepted) == 1


def test_after_a_day_a_mail_is_given_up_and_says_why(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    full_endpoint()
    deliver_due(now=NOON)
    deliver_due(now=NOON + GIVE_UP_AFTER + minutes(1))
    assert the_mail().state == "failed"
    assert the_mail().error.startswith("Given up after 24 hours. The mail server does not take mails:")


def test_without_a_mail_server_mails_wait_and_say_so(settings: Any) -> None:
    settings.EMAIL_HOST = ""
    full_endpoint()
    assert deliver_due(now=NOON) == 0
    assert (the_mail().state, the_mail().error) == (
        "pending",
        "No mail server is set (SMTP_URL); mails wait.",
    )


def test_a_test_mail_takes_the_same_way_and_is_audited(catcher: Catcher) -> None:
    ana = person("ana")
    queue_trial(ana, now=NOON)
    queue_trial(ana, now=NOON + minutes(1))
    assert deliver_due(now=NOON + minutes(1)) == 2
    assert [mail["Subject"] for mail in catcher.accepted] == ["Flotilla test mail"] * 2
    assert AuditEntry.objects.filter(action="mail.test", actor=ana).count() == 2
