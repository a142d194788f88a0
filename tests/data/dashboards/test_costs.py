"""The Costs page: figures that add up, unknown told apart from zero, groups and formula lines by plain links."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from django.utils.html import escape

from fleet.models import Budget, DailyCost, Endpoint
from fleet.queries.cost_scope import GroupBy
from fleet.types import CostComponent, Kind
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost, figure, hours, today, unpriced

pytestmark = pytest.mark.django_db

URL = "/costs/"


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user())
    return client


def page(reader: Client, **query: str | int) -> str:
    response = reader.get(URL, {"range": "7d", **query})
    assert response.status_code == 200
    return response.content.decode()


def text(html: str) -> str:
    """What a reader sees: tags out, spaces single."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


def table(html: str) -> str:
    found = re.search(r'<table class="data-table cards cost-table".*?</table>', html, re.DOTALL)
    assert found
    return found[0]


def figures(html: str) -> list[Decimal]:
    """USD column of the rows of the table, in their order, formula lines left out."""
    found = []
    for row in re.findall(r"<tr.*?</tr>", table(html), re.DOTALL):
        amount = re.search(r'<td class="num card-end"><span title="[^"]*"><span[^>]*>([\d,.]+)<', row)
        if amount and "cost-line" not in row:
            found.append(Decimal(amount[1].replace(",", "")))
    return found


def total(html: str) -> Decimal:
    found = re.search(r'id="cost-total"[^>]*>(.*?)</td>', html, re.DOTALL)
    assert found
    return Decimal(text(found[1]).replace(",", ""))


def faq(**fields: str) -> Endpoint:
    shard = rows.shard() if not fields.get("region") else rows.shard(region=fields.pop("region"))
    found = rows.serverless(shard, fields.pop("name", "chat-faq"))
    Endpoint.objects.filter(pk=found.pk).update(**fields)
    return found


def test_rows_shown_in_cents_add_up_to_the_total(reader: Client) -> None:
    shard = rows.shard()
    for n in range(3):
        cost(rows.serverless(shard, f"third-{n}"), "0.333333333333")
    html = page(reader)
    assert total(html) == Decimal("1.00")
    assert sum(figures(html)) == Decimal("1.00")
    assert sorted(figures(html)) == [Decimal("0.33"), Decimal("0.33"), Decimal("0.34")]


@pytest.mark.parametrize("by", list(GroupBy))
def test_every_grouping_adds_up_to_the_same_total(reader: Client, by: str) -> None:
    shard = rows.shard()
    one, two = rows.serverless(shard, "one"), rows.multi_model(rows.shard(region="us-east-1"), "two")
    Endpoint.objects.filter(pk=one.pk).update(team="search")
    cost(one, "1.115")
    hours(two, "2.448")
    hours(two, "0.555", day=today() - timedelta(days=2))
    html = page(reader, group=by)
    assert total(html) == sum(figures(html)) == Decimal("4.12")
    assert f'id="group-{by}"' in html


def test_the_sentence_and_tiles_say_month_yesterday_and_the_same_weekday(reader: Client) -> None:
    chat = faq()
    yesterday = today() - timedelta(days=1)
    cost(chat, "11", day=yesterday)
    cost(chat, "10", day=yesterday - timedelta(days=7))
    words = text(page(reader))
    assert "Yesterday cost $11.00, 10 % over" in words
    named = f"{yesterday - timedelta(days=7):%a} {(yesterday - timedelta(days=7)).day}"
    assert f"10 % over {named}" in words


def test_an_unpriced_endpoint_is_counted_and_named_and_never_zero(reader: Client) -> None:
    shard = rows.shard()
    hours(rows.multi_model(shard, "known-mme"), "1.02")
    unpriced(rows.multi_model(shard, "odd-mme"), "24")
    html = page(reader)
    words = text(html)
    assert "1 endpoint is unpriced and not in these figures" in words
    assert "Unpriced Instance time ml.zz9.large odd-mme" in words
    assert figures(html) == [Decimal("1.02")]
    assert re.search(r"odd-mme.*?unpriced", text(table(html)))
    assert "Total of what is known" in words


def test_an_endpoint_that_may_not_be_read_is_named_among_what_is_left_out(reader: Client) -> None:
    shard = rows.shard()
    hours(rows.multi_model(shard, "known-mme"), "1.02")
    hidden = rows.serverless(shard, "hidden")
    hidden.variants.all().delete()
    Endpoint.objects.filter(pk=hidden.pk).update(unreadable={"code": "AccessDeniedException"})
    words = text(page(reader))
    assert "No access Everything hidden" in words
    assert "1 more with a part unknown" in words


