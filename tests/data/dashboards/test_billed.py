"""The Billed page: both sides by day and component, why they differ, and what to do where there is no bill."""

import csv
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from fleet.models import (
    Account,
    AuditEntry,
    BilledCost,
    BilledTag,
    BillReading,
    CallTally,
    Endpoint,
    TransformJob,
)
from fleet.types import CostComponent
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost, hours, today, unpriced

pytestmark = pytest.mark.django_db

URL = "/costs/billed/"
DAY = timedelta(days=1)


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


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


def page(reader: Client, **query: str) -> str:
    response = reader.get(URL, query)
    assert response.status_code == 200
    return text(response.content.decode())


def on(account: Account, **fields: object) -> BillReading:
    given = {"enabled": True, "read_from": today() - 40 * DAY, "read_until": today(), "ok_at": rows.now()}
    return BillReading.objects.create(account=account, **(given | fields))


def billed(
    of: Endpoint,
    day: date,
    usage_type: str,
    amount: str,
    quantity: str = "0",
    record: str = "Usage",
    **fields: object,
) -> BilledCost:
    given = {"currency": "USD", "unit": "Hrs", "is_estimated": False, "read_at": rows.now()}
    return BilledCost.objects.create(
        account=of.shard.account,
        day=day,
        region=of.shard.region,
        record_type=record,
        usage_type=usage_type,
        amount=Decimal(amount),
        quantity=Decimal(quantity),
        **(given | fields),
    )


def test_both_sides_stand_beside_each_other_and_the_parts_add_up(reader: Client, endpoint: Endpoint) -> None:
    on(endpoint.shard.account)
    day = today() - 3 * DAY
    hours(endpoint, "10.20", day=day)
    unpriced(endpoint, "5")  # of today, which no bill covers
    billed(endpoint, day, "USE1-Host:ml.c5.large", "9.00", "100")
    billed(endpoint, day, "USE1-Notebk:ml.t3.medium", "4.00", "80")
    billed(endpoint, day, "", "-0.50", record="Credit")
    response = reader.get(URL)
    figures = response.context["figures"]
    assert (figures.whole.estimate, figures.whole.billed) == (Decimal("10.20"), Decimal("12.50"))
    assert sum(figures.whole.parts.values()) == figures.whole.gap == Decimal("2.30")
    words = text(response.content.decode())
    assert "AWS billed $12.50" in words
    assert "+$2.30 against the estimate (18.4 % of the bill)" in words
    assert "The largest part is not hosting, +$4.00" in words
    assert "Every part of the gap is explained" in words
    assert [(row.label, row.estimate, row.billed) for row in response.context["by_component"]] == [
        ("Instance time", Decimal("10.20"), Decimal("9.00")),
        ("Other SageMaker usage", None, Decimal("4.00")),
        ("Credits, taxes, discounts", None, Decimal("-0.50")),
    ]
    assert "Discount -$1.20" in words.replace("−", "-")


def test_a_part_below_a_cent_is_told_as_such(reader: Client, endpoint: Endpoint) -> None:
    on(endpoint.shard.account)
    hours(endpoint, "10.20", day=today() - 3 * DAY)
    billed(endpoint, today() - 3 * DAY, "Host:ml.c5.large", "10.2000000037", "100.0000000369")
    assert "Measuring &lt; $0.01" in page(reader)


def test_a_day_leads_to_its_components(reader: Client, endpoint: Endpoint) -> None:
    on(endpoint.shard.account)
    first, second = today() - 4 * DAY, today() - 3 * DAY
    for day, amount in ((first, "10.20"), (second, "20.40")):
        hours(endpoint, amount, day=day)
        billed(endpoint, day, "Host:ml.c5.large", amount, str(Decimal(amount) / Decimal("0.102")))
    response = reader.get(URL, {"day": second.isoformat()})
    assert [row.key for row in response.context["by_day"]] == [second.isoformat(), first.isoformat()]
    (row,) = response.context["by_component"]
    assert row.billed == Decimal("20.40")
    assert reader.get(URL, {"day": "1999-01-01"}).context["by_component"][0].billed == Decimal("30.60")


