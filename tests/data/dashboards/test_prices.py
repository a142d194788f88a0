"""The Prices page: what is used, from where, how old, what is missing; and the forms of admins."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fleet.models import AuditEntry, Discount, ExchangeRate, Price, PriceReading, Shard
from fleet.types import Confidence, CostComponent, Kind
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost, today
from tests.data.dashboards.rows import now, words

pytestmark = pytest.mark.django_db
HOURS = CostComponent.INSTANCE_TIME


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(rows.user("admin", None))
    return client


def listed(
    item: str = "ml.c5.large", usd: str | None = "0.1", component: str = HOURS, **fields: Any
) -> Price:
    """A price of AWS's list."""
    return Price.objects.create(
        **{
            "region": "us-east-1", "component": component, "item": item, "unit": "instance-hour",
            "usd": None if usd is None else Decimal(usd), "origin": Price.Origin.API,
            "source": f"AWS Price List API, usage type USE1-Host:{item}", "source_date": date(2026, 9, 1),
            "fetched_at": now(), **fields,
        }
    )  # fmt: skip


def used(where: Shard, name: str = "ranker", item: str = "ml.c5.large", **fields: Any) -> None:
    ranker = rows.endpoint(where, name, Kind.REAL_TIME)
    cost(ranker, fields.pop("amount", "1"), **{"component": HOURS, "item": item, "usd": "0.1", **fields})


def unpriced(where: Shard, name: str, item: str = "ml.zz9.large", days_ago: int = 0) -> None:
    day = today() - timedelta(days=days_ago)
    used(where, name, item, amount=None, usd=None, confidence=Confidence.UNPRICED, day=day)


