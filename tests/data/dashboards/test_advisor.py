"""The Advisor's list as a reader gets it: its order, sum, filters, facets and file, decisions on several at once."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fleet.models import (
    Advice,
    AdvisorRun,
    AuditEntry,
    Endpoint,
    Shard,
    User,
)
from tests.data.dashboards import rows
from tests.data.dashboards.advice_rows import NOW, advise, order, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Shard:
    AdvisorRun.objects.create(pk=1, due_at=NOW, begun_at=NOW, ended_at=NOW, endpoints=2)
    return rows.shard("us-east-1")


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("operator", None))
    return client


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
    assert "4 pieces of advice on 2 endpoints could save $50.00 – $70.00 a month" in text
    assert "Of each endpoint only the advice with the highest sure saving counts" in text
    assert order(reader, "/advisor/?state=dismissed") == ["put-aside"]


def test_what_costs_more_says_so_and_comes_after_what_saves(reader: Client, place: Shard) -> None:
    chat, old = rows.serverless(place, "chat"), rows.serverless(place, "old")
    advise(chat, "warm", "-81.91", "-81.91", severity=1)
    advise(chat, "either", "-5", "18")
    advise(old, "small", "1", "2")
    advise(old, "care", None, None, severity=1)
    advise(old, "comfort", "-3", "-3", severity=3)
    assert order(reader, "/advisor/") == ["small", "either", "care", "warm", "comfort"]
    html = reader.get("/advisor/").content.decode()
    text = rows.words(html)
    assert "costs $81.91 more" in text
    assert "saves up to $18.00 or costs up to $5.00 more" in text
    assert "−" not in text[text.index("Choose") :]
    # What may cost saves nothing for sure: $1 to $2 of old, up to $18 of chat.
    assert "could save $1.00 – $20.00 a month" in text
    cost = Advice.objects.get(rule="warm")
    assert "costs $81.91 more" in words(reader, f"/advisor/{cost.pk}/")
    assert "costs $81.91 more" in words(reader, f"/endpoints/{chat.pk}/tab/advice/")
    file = {row["rule"]: row for row in csv.DictReader(io.StringIO(rows.read(reader, "/advisor/advice.csv")))}
    assert [file[rule]["effect"] for rule in ("small", "either", "warm", "care")] == [
        "saves", "either", "costs", "none",
    ]  # fmt: skip


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
        assert "1 piece of advice on 1 endpoint could save $1.00 – $2.00" in words(
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


def test_before_the_first_look_the_pages_say_so(reader: Client) -> None:
    assert "has not looked at the fleet yet" in words(reader, "/advisor/")
    assert "has not looked at the fleet yet" in words(reader, "/advisor/sharing/")
    assert "No advice has been carried out yet" in words(reader, "/advisor/ledger/")
    found = rows.serverless(rows.shard(), "chat")
    assert "has not looked at this endpoint yet" in words(reader, f"/endpoints/{found.pk}/tab/advice/")


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