def test_days_without_a_bill_are_not_there_yet_and_no_gap(reader: Client, endpoint: Endpoint) -> None:
    on(endpoint.shard.account)
    hours(endpoint, "10.20", day=today() - DAY)
    assert "No bill is there yet for these days" in page(reader)
    billed(endpoint, today() - 2 * DAY, "Host:ml.c5.large", "3.00", "30")
    hours(endpoint, "3.06", day=today() - 2 * DAY)
    figures = reader.get(URL).context["figures"]
    assert figures.whole.estimate == Decimal("3.06")


def test_without_a_switch_it_says_what_it_is_and_what_it_costs(reader: Client, account: Account) -> None:
    words = page(reader)
    assert "What AWS billed is not read" in words
    assert "Each request to Cost Explorer costs $0.01" in words
    assert "about $0.60 a month" in words
    assert "ce:GetCostAndUsage" in words
    assert "Settings" not in re.findall(r"not switched on (\w+)", words)


def test_a_refusal_names_the_missing_action_and_keeps_what_was_read(
    reader: Client, endpoint: Endpoint
) -> None:
    message = "User: x is not authorized to perform: ce:GetCostAndUsage on resource: *"
    error = {"code": "AccessDeniedException", "kind": "AccessDenied", "message": message, "request_id": "r-1"}
    on(endpoint.shard.account, error=error | {"action": "ce:GetCostAndUsage"})
    hours(endpoint, "10.20", day=today() - 3 * DAY)
    billed(endpoint, today() - 3 * DAY, "Host:ml.c5.large", "10.20", "100")
    words = page(reader)
    assert "the bill may not be read" in words
    assert message in words
    assert "AWS billed $10.20" in words


def test_another_currency_is_in_no_figure_and_named(reader: Client, endpoint: Endpoint) -> None:
    on(endpoint.shard.account)
    hours(endpoint, "10.20", day=today() - 3 * DAY)
    billed(endpoint, today() - 3 * DAY, "Host:ml.c5.large", "70.00", "100", currency="CNY")
    response = reader.get(URL)
    assert response.context["figures"].whole.billed == 0
    assert "is billed in another currency" in text(response.content.decode())


def test_an_unread_scope_and_another_account_stay_apart(reader: Client, endpoint: Endpoint) -> None:
    on(endpoint.shard.account)
    hours(endpoint, "10.20", day=today() - 3 * DAY)
    billed(endpoint, today() - 3 * DAY, "Host:ml.c5.large", "10.20", "100")
    assert reader.get(URL, {"account": "999999999999"}).context["figures"].days is None
    narrowed = reader.get(URL, {"region": "sa-east-1"}).context["figures"]
    assert narrowed.whole.billed == 0


def test_the_csv_adds_up_to_the_page(reader: Client, endpoint: Endpoint) -> None:
    on(endpoint.shard.account)
    day = today() - 3 * DAY
    hours(endpoint, "10.20", day=day)
    cost(endpoint, "1.00", day=day, component=CostComponent.EXECUTION_ON_DEMAND)
    billed(endpoint, day, "Host:ml.c5.large", "9.00", "100")
    billed(endpoint, day, "=Odd:thing", "4.00", "80")
    whole = reader.get(URL).context["figures"].whole
    answer = reader.get(f"{URL}csv/")
    assert answer["Content-Type"].startswith("text/csv")
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    lines = list(csv.DictReader(io.StringIO(body)))
    assert sum(Decimal(line["billed_usd"]) for line in lines) == whole.billed
    assert sum(Decimal(line["gap_usd"]) for line in lines) == whole.gap
    for line in lines:
        parts = [
            Decimal(line[name])
            for name in line
            if name.startswith("gap_") and name != "gap_usd" and line[name]
        ]
        assert sum(parts) == Decimal(line["gap_usd"])
    assert not any(line["item"].startswith("=") for line in lines), "a spreadsheet would run it"