def test_an_opened_row_shows_its_formula_lines_with_price_source_and_confidence(reader: Client) -> None:
    chat = faq()
    cost(chat, "0.04")
    cost(chat, "1.08", component=CostComponent.KEPT_WARM, usd="0.00001", unit="unit-second")
    words = text(page(reader, open=chat.pk))
    assert "Execution, on demand · 2 GB 1,000 s × $0.00004 AWS Price List API, 2026-11-01 estimated" in words
    assert "Kept warm · 2 GB 108,000 unit-s × $0.00001" in words
    assert "1,000 s ×" not in text(page(reader))


def test_formula_lines_add_up_to_their_row(reader: Client) -> None:
    chat = faq()
    for n, component in enumerate((CostComponent.EXECUTION_ON_DEMAND, CostComponent.KEPT_WARM)):
        cost(chat, "0.005", component=component, item=str(1024 * (n + 1)))
    html = page(reader, open=chat.pk)
    lines = re.findall(
        r'cost-line.*?<td class="num card-end"><span[^>]*><span[^>]*>([\d.]+)<', html, re.DOTALL
    )
    assert sorted(lines) == ["0.00", "0.01"]
    assert figures(html) == [Decimal("0.01")]


def test_the_filter_of_the_url_narrows_by_account_region_team_and_kind(reader: Client) -> None:
    here, there = rows.shard(), rows.shard(region="us-east-1", alias="lab", account_id="222233334444")
    cost(rows.serverless(here, "chat-faq"), "1")
    hours(rows.multi_model(there, "persona-mme"), "2.04")
    Endpoint.objects.filter(name="persona-mme").update(team="search")
    for query in (
        {"account": "222233334444"},
        {"region": "us-east-1"},
        {"team": "search"},
        {"kind": "multi-model"},
    ):
        html = page(reader, **query)
        assert total(html) == Decimal("2.04"), query
        assert "chat-faq" not in table(html)
    assert "Team: search" in text(page(reader, team="search"))
    assert total(page(reader, team="none")) == Decimal("1.00")


def test_more_rows_than_a_page_keep_the_total_and_say_what_is_elsewhere(reader: Client) -> None:
    shard = rows.shard()
    for n in range(53):
        cost(rows.serverless(shard, f"tiny-{n:02}"), "0.115")
    html = page(reader)
    assert "3 endpoints on other pages" in text(html)
    assert total(html) == Decimal("6.10")
    assert "1 – 50 of 53 endpoints" in text(html)
    assert "50 endpoints on other pages" in text(page(reader, page=2))


def test_cost_per_1000_calls_counts_asynchronous_requests_when_processed(reader: Client) -> None:
    shard = rows.shard()
    chat = rows.serverless(shard, "chat-faq")
    ocr = rows.endpoint(shard, "ocr-async", Kind.ASYNCHRONOUS, live={"instance_type": "ml.c5.large"})
    cost(chat, "1")
    hours(ocr, "1")
    rows.hour_bucket(chat, rows.hour() - timedelta(hours=1), invocations=4_000.0)
    rows.hour_bucket(ocr, rows.hour() - timedelta(hours=1), processed=1_000.0)
    words = text(table(page(reader)))
    assert re.search(r"chat-faq.*?0\.2500", words)
    assert re.search(r"ocr-async.*?1\.0000", words)
    assert "0.4000" in words


def test_the_csv_re_added_is_the_total_of_the_page(reader: Client) -> None:
    shard = rows.shard()
    cost(rows.serverless(shard, "chat-faq"), "0.123456789012")
    hours(rows.multi_model(shard, "persona-mme"), "2.448")
    unpriced(rows.multi_model(shard, "odd-mme"), "24")
    response = reader.get(f"{URL}csv/", {"range": "7d"})
    assert response["Content-Disposition"].startswith('attachment; filename="flotilla-costs-')
    found = list(csv.DictReader(io.StringIO(b"".join(response).decode())))
    amounts = [Decimal(row["amount_usd"]) for row in found if row["amount_usd"]]
    assert sum(amounts) == Decimal("2.571456789012")
    assert total(page(reader)) == Decimal("2.57")
    assert [row["confidence"] for row in found if not row["amount_usd"]] == ["unpriced"]
    assert [row["discount_usd"] + row["list_amount_usd"] for row in found if not row["amount_usd"]] == [""]
    assert {row["endpoint"] for row in found} == {"chat-faq", "persona-mme", "odd-mme"}


