"""Cold starts, Cache, Scaling and Sync: sentences and rows from stored buckets, and who may ask for a sync."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import AuditEntry, CallTally, ScalableTarget, Shard
from fleet.queries import scaling
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db

PAGES = ("cold_starts:page", "cache:page", "scaling:page", "sync:page")


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(rows.user("viewer"))
    return client


def text(client: Client, name: str, query: str = "") -> str:
    response = client.get(f"{reverse(name)}{query}")
    assert response.status_code == 200
    return rows.words(response.content.decode())


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_fleet_says_what_will_appear(viewer: Client, name: str) -> None:
    page = text(viewer, name)
    assert any(
        words in page
        for words in (
            "No serverless endpoint in this scope",
            "No multi-model endpoint in this scope",
            "Nothing scales by itself in this scope",
            "No account region is read yet",
        )
    )


@pytest.mark.parametrize("name", PAGES)
def test_strangers_are_sent_to_sign_in(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code == 302


@pytest.mark.parametrize("name", PAGES)
def test_at_most_fifteen_queries_whatever_the_fleet(
    viewer: Client, name: str, django_assert_max_num_queries: Any
) -> None:
    for region in ("eu-west-1", "us-east-1"):
        shard = rows.shard(region)
        for n in range(6):
            rows.hour_bucket(
                rows.serverless(shard, f"s{n}"), rows.hour() - timedelta(hours=2), invocations=1.0
            )
            rows.hour_bucket(
                rows.multi_model(shard, f"m{n}"), rows.hour() - timedelta(hours=2), cache_hit_count=1.0
            )
    with django_assert_max_num_queries(15):
        viewer.get(reverse(name))


def test_the_cold_start_sentence_names_share_wait_and_the_few_that_make_most(viewer: Client) -> None:
    shard = rows.shard()
    at = rows.hour() - timedelta(hours=2)
    rows.hour_bucket(
        rows.serverless(shard, "slow"), at, invocations=900.0, setup_count=19.0, setup_ms_avg=4000.0
    )
    rows.hour_bucket(
        rows.serverless(shard, "fast"), at, invocations=100.0, setup_count=1.0, setup_ms_avg=1000.0
    )
    page = text(viewer, "cold_starts:page")
    assert "20 of 1,000 serverless calls hit a cold start" in page
    assert "1 endpoint makes 90 % of the wait" in page
    assert f"{19 * 4 + 1} s" in page
    assert "nowhere says that it is emitted on cold starts only" in page


def test_an_unknown_count_is_a_dash_with_the_reason(viewer: Client) -> None:
    rows.hour_bucket(
        rows.serverless(rows.shard(), "mute"), rows.hour() - timedelta(hours=2), invocations=10.0
    )
    page = text(viewer, "cold_starts:page")
    assert "— no ModelSetupTime sample in 30 days" in page


def test_sorting_and_narrowing_are_in_the_url(viewer: Client) -> None:
    at = rows.hour() - timedelta(hours=2)
    for region, name in (("eu-west-1", "aaa"), ("us-east-1", "zzz")):
        rows.hour_bucket(
            rows.serverless(rows.shard(region), name), at, invocations=10.0, setup_count=1.0, setup_ms_avg=5.0
        )
    page = text(viewer, "cold_starts:page", "?sort=-name")
    assert page.rindex("zzz") < page.rindex("aaa")
    assert "aaa" not in text(viewer, "cold_starts:page", "?region=us-east-1")


def test_the_cache_page_names_the_thrashing_endpoint(viewer: Client) -> None:
    shard = rows.shard()
    at = rows.hour() - timedelta(hours=2)
    rows.hour_bucket(
        rows.multi_model(shard, "persona-mme"),
        at,
        cache_hit_sum=620.0,
        cache_hit_count=1000.0,
        unload_count=410.0,
    )
    rows.hour_bucket(rows.multi_model(shard, "calm"), at, cache_hit_sum=990.0, cache_hit_count=1000.0)
    page = text(viewer, "cache:page")
    assert "1 endpoint thrashes: persona-mme reloads 410 models an hour" in page
    assert "AWS does not publish per-model figures" in page
    assert f"{(620 + 990) / 2000:.2f}" in page


def test_the_cache_chart_draws_hits_per_look_up(viewer: Client) -> None:
    found = rows.multi_model(rows.shard(), "persona-mme")
    rows.hour_bucket(
        found, rows.hour() - timedelta(hours=2), cache_hit_sum=3.0, cache_hit_count=4.0, unload_count=7.0
    )
    traces = {trace["name"]: trace["y"] for trace in viewer.get(reverse("cache:chart")).json()["data"]}
    assert traces == {"Hit ratio": [0.75], "Unloads": [7.0]}


def test_the_scaling_page_lists_targets_orphans_and_fixed_levels(viewer: Client) -> None:
    shard = rows.shard()
    ranker = rows.serverless(shard, "ranker", provisioned_concurrency=15)
    rows.serverless(shard, "fixed", provisioned_concurrency=2)
    common = {"shard": shard, "dimension": scaling.PROVISIONED, "min_capacity": 1, "max_capacity": 10}
    ScalableTarget.objects.create(
        endpoint=ranker, variant_name="AllTraffic", resource_id="endpoint/ranker/variant/AllTraffic", **common
    )
    ScalableTarget.objects.create(resource_id="endpoint/gone/variant/AllTraffic", **common)
    page = text(viewer, "scaling:page")
    assert "1 scalable target" in page
    assert "Not looked at yet" in page
    assert "endpoint/gone/variant/AllTraffic" in page
    assert "1 serverless variant keeps provisioned concurrency at a fixed level" in page


def failing_shard() -> Shard:
    error = {
        "kind": "AccessDenied",
        "code": "AccessDeniedException",
        "message": "not authorized to perform: cloudwatch:GetMetricData",
        "action": "cloudwatch:GetMetricData",
        "request_id": "r-77",
        "since": rows.now().isoformat(),
    }
    return rows.shard("us-east-1", sections={"metrics": {"ok_at": None, "tried_at": None, "error": error}})


def test_the_sync_page_shows_awss_words_the_missing_permission_and_dollars(viewer: Client) -> None:
    shard = failing_shard()
    CallTally.objects.create(
        shard=shard,
        day=rows.now().date(),
        action="cloudwatch:GetMetricData",
        calls=7,
        metrics_requested=350_000,
    )
    page = text(viewer, "sync:page")
    assert "1 of 1 account region cannot be read in full" in page
    assert "not authorized to perform: cloudwatch:GetMetricData" in page
    assert "Allow cloudwatch:GetMetricData in the role" in page
    assert "r-77" in page
    assert "$3.50" in page


def test_endpoints_that_cannot_be_described_are_counted(viewer: Client) -> None:
    ghost = rows.serverless(rows.shard(), "ghost")
    ghost.unreadable = {
        "code": "AccessDeniedException",
        "message": "no",
        "action": "sagemaker:DescribeEndpoint",
    }
    ghost.save()
    assert "1 endpoint cannot be described" in text(viewer, "sync:page")


def test_sync_polls_only_while_something_runs(viewer: Client) -> None:
    poll = {"HX-Request": "true", "HX-Target": "sync-shards"}
    end = rows.hour()
    shard = rows.shard(
        backfill_from=end - timedelta(days=30),
        backfill_until=end,
        backfill_done_until=end - timedelta(days=15),
    )
    running = viewer.get(reverse("sync:page"), headers=poll)
    assert (running.status_code, "every 5s" in running.content.decode()) == (200, True)
    assert "15 of 30 days" in rows.words(running.content.decode())
    Shard.objects.filter(pk=shard.pk).update(backfill_done_until=end)
    settled = viewer.get(reverse("sync:page"), headers=poll)
    assert (settled.status_code, "every 5s" in settled.content.decode()) == (286, False)


def test_an_operator_has_a_region_read_at_once_and_it_is_audited(client: Client) -> None:
    shard = rows.shard()
    client.force_login(rows.user("operator"))
    response = client.post(reverse("sync:now", args=[shard.pk]))
    assert response.status_code == 303
    assert response["Location"].startswith(f"{reverse('sync:page')}?reading={shard.pk}&since=")
    shard.refresh_from_db()
    assert shard.inventory_due_at is not None
    assert shard.metrics_due_at == shard.backfill_due_at == shard.inventory_due_at
    entry = AuditEntry.objects.get(action="shard.sync_now")
    assert (entry.actor_label, entry.object_id) == ("operator", str(shard.pk))


def test_a_requested_sync_is_watched_until_it_succeeded(client: Client) -> None:
    shard = rows.shard(inventory_ok_at=rows.now() - timedelta(minutes=2))
    client.force_login(rows.user("operator"))
    watched = client.post(reverse("sync:now", args=[shard.pk]))["Location"]
    waiting = client.get(watched).content.decode()
    assert ("Reading…" in waiting, "every 5s" in waiting) == (True, True)
    Shard.objects.filter(pk=shard.pk).update(inventory_ok_at=rows.now() + timedelta(minutes=1))
    done = client.get(watched).content.decode()
    assert ("Reading…" in done, "every 5s" in done) == (False, False)


def test_a_viewer_may_not_and_nothing_changes(viewer: Client) -> None:
    shard = rows.shard()
    assert viewer.post(reverse("sync:now", args=[shard.pk])).status_code == 403
    shard.refresh_from_db()
    assert shard.inventory_due_at is None
    assert not AuditEntry.objects.exists()
    assert "needs the role operator" in text(viewer, "sync:page")


def test_a_get_never_starts_a_sync(client: Client) -> None:
    client.force_login(rows.user("operator"))
    assert client.get(reverse("sync:now", args=[rows.shard().pk])).status_code == 405


def test_a_post_without_csrf_token_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(rows.user("operator"))
    assert client.post(reverse("sync:now", args=[rows.shard().pk])).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_hostile_names_stay_text(viewer: Client, name: str) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    shard = rows.shard(alias=hostile)
    at = rows.hour() - timedelta(hours=2)
    evil = rows.serverless(shard, hostile, provisioned_concurrency=1)
    rows.hour_bucket(evil, at, invocations=2.0, setup_count=1.0, setup_ms_avg=5.0)
    rows.hour_bucket(
        rows.multi_model(shard, f"{hostile}2"), at, cache_hit_sum=1.0, cache_hit_count=9.0, unload_count=5.0
    )
    ScalableTarget.objects.create(
        shard=shard, endpoint=evil, resource_id=hostile, dimension=hostile, min_capacity=1, max_capacity=2
    )
    body = viewer.get(reverse(name)).content.decode()
    assert hostile not in body
    assert "&lt;img" in body
