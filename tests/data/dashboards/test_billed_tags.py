"""The Billed page by the values of a cost allocation tag, and naming that tag."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from fleet.models import Account, AuditEntry, BillReading, Endpoint, TransformJob
from tests.data.dashboards import rows
from tests.data.dashboards.bills import DAY, URL, by_tag, on, page, tagged_on
from tests.data.dashboards.cost_rows import hours, today, unpriced

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user())
    return client


@pytest.fixture
def endpoint() -> Endpoint:
    return rows.endpoint(rows.shard("us-east-1"), "alpha")


@pytest.fixture
def account(endpoint: Endpoint) -> Account:
    return endpoint.shard.account


def tag_rows(
    reader: Client, **query: str
) -> list[tuple[str, Decimal | None, Decimal | None, Decimal | None]]:
    section = reader.get(URL, query).context["tags"]
    return [(row.label, row.estimate, row.billed, row.other) for row in section.rows]


def test_both_sides_stand_by_the_values_of_the_named_tag(reader: Client, endpoint: Endpoint) -> None:
    tagged_on(endpoint.shard.account)
    day = today() - 3 * DAY
    Endpoint.objects.filter(pk=endpoint.pk).update(tags={"team": "search"})
    bare = rows.endpoint(endpoint.shard, "bare", tags={"env": "prod"})
    hours(endpoint, "10.20", day=day)
    hours(bare, "2.04", day=day)
    hours(bare, "5", day=today() - DAY)  # of a day that no bill by tag covers
    priceless = unpriced(bare, "5")
    priceless.day = day
    priceless.save()
    by_tag(endpoint, "search", "USE1-Host:ml.c5.large", "9.00")
    by_tag(endpoint, "search", "USE1-Notebk:ml.t3.medium", "4.00")
    by_tag(endpoint, "labs", "USE1-Host:ml.c5.large", "1.00")
    by_tag(endpoint, "", "USE1-Host:ml.c5.large", "2.50")
    by_tag(endpoint, "", "USE1-Host:ml.m5.large", "7.00", currency="CNY")
    by_tag(endpoint, "studio", "USE1-Notebk:ml.t3.medium", "0.50")
    assert tag_rows(reader) == [
        ("search", Decimal("10.20"), Decimal("9.00"), Decimal("4.00")),
        ("labs", None, Decimal("1.00"), None),
        ("studio", None, None, Decimal("0.50")),
        ("without team", Decimal("2.04"), Decimal("2.50"), None),
    ]
    words = page(reader)
    assert "search 10.20 9.00 −1.20 −13.3 4.00" in words
    assert "without team 1 line without an amount 2.04 2.50 0.46 18.4" in words
    assert [row.gap for row in reader.get(URL).context["tags"].rows if row.label == "studio"] == [None]
    assert "Total 12.24 12.50 0.26 2.1 4.50" in words
    assert 'href="/costs/?tag=team%3Dsearch"' in reader.get(URL).content.decode()
    assert reader.get(URL, {"account": "999999999999"}).context["tags"] is None


def test_a_job_counts_with_its_own_tag(reader: Client, endpoint: Endpoint) -> None:
    tagged_on(endpoint.shard.account)
    day = today() - 3 * DAY
    hours(endpoint, "1.02", day=day)
    began = rows.now().replace(hour=6, minute=0, second=0, microsecond=0) - 3 * DAY
    TransformJob.objects.create(
        shard=rows.shard("eu-west-1"),
        first_seen_at=began,
        name="nightly",
        arn="arn:aws:sagemaker:eu-west-1:1:transform-job/nightly",
        status="Completed",
        created_at=began,
        started_at=began,
        ended_at=began + timedelta(hours=2),
        instance_type="ml.m5.xlarge",
        instance_count=1,
        tags={"team": "risk"},
    )
    by_tag(endpoint, "risk", "EU-Tsform:ml.m5.xlarge", "0.51")
    (row,) = [each for each in tag_rows(reader) if each[0] == "risk"]
    # Two hours at $0.257, the list price of a transform job's ml.m5.xlarge in eu-west-1: $0.514.
    assert row[1:3] == (Decimal("0.51"), Decimal("0.51"))


def test_why_there_is_nothing_by_tag_is_said(reader: Client, endpoint: Endpoint) -> None:
    account = endpoint.shard.account
    assert "By tag" not in page(reader), "nobody reads the bill"
    reading = on(account)
    assert "No tag is named" in page(reader)
    assert "about $0.30 a month" in page(reader)
    reading.tag_key = "team"
    reading.save()
    assert "nothing is there by team yet for these days" in page(reader)
    BillReading.objects.update(tag_from=today() - 40 * DAY, tag_until=today())
    hours(endpoint, "10.20", day=today() - 3 * DAY)
    by_tag(endpoint, "", "USE1-Host:ml.c5.large", "9.00")
    assert "team is not activated in billing" in page(reader)
    by_tag(endpoint, "search", "USE1-Host:ml.c5.large", "9.00")
    assert "is not activated in billing" not in page(reader)
    message = "User: x is not authorized to perform: ce:GetCostAndUsage on resource: *"
    error = {"code": "AccessDeniedException", "kind": "AccessDenied", "message": message, "request_id": "r-1"}
    BillReading.objects.update(tag_error=error)
    words = page(reader)
    assert "no permission to read the bill by team" in words
    assert message in words
    assert "search" in words, "what was read before stays"
    assert "all regions: AWS tells tags of no region" in page(reader, region="sa-east-1")


def test_the_csv_by_tag_adds_up_to_the_page(reader: Client, endpoint: Endpoint) -> None:
    tagged_on(endpoint.shard.account)
    Endpoint.objects.filter(pk=endpoint.pk).update(tags={"team": "=cmd"})
    hours(endpoint, "10.20", day=today() - 3 * DAY)
    by_tag(endpoint, "=cmd", "USE1-Host:ml.c5.large", "9.00")
    by_tag(endpoint, "", "USE1-Notebk:ml.t3.medium", "4.00", is_estimated=True)
    answer = reader.get(f"{URL}tags/csv/")
    assert answer["Content-Type"].startswith("text/csv")
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    lines = [
        (line["tag_value"], line["component"], line["estimated_usd"], line["billed_usd"], line["gap_usd"])
        for line in csv.DictReader(io.StringIO(body))
    ]
    assert [
        (value, part, usd and Decimal(usd), Decimal(paid), gap and Decimal(gap))
        for value, part, usd, paid, gap in lines
    ] == [
        ("", "other", "", Decimal(4), ""),
        ("'=cmd", "instance-time", Decimal("10.20"), Decimal(9), Decimal("-1.20")),
    ]


def test_values_past_the_fiftieth_are_one_row(reader: Client, endpoint: Endpoint) -> None:
    tagged_on(endpoint.shard.account)
    hours(endpoint, "10.20", day=today() - 3 * DAY)
    for n in range(52):
        by_tag(endpoint, f"v{n:02}", "USE1-Host:ml.c5.large", f"{100 - n}.00")
    found = tag_rows(reader)
    assert len(found) == 51
    assert found[-1] == ("3 more values", Decimal("10.20"), Decimal("99.00"), None)
    assert sum(billed or 0 for _, _, billed, _ in found) == reader.get(URL).context["tags"].whole.billed


def test_an_admin_names_the_tag_and_others_cannot(client: Client, account: Account) -> None:
    url = f"/settings/accounts/{account.pk}/bill-tag/"
    client.force_login(rows.user("operator"))
    assert client.post(url, {"tag_key": "team"}).status_code == 403
    assert not BillReading.objects.exists()
    client.force_login(rows.user("admin"))
    assert client.get(url).status_code == 405
    for _ in range(2):
        assert client.post(url, {"tag_key": " team "}).status_code == 303
    assert (BillReading.objects.get().tag_key, BillReading.objects.get().enabled) == ("team", False)
    entry = AuditEntry.objects.get(action="account.bill_tag")
    assert (entry.before, entry.after) == ({"tag": ""}, {"tag": "team"})
    shown = client.get(f"/settings/accounts/{account.pk}/").content.decode()
    assert 'value="team"' in shown
    assert "three a day make about $0.90 a month" in rows.words(shown)
    for bad in ("a" * 129, "semi;colon", "nul\0"):
        client.post(url, {"tag_key": bad})
        assert "A tag key has at most 128 characters" in client.get("/settings/").content.decode()
        assert BillReading.objects.get().tag_key == "team"
    client.post(url, {"tag_key": ""})
    assert BillReading.objects.get().tag_key == ""
