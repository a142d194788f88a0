"""The cost explorer: any days, any group, what changed against the span before, drill-down by plain links, files."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from fleet import rollups
from fleet.models import Endpoint, Shard, StaleDay, VariantStatus
from fleet.types import Confidence, CostComponent
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost, figure, hours, today, unpriced
from tests.data.dashboards.test_costs import table, text, total

pytestmark = pytest.mark.django_db

URL = "/costs/"


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user())
    return client


def ago(days: int) -> date:
    return today() - timedelta(days=days)


def page(reader: Client, **query: Any) -> str:
    response = reader.get(URL, query)
    assert response.status_code == 200
    return response.content.decode()


def custom(first: date, last: date) -> dict[str, str]:
    return {"range": "custom", "from": first.isoformat(), "to": last.isoformat()}


def row_url(html: str, label: str) -> str:
    """Where the row with a label leads to."""
    found = re.search(rf'data-row href="([^"]*)"[^>]*>(?:<span[^>]*>)*{re.escape(label)}<', table(html))
    assert found, label
    return found[1].replace("&amp;", "&")


def two_weeks(shard: Shard) -> dict[str, Endpoint]:
    """Ten days of a steady, a rising, a new and a vanished endpoint: five to be compared with the five before."""
    made = {name: rows.serverless(shard, name) for name in ("steady", "rising", "fresh", "vanished")}
    for n in range(1, 12):
        cost(made["steady"], "2", day=ago(n))
        cost(made["rising"], "4" if n <= 5 else "1", day=ago(n))
        if n <= 5:
            cost(made["fresh"], "1", day=ago(n))
        else:
            cost(made["vanished"], "3", day=ago(n))
    return made


def test_the_change_names_what_rose_what_is_new_and_what_is_gone(reader: Client) -> None:
    two_weeks(rows.shard())
    html = page(reader, **custom(ago(5), ago(1)), sort="-change")
    words = text(table(html))
    assert re.search(r"rising .*? 20\.00 .*? \+\$15\.00 \+300 %", words)
    assert re.search(r"fresh .*? 5\.00 .*? \+\$5\.00 new", words)
    assert re.search(r"steady .*? 10\.00 .*? no change 0 %", words)
    assert re.search(r"vanished .*? gone .*? −\$15\.00 gone", words)
    assert words.index("rising") < words.index("fresh") < words.index("steady") < words.index("vanished")
    assert total(html) == Decimal("35.00")
    assert re.search(r"Total 35\.00 100 \+\$5\.00 \+16\.7 %", words)


def test_today_is_counted_but_not_compared_because_it_is_not_over(reader: Client) -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    for n in range(15):
        cost(chat, "0.25" if n == 0 else "1", day=ago(n))
    html = page(reader, range="7d")
    assert total(html) == Decimal("7.25")
    assert "no change" in text(table(html))
    assert "Today is not over" in text(page(reader, **custom(today(), today())))


def test_a_span_before_the_first_cost_is_not_taken_for_nothing(reader: Client) -> None:
    cost(rows.serverless(rows.shard(), "chat-faq"), "1", day=ago(3))
    html = page(reader, **custom(ago(5), ago(1)))
    since = f"{ago(3).day} {ago(3):%b %Y}"
    assert f"Costs are known since {since}: the span before is not whole" in text(html)
    assert "new" not in text(table(html))


def test_an_amount_that_is_not_known_makes_no_change(reader: Client) -> None:
    shard = rows.shard()
    odd = rows.multi_model(shard, "odd-mme")
    cost(rows.serverless(shard, "chat-faq"), "1", day=ago(20))
    hours(odd, "5", day=ago(8))
    for n in (1, 2):
        cost(
            odd,
            None,
            day=ago(n),
            component=CostComponent.INSTANCE_TIME,
            usd=None,
            confidence=Confidence.UNPRICED,
        )
    html = page(reader, **custom(ago(5), ago(1)))
    assert "One of the two spans has no amount" in table(html)
    assert "−$5.00" not in text(html)


@pytest.mark.parametrize(
    ("first", "last", "field", "words"),
    [
        ("", "2026-01-01", "from", "Enter a day, for example"),
        ("2026-02-30", "2026-03-01", "from", "That is no day"),
        ("yesterday", "2026-03-01", "from", "That is no day"),
        ("2026-03-02", "2026-03-01", "to", "The last day is before the first, 2026-03-02"),
        ("2026-03-02", "2999-01-01", "to", "That day is still to come"),
        ("2020-01-01", "2021-02-01", "from", "At most 13 months: 2020-01-03 or later"),
    ],
)
def test_days_that_cannot_be_are_told_beside_their_field(
    reader: Client, first: str, last: str, field: str, words: str
) -> None:
    html = page(reader, range="custom", **{"from": first, "to": last})
    found = re.search(rf'<div class="field invalid" id="field-{field}">(.*?)</div></div>', html, re.DOTALL)
    assert found
    assert words in text(found[1])
    assert f'value="{first}"' in html or not first
    assert "No cost in these days" in html


def test_thirteen_months_and_whole_months_can_be_asked_for(reader: Client) -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    for n in (0, 100, 200, 395, 396):
        cost(chat, "1", day=ago(n))
    html = page(reader, **custom(ago(395), today()))
    assert total(html) == Decimal("4.00")
    assert "Cost per month" in html
    assert "invalid" not in html
    first = today().replace(day=1)
    last = first - timedelta(days=1)
    assert f"{last:%b}" in text(page(reader, range="last-month"))
    for key in ("24h", "7d", "30d", "month", "last-month", "quarter"):
        assert f"range={key}" in html


def test_a_click_narrows_and_the_address_says_so_to_anybody(reader: Client, client: Client) -> None:
    here, there = rows.shard(), rows.shard(region="us-east-1", alias="lab", account_id="222233334444")
    cost(rows.serverless(here, "chat-faq"), "1")
    cost(rows.serverless(there, "chat-lab"), "2")
    hours(rows.multi_model(there, "persona-mme"), "4")
    url = row_url(page(reader, group="account", range="7d"), "lab")
    assert parse_qs(urlsplit(url).query) == {
        "group": ["region"],
        "range": ["7d"],
        "account": ["222233334444"],
    }
    html = reader.get(url).content.decode()
    assert total(html) == Decimal("6.00")
    assert "All costs Account: lab" in text(html)
    html = reader.get(row_url(html, "us-east-1")).content.decode()
    assert "All costs Account: lab Region: us-east-1" in text(html)
    assert "chat-lab" in table(html)
    assert "chat-faq" not in table(html)
    crumbs = re.findall(r'<li><a href="([^"]*)">Account: lab', html)
    assert "region=" not in crumbs[0]
    other = Client()
    other.force_login(rows.user("operator"))
    assert total(other.get(url).content.decode()) == Decimal("6.00")


def test_groups_by_tag_take_any_key_in_use_and_count_what_has_none(reader: Client) -> None:
    shard = rows.shard()
    tags: tuple[dict[str, str], ...] = ({"stage": "prod", "a=b": "<i>"}, {"stage": "prod"}, {})
    for n, each in enumerate(tags):
        made = rows.serverless(shard, f"chat-{n}")
        Endpoint.objects.filter(pk=made.pk).update(tags=each)
        cost(made, str(n + 1))
    html = page(reader, range="7d", group="tag")
    assert re.findall(r"<option( selected)?>([^<]*)", html) == [(" selected", "stage"), ("", "a=b")]
    words = text(table(html))
    assert re.search(r"prod 2 .*? 3\.00", words)
    assert re.search(r"without stage 1 .*? 3\.00", words)
    narrowed = reader.get(row_url(html, "prod")).content.decode()
    assert total(narrowed) == Decimal("3.00")
    assert total(reader.get(row_url(html, "without stage")).content.decode()) == Decimal("3.00")
    odd = page(reader, range="7d", group="tag", tag_key="a=b")
    assert "<i>" not in odd
    assert total(page(reader, range="7d", tag="a%3Db=<i>")) == Decimal("1.00")
    html = page(reader, range="7d", group="tag", tag_key="stage", tag=["stage=prod", "a%3Db=<i>", "stage="])
    url = row_url(html, "prod")
    assert parse_qs(urlsplit(url).query)["tag"] == ["a%3Db=<i>", "stage=prod"], "the other tag's filter stays"
    assert total(reader.get(url).content.decode()) == Decimal("1.00")


def test_models_and_types_are_groups_of_lines(reader: Client) -> None:
    shard = rows.shard()
    chat, mme = rows.serverless(shard, "chat-faq"), rows.multi_model(shard, "persona-mme")
    VariantStatus.objects.filter(endpoint=chat).update(model_name="faq-7")
    VariantStatus.objects.filter(endpoint=mme).update(model_name="")
    cost(chat, "1", item="4096")
    hours(mme, "2.04")
    words = text(table(page(reader, range="7d", group="instance-type")))
    assert re.search(r"ml\.c5\.large 1 .*? 2\.04", words)
    assert re.search(r"Serverless, 4 GB 1 .*? 1\.00", words)
    by_model = page(reader, range="7d", group="model")
    assert "no model named" in text(table(by_model))
    narrowed = reader.get(row_url(by_model, "faq-7")).content.decode()
    assert total(narrowed) == Decimal("1.00")
    assert total(page(reader, range="7d", component="instance-time")) == Decimal("2.04")
    assert total(page(reader, range="7d", item="4096", group="kind")) == Decimal("1.00")


def test_idle_and_spare_time_is_told_per_row_and_unknown_where_it_cannot_be(reader: Client) -> None:
    shard = rows.shard()
    mme, chat = rows.multi_model(shard, "persona-mme"), rows.serverless(shard, "chat-faq")
    hours(mme, "4", day=ago(1))
    cost(chat, "1", day=ago(1))
    at = rows.hour().replace(hour=2) - timedelta(days=1)
    rows.hour_bucket(mme, at, instance_minutes=60.0, invocations=100.0, model_latency_ms_sum=8_000.0)
    rows.hour_bucket(mme, at + timedelta(hours=1), instance_minutes=60.0)
    rows.hour_bucket(chat, at, invocations=10.0, model_latency_ms_sum=2_000.0)
    rollups.update_shards([shard.pk], now=rows.now())
    StaleDay.objects.create(shard=shard, day=ago(1))
    rollups.update_places()
    html = page(reader, **custom(ago(1), ago(1)))
    words = text(table(html))
    # One of two hours had no call: half of 4 dollars.
    assert re.search(r"persona-mme .*? 40\.0000 0\.500000 50", words)
    assert re.search(r"chat-faq .*? 100\.0000 0\.500000 — Cannot tell", words)
    assert re.search(r"Idle and spare .*?\$2\.00 .*?40 % of", text(html))


def test_what_has_no_price_is_counted_beside_its_group(reader: Client) -> None:
    shard = rows.shard()
    hours(rows.multi_model(shard, "known-mme"), "1.02")
    unpriced(rows.multi_model(shard, "odd-mme"), "24")
    words = text(table(page(reader, range="7d", group="region")))
    assert "1 daily line unpriced" in words
    assert "Total of what is known" in words


def test_the_chart_draws_the_dearest_groups_and_all_others_as_one(reader: Client) -> None:
    shard = rows.shard()
    for n in range(11):
        cost(rows.serverless(shard, f"chat-{n:02}"), str(n + 1))
    drawn = figure(reader, range="7d")["data"]
    assert [trace["name"] for trace in drawn] == [f"chat-{n:02}" for n in range(10, 2, -1)] + ["All others"]
    assert drawn[-1]["y"][-1] == 1 + 2 + 3
    weeks = figure(reader, **custom(ago(60), today()), group="region")
    assert sum(value or 0 for value in weeks["data"][0]["y"]) == sum(range(1, 12))


@pytest.mark.parametrize(
    "query",
    [
        {"page": "9" * 7},
        {"tag": "\0=x"},
        {"model": "a\0"},
        {"endpoint": "x"},
        {"sort": "-;"},
        {"tag_key": "\0"},
    ],
)
def test_nonsense_in_the_address_is_ignored(reader: Client, query: dict[str, str]) -> None:
    cost(rows.serverless(rows.shard(), "chat-faq"), "1")
    assert total(page(reader, range="7d", **query)) in {Decimal("1.00"), Decimal("0.00")} or query.get("tag")


def test_the_chart_draws_the_groups_that_its_page_has_found_and_seeks_them_itself_without(
    reader: Client,
) -> None:
    shard = rows.shard()
    for name, usd in (("large", "5"), ("small", "1")):
        cost(rows.serverless(shard, name), usd)
    source = re.search(
        r'id="cost-chart" hx-get="([^"]+)"', reader.get("/costs/", {"range": "7d"}).content.decode()
    )
    assert source
    address = unescape(source[1])
    assert address.count("top=") == 2
    small = Endpoint.objects.get(name="small").pk
    for url, names in (
        (address[address.index("?") :], ["large", "small"]),
        (f"?range=7d&top={small}", ["small", "All others"]),
        (f"?range=7d&top={small}&others=1", ["small", "All others"]),
        (f"?range=7d&top=0{small}", ["small", "All others"]),
        ("?range=7d&top=x&top=%00&top=-1", ["large", "small"]),
        ("?range=7d&group=team&top=%00&others=1", ["no team"]),
    ):
        assert [trace["name"] for trace in figure(reader, url)["data"]] == names, url
