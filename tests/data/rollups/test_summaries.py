"""Summaries equal what the rows themselves add up to, also after late points; pages ask as much at any size."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.scope import time_range
from fleet.models import Endpoint, EndpointWindow, HourBucket, PlaceHour, VariantStatus
from fleet.queries import cache, cold_starts, costs, endpoint_rows, fleet_traffic, overview, rolled
from fleet.queries.cost_scope import CostFilter, GroupBy, Span
from fleet.queries.endpoint_measures import measures, sparks, summaries, with_silence
from fleet.queries.endpoints import Criteria
from fleet.queries.scope import WINDOW_KEYS, ScopeFilter
from tests import fleet_rows
from tests.data.rollups.summed import NOW, sum_up
from tests.factories import UserFactory

SCOPES = (
    ScopeFilter(),
    ScopeFilter(accounts=("500000000000",)),
    ScopeFilter(regions=("us-east-1", "eu-west-1")),
    ScopeFilter(accounts=("500000000000",), regions=("us-east-1",)),
)
BEYOND = 10_000
"""As many endpoints without a history of their own, beside sixty with one."""

pytestmark = pytest.mark.django_db


def assert_windows_equal(key: str) -> None:
    window = time_range(key, NOW)
    of_variant = dict(VariantStatus.objects.values_list("pk", "endpoint_id"))
    ids = list(Endpoint.objects.values_list("pk", flat=True))
    raw = with_silence(measures(list(of_variant), window), ids, window)
    found, lines = summaries(ids, window)
    assert len(found) == 60
    for pk in ids:
        assert vars(found[pk]) == pytest.approx(vars(raw[pk])) if pk in raw else found[pk].calls is None
    assert {pk: line for pk, line in lines.items() if line} == {
        pk: pytest.approx(line) for pk, line in sparks(of_variant, window).items()
    }


@pytest.mark.parametrize("key", WINDOW_KEYS)
def test_a_window_holds_what_its_buckets_add_up_to(fleet: None, key: str) -> None:
    assert_windows_equal(key)


def test_a_late_and_a_revised_point_count_from_the_next_turn_on(fleet: None) -> None:
    variant = VariantStatus.objects.first()
    at = NOW.replace(minute=0, second=0) - timedelta(days=3)
    HourBucket.objects.filter(variant=variant, at=at).update(invocations=1_000_000, setup_count=77)
    HourBucket.objects.filter(variant=variant, at=at - timedelta(hours=1)).delete()
    sum_up(is_history_new=True)
    assert_windows_equal("7d")
    assert_windows_equal("30d")
    window = EndpointWindow.objects.get(endpoint=variant.endpoint_id if variant else 0, key="7d")
    assert window.calls is not None
    assert window.calls > 1_000_000


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("key", WINDOW_KEYS)
def test_the_overview_adds_up_to_the_same_either_way(fleet: None, scope: ScopeFilter, key: str) -> None:
    window, fresh = time_range(key, NOW), rolled.freshness(scope)
    assert fresh.covers(window)
    raw, summed = (fleet_traffic.traffic(scope, window, each) for each in (rolled.NOT_SUMMED, fresh))
    assert vars(summed.now) == pytest.approx(vars(raw.now))
    assert vars(summed.before) == pytest.approx(vars(raw.before))
    assert [vars(day) for day in summed.days] == [pytest.approx(vars(day)) for day in raw.days]
    days = [NOW.date() - timedelta(days=n) for n in range(14, 0, -1)]
    assert overview.costs(scope, days, fresh) == overview.costs(scope, days)
    assert overview.month_to_date(scope, NOW.date(), fresh) == overview.month_to_date(scope, NOW.date())


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("key", ["1h", "24h", "7d", "30d"])
def test_cold_starts_add_up_to_the_same_either_way(fleet: None, scope: ScopeFilter, key: str) -> None:
    window = time_range(key, NOW)
    raw, summed = (
        cold_starts.page(scope, window, fresh) for fresh in (rolled.NOT_SUMMED, rolled.freshness(scope))
    )
    assert [row.name for row in summed.rows] == [row.name for row in raw.rows]
    for one, other in zip(summed.rows, raw.rows, strict=True):
        assert (one.source, one.cold, one.calls) == (other.source, other.cold, other.calls)
        assert (one.wasted_s, one.setup_p50_ms) == pytest.approx((other.wasted_s, other.setup_p50_ms))
        assert (one.setup_p99_ms, one.spillover) == (other.setup_p99_ms, other.spillover)
    if not window.has_fine_buckets:
        assert {at: vars(cell) for at, cell in summed.cells.items()} == {
            at: pytest.approx(vars(cell)) for at, cell in raw.cells.items()
        }


@pytest.mark.parametrize("by", GroupBy)
@pytest.mark.parametrize("key", ["24h", "7d", "30d", "month"])
def test_costs_group_to_the_same_cent_either_way(fleet: None, by: GroupBy, key: str) -> None:
    days = time_range(key, NOW).days
    span, where = Span(days[0], days[-1]), CostFilter(kinds=("serverless", "multi-model", "asynchronous"))
    found = rolled.freshness(where.scope).cost_key(span)
    assert found
    raw, summed = costs.group_sums(where, span, by), costs.group_sums(where, span, by, key=found)
    assert summed == raw
    assert sum(sums.amount or Decimal(0) for _, sums in raw) > 0
    few = raw[:5]
    rows, quick = costs.groups(where, span, by, few), costs.groups(where, span, by, few, key=found)
    for row, same in zip(rows, quick, strict=True):
        assert (same.key, same.components, same.endpoints) == (row.key, row.components, row.endpoints)
        assert same.calls == pytest.approx(row.calls)
    split = costs.days(where, span)
    assert costs.days(where, span, is_rolled=True) == split
    for is_rolled in (True, False):
        whole = costs.days(where, span, is_rolled=is_rolled, is_whole=True)
        assert [each.day for each in whole] == sorted({each.day for each in split})
        for each in whole:
            of_day = [part for part in split if part.day == each.day]
            assert each.sums == costs.total(of_day)
            assert each.data_until == min(part.data_until for part in of_day)


@pytest.mark.parametrize("sort", sorted(endpoint_rows.SORTS))
@pytest.mark.parametrize("descending", [True, False])
def test_the_list_comes_in_the_same_order_with_the_same_figures_either_way(
    fleet: None, sort: str, descending: bool
) -> None:
    def rows(fresh: rolled.Freshness, key: str) -> list[endpoint_rows.Row]:
        return endpoint_rows.rows(
            Criteria(), time_range(key, NOW), NOW.date(), sort=sort, descending=descending, offset=0, limit=None,
            fresh=fresh,
        )  # fmt: skip

    for key in ("24h", "30d"):
        raw, summed = rows(rolled.NOT_SUMMED, key), rows(rolled.freshness(ScopeFilter()), key)
        assert [(row.name, row.cost) for row in summed] == [(row.name, row.cost) for row in raw]


def queries(client: Client, url: str, **headers: str) -> int:
    """Queries of one page; the savepoints that stand for a transaction of its own inside the test's are none."""
    with CaptureQueriesContext(connection) as found:
        assert client.get(url, headers=headers).status_code == 200
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in found)


