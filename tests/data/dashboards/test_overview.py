"""The overview: sentence, tiles, cost chart, what needs somebody, what changed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards import wording
from dashboards.scope import time_range
from fleet.models import DailyCost, User
from fleet.queries import cold_starts, endpoint_counts, forecast, overview
from fleet.queries.cost_scope import CostFilter
from fleet.queries.endpoints import Criteria
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.types import Confidence, Kind
from tests.factories import (
    AlertRuleFactory,
    ChangeEventFactory,
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
def alice() -> User:
    user: User = UserFactory(username="alice")
    return user


@pytest.fixture
def viewer(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def page(client: Client, query: str = "") -> str:
    response = client.get(f"/{query}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_an_empty_fleet_says_what_will_appear(viewer: Client) -> None:
    assert "No endpoints in this scope yet" in page(viewer)


def test_the_sentence_counts_who_needs_somebody_and_what_cannot_be_read(viewer: Client) -> None:
    EndpointFactory(name="healthy")
    IncidentFactory(endpoint__name="fraud-score", severity="critical")
    EndpointFactory(name="failed-update", status="Failed")
    EndpointFactory(
        unreadable={
            "code": "AccessDeniedException",
            "action": "sagemaker:DescribeEndpoint",
            "since": now().isoformat(),
        }
    )
    html = page(viewer)
    assert "Two of 4 endpoints" in html
    assert "one cannot be read" in html
    assert "sagemaker:<wbr>DescribeEndpoint" in html


def test_yesterday_is_compared_with_the_same_weekday(viewer: Client) -> None:
    endpoint = EndpointFactory(kind=Kind.REAL_TIME)
    yesterday = now().date() - timedelta(days=1)
    DailyCostFactory(endpoint=endpoint, day=yesterday, amount=Decimal("108.00"))
    DailyCostFactory(endpoint=endpoint, day=yesterday - timedelta(days=7), amount=Decimal("100.00"))
    html = page(viewer)
    assert "$108.00" in html
    assert f"8.0 % more than last {yesterday:%A}" in html


def test_an_unpriced_endpoint_is_said_and_not_counted_as_zero(viewer: Client) -> None:
    yesterday = now().date() - timedelta(days=1)
    DailyCostFactory(day=yesterday, amount=Decimal("5.00"))
    DailyCostFactory(day=yesterday, amount=None, confidence=Confidence.UNPRICED)
    assert "1 endpoint has no price and is not in it" in page(viewer)


def test_a_day_without_cost_lines_is_unknown(viewer: Client) -> None:
    EndpointFactory()
    html = page(viewer)
    assert "No cost has been worked out for yesterday yet" in html
    assert "$0.00" not in html


def test_the_forecast_of_the_month_is_that_of_the_costs_page(viewer: Client) -> None:
    endpoint, today = EndpointFactory(kind=Kind.REAL_TIME), now().date()
    for n in range(40):
        DailyCostFactory(endpoint=endpoint, day=today - timedelta(days=n), amount=Decimal(40 + n % 7))
    ahead = forecast.outlook(CostFilter(), forecast.month_of(today), today=today).forecast
    assert ahead.total is not None
    for address in ("/", "/costs/?range=month"):
        html = viewer.get(address).content.decode()
        tile = html[html.index("Forecast") :][:3000]
        assert wording.usd(ahead.total) in tile
        assert f"{wording.usd(ahead.low)} – {wording.usd(ahead.high)}" in tile


def test_the_chart_stacks_finished_days_by_kind(viewer: Client) -> None:
    today = now().date()
    for kind in (Kind.SERVERLESS, Kind.REAL_TIME):
        endpoint = EndpointFactory(kind=kind)
        for n in range(3):
            DailyCostFactory(endpoint=endpoint, day=today - timedelta(days=n), amount=Decimal(n + 1))
    figure = viewer.get("/overview/costs.json?range=7d").json()
    assert [trace["name"] for trace in figure["data"]] == ["Real-time", "Serverless"]
    assert figure["data"][0]["y"][-2:] == [3.0, 2.0]
    assert figure["data"][0]["x"][-1] == (today - timedelta(days=1)).isoformat()
    assert figure["data"][0]["y"][0] is None


def test_cold_starts_are_a_share_of_serverless_calls_only(viewer: Client) -> None:
    hour = now().replace(minute=0) - timedelta(hours=1)
    bucket(EndpointFactory(kind=Kind.SERVERLESS), hour, invocations=100, setup_count=5, errors_5xx=0)
    bucket(EndpointFactory(kind=Kind.REAL_TIME), hour, invocations=900, errors_5xx=10)
    found = overview.traffic(ScopeFilter(), _last_day()).now
    assert (found.cold_starts, found.serverless_calls) == (5, 100)
    html = page(viewer, "?range=24h")
    assert "5.0<span" in html
    assert "1.0<span" in html


def test_asynchronous_work_counts_as_calls(viewer: Client) -> None:
    bucket(EndpointFactory(kind=Kind.ASYNCHRONOUS), now().replace(minute=0) - timedelta(hours=1), processed=7)
    assert overview.traffic(ScopeFilter(), _last_day()).now.calls == 7


LATE = datetime(2026, 11, 20, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize("key", ["1h", "24h", "7d"])
def test_at_an_awkward_hour_the_figures_are_those_of_the_window_and_of_the_cold_starts_page(key: str) -> None:
    """Ten past eleven at night: the window before is as long as the window, and neither begins at midnight."""
    chat = EndpointFactory(kind=Kind.SERVERLESS)
    for n in range(1, 16 * 24):
        hour = LATE.replace(minute=0) - timedelta(hours=n - 1)
        quarters = [
            hour + timedelta(minutes=15 * m) for m in range(4) if hour + timedelta(minutes=15 * m) < LATE
        ]
        bucket(chat, hour, invocations=100.0 * len(quarters), setup_count=float(n % 7) * len(quarters))
        if n < 26:
            for at in quarters:
                bucket(chat, at, period_s=60, invocations=100.0, setup_count=float(n % 7))
    window = time_range(key, LATE)
    traffic = overview.traffic(ScopeFilter(), window)
    found = traffic.now
    page = cold_starts.page(ScopeFilter(), window)
    assert (found.cold_starts, found.serverless_calls) == (page.cold, page.calls)
    quarters_before = {"1h": 4, "24h": 96, "7d": 4 * 168}
    assert traffic.before.calls == 100.0 * quarters_before[key]


def test_what_is_gone_is_in_no_share() -> None:
    hour = now().replace(minute=0) - timedelta(hours=1)
    bucket(EndpointFactory(kind=Kind.SERVERLESS, closed_at=now()), hour, invocations=100, setup_count=5)
    assert overview.traffic(ScopeFilter(), _last_day()).now.calls is None


def test_trouble_comes_gravest_first_then_longest(viewer: Client) -> None:
    IncidentFactory(title="young warning", severity="warning", opened_at=now())
    IncidentFactory(title="old warning", severity="warning", opened_at=now() - timedelta(days=1))
    IncidentFactory(title="critical", severity="critical", opened_at=now())
    IncidentFactory(title="over", resolved_at=now())
    assert [t.title for t in overview.troubles(ScopeFilter())] == ["critical", "old warning", "young warning"]


def test_a_budget_is_one_row_by_its_highest_threshold() -> None:
    rule = AlertRuleFactory(key="budget-passed")
    for subject, title in (
        ("budget:1:2026-11:50", "half of one"),
        ("budget:1:2026-11:80", "most of one"),
        ("budget:12:2026-11:50", "half of another"),
        ("budget:1:2026-11:100", "all of one"),
        ("budget:1:2026-10:100", "the month before"),
    ):
        IncidentFactory(rule=rule, subject=subject, title=title, severity="warning", endpoint=None)
    over = IncidentFactory(rule=rule, subject="budget:12:2026-11:80", title="resolved", resolved_at=now())
    shown = {each.title for each in overview.troubles(ScopeFilter())}
    assert shown == {"all of one", "half of another", "the month before"}
    over.resolved_at = None
    over.save()
    assert "half of another" not in {each.title for each in overview.troubles(ScopeFilter())}


def test_a_scope_narrows_incidents_costs_and_changes(viewer: Client) -> None:
    here = EndpointFactory(shard=ShardFactory(region="eu-west-1"), name="here")
    there = EndpointFactory(shard=ShardFactory(region="us-east-1"), name="there")
    for endpoint in (here, there):
        IncidentFactory(endpoint=endpoint, title=f"trouble {endpoint.name}")
        ChangeEventFactory(endpoint=endpoint, summary=f"change {endpoint.name}")
        DailyCostFactory(endpoint=endpoint, day=now().date() - timedelta(days=1), amount=Decimal("7.00"))
    html = page(viewer, "?region=eu-west-1")
    assert "trouble here" in html
    assert "change here" in html
    assert "trouble there" not in html
    assert "change there" not in html
    assert "$7.00" in html


def test_a_second_look_in_the_same_visit_shows_the_same_changes(viewer: Client, alice: User) -> None:
    alice.overview_seen_at = now() - timedelta(days=2)
    alice.save()
    ChangeEventFactory(summary="before the last visit", at=now() - timedelta(days=3))
    ChangeEventFactory(summary="since the last visit", at=now() - timedelta(days=1))
    first, second = page(viewer), page(viewer)
    for html in (first, second):
        assert "since the last visit" in html
        assert "before the last visit" not in html
    alice.refresh_from_db()
    assert alice.overview_seen_at is not None
    assert now() - alice.overview_seen_at < timedelta(minutes=2)


def test_half_an_hour_of_absence_begins_a_new_visit() -> None:
    seen, since = now() - timedelta(minutes=40), now() - timedelta(days=1)
    assert overview.visit(seen, seen, since, now()) == seen
    assert overview.visit(seen, now() - timedelta(minutes=5), since, now()) == since


def test_the_part_comes_alone_and_keeps_polling(viewer: Client) -> None:
    IncidentFactory(title="trouble")
    response = viewer.get("/", headers={"HX-Request": "true", "HX-Target": "overview-trouble"})
    html = response.content.decode()
    assert 'id="overview-trouble"' in html
    assert "data-poll" in html
    assert "<h1" not in html


def test_queries_do_not_grow_with_the_fleet(viewer: Client, django_assert_max_num_queries: object) -> None:
    for n in range(12):
        endpoint = EndpointFactory(shard=ShardFactory(region=f"eu-west-{n % 3}"))
        IncidentFactory(endpoint=endpoint)
        ChangeEventFactory(endpoint=endpoint)
        DailyCostFactory(endpoint=endpoint, day=now().date() - timedelta(days=1))
        bucket(endpoint, now().replace(minute=0), invocations=1, setup_count=0)
    page(viewer)
    for query in ("", "?range=24h"):
        with django_assert_max_num_queries(15):  # type: ignore[operator]
            page(viewer, query)
    assert DailyCost.objects.count() == 12


def _last_day() -> TimeRange:
    return time_range("24h", now() + timedelta(minutes=1))


def test_who_needs_somebody_is_counted_as_on_the_list() -> None:
    here, there = ShardFactory(region="us-east-1"), ShardFactory(region="eu-west-1")
    twice = EndpointFactory(shard=here)
    IncidentFactory(endpoint=twice)
    IncidentFactory(endpoint=twice, subject="another variant")
    IncidentFactory(endpoint=EndpointFactory(shard=here, status="Failed"))
    IncidentFactory(endpoint=EndpointFactory(shard=there), resolved_at=now())
    IncidentFactory(endpoint=EndpointFactory(shard=there, closed_at=now()))
    EndpointFactory(shard=there, status="OutOfService")
    for scope, total, needing in (
        (ScopeFilter(), 4, 3),
        (ScopeFilter(regions=("us-east-1",)), 2, 2),
        (ScopeFilter(regions=("eu-west-1",)), 2, 1),
        (ScopeFilter(regions=("sa-east-1",)), 0, 0),
    ):
        found = endpoint_counts.need(scope)
        assert (found.total, found.need_attention) == (total, needing)
        listed = endpoint_counts.counted(Criteria(scope=scope)).fleet
        assert (listed.total, listed.need_attention) == (total, needing)


def test_a_second_look_within_the_minute_writes_nothing(viewer: Client) -> None:
    page(viewer)
    with CaptureQueriesContext(connection) as asked:
        page(viewer)
    assert not [query["sql"] for query in asked if query["sql"].startswith(("UPDATE", "INSERT"))]
