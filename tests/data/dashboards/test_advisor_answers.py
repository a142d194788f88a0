"""What the Advisor answers beside the list: questions about a new workload, sets that could share, the ledger."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from fleet.models import AdvisorRun, AuditEntry, ConsolidationSet, Operation, Saving, SavingLook, Shard
from tests.data.dashboards import rows
from tests.data.dashboards.advice_rows import NOW, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Shard:
    AdvisorRun.objects.create(pk=1, due_at=NOW, begun_at=NOW, ended_at=NOW, endpoints=2)
    return rows.shard("us-east-1")


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("operator", None))
    return client


def test_the_questions_lead_to_a_way_and_stop_where_nobody_knows(reader: Client) -> None:
    nothing_said = words(reader, "/advisor/new-workload/")
    assert "The flow stops: whether all input is there beforehand: a person has to say." in nothing_said
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


def test_sets_that_surely_save_come_first_and_one_that_may_cost_says_so(reader: Client, place: Shard) -> None:
    common = {"image": "image:1", "instance_type": "ml.c5.large", "instance_count": 1, "before": 90, "after": 30,
              "hit_ratio": 1.0, "hit_low": 1.0, "hit_high": 1.0, "loads_per_hour": 0, "fits_all": True,
              "first_seen_at": NOW, "last_seen_at": NOW}  # fmt: skip
    for low, high in ((-40, 80), (20, 60)):
        members = [rows.serverless(place, f"m{low}-{n}").pk for n in range(2)]
        ConsolidationSet.objects.create(
            shard=place, key=str(low), members=members, saving_low=low, saving_high=high, **common
        )
    text = words(reader, "/advisor/sharing/")
    either = "saves up to $80.00 or costs up to $40.00 more a month"
    assert text.index("saves $20.00 – $60.00 a month") < text.index(either)
    assert "could share 2 multi-model endpoints and save $20.00 to $140.00 a month" in text
    member = ConsolidationSet.objects.get(key="-40").members[0]
    assert f"the set {either}." in words(reader, f"/endpoints/{member}/tab/advice/")


def test_a_set_is_put_aside_with_its_reason_and_its_members_with_it(reader: Client, place: Shard) -> None:
    members = [rows.serverless(place, f"m{n}").pk for n in range(3)]
    common = {"image": "image:1", "instance_type": "ml.c5.large", "instance_count": 1, "before": 90, "after": 30,
              "saving_low": 50, "saving_high": 60, "hit_ratio": 1.0, "hit_low": 1.0, "hit_high": 1.0,
              "loads_per_hour": 0, "fits_all": True, "first_seen_at": NOW, "last_seen_at": NOW}  # fmt: skip
    found = ConsolidationSet.objects.create(shard=place, key="k", members=members, **common)
    other = ConsolidationSet.objects.create(shard=place, key="o", members=[1], **common)
    url, name = f"/advisor/sharing/{found.pk}/dismiss/", f"set-{found.pk}"
    refused = reader.post(url, {f"{name}-reason": " "})
    assert refused.status_code == 422
    html = refused.content.decode()
    beside = re.search(rf'id="field-{name}-reason".*?</div></div>', html, re.S)
    assert beside is not None
    assert "Say why" in rows.words(beside[0])
    assert html.count("Say why") == 1
    until = str((NOW + timedelta(days=9)).date())
    assert reader.post(url, {f"{name}-reason": "audits", f"{name}-until": until}).status_code == 303
    text = words(reader, "/advisor/sharing/")
    assert "1 endpoint could share 1 multi-model endpoint and save $50.00 to $60.00" in text
    assert "1 dismissed set" in text
    assert "It could share" not in words(reader, f"/endpoints/{members[0]}/tab/advice/")
    aside = words(reader, "/advisor/sharing/?state=dismissed")
    assert "1 set is put aside" in aside
    assert "by operator: audits" in aside
    assert AuditEntry.objects.get(action="sharing.dismissed").reason == "audits"
    reader.post(f"/advisor/sharing/{found.pk}/reopen/")
    assert "4 endpoints could share 2 multi-model endpoints" in words(reader, "/advisor/sharing/")
    assert AuditEntry.objects.filter(action="sharing.reopened").exists()
    reader.force_login(rows.user("viewer", None))
    assert reader.post(f"/advisor/sharing/{other.pk}/dismiss/").status_code == 403
    assert "Dismiss this set" not in reader.get("/advisor/sharing/").content.decode()


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