URLS = (
    "/", "/?range=24h", "/endpoints/", "/endpoints/?kind=serverless&team=risk", "/endpoints/?q=model-7",
    "/endpoints/?page=2", "/endpoints/?region=eu-west-1", "/costs/", "/costs/?group=account&range=30d",
    "/costs/?group=component", "/scaling/", "/cache/", "/cold-starts/", "/operations/", "/alerts/", "/sync/", "/audit/",
    *(f"/endpoints/?sort=-{sort}" for sort in sorted(endpoint_rows.SORTS)),
)  # fmt: skip


def test_pages_ask_as_many_queries_at_10_000_endpoints_as_at_60(fleet: None, client: Client) -> None:
    """Filter, every sort, search, next page and facets; the part alone and the whole page."""
    client.force_login(UserFactory(role="viewer"))
    client.get("/")
    part = {"HX-Request": "true", "HX-Target": "endpoint-list"}
    small = {url: queries(client, url) for url in URLS}
    small_part = queries(client, "/endpoints/", **part)
    fleet_rows.add_plain(BEYOND, now=NOW)
    fleet_rows.analyse()
    client.get("/")  # On a slow machine a minute has passed, and with it comes the note of this look.
    large = {url: queries(client, url) for url in URLS}
    assert large == small
    assert queries(client, "/endpoints/", **part) == small_part
    assert max(large.values()) <= 15


