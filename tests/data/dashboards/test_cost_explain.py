"""Every cost figure opens the lines behind it, and the lines on the panel add up to the figure exactly."""

import html
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from fleet.models import Endpoint, HourBucket
from fleet.types import Confidence, CostComponent
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost, hours, today, unpriced

pytestmark = pytest.mark.django_db

THIRD = "0.333333333333"


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user())
    return client


@pytest.fixture
def chat() -> Endpoint:
    """Two components on two days, amounts that do not end in cents."""
    found = rows.serverless(rows.shard(), "chat-faq")
    for days in (0, 1):
        day = today() - timedelta(days=days)
        cost(found, THIRD, day=day)
        cost(found, "1.005", day=day, component=CostComponent.KEPT_WARM, usd="0.00001", unit="unit-second")
    return found


def addresses(reader: Client, path: str, **query: str) -> list[str]:
    """Where the figures of a page say that their lines stand, each once."""
    page = reader.get(path, query).content.decode()
    found = re.findall(r'href="(/costs/explain/[^"]*)"', page)
    return list(dict.fromkeys(html.unescape(each) for each in found))


def panel(reader: Client, address: str) -> str:
    """The answer htmx puts over the page."""
    headers = {"HX-Request": "true", "HX-Target": "cost-explain"}
    response = reader.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def exact(text: str, css: str) -> list[Decimal]:
    return [Decimal(each) for each in re.findall(rf'class="{css}" title="([^"]+)"', text)]


def shown(text: str, css: str) -> list[Decimal]:
    found = re.findall(rf'class="{css}"[^>]*><span[^>]*>([\d.,]+)<', text)
    return [Decimal(each.replace(",", "")) for each in found]


def assert_adds_up(text: str) -> Decimal:
    (total,) = exact(text, "lines-sum")
    assert sum(exact(text, "line-usd")) == total
    assert sum(shown(text, "line-usd")) == shown(text, "lines-sum")[0]
    return total


@pytest.mark.parametrize("path", ["/costs/", "/", "/endpoints/{pk}/tab/cost/", "/endpoints/{pk}/"])
def test_the_lines_of_every_cost_figure_add_up_to_their_sum(
    reader: Client, chat: Endpoint, path: str
) -> None:
    found = addresses(reader, path.format(pk=chat.pk), range="7d")
    assert found
    for address in found:
        assert_adds_up(panel(reader, address))


def test_the_lines_of_the_tiles_add_up_to_what_the_tiles_say(reader: Client, chat: Endpoint) -> None:
    page = reader.get("/costs/", {"range": "7d"})
    tiles = {tile.label: tile for tile in page.context["tiles"]}
    a_day = Decimal(THIRD) + Decimal("1.005")
    assert assert_adds_up(panel(reader, tiles["Today so far"].explain.lines_url)) == a_day
    month = page.context["figures"].month.amount
    assert assert_adds_up(panel(reader, tiles["This month"].explain.lines_url)) == month
    assert assert_adds_up(panel(reader, page.context["figures"].lines_url)) == a_day * 2


def test_the_lines_follow_the_pages_filter(reader: Client, chat: Endpoint) -> None:
    other = rows.multi_model(rows.shard(region="us-east-1"), "other")
    hours(other, "7")
    page = reader.get("/costs/", {"range": "7d", "region": "us-east-1"})
    assert assert_adds_up(panel(reader, page.context["figures"].lines_url)) == 7


def test_a_line_says_quantity_price_discount_source_confidence_and_time_of_data(reader: Client) -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    cost(
        chat,
        "0.9",
        quantity=Decimal(25_000),
        discount=Decimal("0.1"),
        discount_note="10 % off by the agreement EDP",
        confidence=Confidence.ASSUMED_RATE,
    )
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", panel(reader, addresses(reader, "/costs/")[0])))
    assert "25,000 s × $0.00004 − $0.100 discount" in text
    assert "10 % off by the agreement EDP" in text
    assert "AWS Price List API, 2026-11-01" in text
    assert "rate assumed until" in text


def test_cost_per_1000_calls_shows_the_division(reader: Client, chat: Endpoint) -> None:
    at = rows.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=5)
    HourBucket.objects.create(variant=rows.variant(chat), at=at, period_s=3600, invocations=2000.0)
    tiles = {tile.label: tile for tile in reader.get("/costs/", {"range": "7d"}).context["tiles"]}
    text = re.sub(r"<[^>]*>", "", panel(reader, tiles["Per 1,000 calls"].explain.lines_url))
    assert "$2.68 ÷ 2,000 calls × 1,000 = $1.34" in re.sub(r"\s+", " ", text)


def test_a_line_without_an_amount_is_listed_and_in_no_sum(reader: Client, chat: Endpoint) -> None:
    unpriced(rows.multi_model(chat.shard, "odd"), "24")
    page = reader.get("/costs/", {"range": "7d"}).context["figures"]
    text = panel(reader, page.lines_url)
    assert assert_adds_up(text) == (Decimal(THIRD) + Decimal("1.005")) * 2
    assert "No price for ml.zz9.large in us-east-1" in text
    assert "of what is known" in text


def test_the_lines_have_a_page_of_their_own_without_javascript(reader: Client, chat: Endpoint) -> None:
    address = addresses(reader, f"/endpoints/{chat.pk}/tab/cost/", range="7d")[0]
    page = reader.get(address)
    assert page.status_code == 200
    assert "chat-faq" in page.content.decode()
    assert_adds_up(page.content.decode())
    assert f"/endpoints/{chat.pk}/?tab=cost" in page.content.decode()


@pytest.mark.parametrize("key", ["999999", "x", "٣"])
def test_an_endpoint_that_is_not_there_is_not_found(reader: Client, key: str) -> None:
    assert reader.get("/costs/explain/", {"group": "endpoint", "key": key}).status_code == 404


@pytest.mark.parametrize(
    ("first", "last"), [("2026-02-30", "2026-03-01"), ("2026-03-02", "2026-03-01"), ("", "x")]
)
def test_days_that_are_none_fall_back_to_the_pages_own(
    reader: Client, chat: Endpoint, first: str, last: str
) -> None:
    answer = reader.get("/costs/explain/", {"first": first, "last": last, "range": "7d"})
    assert answer.status_code == 200


def test_nothing_in_the_days_says_so(reader: Client) -> None:
    answer = reader.get("/costs/explain/", {"first": "2020-01-01", "last": "2020-01-02"})
    assert "No cost line yet" in answer.content.decode()
