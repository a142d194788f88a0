"""What the answers say: the figures of the pages, pages by key, money as text, unknown as null with its reason."""

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from dashboards.scope import time_range
from fleet import rollups
from fleet.models import DailyCost, Endpoint, Shard, VariantStatus
from fleet.queries import endpoint_records
from fleet.queries.scope import ScopeFilter, window_start
from tests import fleet_rows
from tests.data.api import fleet
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
Get = Callable[..., Any]


def items(response: HttpResponse) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content
    found: list[dict[str, Any]] = json.loads(response.content)["items"]
    return found


def many(number: int, where: Shard) -> None:
    """So many serverless endpoints with a variant each."""
    created = rows.now() - timedelta(days=9)
    found = Endpoint.objects.bulk_create(
        Endpoint(
            shard=where, name=f"e{n:05}", arn="arn", kind="serverless", status="InService",
            created_at=created, modified_at=created, first_seen_at=created,
        )
        for n in range(number)
    )  # fmt: skip
    VariantStatus.objects.bulk_create(VariantStatus(endpoint=each, name="AllTraffic") for each in found)


def test_an_endpoint_says_what_the_export_says(get: Get) -> None:
    of = fleet.build()
    day = time_range("24h", rows.now())
    record = next(
        r
        for r in endpoint_records.every(ScopeFilter(), day, now=rows.now(), with_closed=False)
        if r["name"] == of.name
    )
    shown = next(each for each in items(get("endpoints")) if each["id"] == of.pk)
    assert shown["figures"]["calls"] == record["calls"] == 12.0
    assert shown["figures"]["cold_starts"] == record["cold_starts"] == 3.0
    assert shown["cost_month_to_date"] == {"amount": "1.250000000000", "currency": "USD", "why": None}
    assert Decimal(shown["cost_month_to_date"]["amount"]) == record["cost_month_to_date_usd"]
    assert shown["tags"] == record["tags"] == {"note": fleet.HOSTILE}
    assert shown["scaling"] == json.loads(json.dumps(record["scaling"]))
    assert get(f"endpoints/{of.pk}").json().items() >= shown.items()


@pytest.mark.parametrize("key", ["1h", "24h", "7d", "30d"])
def test_figures_added_up_before_are_those_of_the_rows_until_then(key: str, get: Get) -> None:
    of = fleet.build()
    until = rows.now() - timedelta(minutes=5)
    for n in range(1, 4):
        rows.minute_bucket(of, until - timedelta(minutes=n), invocations=7.0, model_latency_ms_p99=30.0 + n)
    window = {"from": window_start(key, until).isoformat(), "to": until.isoformat()}
    raw = {each["id"]: each for each in items(get("endpoints", **window))}
    rollups.update_shards(list(Shard.objects.values_list("pk", flat=True)), now=until)
    summed = {each["id"]: each for each in items(get("endpoints", range=key))}
    assert raw[of.pk]["figures"]["calls"] == (21.0 if key in ("1h", "24h") else 27.0)
    assert summed == raw
    assert datetime.fromisoformat(summed[of.pk]["window"]["end"]) == until
    assert get(f"endpoints/{of.pk}", range=key).json().items() >= raw[of.pk].items()


def test_unknown_is_null_and_says_why(get: Get) -> None:
    fleet.build()
    many_models = items(get("endpoints", kind="multi-model"))[0]
    assert many_models["cost_month_to_date"] == {
        "amount": None, "currency": "USD", "why": "No priced cost line of this month yet",
    }  # fmt: skip
    assert many_models["figures"]["cold_starts"] is None
    assert many_models["figures"]["why"]["cold_starts"] == "Not published for Multi-model"
    assert many_models["figures"]["why"]["calls"] == "CloudWatch reported nothing in this window"


