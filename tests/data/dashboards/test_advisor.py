"""The Advisor's pages as a reader gets them: the list and its sum, one advice, decisions, the ledger, the questions."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fleet.advice import runs
from fleet.models import (
    Advice,
    AdvisorRun,
    AuditEntry,
    ConsolidationSet,
    Endpoint,
    Operation,
    Saving,
    SavingLook,
    Shard,
    User,
)
from tests.data.advice import cast
from tests.data.dashboards import rows
from tests.data.operations import cast as changeable

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def place() -> Shard:
    AdvisorRun.objects.create(pk=1, due_at=NOW, begun_at=NOW, ended_at=NOW, endpoints=2)
    return rows.shard("us-east-1")


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("operator", None))
    return client


def advise(of: Endpoint, rule: str, low: str | None, high: str | None, **fields: Any) -> Advice:
    common = {
        "version": 1, "decision": "size", "severity": 2, "effort": 0, "risk": 1, "title": f"Do {rule}",
        "why": "Because of what was seen.", "evidence": [["Most memory in use", "15 %", "MemoryUtilization, 14 days"]],
        "undo": "Set it back.", "first_seen_at": NOW, "last_seen_at": NOW,
        "saving_low": None if low is None else Decimal(low), "saving_high": None if high is None else Decimal(high),
    }  # fmt: skip
    return Advice.objects.create(endpoint=of, rule=rule, **{**common, **fields})


def words(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status
    return rows.words(response.content.decode())


def order(client: Client, url: str) -> list[str]:
    html = client.get(url).content.decode()
    return re.findall(r'data-row href="[^"]*">Do ([\w-]+)<', html)


def test_the_list_is_sorted_by_sure_saving_and_adds_up_the_best_of_each_endpoint(
    reader: Client, place: Shard
) -> None:
    chat, old = rows.serverless(place, "chat"), rows.serverless(place, "old")
    advise(chat, "small", "10", "12")
    advise(chat, "large", "30", "50")
    advise(old, "idle", "20", "20")
    advise(old, "care", None, None)
    advise(old, "put-aside", "900", "900", state=Advice.State.DISMISSED)
    assert order(reader, "/advisor/") == ["large", "idle", "small", "care"]
    assert order(reader, "/advisor/?sort=saving") == ["small", "idle", "large", "care"]
    text = words(reader, "/advisor/")
    # Of chat only $30 to $50 counts, of old $20: $50 to $70.
    assert "4 pieces of advice on 2 endpoints could save $50.00 to $70.00 a month" in text
    assert "Of each endpoint only the advice with the highest sure saving counts" in text
    assert order(reader, "/advisor/?state=dismissed") == ["put-aside"]


def test_filters_narrow_list_sum_and_file(reader: Client, place: Shard) -> None:
    other = rows.shard("eu-west-1", "dev", "444455556666")
    chat = rows.serverless(place, "chat")
    Endpoint.objects.filter(pk=chat.pk).update(team="risk", tags={"stage": "prod"})
    far = rows.multi_model(other, "far")
    mine = advise(chat, "one", "1", "2", risk=2)
    advise(far, "two", "3", "4")
    for query in ("team=risk", "tag=stage%3Dprod", "kind=serverless", "risk=2", "rule=one", "account=111122223333",
                  "region=us-east-1", "q=chat", "q=Do+one"):  # fmt: skip
        assert order(reader, f"/advisor/?{query}") == ["one"], query
        assert "1 piece of advice on 1 endpoint could save $1.00 to $2.00" in words(
            reader, f"/advisor/?{query}"
        ), query
    assert order(reader, "/advisor/?team=none") == ["two"]
    assert "No advice matches" in words(reader, "/advisor/?q=%25")
    Advice.objects.filter(pk=mine.pk).update(assigned_to=User.objects.get(), state=Advice.State.ASSIGNED)
    file = list(csv.DictReader(io.StringIO(rows.read(reader, "/advisor/advice.csv?team=risk"))))
    assert [(row["endpoint_name"], row["rule"], row["saving_low_usd"]) for row in file] == [
        ("chat", "one", "1.000000000")
    ]


def test_facets_count_what_their_own_tick_would_show(reader: Client, place: Shard) -> None:
    advise(rows.serverless(place, "a"), "one", "1", "2")
    advise(rows.serverless(place, "b"), "two", "1", "2", risk=0)
    html = reader.get("/advisor/?rule=one").content.decode()
    facet = re.search(r'<fieldset[^>]*id="facet-rule".*?</fieldset>', html, re.S)
    assert facet is not None
    assert rows.words(facet[0]).split() == ["Rule", "one", "1", "two", "1"]
    risk = re.search(r'<fieldset[^>]*id="facet-risk".*?</fieldset>', html, re.S)
    assert risk is not None
    assert rows.words(risk[0]).split() == ["Risk", "Medium", "1"]


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


def test_several_are_decided_at_once_and_the_filter_stays(reader: Client, place: Shard) -> None:
    ben = rows.user("admin", None)
    picked = [advise(rows.serverless(place, name), "one", "1", "2").pk for name in ("a", "b")]
    sent = {"advice": picked, "do": "assign", "assigned_to": ben.pk, "back": "risk=1&page=2"}
    response = reader.post("/advisor/bulk/", sent)
    assert response["Location"] == "/advisor/?risk=1&page=2"
    assert Advice.objects.filter(assigned_to=ben, state=Advice.State.ASSIGNED).count() == 2
    reader.post("/advisor/bulk/", {"advice": picked, "do": "dismiss", "reason": ""})
    assert not Advice.objects.filter(state=Advice.State.DISMISSED).exists()
    reader.post("/advisor/bulk/", {"advice": [*picked, "x"], "do": "dismiss", "reason": "both"})
    assert Advice.objects.filter(state=Advice.State.DISMISSED).count() == 2


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


def test_before_the_first_look_the_pages_say_so(reader: Client) -> None:
    assert "has not looked at the fleet yet" in words(reader, "/advisor/")
    assert "has not looked at the fleet yet" in words(reader, "/advisor/sharing/")
    assert "No advice has been carried out yet" in words(reader, "/advisor/ledger/")
    found = rows.serverless(rows.shard(), "chat")
    assert "has not looked at this endpoint yet" in words(reader, f"/endpoints/{found.pk}/tab/advice/")


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


def test_the_questions_lead_to_a_way_and_stop_where_nobody_knows(reader: Client) -> None:
    assert "The flow stops" in words(reader, "/advisor/new-workload/")
    sustained = "is_offline=no&is_queueable=no&latency=interactive&payload=small&pattern=sustained&models=1"
    assert "The flow ends at real-time." in words(reader, f"/advisor/new-workload/?{sustained}")
    gaps = sustained.replace("sustained", "intermittent") + "&tolerates_cold=yes"
    assert "The flow ends at serverless." in words(reader, f"/advisor/new-workload/?{gaps}")
    assert "The flow ends at real-time." in words(reader, f"/advisor/new-workload/?{gaps}&excluded=GPUs")
    assert "The flow ends at batch transform." in words(reader, "/advisor/new-workload/?is_offline=yes")
    wrong = reader.get(f"/advisor/new-workload/?{sustained[:-1]}many").content.decode()
    field = re.search(r'id="field-models".*?</div></div>', wrong, re.S)
    assert field is not None
    assert "Give a whole number from 1 to 100,000." in rows.words(field[0])
    assert "The flow stops: how many models it takes." in rows.words(wrong)


def test_a_described_workload_is_priced_where_enough_is_said(reader: Client, place: Shard) -> None:
    said = "host_region=us-east-1&calls=730000&seconds=0.5&memory_gb=1.5"
    text = words(reader, f"/advisor/new-workload/?{said}")
    # 365,000 s a month at 2 GB × $0.00004: $14.60, and half a millisecond of each call ($0.0146).
    row = re.search(r"Serverless, 2,048 MB [^$]*?14\.6\d", text)
    assert row is not None, text[-3000:]
    assert "Asynchronous" in text
    assert "Prices need the region" in words(reader, f"/advisor/new-workload/?{said[:-13]}")
    wrong = reader.get(f"/advisor/new-workload/?{said}&busy_percent=101").content.decode()
    field = re.search(r'id="field-busy_percent".*?</div></div>', wrong, re.S)
    assert field is not None
    assert "100" in rows.words(field[0])
    assert "Prices need the region" in rows.words(wrong)


def test_sets_that_could_share_name_members_saving_and_checks(reader: Client, place: Shard) -> None:
    members = [rows.serverless(place, f"m{n}").pk for n in range(10)]
    ConsolidationSet.objects.create(
        shard=place, key="k", members=members, image="image:1", instance_type="ml.c5.large", instance_count=1,
        before=Decimal("744.6"), after=Decimal("74.46"), saving_low=600, saving_high=Decimal("670.14"), hit_ratio=0.97,
        hit_low=0.95, hit_high=0.99, loads_per_hour=3.0, fits_all=False, assumptions=["memory as seen"],
        checks=["the container serves many models"], first_seen_at=NOW, last_seen_at=NOW,
    )  # fmt: skip
    text = words(reader, "/advisor/sharing/")
    assert "10 endpoints could share 1 multi-model endpoint and save $600.00 to $670.14 a month" in text
    assert "97 % of calls find their model loaded (95 % to 99 %)" in text
    assert "and 2 more" in text
    assert "the container serves many models" in text
    assert "It could share a multi-model endpoint with 9 others" in words(
        reader, f"/endpoints/{members[0]}/tab/advice/"
    )
    assert "No set of endpoints" in words(reader, "/advisor/sharing/?region=eu-west-3")


def test_the_ledger_holds_promises_beside_what_came(reader: Client, place: Shard) -> None:
    chat = rows.serverless(place, "chat")
    operation = Operation.objects.create(
        form_token="t",
        kind="change-memory",
        endpoint=chat,
        state="succeeded",
        planned_at=NOW,
        finished_at=NOW,
    )
    saving = Saving.objects.create(
        operation=operation, rule="memory-too-large", version=1, title="Lower its memory", expected_low=30,
        expected_high=50, done_at=NOW,
    )  # fmt: skip
    assert "none is seven days old yet" in words(reader, "/advisor/ledger/")
    SavingLook.objects.create(
        saving=saving, days=7, looked_at=NOW, before=100, without=110, after=70, times=1
    )
    text = words(reader, "/advisor/ledger/")
    assert "1 change promised $30.00 a month for sure and saved $40.00 ." in text
    assert "Memory larger than needed" in text
    assert "not yet" in text
    SavingLook.objects.create(saving=saving, days=30, looked_at=NOW, why_unknown="8 Nov has no cost line")
    assert "8 Nov has no cost line" in words(reader, "/advisor/ledger/")


def test_the_list_asks_as_much_of_a_large_fleet_as_of_a_small_one(reader: Client, place: Shard) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert reader.get("/advisor/").status_code == 200
        return len(queries)

    advise(rows.serverless(place, "a"), "one", "1", "2")
    few = asked()
    for n in range(60):
        advise(rows.serverless(place, f"b{n}"), "one", "1", "2")
    assert asked() == few
    assert few <= 15


def test_somebody_asks_for_a_look(reader: Client, place: Shard) -> None:
    assert reader.post("/advisor/look/").status_code == 303
    assert AdvisorRun.objects.get().asked_at is not None
    assert AuditEntry.objects.filter(action="advisor.asked").exists()
