"""What callers need of an endpoint: the form that says it, who did and when, and what goes by it at once."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fleet.advice import runs
from fleet.models import Advice, AuditEntry, EndpointGoal, Shard
from tests.data.advice import cast
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
SAID = {"latency_s": "0.5", "largest_mb": "3.5", "is_queueable": "no", "is_offline": ""}


@pytest.fixture
def place() -> Shard:
    return rows.shard("us-east-1")


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("operator", None))
    return client


def test_what_is_said_is_kept_and_judged_by_at_once(reader: Client, place: Shard) -> None:
    chat = cast.too_large(place)
    runs.look(timezone.now)
    form, tab = f"/endpoints/{chat.pk}/goals/", f"/endpoints/{chat.pk}/tab/advice/"
    before = rows.words(reader.get(tab).content.decode())
    assert "Answers within nobody said" in before
    assert not Advice.objects.filter(endpoint=chat, rule="latency-goal").exists()
    assert reader.post(form, {**SAID, "reason": "the shop's team"}).status_code == 303
    goal = EndpointGoal.objects.get()
    assert (goal.latency_ms, goal.is_queueable, goal.is_offline) == (500, False, None)
    assert goal.largest_kb == Decimal("3417.969")
    entry = AuditEntry.objects.get(action="goals.set")
    assert (entry.reason, entry.after["latency_ms"]) == ("the shop's team", 500)
    # Slow calls took 0.9 s: no second look at the fleet is needed to say so.
    assert "the goal is 500 ms" in cast.said(chat, "latency-goal").title
    with CaptureQueriesContext(connection) as asked:
        text = rows.words(reader.get(tab).content.decode())
    assert len(asked) <= 15
    for shown in ("Answers within 500 ms", "Largest request 3.5 MB", "Callers can wait no", "said by operator",
                  "largest request 3.5 MB, told by a person"):  # fmt: skip
        assert shown in text, shown
    # The same again is no change; taking it all back leaves nothing behind.
    reader.post(form, SAID)
    assert AuditEntry.objects.filter(action="goals.set").count() == 1
    reader.post(form, dict.fromkeys(SAID, ""))
    assert not EndpointGoal.objects.exists()
    assert cast.said(chat, "latency-goal").gone_at is not None


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("latency_s", "0", "greater than or equal to 0.001"),
        ("latency_s", "3601", "less than or equal to 3600"),
        ("latency_s", "soon", "Give a number from 0.001 to 3,600."),
        ("largest_mb", "1001", "less than or equal to 1000"),
        ("largest_mb", "1.2345", "3 decimal places"),
        ("is_queueable", "perhaps", "perhaps is not one of the available choices"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    reader: Client, place: Shard, field: str, value: str, said: str
) -> None:
    chat = rows.serverless(place, "chat")
    response = reader.post(f"/endpoints/{chat.pk}/goals/", {**SAID, field: value})
    assert response.status_code == 422
    html = response.content.decode()
    beside = html[html.index(f'id="field-{field}"') :]
    assert said in rows.words(beside[: beside.index("field-hint") if "field-hint" in beside else None])
    assert not EndpointGoal.objects.exists()


def test_a_viewer_says_nothing_and_the_questions_start_from_what_runs(client: Client, place: Shard) -> None:
    chat = cast.too_large(place)
    runs.look(timezone.now)
    client.force_login(rows.user("viewer", None))
    assert client.post(f"/endpoints/{chat.pk}/goals/", SAID).status_code == 403
    html = client.get(f"/endpoints/{chat.pk}/tab/advice/").content.decode()
    assert "/goals/" not in html
    start = html.index('href="/advisor/new-workload/?') + len('href="')
    asked = html[start : html.index('"', start)].replace("&amp;", "&")
    for answer in ("pattern=sustained", "latency=interactive", "calls=262800", "host_region=us-east-1"):
        assert answer in asked, answer
    text = rows.words(client.get(asked).content.decode())
    assert "The flow ends at real-time." in text
    assert "Serverless, 1,024 MB" in text