def text(client: Client, path: str = "/prices/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return words(response.content.decode())


def form(**changed: Any) -> dict[str, Any]:
    sound = {
        "region": "us-east-1", "component": "instance-time", "item": "ml.c5.large", "usd": "0.09",
        "first_day": "2026-11-01", "last_day": "", "reason": "private offer",
    }  # fmt: skip
    return {**sound, **changed}


def errors(client: Client, what: str, **posted: Any) -> dict[str, list[str]]:
    """Messages by field of a refused form."""
    response = client.post(f"/prices/new/{what}/", posted)
    assert response.status_code == 422
    return {name: list(map(str, found)) for name, found in response.context["form"].errors.items()}


def test_before_the_first_costs_it_says_what_will_stand_there(admin: Client) -> None:
    found = text(admin)
    assert "No price is in use yet." in found
    assert "No region is watched" in found


def test_a_price_stands_with_its_source_its_unit_and_who_uses_it(admin: Client) -> None:
    where = rows.shard(region="us-east-1")
    listed()
    PriceReading.objects.create(
        region="us-east-1", read_at=now() - timedelta(hours=3), published_at=now() - timedelta(days=9), products=900,
        prices=420, changed=2, passed_over={"of no endpoint or transform job": 480},
    )  # fmt: skip
    used(where)
    used(where, "ranker-2")
    found = text(admin)
    assert "Every price in use is known. 1 from AWS's price list, read 3 h ago." in found
    assert (
        "Instance time · ml.c5.large us-east-1 $0.1 per instance-hour AWS price list "
        "usage type USE1-Host:ml.c5.large, 1 Sep 2026 on every day 2 endpoints"
    ) in found
    assert "480 of no endpoint or transform job" in found


def test_what_no_list_names_is_counted_with_its_endpoints_and_days(admin: Client) -> None:
    where = rows.shard(region="us-east-1")
    for days_ago in (0, 4):
        unpriced(where, f"lost-{days_ago}", days_ago=days_ago)
    found = admin.get("/prices/").context["found"]
    (row,) = found.missing
    assert (row.endpoints, row.days, row.reason) == (2, 2, "no price for ml.zz9.large in us-east-1")
    assert (row.first, row.last) == (today() - timedelta(days=4), today())
    Price.objects.create(
        region="us-east-1", component=HOURS, item="ml.zz9.large", unit="h", usd=Decimal(1), first_day=today(),
        origin=Price.Origin.MANUAL, source="ana", source_date=today(), fetched_at=now(),
    )  # fmt: skip
    (later,) = admin.get("/prices/").context["found"].missing
    assert later.reason == "a price is known now; these days are being worked out again"
    Price.objects.update(first_day=today() + timedelta(days=1))
    shown = text(admin)
    assert f"no price for ml.zz9.large in us-east-1 before {today() + timedelta(days=1)}" in shown
    assert "1 of 1 price in use is not known." in shown
    assert "lost-0 , lost-4" in shown


def test_prices_in_another_currency_are_named_and_not_counted(admin: Client) -> None:
    where = rows.shard(region="us-east-1")
    listed(usd=None, currency="CNY", quoted=Decimal("0.73"))
    unpriced(where, "beijing", "ml.c5.large")
    found = text(admin)
    assert "1 price in use is in CNY." in found
    assert "CNY 0.73 per instance-hour not counted" in found
    assert "priced in CNY; no exchange rate is set" in found
    rate = {"currency": "CNY", "usd": "0.14", "first_day": "2026-11-01", "last_day": "", "reason": "treasury"}
    assert admin.post("/prices/new/exchange-rate/", rate).status_code == 303
    assert ExchangeRate.objects.get().usd == Decimal("0.14")
    assert "Every price in use is known." in text(admin)


def test_a_failed_or_old_reading_says_so(admin: Client) -> None:
    message = "User is not authorized to perform: pricing:GetProducts"
    rows.shard(
        region="us-east-1",
        sections={"prices": {"tried_at": now().isoformat(), "error": {"message": message}}},
    )
    found = text(admin)
    assert f"us-east-1 never {message}" in found
    assert "1 region never read" in found


def test_an_admin_enters_a_price_and_it_is_used_with_its_reason(admin: Client) -> None:
    used(rows.shard(region="us-east-1"))
    response = admin.post("/prices/new/price/", form(), follow=True)
    assert "The price is entered" in words(response.content.decode())
    row = Price.objects.get(origin=Price.Origin.MANUAL)
    assert (row.usd, row.first_day, row.author_label) == (Decimal("0.09"), date(2026, 11, 1), "admin")
    assert "Entered by hand entered by admin: private offer" in text(admin)
    assert AuditEntry.objects.get().action == "price.entered"
    history = text(admin, "/prices/of/us-east-1/instance-time/ml.c5.large/")
    assert "$0.09 per instance-hour in us-east-1 today." in history
    assert "behind another" in history, "the snapshot's price"
    admin.post(f"/prices/price/{row.pk}/end/")
    row.refresh_from_db()
    assert row.last_day == now().date()
    admin.post(f"/prices/price/{row.pk}/remove/")
    assert not Price.objects.exists()


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"usd": "-1"}, "usd", "This cannot be negative."),
        ({"usd": "cheap"}, "usd", "Enter an amount in US dollars, for example 0.102."),
        ({"usd": "NaN"}, "usd", "Enter an amount in US dollars, for example 0.102."),
        ({"usd": "1e30"}, "usd", "That is more than a price can hold."),
        ({"usd": "0", "reason": ""}, "reason", "Say why: whoever reads the costs will ask."),
        ({"usd": "50"}, "is_confirmed", "The list price is $0.102. Tick the box if $50 is meant."),
        ({"item": "ml.zz9.large"}, "item", "ml.zz9.large is not known: no price list names it and nothing runs on it."),
        ({"last_day": "2026-10-01"}, "last_day", "The last day comes before the first, 2026-11-01."),
        ({"usd": "50", "last_day": "2026-10-01"}, "last_day", "The last day comes before the first, 2026-11-01."),
        ({"first_day": "yesterday"}, "first_day", "Enter a day, for example 2026-11-01."),
    ],
)  # fmt: skip
def test_a_bad_price_comes_back_with_its_error_beside_the_field(
    admin: Client, changed: dict[str, str], field: str, message: str
) -> None:
    rows.shard(region="us-east-1")
    assert errors(admin, "price", **form(**changed)) == {field: [message]}
    assert not Price.objects.exists()


