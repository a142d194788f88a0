"""One advice as a reader gets it: evidence, form, decisions; and an endpoint's Advice tab."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from fleet.advice import runs
from fleet.models import Advice, AdvisorRun, AuditEntry, Shard
from tests.data.advice import cast
from tests.data.dashboards import rows
from tests.data.dashboards.advice_rows import NOW, advise, order, words
from tests.data.operations import cast as changeable

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Shard:
    AdvisorRun.objects.create(pk=1, due_at=NOW, begun_at=NOW, ended_at=NOW, endpoints=2)
    return rows.shard("us-east-1")


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("operator", None))
    return client


def test_one_advice_shows_evidence_undo_and_the_filled_form(reader: Client, place: Shard) -> None:
    row = advise(
        changeable.endpoint("chat", shard=place), "memory-too-large", "30", "50", operation_kind="change-memory",
        operation_fields={"memory_mb": "1024"}, missing=[["size of the model", "its size in S3"]],
        alternatives=[{"rule": "x", "title": "Another", "low": "1", "high": "2", "why": "saves less for sure"}],
    )  # fmt: skip
    text = words(reader, f"/advisor/{row.pk}/")
    for shown in ("Most memory in use 15 % MemoryUtilization", "$30.00 – $50.00", "Set it back.", "size of the model",
                  "Another", "saves less for sure", "Memory larger than needed"):  # fmt: skip
        assert shown in text, shown
    form = f"/endpoints/{row.endpoint_id}/change-memory/?memory_mb=1024"
    assert f'href="{form}"' in reader.get(f"/advisor/{row.pk}/").content.decode()
    opened = reader.get(form).content.decode()
    assert re.search(r'<option value="1024"\s+selected>', opened)


def test_without_a_form_there_is_a_runbook(reader: Client, place: Shard) -> None:
    row = advise(rows.serverless(place, "chat"), "idle", "3", "3", runbook=["Ask the owner.", "Delete it."])
    text = words(reader, f"/advisor/{row.pk}/")
    assert "Flotilla has no form for this" in text
    assert "Ask the owner. Delete it." in text


def test_a_runbook_beside_a_form_does_not_deny_the_form(reader: Client, place: Shard) -> None:
    chat = changeable.endpoint("chat", shard=place)
    row = advise(
        chat, "two-ways", "3", "3", runbook=["Set it by hand."], operation_kind="change-memory",
        operation_fields={"memory_mb": "1024"},
    )  # fmt: skip
    text = words(reader, f"/advisor/{row.pk}/")
    assert "How to do it without the form Set it by hand." in text
    assert "Flotilla has no form for this" not in text


def test_a_dismissal_needs_its_reason_beside_the_field(reader: Client, place: Shard) -> None:
    row = advise(rows.serverless(place, "chat"), "one", "1", "2")
    url = f"/advisor/{row.pk}/dismiss/"
    yesterday = (NOW - timedelta(days=1)).date()
    for sent, field, said in (
        ({"reason": "", "until": ""}, "reason", "Say why"),
        ({"reason": "later", "until": str(yesterday)}, "until", "Give a day after today."),
        ({"reason": "later", "until": "tomorrow"}, "until", "Give a date, such as 2027-01-31."),
    ):
        response = reader.post(url, sent)
        assert response.status_code == 422
        shown = re.search(rf'id="field-{field}".*?</div></div>', response.content.decode(), re.S)
        assert shown is not None
        assert said in rows.words(shown[0])
    assert Advice.objects.get().state == Advice.State.OPEN
    response = reader.post(url, {"reason": "Black Friday", "until": str((NOW + timedelta(days=9)).date())})
    assert response.status_code == 303
    text = words(reader, f"/advisor/{row.pk}/")
    assert "Black Friday" in text
    assert "Open it again" in text
    assert order(reader, "/advisor/") == []
    assert AuditEntry.objects.get(action="advice.dismissed").reason == "Black Friday"
    reader.post(f"/advisor/{row.pk}/reopen/")
    assert order(reader, "/advisor/") == ["one"]


def test_a_viewer_reads_and_cannot_decide(client: Client, place: Shard) -> None:
    row = advise(rows.serverless(place, "chat"), "one", "1", "2", operation_kind="change-memory")
    client.force_login(rows.user("viewer", None))
    text = words(client, f"/advisor/{row.pk}/")
    assert "Needs the role operator; you are signed in as viewer." in text
    assert 'name="advice"' not in client.get("/advisor/").content.decode()
    for action in ("dismiss", "assign", "reopen"):
        assert client.post(f"/advisor/{row.pk}/{action}/", {"reason": "no"}).status_code == 403
    assert client.post("/advisor/bulk/").status_code == 403
    assert client.post("/advisor/look/").status_code == 403


def test_the_tab_draws_the_flow_and_scores_with_the_endpoint_s_figures(reader: Client, place: Shard) -> None:
    chat = cast.too_large(place)
    runs.look(timezone.now)
    html = reader.get(f"/endpoints/{chat.pk}/tab/advice/").content.decode()
    text = rows.words(html)
    assert "Lower its memory from 4 to 1 GB" in text
    assert '<svg class="flow"' in html
    assert "its calls got through, so they are within the 4 MB of serverless" in text
    assert "Why not asynchronous?" in text
    assert "Callers have to change: input and answers go through S3." in text
    assert "Simple scaling" in text
    table = re.search(r'class="data-table cards fitness".*?</table>', html, re.S)
    assert table is not None
    row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*Serverless.*?</tr>", table[0], re.S)
    assert row is not None
    assert "today" in rows.words(row[0])