def test_an_admin_switches_it_on_and_others_cannot(client: Client, account: Account) -> None:
    url = f"/settings/accounts/{account.pk}/bill/"
    client.force_login(rows.user("operator"))
    assert client.post(url, {"enabled": "on"}).status_code == 403
    assert not BillReading.objects.exists()
    client.force_login(rows.user("admin"))
    assert client.get(url).status_code == 405
    shown = text(client.get(f"/settings/accounts/{account.pk}/").content.decode())
    assert "Read the bill each day, for about $0.60 a month" in shown
    for _ in range(2):
        assert client.post(url, {"enabled": "on"}).status_code == 303
    assert BillReading.objects.get().enabled
    assert AuditEntry.objects.filter(action="account.bill_on").count() == 1
    assert "Stop reading the bill" in client.get(f"/settings/accounts/{account.pk}/").content.decode()
    client.post(url)
    assert not BillReading.objects.get().enabled


def test_switching_off_and_on_again_does_not_ask_twice_a_day(client: Client, account: Account) -> None:
    client.force_login(rows.user("admin"))
    due = rows.now() + timedelta(hours=20)
    BillReading.objects.create(account=account, enabled=False, ok_at=rows.now(), due_at=due)
    client.post(f"/settings/accounts/{account.pk}/bill/", {"enabled": "on"})
    assert BillReading.objects.get().due_at == due


def test_what_reading_costs_stands_beside_each_account(reader: Client, endpoint: Endpoint) -> None:
    on(endpoint.shard.account)
    CallTally.objects.create(shard=endpoint.shard, day=today(), action="ce:GetCostAndUsage", calls=4)
    (standing,) = reader.get(URL).context["figures"].standings
    assert (standing.month_requests, standing.month_usd) == (4, Decimal("0.04"))


def test_queries_do_not_grow_with_accounts(
    reader: Client,
    endpoint: Endpoint,
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]],
) -> None:
    for n in range(3):
        other = rows.endpoint(endpoint.shard, f"more-{n}")
        hours(other, "1.02", day=today() - 3 * DAY)
    on(endpoint.shard.account)
    billed(endpoint, today() - 3 * DAY, "Host:ml.c5.large", "10.20", "100")
    reader.get(URL)
    with django_assert_max_num_queries(25):
        reader.get(URL)


def test_the_costs_page_says_until_when_it_was_billed(reader: Client, endpoint: Endpoint) -> None:
    on(endpoint.shard.account)
    hours(endpoint, "10.20")
    day = today() - 3 * DAY
    billed(endpoint, day, "Host:ml.c5.large", "10.20", "100")
    assert f"Billed until {day.day} {day:%b}" in text(reader.get("/costs/").content.decode())


def by_tag(of: Endpoint, value: str, usage_type: str, amount: str, **fields: object) -> BilledTag:
    given = {"day": today() - 3 * DAY, "currency": "USD", "is_estimated": False, "read_at": rows.now()}
    return BilledTag.objects.create(
        account=of.shard.account,
        tag_value=value,
        usage_type=usage_type,
        amount=Decimal(amount),
        **(given | fields),
    )


def tagged_on(account: Account, **fields: object) -> BillReading:
    given = {"tag_key": "team", "tag_from": today() - 40 * DAY, "tag_until": today()}
    return on(account, **(given | fields))


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
    assert "three a day make about $0.90 a month" in text(shown)
    for bad in ("a" * 129, "semi;colon", "nul\0"):
        client.post(url, {"tag_key": bad})
        assert "A tag key has at most 128 characters" in client.get("/settings/").content.decode()
        assert BillReading.objects.get().tag_key == "team"
    client.post(url, {"tag_key": ""})
    assert BillReading.objects.get().tag_key == ""
