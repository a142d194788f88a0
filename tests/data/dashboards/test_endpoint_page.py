"""The endpoint page shows what the buckets hold, explains itself, and stays readable when AWS does not answer."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import ChangeEvent, DailyCost, Endpoint, Operation, ScalableTarget
from fleet.queries import scaling
from fleet.types import Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db

TABS = (
    "summary",
    "traffic",
    "cold-starts",
    "cache",
    "async",
    "containers",
    "components",
    "cost",
    "scaling",
    "configuration",
    "timeline",
    "operations",
)


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(rows.user("viewer"))
    return client


def url(of: Endpoint, tab: str = "summary", span: str = "7d") -> str:
    return f"{reverse('endpoints:tab', args=[of.pk, tab])}?range={span}"


def html(client: Client, address: str, **headers: Any) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code in {200, 286}, response.status_code
    return response.content.decode()


def text(client: Client, address: str) -> str:
    """What a reader sees of a page: tags become spaces, entities characters, spaces single."""
    return rows.words(html(client, address))


def test_tiles_are_sums_over_the_stored_buckets(viewer: Client, chat: Endpoint) -> None:
    page = text(viewer, url(chat, "cold-starts"))
    assert "Calls" in page
    assert "3,120" in page
    assert "23 of 3,120 calls hit a cold start" in page
    assert f"{20 * 6 + 3 * 12} s" in page
    assert "0.74 %" in page


def test_a_quiet_hour_of_an_endpoint_that_had_samples_is_no_cold_start(viewer: Client) -> None:
    shard = rows.shard()
    seen, never = rows.serverless(shard, "seen"), rows.serverless(shard, "never")
    for found in (seen, never):
        rows.hour_bucket(found, rows.hour() - timedelta(hours=2), invocations=7.0)
    rows.hour_bucket(
        seen, rows.hour() - timedelta(days=12), invocations=1.0, setup_count=1.0, setup_ms_avg=5.0
    )
    assert "7 calls in the last 7 days, no cold start" in text(viewer, url(seen))
    assert "without a ModelSetupTime sample, cold starts cannot be counted" in text(viewer, url(never))


def test_a_window_whose_history_is_not_stored_is_not_compared_with(viewer: Client) -> None:
    new = rows.serverless(rows.shard(backfill_from=rows.hour() - timedelta(days=10)), "new")
    rows.hour_bucket(new, rows.hour() - timedelta(hours=5), invocations=500.0)
    rows.hour_bucket(new, rows.hour() - timedelta(days=9), invocations=1.0)
    assert "the week before" not in text(viewer, url(new))
    old = rows.serverless(rows.shard("us-east-1"), "old")
    rows.hour_bucket(old, rows.hour() - timedelta(hours=5), invocations=150.0)
    rows.hour_bucket(old, rows.hour() - timedelta(days=9), invocations=100.0)
    assert "50 % vs the week before" in text(viewer, url(old))


def test_a_figure_names_formula_metric_window_and_basis(viewer: Client, chat: Endpoint) -> None:
    page = text(viewer, url(chat, "cold-starts"))
    assert "Σ SampleCount(ModelSetupTime)" in page
    assert "does not say that it is emitted on cold starts only" in page
    assert "estimated" in page
    assert "Buckets 1 hour" in page


def test_nothing_reported_is_a_dash_with_its_reason_and_never_zero(viewer: Client) -> None:
    quiet = rows.serverless(rows.shard(), "quiet")
    page = text(viewer, url(quiet))
    assert "CloudWatch has reported no calls in the last 7 days" in page
    assert "— CloudWatch reported none" in page
    assert "0 calls" not in page


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.UNKNOWN])
def test_every_tab_opens_for_every_kind(viewer: Client, kind: Kind) -> None:
    found = rows.endpoint(
        rows.shard(), "some", kind, live={"instance_type": "ml.m5.large", "current_instance_count": 1}
    )
    rows.hour_bucket(
        found, rows.hour() - timedelta(hours=5), invocations=5.0, processed=5.0, cache_hit_count=4.0
    )
    rows.minute_bucket(found, rows.now() - timedelta(minutes=5), invocations=5.0, backlog_max=1.0)
    for tab, span in zip(TABS, ("1h", "30d") * 6, strict=True):
        assert "some" in html(viewer, url(found, tab, span))


def test_without_samples_the_tab_counts_overhead_that_stands_out_of_seven_days_and_says_so(
    viewer: Client,
) -> None:
    """Ordinary overhead is 20 ms, so a second and more stands out, also where the shown hour holds nothing else."""
    mute = rows.serverless(rows.shard(), "mute")
    for day in range(1, 6):
        for minute in range(8):
            at = rows.hour() - timedelta(days=day, minutes=minute)
            rows.minute_bucket(mute, at, invocations=3.0, overhead_ms_max=20.0)
    for minute in (10, 25, 26):
        at = rows.now().replace(second=0, microsecond=0) - timedelta(minutes=minute)
        rows.minute_bucket(mute, at, invocations=2.0, overhead_ms_max=1_800.0)
    answer = viewer.get(url(mute, "cold-starts", "1h"))
    tile = next(tile for tile in answer.context["tiles"] if tile.label == "Cold starts")
    assert (tile.number, tile.note) == ("3", "estimated from OverheadLatency peaks")
    assert ("Threshold", "1.00 s") in tile.explain.inputs
    assert sum(int(row[1]) for row in answer.context["causes"].rows) == 3
    assert "Other pages, the export and alerts count no such minute" in rows.words(answer.content.decode())
    fleet = viewer.get("/cold-starts/?range=1h").context["found"].rows
    assert [row.cold for row in fleet] == [None]


def test_where_samples_are_published_overhead_counts_nothing(viewer: Client, chat: Endpoint) -> None:
    at = rows.now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    rows.minute_bucket(chat, at, invocations=2.0, overhead_ms_max=9_000.0)
    answer = viewer.get(url(chat, "cold-starts", "1h"))
    tile = next(tile for tile in answer.context["tiles"] if tile.label == "Cold starts")
    assert (tile.number, tile.note) == ("0", "estimated from ModelSetupTime samples")
    assert not answer.context["causes"].rows


@pytest.mark.parametrize(
    ("kind", "tab"), [(Kind.REAL_TIME, "cold-starts"), (Kind.SERVERLESS, "cache"), (Kind.SERVERLESS, "async")]
)
def test_a_tab_of_another_kind_is_not_offered_and_says_why(viewer: Client, kind: Kind, tab: str) -> None:
    found = rows.endpoint(rows.shard(), "some", kind)
    page = html(viewer, url(found, tab))
    assert f'id="tab-{tab}"' not in page
    assert "Not for this kind of endpoint" in page


def test_the_plain_address_opens_the_summary_and_tab_in_the_query_works_too(
    viewer: Client, chat: Endpoint
) -> None:
    plain = reverse("endpoints:detail", args=[chat.pk])
    assert re.search(r'id="tab-summary"[^>]*aria-current', html(viewer, plain))
    assert re.search(r'id="tab-timeline"[^>]*aria-current', html(viewer, f"{plain}?tab=timeline"))
    assert viewer.get(reverse("endpoints:tab", args=[chat.pk, "nonsense"])).status_code == 404


def test_links_that_change_the_range_stay_on_the_open_tab(viewer: Client, chat: Endpoint) -> None:
    page = html(viewer, url(chat, "cold-starts"))
    assert 'href="?range=30d"' in page
    assert reverse("endpoints:tab", args=[chat.pk, "cost"]) + "?range=7d" in page


def test_htmx_swaps_only_the_panel(viewer: Client, chat: Endpoint) -> None:
    headers = {"HX-Request": "true", "HX-Target": "endpoint-panel"}
    response = viewer.get(url(chat, "timeline"), headers=headers)
    body = response.content.decode()
    assert body.lstrip().startswith('<div id="endpoint-panel"')
    assert "<html" not in body
    assert "HX-Target" in response["Vary"]


def test_hostile_names_stay_text(viewer: Client) -> None:
    hostile = "<script>alert('x')</script>"
    found = rows.endpoint(
        rows.shard(),
        "evil",
        tags={hostile: hostile},
        owner=hostile,
        failure_reason=hostile,
        kind_reason=hostile,
    )
    ChangeEvent.objects.create(endpoint=found, at=rows.now(), category="capacity", summary=hostile)
    for tab in TABS:
        assert hostile not in html(viewer, url(found, tab))
    assert "&lt;script&gt;" in html(viewer, url(found, "configuration"))


def test_the_month_so_far_is_the_sum_of_daily_lines_and_names_what_is_unpriced(
    viewer: Client, chat: Endpoint
) -> None:
    today = rows.now().date()
    common = {
        "endpoint": chat,
        "variant": rows.variant(chat),
        "unit": "s",
        "computed_at": rows.now(),
        "data_until": rows.now(),
    }
    DailyCost.objects.create(
        day=today,
        component="execution-on-demand",
        item="4096",
        amount=Decimal("1.10"),
        confidence="estimated",
        **common,
    )
    DailyCost.objects.create(
        day=today.replace(day=1),
        component="storage",
        item="gp2",
        amount=Decimal("0.03"),
        confidence="estimated",
        **common,
    )
    DailyCost.objects.create(
        day=today, component="kept-warm", item="4096", amount=None, confidence="unpriced", **common
    )
    page = text(viewer, url(chat))
    assert "$1.13" in page
    assert "1 line unpriced, not in the sum" in page


def test_configuration_shows_wish_live_and_desired_apart(viewer: Client, chat: Endpoint) -> None:
    rows.variant(chat)
    chat.variants.update(max_concurrency=40, desired_max_concurrency=60)
    page = text(viewer, url(chat, "configuration"))
    assert "Max concurrency 20 40 60 changing" in page


def test_scaling_is_told_in_a_sentence(viewer: Client, chat: Endpoint) -> None:
    ScalableTarget.objects.create(
        shard=chat.shard,
        endpoint=chat,
        variant_name="AllTraffic",
        resource_id="endpoint/chat-faq/variant/AllTraffic",
        dimension=scaling.PROVISIONED,
        min_capacity=1,
        max_capacity=10,
    )
    page = text(viewer, url(chat, "scaling"))
    assert "Provisioned concurrency of AllTraffic 1 – 10" in page
    assert "No policy and no schedule" in page


def test_an_unknown_endpoint_is_404_and_a_stranger_is_sent_to_sign_in(viewer: Client, chat: Endpoint) -> None:
    assert viewer.get(reverse("endpoints:detail", args=[chat.pk + 999])).status_code == 404
    assert Client().get(url(chat)).status_code == 302


@pytest.mark.parametrize("tab", TABS)
def test_at_most_fifteen_queries(viewer: Client, tab: str, django_assert_max_num_queries: Any) -> None:
    found = (
        rows.serverless(rows.shard(), "busy") if tab != "cache" else rows.multi_model(rows.shard(), "busy")
    )
    for n in range(5):
        ChangeEvent.objects.create(endpoint=found, at=rows.now(), category="config", summary=str(n))
        Operation.objects.create(
            endpoint=found,
            kind="change-concurrency",
            form_token=str(n),
            state="succeeded",
            planned_at=rows.now(),
        )
    with django_assert_max_num_queries(15):
        viewer.get(url(found, tab))
