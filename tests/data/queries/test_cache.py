"""Cache figures equal sums over the stored buckets."""

from datetime import timedelta

import pytest

from fleet.queries import cache
from fleet.queries.scope import ScopeFilter, TimeRange
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


def week() -> TimeRange:
    end = rows.now()
    return TimeRange("7d", "last 7 days", end - timedelta(days=7), end)


def test_hit_ratio_is_weighted_by_look_ups_not_averaged_over_hours() -> None:
    persona = rows.multi_model(rows.shard(), "persona-mme")
    at = rows.hour() - timedelta(hours=4)
    rows.hour_bucket(
        persona,
        at,
        cache_hit_sum=90.0,
        cache_hit_count=100.0,
        unload_count=10.0,
        loading_wait_ms_sum=1000.0,
        model_latency_ms_sum=3000.0,
        loaded_models=180.0,
    )
    rows.hour_bucket(
        persona, at + timedelta(hours=1), cache_hit_sum=1.0, cache_hit_count=10.0, loaded_models=190.0
    )
    (row,) = cache.page(ScopeFilter(), week()).rows
    assert row.use.hit_ratio == 91 / 110
    assert row.use.misses == 19
    assert row.use.unloads_per_hour == 10 / 2
    assert row.use.wait_share == 1000 / (1000 + 3000)
    assert row.use.loaded_models == 185


def test_nothing_reported_stays_unknown() -> None:
    quiet = rows.multi_model(rows.shard(), "quiet-mme")
    rows.hour_bucket(quiet, rows.hour() - timedelta(hours=2), cpu_pct=5.0)
    (row,) = cache.page(ScopeFilter(), week()).rows
    assert (row.use.hit_ratio, row.use.unloads_per_hour, row.use.wait_share) == (None, None, None)


def test_look_ups_without_unloads_mean_no_unload() -> None:
    calm = rows.multi_model(rows.shard(), "calm-mme")
    rows.hour_bucket(calm, rows.hour() - timedelta(hours=2), cache_hit_sum=9.0, cache_hit_count=10.0)
    (row,) = cache.page(ScopeFilter(), week()).rows
    assert row.use.unloads_per_hour == 0


def test_the_worst_hit_ratio_comes_first_and_totals_are_sums_of_rows() -> None:
    shard = rows.shard()
    at = rows.hour() - timedelta(hours=2)
    rows.hour_bucket(
        rows.multi_model(shard, "good"), at, cache_hit_sum=99.0, cache_hit_count=100.0, unload_count=2.0
    )
    rows.hour_bucket(
        rows.multi_model(shard, "bad"), at, cache_hit_sum=50.0, cache_hit_count=100.0, unload_count=40.0
    )
    page = cache.page(ScopeFilter(), week())
    assert [row.name for row in page.rows] == ["bad", "good"]
    assert page.use.hit_ratio == 149 / 200
    assert page.use.unloads_per_hour == 42


def test_the_week_before_is_compared_with_its_own_buckets() -> None:
    persona = rows.multi_model(rows.shard(), "persona-mme")
    at = rows.hour() - timedelta(hours=2)
    rows.hour_bucket(persona, at, cache_hit_sum=62.0, cache_hit_count=100.0)
    rows.hour_bucket(persona, at - timedelta(days=7), cache_hit_sum=97.0, cache_hit_count=100.0)
    page = cache.page(ScopeFilter(), week())
    (row,) = page.rows
    assert (row.use.hit_ratio, page.before.hit_ratio) == (0.62, 0.97)


def test_buckets_add_endpoints_per_bucket() -> None:
    shard = rows.shard()
    at = rows.hour() - timedelta(hours=2)
    for name in ("a", "b"):
        found = rows.multi_model(shard, name)
        rows.hour_bucket(found, at, cache_hit_sum=5.0, cache_hit_count=10.0, unload_count=3.0)
    (bucket,) = cache.buckets(ScopeFilter(), week())
    assert (
        bucket.at,
        bucket.get("cache_hit_sum"),
        bucket.get("cache_hit_count"),
        bucket.get("unload_count"),
    ) == (at, 10, 20, 6)