def test_a_ratio_of_no_look_ups_is_told_from_one_that_was_not_reported(get: Get) -> None:
    where = rows.shard()
    silent, idle = (rows.multi_model(where, name) for name in ("silent", "idle"))
    rows.hour_bucket(silent, rows.hour() - timedelta(hours=1), invocations=2.0)
    rows.hour_bucket(idle, rows.hour() - timedelta(hours=1), cache_hit_sum=0.0, cache_hit_count=0.0)
    found = {each["name"]: (each["lookups"], each["why"]) for each in items(get("cache", range="7d"))}
    assert found == {
        "silent": (None, "ModelCacheHit was not reported in this window"),
        "idle": (0.0, "No model was looked up in this window"),
    }


def test_filters_mean_what_they_mean_on_the_page(get: Get) -> None:
    fleet.build()
    fleet.build("444455556666", "dev")

    def names(**query: Any) -> set[str]:
        return {each["name"] for each in items(get("endpoints", **query))}

    assert names() == {"prod-faq", "prod-many", "dev-faq", "dev-many"}
    assert names(account="444455556666") == {"dev-faq", "dev-many"}
    assert names(kind=["serverless"], team="search") == {"prod-faq", "dev-faq"}
    assert names(team="none") == {"prod-many", "dev-many"}
    assert names(state="closed") == {"prod-gone", "dev-gone"}
    assert names(q="prod fa") == {"prod-faq"}
    assert names(region="us-east-1") == set()
    Endpoint.objects.filter(name="dev-faq").update(owner="ana", application="checkout")
    assert names(owner="ana") == {"dev-faq"}
    assert names(owner=["ana", "ben"], application="none") == set()
    assert names(account="444455556666", application=["checkout", "none"]) == {"dev-faq", "dev-many"}


def test_a_misspelt_parameter_is_refused_before_anything_is_read(get: Get) -> None:
    with CaptureQueriesContext(connection) as made:
        refused = get("endpoints", acount="1")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "acount")
    assert not [query["sql"] for query in made if "fleet_endpoint" in query["sql"]]


def test_the_same_answer_is_sent_once(get: Get) -> None:
    of = fleet.build()
    window = {"from": (rows.now() - timedelta(hours=2)).isoformat(), "to": rows.now().isoformat()}
    first = get("endpoints", **window)
    assert first["Cache-Control"] == "private, no-cache"
    assert "Authorization" in first["Vary"]
    again = get("endpoints", headers={"If-None-Match": first["ETag"]}, **window)
    assert (again.status_code, again.content) == (304, b"")
    Endpoint.objects.filter(pk=of.pk).update(owner="somebody else")
    assert get("endpoints", headers={"If-None-Match": first["ETag"]}, **window).status_code == 200


