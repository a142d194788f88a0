"""The Billed page: both sides by day and component, why they differ, and what to do where there is no bill."""

import csv
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from fleet.models import Account, AuditEntry, BillReading, CallTally, Endpoint
from fleet.types import CostComponent
from tests.data.dashboards import rows
from tests.data.dashboards.bills import DAY, URL, billed, on, page
from tests.data.dashboards.cost_rows import cost, hours, today, unpriced

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
    words = rows.words(response.content.decode())
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
    assert "Measuring < $0.01" in page(reader)


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
    assert "is billed in another currency" in rows.words(response.content.decode())


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
    shown = rows.words(client.get(f"/settings/accounts/{account.pk}/").content.decode())
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
    assert f"Billed until {day.day} {day:%b}" in rows.words(reader.get("/costs/").content.decode())
