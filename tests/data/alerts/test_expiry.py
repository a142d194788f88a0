"""Reminders before the expiry date: seven days and one day before, one mail a person, nobody twice."""

from datetime import timedelta

import pytest

from fleet.alerts.expiry import remind
from fleet.models import Endpoint, Notification
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard, person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def expiring(name: str, days: int, **fields: str) -> Endpoint:
    return make_endpoint(make_shard(name), name, expires_on=(NOON + days * DAY).date(), **fields).endpoint


def test_one_mail_a_person_seven_days_and_one_day_before_and_none_between() -> None:
    person("ana")
    expiring("scorer", 10)
    sent = [remind(now=NOON + hours * timedelta(hours=1)) for hours in range(24 * 11)]
    mails = Notification.objects.order_by("created_at")
    assert sum(sent) == mails.count() == 2
    assert [mail.created_at.date() for mail in mails] == [(NOON + 3 * DAY).date(), (NOON + 9 * DAY).date()]
    assert "scorer" in mails[0].subject
    assert "in 7 days" in mails[0].text
    assert "in 1 day" in mails[1].text


def test_endpoints_of_one_day_share_a_mail_and_the_owner_is_reminded_too() -> None:
    person("ana")
    expiring("scorer", 5, owner="ben@example.org")
    expiring("ranker", 5)
    assert remind(now=NOON) == 2
    by_address = {mail.recipient: mail.text for mail in Notification.objects.all()}
    assert set(by_address) == {"ana@example.com", "ben@example.org"}
    assert "scorer" in by_address["ana@example.com"]
    assert "ranker" in by_address["ana@example.com"]
    assert "ranker" not in by_address["ben@example.org"]


def test_a_new_date_is_reminded_of_anew_and_an_old_one_never_again() -> None:
    person("ana")
    found = expiring("scorer", 5)
    assert remind(now=NOON) == 1
    for days, mails in ((6, 1), (5, 0), (30, 0)):
        Endpoint.objects.filter(pk=found.pk).update(expires_on=(NOON + days * DAY).date())
        assert remind(now=NOON) == mails


def test_nothing_is_sent_about_deleted_or_past_ones_or_to_nobody() -> None:
    expiring("lonely", 5)
    assert remind(now=NOON) == 0
    person("ana")
    Endpoint.objects.update(closed_at=NOON)
    expiring("past", -1)
    assert remind(now=NOON) == 0
