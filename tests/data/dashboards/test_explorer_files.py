"""What leaves the cost explorer: files and the printed report."""

import csv
import io
import json
from decimal import Decimal

import pytest
from django.test import Client

from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost
from tests.data.dashboards.test_costs import text
from tests.data.dashboards.test_explorer import URL, ago, custom, page, two_weeks

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user())
    return client


def test_the_files_hold_every_row_unrounded_and_add_up(reader: Client) -> None:
    shard = rows.shard()
    two_weeks(shard)
    for n in range(55):
        cost(rows.serverless(shard, f"tiny-{n:02}"), "0.123456789012", day=ago(2))
    query = custom(ago(5), ago(1))
    answer = reader.get(f"{URL}groups/", query)
    assert (
        answer["Content-Disposition"]
        == f'attachment; filename="flotilla-costs-by-endpoint-{ago(5)}-{ago(1)}.csv"'
    )
    found = list(csv.DictReader(io.StringIO(answer.content.decode())))
    exact = Decimal("35") + 55 * Decimal("0.123456789012")
    assert sum(Decimal(row["amount_usd"]) for row in found if row["amount_usd"]) == exact
    named = {row["name"]: row for row in found}
    assert named["vanished"]["amount_usd"] == ""
    assert (named["vanished"]["standing"], named["fresh"]["standing"]) == ("gone", "new")
    document = json.loads(reader.get(f"{URL}groups/", {**query, "format": "json"}).content)
    assert Decimal(document["total_usd"]) == exact
    assert document["before_days"] == {"first": str(ago(10)), "last": str(ago(6))}
    assert sum(Decimal(row["amount_usd"]) for row in document["rows"] if row["amount_usd"]) == exact
    lines = list(
        csv.DictReader(io.StringIO(b"".join(reader.get(f"{URL}csv/", {**query, "item": "2048"})).decode()))
    )
    assert sum(Decimal(row["amount_usd"]) for row in lines) == exact


def test_the_printed_report_names_its_days_and_its_filter(reader: Client) -> None:
    cost(rows.serverless(rows.shard(), "chat-faq"), "1")
    words = text(page(reader, range="7d", team="none"))
    assert "Flotilla cost report" in words
    assert "Team: none, by endpoint" in words


def test_signed_out_people_get_no_file(client: Client) -> None:
    assert client.get(f"{URL}groups/").status_code == 302
