"""Reminders before the expiry date: seven days and one day before, one mail a person, nobody twice."""

from datetime import timedelta
from typing import Any

import pytest

from fleet.alerts.expiry import remind
from fleet.models import Endpoint, Notification
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard, person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def expiring(name: str, days: int, **fields: Any) -> Endpoint:
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


def test_nothing_is_sent_about_deleted_ones_or_to_nobody() -> None:
    expiring("lonely", 5)
    expiring("past", -1)
    assert remind(now=NOON) == 0
    person("ana")
    Endpoint.objects.update(closed_at=NOON)
    assert remind(now=NOON) == 0


def test_a_date_that_passed_before_anybody_was_told_is_told_once() -> None:
    person("ana")
    found = expiring("scorer", -3)
    assert [remind(now=NOON + days * DAY) for days in range(3)] == [1, 0, 0]
    mail = Notification.objects.get()
    assert mail.subject == "[expiry] scorer scorer · eu-west-1: expired on 17 Nov 2026"
    assert "expired, 17 Nov 2026" in mail.text
    person("ben")
    assert remind(now=NOON + 3 * DAY) == 0, "who comes later is not told of what is long past"
    Endpoint.objects.filter(pk=found.pk).update(expires_on=(NOON - 9 * DAY).date())
    assert remind(now=NOON + 4 * DAY) == 2, "another date is another matter"


def test_an_address_is_the_same_however_it_is_spelt() -> None:
    ana = person("ana")
    expiring("scorer", 5, owner="Ben@Example.org")
    ranker = expiring("ranker", 5, owner="ben@example.org")
    assert remind(now=NOON) == 2, "one mail for both of Ben's spellings"
    ana.email = "Ana@Example.com"
    ana.save()
    Endpoint.objects.filter(pk=ranker.pk).update(owner="BEN@example.org")
    assert remind(now=NOON + timedelta(hours=1)) == 0
