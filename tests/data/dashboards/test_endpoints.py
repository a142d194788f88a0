"""The endpoints list: states, facets, search, order, pages, cells, CSV."""

import csv
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from dashboards.scope import time_range
from fleet.models import Endpoint, InferenceComponent
from fleet.queries import endpoint_rows, endpoints
from fleet.queries.endpoint_measures import sparks
from fleet.types import Confidence, Kind
from tests.data.dashboards.rows import read
from tests.factories import (
    AccountFactory,
    DailyCostFactory,
    EndpointFactory,
    IncidentFactory,
    ShardFactory,
    UserFactory,
    bucket,
    now,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(UserFactory())
    return client


def page(client: Client, query: str = "") -> str:
    response = client.get(f"/endpoints/{query}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def names(client: Client, query: str = "") -> list[str]:
    """Names in the order of the table."""
    rows = csv.DictReader(read(client, f"/endpoints/endpoints.csv{query}").splitlines())
    shown = re.findall(r'<td class="name">.*?title="([^"]*)"', page(client, query))
    found = [row["name"] for row in rows]
    assert shown == found[: len(shown)]
    return found


def test_an_empty_fleet_says_what_will_appear(viewer: Client) -> None:
    assert "No endpoints yet" in page(viewer)


def test_each_endpoint_is_in_the_gravest_state_that_holds(viewer: Client) -> None:
    IncidentFactory(endpoint__name="critical", severity="critical", endpoint__status="Updating")
    IncidentFactory(endpoint__name="warned", severity="warning")
    IncidentFactory(endpoint__name="recovered", severity="critical", resolved_at=now())
    EndpointFactory(name="failed", status="Failed")
    EndpointFactory(name="updating", status="Updating")
    EndpointFactory(name="unreadable", unreadable={"code": "AccessDeniedException"})
    EndpointFactory(name="new-word", status="Hibernating")
    EndpointFactory(name="gone", closed_at=now())
    found = {e.name: e.state for e in endpoints.with_state(Endpoint.objects.all())}
    assert found == {
        "critical": "critical", "warned": "warning", "recovered": "in-service", "failed": "critical",
        "updating": "changing", "unreadable": "off", "new-word": "off", "gone": "closed",
    }  # fmt: skip


def test_the_default_order_is_gravest_first_then_dearest(viewer: Client) -> None:
    for name, usd in (("cheap", "1"), ("dear", "9"), ("middle", "5")):
        DailyCostFactory(endpoint__name=name, amount=Decimal(usd))
    IncidentFactory(endpoint__name="troubled")
    assert names(viewer) == ["troubled", "dear", "middle", "cheap"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?kind=serverless", ["a"]),
        ("?kind=serverless&kind=real-time", ["a", "b"]),
        ("?team=risk", ["a"]),
        ("?team=none", ["b", "c"]),
        ("?owner=ana", ["a"]),
        ("?owner=ana&owner=none", ["a", "b"]),
        ("?owner=ana&owner=ben", ["a", "c"]),
        ("?application=checkout", ["a", "c"]),
        ("?application=checkout&owner=ben", ["c"]),
        ("?application=checkout&owner=none", []),
        ("?application=none&q=resnet", ["b"]),
        ("?owner=%00", ["a", "b", "c"]),
        ("?account=444455556666", ["c"]),
        ("?region=us-east-1", ["c"]),
        ("?state=closed", ["gone"]),
        ("?built-from=broken", ["b"]),
        ("?built-from=broken&built-from=patchable", ["b", "c"]),
        ("?q=resnet", ["b"]),
        ("?q=RESNET+b", ["b"]),
        ("?q=resnet+nothing", []),
        ("?q=%25", []),
        ("?kind=nonsense", ["a", "b", "c"]),
    ],
)
def test_filters_and_search(viewer: Client, query: str, found: list[str]) -> None:
    lab = ShardFactory(account=AccountFactory(account_id="444455556666", alias="lab"), region="us-east-1")
    EndpointFactory(name="a", kind=Kind.SERVERLESS, team="risk", owner="ana", application="checkout")
    EndpointFactory(
        name="b",
        kind=Kind.REAL_TIME,
        search_text="b model resnet-50 image torch",
        built_from="broken",
        owner="",
    )
    EndpointFactory(
        name="c",
        kind=Kind.ASYNCHRONOUS,
        shard=lab,
        built_from="patchable",
        owner="ben",
        application="checkout",
    )
    EndpointFactory(name="gone", closed_at=now())
    assert sorted(names(viewer, query)) == found


@pytest.mark.parametrize("sort", sorted(endpoint_rows.SORTS))
def test_every_column_sorts_in_both_directions(viewer: Client, sort: str) -> None:
    hour = now().replace(minute=0) - timedelta(hours=1)
    for n, kind in enumerate((Kind.MULTI_MODEL, Kind.REAL_TIME, Kind.SERVERLESS)):
        endpoint = EndpointFactory(
            name=f"e{n}", kind=kind, owner=f"o{n}", shard=ShardFactory(region=f"eu-west-{n + 1}"),
            status=("Failed", "Updating", "InService")[n],
        )  # fmt: skip
        bucket(
            endpoint, hour, period_s=300, invocations=10.0 + n, model_latency_ms_p99=10.0 * (n + 1), setup_count=n,
            errors_5xx=n, cache_hit_sum=n, cache_hit_count=10,
        )  # fmt: skip
        DailyCostFactory(endpoint=endpoint, amount=Decimal(n + 1))
    unknown = EndpointFactory(
        name="zz-unknown", kind=Kind.UNKNOWN, owner="zz", shard=ShardFactory(region="us-west-2")
    )
    up, down = names(viewer, f"?sort={sort}"), names(viewer, f"?sort=-{sort}")
    known_up, known_down = ([name for name in order if name != unknown.name] for order in (up, down))
    assert known_up == ["e0", "e1", "e2"]
    assert known_down == ["e2", "e1", "e0"]
    if sort in endpoint_rows.MEASURED_SORTS - {"state"}:
        assert (up[-1], down[-1]) == ("zz-unknown", "zz-unknown")


def test_fifty_rows_a_page_and_the_url_keeps_the_rest(viewer: Client) -> None:
    EndpointFactory.create_batch(51)
    first, second = (
        page(viewer, "?sort=name&kind=serverless"),
        page(viewer, "?sort=name&kind=serverless&page=2"),
    )
    assert first.count('<td class="name">') == 50
    assert second.count('<td class="name">') == 1
    assert "51 – 51 of 51 endpoints" in second
    assert 'href="?sort=name&amp;kind=serverless&amp;page=2"' in first


def test_cells_tell_unknown_unpublished_unpriced_and_zero_apart(viewer: Client) -> None:
    busy = EndpointFactory(name="busy", kind=Kind.SERVERLESS)
    bucket(
        busy, now() - timedelta(minutes=30), period_s=60, invocations=100, errors_5xx=0, setup_count=2,
        model_latency_ms_p99=412, concurrency_utilization_max=1.0,
    )  # fmt: skip
    EndpointFactory(name="quiet", kind=Kind.REAL_TIME)
    DailyCostFactory(endpoint=busy, amount=Decimal("12.345"))
    DailyCostFactory(
        endpoint__name="unpriced", endpoint__kind=Kind.REAL_TIME, amount=None, confidence=Confidence.UNPRICED
    )
    html = page(viewer)
    rows = {
        name: row
        for row in html.split("<tr>")
        for name in ("busy", "quiet", "unpriced")
        if f'title="{name}"' in row
    }
    assert all(text in rows["busy"] for text in (">412 ms<", ">2.0<", ">0<", ">12.35<", "20 / 20", ">·<"))
    assert all(text in rows["quiet"] for text in (">no data<", "Not published for Real-time", ">1 inst.<"))
    assert ">unpriced<" in rows["unpriced"]


def test_silence_of_a_publishing_endpoint_is_no_cold_start(viewer: Client) -> None:
    endpoint = EndpointFactory(name="warm")
    bucket(endpoint, now().replace(minute=0) - timedelta(days=3), setup_count=1, invocations=1)
    bucket(endpoint, now() - timedelta(minutes=30), period_s=60, invocations=50)
    (row,) = csv.DictReader(read(viewer, "/endpoints/endpoints.csv").splitlines())
    assert row["cold_start_share"] == "0"


def test_capacity_adds_up_serving_variants_and_shows_copies(viewer: Client) -> None:
    growing = EndpointFactory(
        name="growing", kind=Kind.REAL_TIME, live={"current_instance_count": 4, "desired_instance_count": 5}
    )
    growing.variants.create(name="shadow", is_shadow=True, current_instance_count=9, desired_instance_count=9)
    growing.variants.create(name="old", removed_at=now(), current_instance_count=9)
    component = EndpointFactory(name="components", kind=Kind.INFERENCE_COMPONENT)
    for name, copies in (("a", 1), ("b", 2)):
        InferenceComponent.objects.create(
            endpoint=component,
            name=name,
            status="InService",
            current_copies=copies,
            created_at=now(),
            modified_at=now(),
        )
    html = page(viewer)
    assert "4 → 5" in html
    assert "3 copies" in html


def test_the_sparkline_has_a_gap_where_nothing_was_reported(viewer: Client) -> None:
    endpoint = EndpointFactory()
    hour = now().replace(minute=0)
    for n in (2, 3, 6, 7):
        bucket(endpoint, hour - timedelta(hours=n), invocations=10)
    html = page(viewer)
    assert html.split('class="spark"')[1].split("</svg>")[0].count("<path") == 2


def test_an_incident_of_a_closed_endpoint_does_not_bring_it_back(viewer: Client) -> None:
    IncidentFactory(endpoint__name="gone", endpoint__closed_at=now())
    assert names(viewer) == []


def test_the_list_is_a_part_with_its_count_announced(viewer: Client) -> None:
    EndpointFactory()
    response = viewer.get("/endpoints/", headers={"HX-Request": "true", "HX-Target": "endpoint-list"})
    html = response.content.decode()
    assert 'data-announce="1 endpoint"' in html
    assert "<h1" not in html


def test_queries_do_not_grow_with_the_fleet(viewer: Client, django_assert_max_num_queries: object) -> None:
    for n in range(20):
        endpoint = EndpointFactory(shard=ShardFactory(region=f"eu-west-{n % 3}"))
        bucket(endpoint, now() - timedelta(minutes=30), period_s=60, invocations=1)
        DailyCostFactory(endpoint=endpoint)
        IncidentFactory(endpoint=endpoint)
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        page(viewer, "?sort=-p99")
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        page(viewer, "?sort=-p99&owner=none&application=none&q=e")


def test_zero_calls_are_told_from_no_report(viewer: Client) -> None:
    ghost = EndpointFactory(name="ghost", kind=Kind.REAL_TIME)
    bucket(ghost, now() - timedelta(minutes=30), period_s=300, invocations=0)
    html = page(viewer)
    assert ">no calls<" in html
    assert ">no data<" not in html


def test_the_running_hour_does_not_pull_the_line_down() -> None:
    endpoint = EndpointFactory()
    hour = now().replace(minute=0)
    for n in range(3):
        bucket(endpoint, hour - timedelta(hours=n), invocations=1 if n == 0 else 100)
    (variant,) = endpoint.variants.all()
    line = sparks({variant.pk: endpoint.pk}, time_range("24h", hour + timedelta(minutes=5)))[endpoint.pk]
    assert line[-2:] == [100.0, 100.0]
    assert len(line) == 24