def test_each_line_of_the_csv_is_its_list_amount_less_its_discount(reader: Client) -> None:
    hours(rows.multi_model(rows.shard(), "persona-mme"), "2.448")
    DailyCost.objects.update(amount=Decimal("2.2032"), discount=Decimal("0.2448"), discount_note="EDP 10 %")
    body = b"".join(reader.get(f"{URL}csv/", {"range": "7d"})).decode()
    (row,) = csv.DictReader(io.StringIO(body))
    assert Decimal(row["quantity"]) * Decimal(row["usd_per_unit"]) == Decimal(row["list_amount_usd"])
    assert Decimal(row["list_amount_usd"]) - Decimal(row["discount_usd"]) == Decimal(row["amount_usd"])
    assert (Decimal(row["amount_usd"]), row["discounts"]) == (Decimal("2.2032"), "EDP 10 %")


def test_names_that_a_spreadsheet_would_run_are_kept_as_text(reader: Client) -> None:
    cost(faq(team="=HYPERLINK(1)"), "1")
    body = b"".join(reader.get(f"{URL}csv/", {"range": "7d"})).decode()
    assert "'=HYPERLINK(1)" in body


def test_hostile_names_are_text_everywhere(reader: Client) -> None:
    bad = '<img src=x onerror="alert(1)">'
    chat = faq(team=bad, name="x")
    cost(chat, "1", note=bad, price_source=bad)
    for query in ({"open": chat.pk}, {"group": "team"}, {"team": bad}):
        html = page(reader, **query)
        assert bad not in html
        assert escape(bad) in html


def test_the_chart_stacks_by_kind_or_component_and_draws_the_budget(reader: Client) -> None:
    chat = faq()
    cost(chat, "4")
    cost(chat, "1", component=CostComponent.KEPT_WARM)
    by_group = figure(reader, range="7d")
    assert [trace["name"] for trace in by_group["data"]] == ["chat-faq"]
    by_kind = figure(reader, range="7d", stack="kind")
    assert [trace["name"] for trace in by_kind["data"]] == ["Serverless"]
    assert by_kind["data"][0]["y"][-1] == 5.0
    assert by_kind["data"][0]["y"][0] is None
    by_component = figure(reader, range="7d", stack="component")
    assert [trace["name"] for trace in by_component["data"]] == ["Execution, on demand", "Kept warm"]
    Budget.objects.create(name="Whole fleet", amount_usd=3000)
    texts = [note["text"] for note in figure(reader, range="7d")["layout"]["annotations"]]
    assert any(words.startswith("budget $3,000, evenly spread: $") for words in texts)


def test_the_page_reads_its_chart_as_a_part_which_has_its_figures_as_a_table(reader: Client) -> None:
    """Without htmx, and so without JavaScript, the link to it opens a page of its own."""
    cost(faq(), "4.25")
    address = re.search(r'<section[^>]*id="cost-chart" hx-get="([^"]+)"', page(reader, stack="kind"))
    assert address
    assert f'<noscript><p><a href="{address[1]}">' in page(reader, stack="kind")
    headers = {"HX-Request": "true", "HX-Target": "cost-chart"}
    part, whole = (reader.get(unescape(address[1]), headers=each).content.decode() for each in (headers, {}))
    assert part.strip().startswith('<section class="section cost-chart" id="cost-chart">')
    assert ("<html" in part, "<html" in whole) == (False, True)
    for html in (part, whole):
        assert "Serverless, $" in html
        assert f"{today():%a} {today().day} {today():%b} 4.25 4.25" in text(html)


def test_htmx_gets_the_table_alone_and_a_cold_open_the_whole_page(reader: Client) -> None:
    cost(faq(), "1")
    part = reader.get(URL, {"group": "kind"}, headers={"HX-Request": "true", "HX-Target": "cost-table"})
    assert part.content.decode().strip().startswith("<section")
    assert "<html" not in part.content.decode()
    assert "<html" in page(reader, group="kind")


def test_an_empty_fleet_says_what_will_appear(reader: Client) -> None:
    words = text(page(reader))
    assert "No cost for this month yet" in words
    assert "No cost in these days" in words
    assert "$0" not in words


def test_signed_out_people_are_sent_to_sign_in(client: Client) -> None:
    for path in ("", "chart/", "csv/", "budget/"):
        assert client.get(f"{URL}{path}").status_code == 302


def test_queries_do_not_grow_with_the_fleet(reader: Client, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    shard = rows.shard()
    for n in range(40):
        cost(rows.serverless(shard, f"tiny-{n:02}"), "0.115")
    with django_assert_max_num_queries(15):
        page(reader)


# --- the budget -------------------------------------------------------------------------------------------------------
