"""The Sync page's part about event queues."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import EventQueue
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
QUEUE = "https://sqs.us-east-1.amazonaws.com/111122223333/flotilla"


@pytest.fixture
def shown(client: Client) -> Any:
    rows.shard()
    client.force_login(rows.user("viewer"))
    return lambda: rows.words(client.get(reverse("sync:page")).content.decode())


def test_without_a_queue_it_says_how_late_a_change_shows(shown: Any, settings: Any) -> None:
    settings.EVENT_QUEUES, settings.INVENTORY_INTERVAL_S = [], 60
    assert "Off: a change shows after the next listing, within 1 min" in shown()


def test_a_queue_that_nobody_reads_is_told(shown: Any, settings: Any) -> None:
    settings.EVENT_QUEUES = [QUEUE]
    assert "flotilla: nobody is listening." in shown()
    row = EventQueue.objects.create(url=QUEUE, listening_at=rows.now() - timedelta(minutes=10))
    assert "nobody is listening" in shown()
    row.listening_at = rows.now()
    row.heard_at, row.messages, row.ignored = rows.now() - timedelta(minutes=5), 41, 3
    row.save()
    text = shown()
    assert "nobody is listening" not in text
    assert "flotilla" in text
    assert " 41 3" in text


def test_what_sqs_refuses_is_told_in_its_own_words(shown: Any, settings: Any) -> None:
    settings.EVENT_QUEUES = [QUEUE]
    words = "User: x is not authorized to perform: sqs:receivemessage"
    error = {"code": "AccessDenied", "kind": "AccessDenied", "message": words, "action": "sqs:ReceiveMessage"}
    EventQueue.objects.create(url=QUEUE, error=error)
    assert words in shown()