def test_answers_are_compressed_for_clients_that_say_so(get: Get) -> None:
    fleet.build()
    packed = get("endpoints", headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert (
        items(get("endpoints"))[0]["name"] == json.loads(gzip.decompress(packed.content))["items"][0]["name"]
    )
    assert (
        get("endpoints", headers={"Accept-Encoding": "gzip", "If-None-Match": packed["ETag"]}).status_code
        == 304
    )


def test_a_series_has_a_place_for_every_bucket_and_null_for_silence(get: Get) -> None:
    of = fleet.build()
    path = f"endpoints/{of.pk}/metrics"
    start, end = rows.now() - timedelta(minutes=5), rows.now()
    window = {"from": start.isoformat(), "to": end.isoformat()}
    found = get(path, metric="Invocations", statistic="Sum", **window).json()
    assert (found["period_s"], found["unit"], found["why"]) == (60, "calls", None)
    assert found["variants"][0]["values"] == [None, None, 4.0, 4.0, 4.0]
    assert len(found["at"]) == 5
    mute = get(path, metric="ModelCacheHit", statistic="Sum", **window).json()
    assert mute["why"] == "Not published for Serverless"
    coarse = get(path, metric="Invocations", statistic="Sum", period=300, **window).json()
    assert coarse["why"] == "Kept every 60 and 3600 s for this kind, not every 300 s"
    hours = get(path, metric="Invocations", statistic="Sum", range="7d").json()
    assert (hours["period_s"], sum(v or 0 for v in hours["variants"][0]["values"])) == (3600, 27.0)
    assert get(path, metric="Invocations", statistic="p99").json()["errors"][0]["field"] == "statistic"
    assert get(path, metric="Nothing", statistic="Sum").json()["errors"][0]["field"] == "metric"
    assert get(path, metric="Invocations", statistic="Sum", period=60, range="30d").status_code == 422


def test_costs_add_up_and_lines_explain_them(get: Get) -> None:
    fleet.build()
    fleet.build("444455556666", "dev")
    found = get("costs", group="account").json()
    assert Decimal(found["total"]["cost"]["amount"]) == Decimal("2.50")
    assert (found["total"]["unpriced_lines"], found["total"]["is_complete"]) == (2, False)
    assert [(g["label"], Decimal(g["cost"]["amount"])) for g in found["items"]] == [
        ("prod", Decimal("1.25")), ("dev", Decimal("1.25")),
    ]  # fmt: skip
    assert found["batch"]["cost"] == {
        "amount": None, "currency": "USD", "why": "No job in the window has a price",
    }  # fmt: skip
    assert (found["batch"]["jobs"], found["batch"]["unpriced_jobs"], found["batch"]["unknown_jobs"]) == (
        2,
        2,
        0,
    )
    lines = [line for each in items(get("costs/lines")) for line in each["lines"]]
    amounts = [Decimal(line["cost"]["amount"]) for line in lines if line["cost"]["amount"] is not None]
    assert sum(amounts) == Decimal("2.50")
    assert {line["confidence"] for line in lines} == {"estimated", "unpriced"}
    assert DailyCost.objects.count() == len(lines)


def test_quantity_times_price_less_the_discount_is_the_cost_of_a_line(get: Get) -> None:
    fleet.build()
    DailyCost.objects.filter(amount__isnull=False).update(
        amount=F("quantity") * F("usd_per_unit") - Decimal("0.25"),
        discount=Decimal("0.25"),
        discount_note="EDP 10 %",
    )
    lines = [line for each in items(get("costs/lines")) for line in each["lines"]]
    priced = [line for line in lines if line["cost"]["amount"] is not None]
    assert priced
    for line in priced:
        assert Decimal(line["quantity"]) * Decimal(line["usd_per_unit"]) == Decimal(line["list_amount"])
        assert Decimal(line["list_amount"]) - Decimal(line["discount"]) == Decimal(line["cost"]["amount"])
        assert (line["discount"], line["discounts"]) == ("0.250000000000", ["EDP 10 %"])
    assert all(
        (line["list_amount"], line["discount"]) == (None, None) for line in lines if line not in priced
    )


@pytest.mark.parametrize(
    "query",
    [{"from": "yesterday"}, {"from": "2026-11-20"}, {"from": "2026-11-20T00:00:00"}, {"to": "2026-11-20T00:00:00Z"},
     {"from": "0001-01-01T00:00:00Z"}, {"from": "9999-12-31T23:59:59Z"}, {"limit": "0"}, {"limit": "9" * 400},
     {"from": "2026-11-20T00:00:00Z", "to": "2026-11-20T00:00:00Z"}, {"from": "2020-01-01T00:00:00Z"},
     {"account": "12345678901٣"}, {"region": "eu-west-1\0"}, {"q": "a\0b"}, {"team": "x" * 300}],
)  # fmt: skip
def test_bad_parameters_are_named(query: dict[str, str], get: Get) -> None:
    refused = get("endpoints", **query)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] in query


def test_as_many_queries_for_ten_thousand_endpoints_as_for_a_hundred(get: Get) -> None:
    where = rows.shard()

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as made:
            assert get(path, limit=100).status_code == 200
        return len(made)

    paths = (
        "endpoints",
        "costs",
        "costs/lines",
        "cold-starts",
        "cache",
        "advice",
        "operations",
        "incidents",
        "sync",
    )
    get("metrics")
    many(100, where)
    few = {path: queries(path) for path in paths}
    fleet_rows.copies(Endpoint.objects.get(name="e00007"), 9_900)
    assert {path: queries(path) for path in paths} == few
    assert max(few.values()) <= 15
    assert Endpoint.objects.count() == VariantStatus.objects.count() == 10_000