def test_an_unusual_price_asks_for_a_tick_and_stands_with_it(admin: Client) -> None:
    rows.shard(region="us-east-1")
    page = admin.post("/prices/new/price/", form(usd="50")).content.decode()
    assert 'name="is_confirmed"' in page
    assert admin.post("/prices/new/price/", form(usd="50", is_confirmed="on")).status_code == 303
    assert Price.objects.get().usd == 50


def test_overlapping_discounts_come_back_with_both_names(admin: Client) -> None:
    account = rows.shard(region="us-east-1").account
    days = {"first_day": "2026-11-01", "last_day": "", "reason": "contract"}
    every = {"name": "EDP 2026", "account": "", "component": "", "percent": "10", **days}
    assert admin.post("/prices/new/discount/", every).status_code == 303
    one = {"name": "Search deal", "account": account.pk, "component": "kept-warm", "percent": "5", **days}
    message = "“Search deal” would overlap “EDP 2026”, which holds from 2026-11-01 on."
    assert errors(admin, "discount", **one) == {"first_day": [message]}
    place = {"region": "us-east-1", "component": "instance-time", "item": "ml.c5.large"}
    plan = {"name": "SP", "account": account.pk, "usd_per_hour": "0.06", **place, **days}
    assert admin.post("/prices/new/plan-rate/", plan).status_code == 303
    found = text(admin)
    assert "EDP 2026 All accounts All components 10 % from 1 Nov 2026 on contract" in found
    assert "SP prod Instance time · ml.c5.large in us-east-1 $0.06 an hour" in found
    assert Discount.objects.count() == 2


def test_viewers_and_operators_read_and_change_nothing(client: Client) -> None:
    used(rows.shard(region="us-east-1"))
    for role in ("viewer", "operator"):
        client.force_login(rows.user(role, None))
        shown = client.get("/prices/").content.decode()
        assert "ml.c5.large" in shown
        assert "/prices/new/" not in shown
        assert client.get("/prices/new/price/").status_code == 403
        assert client.post("/prices/new/price/", form()).status_code == 403
    assert not Price.objects.exists()


def test_the_file_holds_every_price_through_time(admin: Client) -> None:
    rows.shard(region="us-east-1")
    listed(last_day=date(2026, 11, 9))
    listed(usd="0.2", first_day=date(2026, 11, 10))
    listed("=cmd()", "0.3")
    body = b"".join(admin.get("/prices/prices.csv").streaming_content).decode()  # type: ignore[attr-defined]
    found = list(csv.DictReader(io.StringIO(body)))
    mine = [row for row in found if row["item"] == "ml.c5.large" and row["origin"] == "AWS price list"]
    assert [(row["amount"], row["first_day"], row["last_day"]) for row in mine] == [
        ("0.1", "", "2026-11-09"), ("0.2", "2026-11-10", ""),
    ]  # fmt: skip
    assert any(row["item"] == "'=cmd()" for row in found)
    assert {row["region"] for row in found} == {"us-east-1"}


def test_queries_do_not_grow_with_the_fleet(admin: Client) -> None:
    where = rows.shard(region="us-east-1")
    used(where)
    unpriced(where, "lost")
    admin.get("/prices/")
    with CaptureQueriesContext(connection) as few:
        admin.get("/prices/")
    for n in range(12):
        used(where, f"more-{n}")
        unpriced(where, f"lost-{n}", f"ml.zz{n}.large")
    with CaptureQueriesContext(connection) as many:
        admin.get("/prices/")
    assert len(many) == len(few) <= 15