def test_a_shadows_copies_count_nowhere(fleet: None) -> None:
    """A shadow variant gets copies of calls that its sibling answers: every sum is as if it were not there."""
    window = time_range("7d", NOW)
    traffic = fleet_traffic.traffic(ScopeFilter(), window)
    days = Span(window.days[0], window.days[-1])
    called = costs.calls(CostFilter(), days, GroupBy.KIND)
    places = PlaceHour.objects.aggregate(Sum("calls"), Sum("errors_5xx"))
    ids = list(Endpoint.objects.values_list("pk", flat=True))
    figures, _ = summaries(ids, window)
    for variant in VariantStatus.objects.exclude(endpoint__kind="serverless"):
        known = HourBucket.objects.filter(variant=variant, at__gte=window.start)
        variant.pk, variant.name, variant.is_shadow = None, "shadow", True
        variant.save()
        HourBucket.objects.bulk_create(
            HourBucket(
                variant=variant, at=row.at, period_s=3600, invocations=1e6, processed=1e6, errors_5xx=1e6
            )
            for row in known
        )
    sum_up(is_history_new=True)
    fresh = rolled.freshness(ScopeFilter())
    for each in (rolled.NOT_SUMMED, fresh):
        assert vars(fleet_traffic.traffic(ScopeFilter(), window, each).now) == pytest.approx(
            vars(traffic.now)
        )
        rows = endpoint_rows.rows(
            Criteria(), window, NOW.date(), sort="calls", descending=True, offset=0, limit=None, fresh=each
        )
        assert {row.pk: row.measures.calls for row in rows} == {
            pk: pytest.approx(figures[pk].calls) for pk in ids
        }
    assert PlaceHour.objects.aggregate(Sum("calls"), Sum("errors_5xx")) == pytest.approx(places)
    assert costs.calls(CostFilter(), days, GroupBy.KIND) == pytest.approx(called)
    assert costs.calls(CostFilter(), days, GroupBy.KIND, key="7d") == pytest.approx(called)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("key", WINDOW_KEYS)
def test_caches_add_up_to_the_same_either_way(fleet: None, scope: ScopeFilter, key: str) -> None:
    window, fresh = time_range(key, NOW), rolled.freshness(scope)
    raw, summed = (cache.page(scope, window, each) for each in (rolled.NOT_SUMMED, fresh))
    assert [row.name for row in summed.rows] == [row.name for row in raw.rows]
    assert vars(summed.use) == pytest.approx(vars(raw.use))
    assert vars(summed.before) == pytest.approx(vars(raw.before))
    for one, other in zip(summed.rows, raw.rows, strict=True):
        assert (one.verdict, one.memory_pct) == (other.verdict, pytest.approx(other.memory_pct))
        assert vars(one.use) == pytest.approx(vars(other.use))
    points, same = (cache.buckets(scope, window, each) for each in (rolled.NOT_SUMMED, fresh))
    assert [(row.at, row.values) for row in same] == [(row.at, pytest.approx(row.values)) for row in points]
